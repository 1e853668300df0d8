"""Section 5: RunConfiguration and ScriptRunConfig, down to what the script sees."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stoker.core import Environment, Experiment, Run, RunConfiguration, ScriptRun, ScriptRunConfig, Workspace
from stoker.core.compute import AmlCompute, ComputeTarget
from stoker.core.runconfig import (
    DEFAULT_CPU_IMAGE,
    DEFAULT_GPU_IMAGE,
    CondaDependencies,
    DataReferenceConfiguration,
    DockerConfiguration,
    EnvironmentDefinition,
    MpiConfiguration,
    PyTorchConfiguration,
    SparkConfiguration,
    TensorflowConfiguration,
)
from stoker.exceptions import ComputeTargetException, RunConfigurationException, UserErrorException

Config = Callable[..., ScriptRunConfig]
LogOf = Callable[[Run], str]


@pytest.fixture
def source(in_folder: Path) -> Path:
    """Return a source folder, which is the working directory, with a script that shows its arguments."""
    (in_folder / "train.py").write_text("import os, sys; print(sys.argv[1:], os.environ.get('COLOUR'))")
    return in_folder


def _printed(experiment: Experiment, config: ScriptRunConfig, log_of: LogOf) -> str:
    run = experiment.submit(config)
    run.wait_for_completion()
    return log_of(run)


def test_a_run_configuration_has_v1s_defaults() -> None:
    config = RunConfiguration()

    assert (config.script, config.arguments, config.command, config.target) == (None, [], "", "local")
    assert (config.framework, config.communicator, config.node_count) == ("Python", "None", 1)
    assert (config.max_run_duration_seconds, config.priority, config.source_directory_data_store) == (None, None, None)
    assert config.environment.name == "default-environment"
    assert config.environment_variables == {}
    assert (config.data_references, config.data, config.datacaches, config.output_data) == ({}, {}, [], {})
    assert (config.services, config.credential_passthrough) == ({}, False)
    assert config.history.directories_to_watch == ["logs"]
    assert (config.history.output_collection, config.history.snapshot_project) == (True, True)
    assert (config.docker.use_docker, config.docker.shared_volumes, config.docker.shm_size) == (False, True, "2g")
    assert config.hdi.yarn_deploy_mode == "cluster"
    assert (config.tensorflow.worker_count, config.tensorflow.parameter_server_count) == (1, 1)
    assert (config.mpi.process_count_per_node, config.mpi.node_count) == (1, 1)
    assert (config.pytorch.communication_backend.lower(), config.pytorch.process_count) == ("nccl", None)
    assert isinstance(config.spark, SparkConfiguration)
    for section in ("amlcompute", "kubernetescompute", "paralleltask"):
        assert getattr(config, section) is not None


def test_the_constructor_takes_v1s_arguments() -> None:
    packages = CondaDependencies.create(pip_packages=["scikit-learn"])
    config = RunConfiguration(
        script="train.py",
        arguments=["--a", 1],
        framework="python",
        communicator="none",
        conda_dependencies=packages,
        command=None,
    )

    assert (config.script, config.arguments) == ("train.py", ["--a", 1])
    assert list(config.environment.python.conda_dependencies.pip_packages) == ["scikit-learn"]
    assert EnvironmentDefinition is Environment
    assert DEFAULT_CPU_IMAGE
    assert DEFAULT_GPU_IMAGE


@pytest.mark.parametrize(
    "section",
    [
        lambda config: config,
        lambda config: config.history,
        lambda config: config.environment,
        lambda config: config.environment.python,
        lambda config: config.environment.docker,
        lambda config: config.mpi,
    ],
)
def test_unknown_settings_are_refused_and_v1s_old_ones_are_not(section: Callable[[Any], Any]) -> None:
    with pytest.raises(AttributeError, match="no_such_thing"):
        section(RunConfiguration()).no_such_thing = 1
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = section(RunConfiguration()).no_such_thing


@pytest.mark.usefixtures("source")
def test_old_settings_may_be_set_without_effect(experiment: Experiment, log_of: LogOf) -> None:
    config: Any = RunConfiguration()
    config.auto_prepare_environment = True
    config.prepare_environment = True
    config.environment.docker.gpu_support = True
    config.environment.spark.precache_packages = False
    config.framework = "python"

    assert _printed(experiment, ScriptRunConfig(".", "train.py", run_config=config), log_of) == "[] None\n"


def test_a_target_is_a_name_an_object_or_nothing(ws: Workspace) -> None:
    pool = ComputeTarget.create(ws, "a-pool", AmlCompute.provisioning_configuration(max_nodes=1))
    config = RunConfiguration()
    for given, kept in ((pool, "a-pool"), ("other", "other"), (None, "local")):
        config.target = given
        assert config.target == kept


@pytest.mark.parametrize("style", ["2019", "later", "run_config"])
@pytest.mark.usefixtures("source")
def test_all_styles_of_a_script_run_config_run(experiment: Experiment, log_of: LogOf, style: str) -> None:
    if style == "2019":
        config = ScriptRunConfig(source_directory=".", script="other.py", arguments=["--a", 1])
        config.run_config.target = "local"
        config.run_config.environment_variables = {"COLOUR": "blue"}
        config.script, config.arguments = "train.py", ["--a", 2]
    elif style == "later":
        config = ScriptRunConfig(".", "train.py", ["--a", 2], compute_target="local", environment=Environment("e"))
        config.run_config.environment_variables["COLOUR"] = "blue"
    else:
        settings = RunConfiguration(script="other.py", arguments=["--a", 1])
        settings.environment_variables = {"COLOUR": "blue"}
        config = ScriptRunConfig(".", "train.py", ["--a", 2], run_config=settings)

    assert isinstance(config.run_config, RunConfiguration)
    assert _printed(experiment, config, log_of) == "['--a', '2'] blue\n"


@pytest.mark.usefixtures("source")
def test_script_and_arguments_may_stand_in_the_run_configuration(experiment: Experiment, log_of: LogOf) -> None:
    settings = RunConfiguration(script="train.py", arguments=["kept"])

    assert _printed(experiment, ScriptRunConfig(".", run_config=settings), log_of) == "['kept'] None\n"


@pytest.mark.usefixtures("source")
def test_a_run_configuration_wins_with_a_warning() -> None:
    settings = RunConfiguration()
    with pytest.warns(UserWarning, match="compute_target, environment"):
        config = ScriptRunConfig(
            ".", "train.py", run_config=settings, compute_target="a-pool", environment=Environment("ignored")
        )

    assert config.run_config is settings
    assert (settings.target, settings.environment.name) == ("local", "default-environment")


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (MpiConfiguration(process_count_per_node=2, node_count=3), ("Python", "IntelMpi", 3)),
        (PyTorchConfiguration("Gloo", process_count=4, node_count=2), ("PyTorch", "gloo", 2)),
        (PyTorchConfiguration(), ("PyTorch", "nccl", 1)),
        (TensorflowConfiguration(worker_count=2, parameter_server_count=1), ("TensorFlow", "ParameterServer", 2)),
    ],
)
def test_a_distributed_job_sets_what_belongs_to_it(job: Any, expected: tuple[str, str, int]) -> None:
    config = ScriptRunConfig(".", "train.py", distributed_job_config=job).run_config

    assert (config.framework, config.communicator, config.node_count) == expected


def test_wrong_classes_are_refused_at_once() -> None:
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"environment": "AzureML-Minimal"}, UserErrorException),
        ({"distributed_job_config": "mpi"}, RunConfigurationException),
    ]
    for settings, error in wrong:
        with pytest.raises(error, match=next(iter(settings))):
            ScriptRunConfig(".", "train.py", **settings)
    assert ScriptRunConfig(".", "train.py", docker_runtime_config=DockerConfiguration(use_docker=True))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"source_directory": "no-such-folder", "script": "train.py"}, "no-such-folder"),
        ({"source_directory": ".", "script": "trian.py"}, r"trian\.py.*'train\.py'"),
        ({"source_directory": "."}, "neither a script nor a command"),
        ({"source_directory": ".", "script": "train.py", "command": "ls"}, "command"),
        ({"source_directory": ".", "script": "train.py", "arguments": ["a", None]}, "index 1"),
        ({"source_directory": ".", "script": "train.py", "arguments": "--a 1"}, "list"),
        ({"source_directory": ".", "script": "train.py", "compute_target": "no-such-pool"}, "no-such-pool"),
        ({"source_directory": ".", "script": "../train.py"}, "outside"),
    ],
)
@pytest.mark.usefixtures("source")
def test_what_is_wrong_is_found_at_submit(experiment: Experiment, settings: dict[str, Any], words: str) -> None:
    before = len(list(experiment.get_runs()))
    config = ScriptRunConfig(**settings)
    with pytest.raises((UserErrorException, ComputeTargetException), match=words):
        experiment.submit(config)

    assert len(list(experiment.get_runs())) == before


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("framework", "Cobol", "Cobol"), ("communicator", "pigeons", "pigeons"), ("node_count", 0, "node_count")],
)
@pytest.mark.usefixtures("source")
def test_wrong_words_in_a_run_configuration_are_found_at_submit(
    experiment: Experiment, field: str, value: Any, words: str
) -> None:
    config = ScriptRunConfig(".", "train.py")
    setattr(config.run_config, field, value)
    with pytest.raises(UserErrorException, match=words):
        experiment.submit(config)


@pytest.mark.parametrize("command", ["echo one $COLOUR && echo two", ["echo", "one", "$COLOUR", "&&", "echo", "two"]])
@pytest.mark.usefixtures("source")
def test_a_command_goes_through_a_shell(experiment: Experiment, log_of: LogOf, command: Any) -> None:
    config = ScriptRunConfig(".", command=command)
    config.run_config.environment_variables = {"COLOUR": "blue"}

    assert _printed(experiment, config, log_of) == "one blue\ntwo\n"


@pytest.mark.usefixtures("source")
def test_a_command_may_stand_in_the_run_configuration(experiment: Experiment, log_of: LogOf) -> None:
    settings = RunConfiguration(command="python train.py from-command")

    assert _printed(experiment, ScriptRunConfig(".", run_config=settings), log_of) == "['from-command'] None\n"


@pytest.mark.usefixtures("source")
def test_arguments_keep_their_types_until_they_are_texts(experiment: Experiment, log_of: LogOf) -> None:
    arguments = ["--n", 1, 0.1, True, Path("a b"), "$HOME", "a'b\"c", "ü\n"]
    config = ScriptRunConfig(".", "train.py", arguments=arguments)
    assert config.arguments is not None
    assert list(config.arguments) == arguments

    expected = ["--n", "1", "0.1", "True", "a b", "$HOME", "a'b\"c", "ü\n"]
    assert _printed(experiment, config, log_of) == f"{expected} None\n"


def test_a_script_may_lie_below_the_source_folder(source: Path, experiment: Experiment, log_of: LogOf) -> None:
    (source / "code" / "deep").mkdir(parents=True)
    (source / "code" / "deep" / "my script.py").write_text("import os; print(os.listdir('.').count('train.py'))")

    assert _printed(experiment, ScriptRunConfig(".", "code/deep/my script.py"), log_of) == "1\n"


@pytest.mark.usefixtures("source")
def test_resume_from_is_an_argument(experiment: Experiment, log_of: LogOf) -> None:
    config = ScriptRunConfig(".", "train.py", ["--a"], resume_from="/data/checkpoints")

    assert _printed(experiment, config, log_of) == "['--a', '--resume-from', '/data/checkpoints'] None\n"


def test_a_time_limit_cancels_with_a_message(source: Path, experiment: Experiment) -> None:
    (source / "train.py").write_text("import time; time.sleep(100)")
    run = experiment.submit(ScriptRunConfig(".", "train.py", max_run_duration_seconds=1))
    details = run.wait_for_completion(raise_on_error=False)

    assert details["status"] == "Canceled"
    assert details["error"]["error"]["message"]
    assert ScriptRunConfig(".", "train.py").run_config.max_run_duration_seconds == 2592000


@pytest.mark.usefixtures("source")
def test_submit_gives_a_script_run(experiment: Experiment) -> None:
    run = experiment.submit(ScriptRunConfig(".", "train.py"))
    run.cancel()

    assert type(run) is ScriptRun


@pytest.mark.parametrize("folder", [".azureml", "aml_config"])
def test_a_saved_configuration_is_loaded_and_run(
    source: Path, experiment: Experiment, log_of: LogOf, folder: str
) -> None:
    (source / "aml_config").mkdir(exist_ok=True) if folder == "aml_config" else None
    settings = RunConfiguration("train.py", ["--saved"])
    settings.environment_variables = {"COLOUR": "green"}
    settings.environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["azureml-defaults"])
    settings.data_references = {"d": DataReferenceConfiguration(datastore_name="store", path_on_datastore="x")}
    settings.save(path=str(source), name="mine")

    assert (source / folder / "mine").is_file()
    assert (source / folder / "conda_dependencies.yml").is_file()
    loaded = RunConfiguration.load(path=str(source), name="mine")
    assert loaded.data_references["d"].data_store_name == "store"
    loaded.data_references = {}
    assert _printed(experiment, ScriptRunConfig(".", run_config=loaded), log_of) == "['--saved'] green\n"
    RunConfiguration.delete(str(source), "mine")
    with pytest.raises(UserErrorException, match="Failed to load RunConfiguration from path="):
        RunConfiguration.load(str(source), "mine")


def test_a_configuration_needs_a_name_to_be_saved(source: Path) -> None:
    with pytest.raises(UserErrorException):
        RunConfiguration().save(str(source))


def test_a_file_beside_the_environments_own_is_loaded(source: Path) -> None:
    RunConfiguration("train.py").save(str(source), "apart", separate_environment_yaml=True)
    (source / ".azureml" / "apart").rename(source / ".azureml" / "apart.runconfig")

    assert (source / ".azureml" / "environment.yml").is_file()
    assert RunConfiguration.load(str(source), "apart").environment.name == "default-environment"
    assert RunConfiguration.load(str(source / ".azureml" / "apart.runconfig")).script == "train.py"


@pytest.mark.usefixtures("source")
def test_the_clouds_docker_flag_runs_here_with_one_warning(experiment: Experiment, log_of: LogOf) -> None:
    environment = Environment("docker")
    environment.docker.enabled = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config = ScriptRunConfig(".", "train.py", environment=environment)
        config.run_config.docker = DockerConfiguration(use_docker=True)
    run = experiment.submit(config)
    run.wait_for_completion()

    assert log_of(run) == "[] None\n"
    assert [item for item in run.get_details().get("warnings", []) if "Docker" in item["message"]]
