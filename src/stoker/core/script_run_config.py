"""A script or command with everything that is needed to submit it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from stoker.core._fields import copy_value
from stoker.core._run_inputs import RunInputs, reference_to_resume_from
from stoker.core._submission import (
    Submission,
    check_source_directory,
    command_text,
    freeze_settings,
    script_in,
    stringify_arguments,
)
from stoker.core.environment import Environment
from stoker.core.runconfig import (
    DockerConfiguration,
    MpiConfiguration,
    PyTorchConfiguration,
    RunConfiguration,
    TensorflowConfiguration,
)
from stoker.exceptions import RunConfigurationException, UserErrorException

__all__ = ["ScriptRunConfig", "Submission", "stringify_arguments"]


class ScriptRunConfig:
    """A script or command, its source folder, and how and where it runs.

    All attributes may be changed until it is submitted; most errors are found only then.

    Parameters
    ----------
    source_directory : str
        The folder that is copied to the run.
    script : str, optional
        Path in the source folder. Overrides the one in `run_config`.
    arguments : list, optional
        Text, numbers, truth values; inputs, outputs and data references, in whose place the script sees a path (or of
        a direct input the dataset's id). Overrides those in `run_config`.
    run_config : RunConfiguration, optional
        When given, the five settings marked * are ignored, with a warning.
    compute_target : ComputeTarget or str, default="local"
        *
    environment : Environment, optional
        *
    distributed_job_config : MpiConfiguration or PyTorchConfiguration or TensorflowConfiguration, optional
        *
    resume_from : str or DataPath, optional
        Given to the script as `--resume-from PATH`; of a path on a datastore, where it is seen by the run.
    max_run_duration_seconds : int, default=2592000
        * Seconds (30 days); a longer run is canceled.
    command : str or list, optional
        Run by a shell, instead of script and arguments.
    docker_runtime_config : DockerConfiguration, optional
        *

    Attributes
    ----------
    run_config : RunConfiguration

    Raises
    ------
    stoker.exceptions.UserErrorException
        `environment` or `run_config` is of another class.
    stoker.exceptions.RunConfigurationException
        `distributed_job_config` or `docker_runtime_config` is of another class.

    Examples
    --------
    >>> source = ScriptRunConfig(".", script="train.py", arguments=["--alpha", 0.5])
    >>> source.run_config.target
    'local'
    """

    MAX_DURATION_SECONDS_DEFAULT = 30 * 24 * 60 * 60

    def __init__(
        self,
        source_directory: str | os.PathLike[str] | None,
        script: str | None = None,
        arguments: Sequence[Any] | None = None,
        run_config: RunConfiguration | None = None,
        compute_target: Any = None,
        environment: Environment | None = None,
        distributed_job_config: MpiConfiguration | PyTorchConfiguration | TensorflowConfiguration | None = None,
        resume_from: Any = None,
        max_run_duration_seconds: int | None = MAX_DURATION_SECONDS_DEFAULT,
        command: str | Sequence[Any] | None = None,
        docker_runtime_config: DockerConfiguration | None = None,
    ) -> None:
        self.source_directory = source_directory
        self.script = script
        self.arguments = arguments
        self.command = command
        self.resume_from = resume_from
        if run_config is not None:
            _check_class(run_config, RunConfiguration, "run_config", UserErrorException)
            duration = max_run_duration_seconds
            asked = {
                "compute_target": compute_target,
                "environment": environment,
                "distributed_job_config": distributed_job_config,
                "max_run_duration_seconds": None if duration == self.MAX_DURATION_SECONDS_DEFAULT else duration,
                "docker_runtime_config": docker_runtime_config,
            }
            _warn_ignored([name for name, value in asked.items() if value is not None])
            self.run_config = run_config
            return
        self.run_config = RunConfiguration()
        self.run_config.target = compute_target
        self.run_config.max_run_duration_seconds = max_run_duration_seconds
        if environment is not None:
            _check_class(environment, Environment, "environment", UserErrorException)
            self.run_config.environment = environment
        if distributed_job_config is not None:
            _distribute(self.run_config, distributed_job_config)
        if docker_runtime_config is not None:
            _check_class(docker_runtime_config, DockerConfiguration, "docker_runtime_config", RunConfigurationException)
            self.run_config.docker = docker_runtime_config

    def to_submission(self) -> Submission:
        """Return the checked, independent copy that is submitted: the run configuration and the source folder.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The folder or script is missing, there is neither script nor command or there are both, an argument is
            None, or a setting is wrong; the message names it and what to do.
        """
        import copy

        _check_class(self.run_config, RunConfiguration, "run_config", UserErrorException)
        configuration = copy.deepcopy(self.run_config)
        script, command = self._what_to_run(configuration)
        source = check_source_directory(self.source_directory)
        inherited = [] if self.command else configuration.arguments
        arguments = inherited if self.arguments is None else self.arguments
        inputs = RunInputs(configuration)
        texts = stringify_arguments([] if arguments is None else inputs.words(arguments))
        if command:
            if texts or self.resume_from is not None:
                raise UserErrorException(
                    "A command is given together with arguments, which only a script takes. "
                    "Write them into the command, or give script and arguments.",
                    target="arguments",
                )
            configuration.script, configuration.command = None, command_text(inputs.words(command))
        else:
            configuration.script, configuration.command = script_in(source, script), ""
            resume_from = reference_to_resume_from(self.resume_from)
            texts += stringify_arguments([] if resume_from is None else inputs.words(["--resume-from", resume_from]))
        configuration.arguments = texts
        freeze_settings(configuration)
        return Submission(configuration, source, inputs)

    def _what_to_run(self, configuration: RunConfiguration) -> tuple[Any, Any]:
        """Return script and command, one of them None: those given here win over the run configuration's."""
        script, command = self.script, self.command
        if not script and not command:
            script, command = configuration.script, configuration.command
        if script and command:
            raise UserErrorException(
                f"Both a script ({script!r}) and a command ({command!r}) are given, and a run has one of them. "
                "Leave one out.",
                target="command",
            )
        if not script and not command:
            raise UserErrorException(
                "There is neither a script nor a command, so there is nothing to run. "
                "Give ScriptRunConfig a `script`, as 'train.py', or a `command`.",
                target="script",
            )
        return script, command

    def __deepcopy__(self, memo: dict[int, Any]) -> ScriptRunConfig:
        """Copy settings and lists; objects among the arguments (a dataset, a workspace) are shared."""
        result = object.__new__(type(self))
        memo[id(self)] = result
        for name, value in vars(self).items():
            setattr(result, name, copy_value(value, memo))
        return result

    def __repr__(self) -> str:
        what = f"command={self.command!r}" if self.command else f"script={self.script!r}, arguments={self.arguments!r}"
        return f"ScriptRunConfig({self.source_directory!r}, {what}, target={self.run_config.target!r})"


def _distribute(configuration: RunConfiguration, job: Any) -> None:
    """Set what goes with a kind of distributed job, as v1 does."""
    if isinstance(job, MpiConfiguration):
        configuration.mpi, configuration.node_count = job, job.node_count
        configuration.framework, configuration.communicator = "Python", "IntelMpi"
    elif isinstance(job, PyTorchConfiguration):
        configuration.pytorch, configuration.node_count = job, job.node_count
        configuration.framework, configuration.communicator = "PyTorch", job.communication_backend
    elif isinstance(job, TensorflowConfiguration):
        configuration.tensorflow, configuration.node_count = job, job.worker_count
        configuration.framework, configuration.communicator = "TensorFlow", "ParameterServer"
    else:
        raise RunConfigurationException(
            f"distributed_job_config is {job!r}. Give an MpiConfiguration, a PyTorchConfiguration or a "
            "TensorflowConfiguration.",
            target="distributed_job_config",
        )


def _check_class(value: Any, kind: type, setting: str, error: type[Exception]) -> None:
    if not isinstance(value, kind):
        message = f"{setting} is {value!r}. Give an object of the class {kind.__name__}."
        raise error(message)


def _warn_ignored(names: list[str]) -> None:
    if names:
        import warnings

        warnings.warn(
            f"run_config is given, so {', '.join(names)} {'has' if len(names) == 1 else 'have'} no effect. "
            "Set it on the run configuration.",
            stacklevel=3,
        )
