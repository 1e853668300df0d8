"""Run configurations: everything about how and where a script runs, and their `.runconfig` files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from stoker.core._data_sections import (
    SUPPORTED_DATAREF_MODES,
    SUPPORTED_DELIVERY_MECHANISM,
    Data,
    DataLocation,
    DataPath,
    DataReferenceConfiguration,
    Dataset,
    DatasetRegistrationOptions,
    GlobsOptions,
    MountOptions,
    OutputData,
    OutputOptions,
    RegistrationOptions,
    UploadOptions,
    Uri,
)
from stoker.core._environment_sections import (
    DEFAULT_CPU_IMAGE,
    DEFAULT_GPU_IMAGE,
    DatabricksSection,
    DockerSection,
    EggLibrary,
    JarLibrary,
    MavenLibrary,
    PyPiLibrary,
    PythonSection,
    RCranLibrary,
    SparkSection,
)
from stoker.core._fields import (
    Field,
    Place,
    anything,
    flag,
    integer,
    items,
    section,
    sections_by_name,
    text,
    texts_by_name,
)
from stoker.core._section import Section
from stoker.core._sections import (
    SUPPORTED_PYTORCH_BACKENDS,
    AmlComputeConfiguration,
    ApplicationEndpointConfiguration,
    DockerConfiguration,
    HdiConfiguration,
    HistoryConfiguration,
    KubernetesComputeConfiguration,
    MpiConfiguration,
    ParallelTaskConfiguration,
    PyTorchConfiguration,
    SparkConfiguration,
    TensorflowConfiguration,
)
from stoker.core.conda_dependencies import CondaDependencies
from stoker.core.container_registry import ContainerRegistry
from stoker.core.environment import Environment
from stoker.exceptions import RunConfigurationException, UserErrorException

__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "MPI_CPU_IMAGE",
    "MPI_GPU_IMAGE",
    "SUPPORTED_DATAREF_MODES",
    "SUPPORTED_DELIVERY_MECHANISM",
    "SUPPORTED_PYTORCH_BACKENDS",
    "AmlComputeConfiguration",
    "ApplicationEndpointConfiguration",
    "CondaDependencies",
    "ContainerRegistry",
    "Data",
    "DataLocation",
    "DataPath",
    "DataReferenceConfiguration",
    "DatabricksEnvironment",
    "DatabricksSection",
    "Dataset",
    "DatasetRegistrationOptions",
    "DockerConfiguration",
    "DockerEnvironment",
    "DockerSection",
    "EggLibrary",
    "Environment",
    "EnvironmentDefinition",
    "GlobsOptions",
    "HdiConfiguration",
    "HistoryConfiguration",
    "JarLibrary",
    "KubernetesComputeConfiguration",
    "MavenLibrary",
    "MountOptions",
    "MpiConfiguration",
    "OutputData",
    "OutputOptions",
    "ParallelTaskConfiguration",
    "PyPiLibrary",
    "PyTorchConfiguration",
    "PythonEnvironment",
    "PythonSection",
    "RCranLibrary",
    "RegistrationOptions",
    "RunConfiguration",
    "RunConfigurationException",
    "SparkConfiguration",
    "SparkEnvironment",
    "SparkSection",
    "TensorflowConfiguration",
    "UploadOptions",
    "Uri",
]

EnvironmentDefinition = Environment
PythonEnvironment = PythonSection
DockerEnvironment = DockerSection
SparkEnvironment = SparkSection
DatabricksEnvironment = DatabricksSection
MPI_CPU_IMAGE = DEFAULT_CPU_IMAGE
MPI_GPU_IMAGE = DEFAULT_GPU_IMAGE


def _default_environment() -> Environment:
    return Environment("default-environment")


def _read_environment(value: Any, place: Place) -> Any:
    named = {"name": "default-environment", **value} if isinstance(value, dict) else value
    return Environment.from_dict(named, place)


def _write_environment(value: Any, place: Place, secrets: bool) -> dict[str, Any]:
    if not isinstance(value, Environment):
        raise place.error(value, "an Environment object")
    return value.to_dict(place, secrets=secrets)


class RunConfiguration(Section):
    """How and where a script runs.

    Parameters
    ----------
    script : str, optional
        Path in the source folder.
    arguments : list, optional
    framework : str, default="Python"
        `Python`, `PySpark`, `TensorFlow`, `PyTorch`, in any case.
    communicator : str, default="None"
        `None`, `ParameterServer`, `OpenMpi`, `IntelMpi`, `Mpi`, `Nccl`, `Gloo`, `ParallelTask`, in any case.
    conda_dependencies : CondaDependencies, optional
        Put into `environment.python`.
    command : str or list of str, optional
        Instead of a script: run by a shell.

    Raises
    ------
    AttributeError
        An attribute is set that is no setting; the message names the nearest.

    Examples
    --------
    >>> configuration = RunConfiguration()
    >>> configuration.target = "cpu-cluster"
    >>> configuration.nodecount = 2
    Traceback (most recent call last):
    AttributeError: RunConfiguration has no setting 'nodecount'. Did you mean 'node_count'?
    """

    _ignored = frozenset({"auto_prepare_environment", "prepare_environment"})
    _ignored_keys = frozenset(
        {
            "autoPrepareEnvironment",
            "prepareEnvironment",
            "batchai",
            "containerInstance",
            "cmk8sCompute",
            "cmk8scompute",
            "commandReturnCodeConfig",
            "cmAksCompute",
            "itpCompute",
            "globalJobDispatcher",
            "uploadProject",
        }
    )

    script: str | None = text()
    arguments: list[Any] = items()
    _target: str = text("local")
    framework: str = text("Python")
    communicator: str = text("None")
    max_run_duration_seconds: int | None = integer()
    node_count: int = integer(1)
    priority: int | None = integer()
    environment: Environment = Field(_read_environment, _write_environment, _default_environment)  # type: ignore[assignment]
    history: HistoryConfiguration = section(HistoryConfiguration)
    spark: SparkConfiguration = section(SparkConfiguration)
    docker: DockerConfiguration = section(DockerConfiguration)
    hdi: HdiConfiguration = section(HdiConfiguration)
    tensorflow: TensorflowConfiguration = section(TensorflowConfiguration)
    mpi: MpiConfiguration = section(MpiConfiguration)
    pytorch: PyTorchConfiguration = section(PyTorchConfiguration)
    paralleltask: ParallelTaskConfiguration = section(ParallelTaskConfiguration)
    data_references: dict[str, Any] = sections_by_name(DataReferenceConfiguration)
    data: dict[str, Any] = sections_by_name(Data)
    datacaches: list[Any] = items()
    output_data: dict[str, Any] = sections_by_name(OutputData)
    source_directory_data_store: str | None = text(key="sourceDirectoryDataStore")
    amlcompute: AmlComputeConfiguration = section(AmlComputeConfiguration)
    auto_cluster_compute_specification: Any = anything()
    kubernetescompute: KubernetesComputeConfiguration = section(KubernetesComputeConfiguration)
    credential_passthrough: bool = flag(default=False)
    command: str | list[Any] = anything("")
    environment_variables: dict[str, Any] = texts_by_name({})
    services: dict[str, Any] = sections_by_name(ApplicationEndpointConfiguration, key="applicationEndpoints")

    def __init__(
        self,
        script: str | None = None,
        arguments: Iterable[Any] | None = None,
        framework: str | None = None,
        communicator: str | None = None,
        conda_dependencies: CondaDependencies | None = None,
        command: str | list[Any] | None = None,
    ) -> None:
        super().__init__(
            script=script,
            arguments=list(arguments) if arguments is not None and not isinstance(arguments, str) else arguments or [],
            framework=framework or "Python",
            communicator=communicator or "None",
            command=command or "",
        )
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies

    @property
    def target(self) -> str:
        """Where the script runs: a compute target's name; `local` is this machine. Takes the object too."""
        return self._target

    @target.setter
    def target(self, target: Any) -> None:
        name = "local" if target is None else getattr(target, "name", target)
        if not isinstance(name, str):
            raise UserErrorException(
                f"{target!r} can't be a target. Give a compute target or its name, or 'local' for this machine.",
                target="target",
            )
        self._target = name

    def __repr__(self) -> str:
        what = f"command={self.command!r}" if self.command else f"script={self.script!r}"
        return f"RunConfiguration({what}, target={self.target!r}, environment={self.environment!r})"

    def to_definition(self) -> dict[str, Any]:
        """Return all settings as plain data (v1: `runDefinition`), the packages among them, passwords not.

        Raises
        ------
        stoker.exceptions.UserErrorException
            A setting has the wrong type; the message names it.
        """
        return self.to_dict(Place("RunConfiguration"), secrets=False)

    @classmethod
    def from_definition(cls, definition: dict[str, Any]) -> RunConfiguration:
        """Return the run configuration that `to_definition` has described."""
        configuration: RunConfiguration = cls.from_dict(definition, Place("The run definition"))
        return configuration

    def save(
        self,
        path: str | os.PathLike[str] | None = None,
        name: str | None = None,
        separate_environment_yaml: bool = False,
    ) -> None:
        """Write the configuration to a file, with `conda_dependencies.yml` beside it.

        Parameters
        ----------
        path : str, optional
            The project's folder, which then has the file in `.azureml`; or, without `name`, the file itself.
            Default: the current folder.
        name : str, optional
            The file's name.
        separate_environment_yaml : bool, default=False
            Write the environment to a file of its own, `environment.yml`.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is no name, or a setting has the wrong type.
        """
        from stoker.core import _runconfig_files as files

        target, project = files.place_for(os.fspath(path) if path is not None else os.getcwd(), name)
        settings = self.to_dict(Place("RunConfiguration"))
        files.write(target, project, settings, separate_environment=separate_environment_yaml)

    @staticmethod
    def load(path: str | os.PathLike[str], name: str | None = None) -> RunConfiguration:
        """Read a configuration from its file.

        Parameters
        ----------
        path : str
            The file; or the project's folder, when `name` is given.
        name : str, optional
            Looked for in `.azureml`, `aml_config` and the folder itself, with and without `.runconfig`.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is no such file, or it is wrong; the message says where.
        """
        from stoker.core import _runconfig_files as files

        file = files.find(os.fspath(path), name)
        data, lines = files.read(file)
        configuration: RunConfiguration = RunConfiguration.from_dict(data, Place(file, lines=lines))
        return configuration

    @staticmethod
    def delete(path: str | os.PathLike[str], name: str | None = None) -> None:
        """Remove the file of a configuration.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is no such file.
        """
        from stoker.core import _runconfig_files as files

        os.unlink(files.find(os.fspath(path), name))
