"""Environments: what a run's Python is made of, under a name and a version."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from stoker.core import _environment_sources as sources
from stoker.core._environment_build import ImageBuildDetails
from stoker.core._environment_sections import (
    DEFAULT_CPU_IMAGE,
    DEFAULT_GPU_IMAGE,
    DatabricksSection,
    DockerBuildContext,
    DockerImagePlatform,
    DockerSection,
    PythonSection,
    RCranPackage,
    RGitHubPackage,
    RSection,
    SparkPackage,
    SparkSection,
)
from stoker.core._fields import Place, section, text, texts_by_name
from stoker.core._live import api_of, segment
from stoker.core._section import Section
from stoker.core.conda_dependencies import PYTHON_DEFAULT_VERSION, CondaDependencies
from stoker.core.container_registry import ContainerRegistry
from stoker.exceptions import NotFoundException, UserErrorException

if TYPE_CHECKING:
    from stoker.core._live import LiveWorkspace

__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "PYTHON_DEFAULT_VERSION",
    "CondaDependencies",
    "ContainerRegistry",
    "DatabricksSection",
    "DockerBuildContext",
    "DockerImagePlatform",
    "DockerSection",
    "Environment",
    "ImageBuildDetails",
    "PythonSection",
    "RCranPackage",
    "RGitHubPackage",
    "RSection",
    "SparkPackage",
    "SparkSection",
]

_RESERVED = ("azureml", "microsoft")
_JSON_FILE, _CONDA_FILE = "azureml_environment.json", "conda_dependencies.yml"


class Environment(Section):
    """A Python with packages, variables and perhaps a container, for runs.

    Parameters
    ----------
    name : str
        Any name; those that begin with AzureML or Microsoft can't be registered.

    Examples
    --------
    >>> environment = Environment("training")
    >>> environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["scikit-learn"])
    >>> environment
    Environment(name='training', version=None)
    """

    name: str = text()
    version: str | None = text()
    """None until it is registered; then a text, as `"1"`."""
    environment_variables: dict[str, str] = texts_by_name({"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"})
    """v1's old place for variables; newer code sets those of the run configuration, which win."""
    python: PythonSection = section(PythonSection)
    docker: DockerSection = section(DockerSection)
    spark: SparkSection = section(SparkSection)
    databricks: DatabricksSection = section(DatabricksSection)
    r: RSection | None = section(RSection, optional=True)
    inferencing_stack_version: str | None = text()
    asset_id: str | None = text()

    def __init__(self, name: str, **settings: Any) -> None:
        super().__init__(name=name, **settings)

    def __repr__(self) -> str:
        return f"Environment(name={self.name!r}, version={self.version!r})"

    def clone(self, new_name: str) -> Environment:
        """Return a copy under another name, without a version."""
        import copy

        result = copy.deepcopy(self)
        result.name = new_name
        result.version = result.asset_id = None
        return result

    def to_definition(self) -> dict[str, Any]:
        """Return all settings as plain data, the packages among them, passwords not.

        Raises
        ------
        stoker.exceptions.UserErrorException
            A setting has the wrong type.
        """
        return self.to_dict(Place("Environment"), secrets=False)

    @classmethod
    def from_definition(cls, definition: dict[str, Any]) -> Environment:
        """Return the environment that `to_definition` has described."""
        environment: Environment = cls.from_dict(definition, Place("The environment's definition"))
        return environment

    def register(self, workspace: LiveWorkspace) -> Environment:
        """Record the environment in the workspace and return it with its version.

        The same content under the same name keeps its version; other content gets the next one.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The name is empty or reserved.
        """
        if not self.name or str(self.name).lower().startswith(_RESERVED):
            raise UserErrorException(
                f"An environment can't be registered under the name {self.name!r}: names that begin with AzureML or "
                "Microsoft are kept for ready-made ones, and a name can't be empty. Use clone('another-name') first.",
                target="name",
            )
        return self._recorded(workspace)

    def _recorded(self, workspace: LiveWorkspace) -> Environment:
        record = api_of(workspace).post("/environments", {"definition": self.to_definition()})
        return _from_record(record)

    @staticmethod
    def get(
        workspace: LiveWorkspace, name: str, version: str | int | None = None, label: str | None = None
    ) -> Environment:
        """Return a registered environment, or a ready-made one.

        Parameters
        ----------
        workspace : Workspace
        name : str
        version : str, optional
            Default: the latest.
        label : str, optional
            Only `"Latest"` is known.

        Raises
        ------
        stoker.exceptions.NotFoundException
            There is no such environment; the message says what there is.
        """
        if label is not None and (version is not None or label.lower() != "latest"):
            raise UserErrorException(
                f"The label {label!r} can't be looked up. Give a version, or label='Latest' alone.", target="label"
            )
        try:
            wanted = None if version is None else str(version)
            return _from_record(api_of(workspace).get(f"/environments/{segment(name)}", version=wanted))
        except NotFoundException:
            from stoker.core._curated import curated_environment

            if not str(name).lower().startswith(_RESERVED):
                raise
            return curated_environment(name)

    @staticmethod
    def list(workspace: LiveWorkspace) -> dict[str, Environment]:
        """Return the latest version of each registered environment by name, and the ready-made ones."""
        from stoker.core._curated import curated_environments

        records = api_of(workspace).get("/environments")["environments"]
        return {**curated_environments(), **{record["name"]: _from_record(record) for record in records}}

    def build(self, workspace: LiveWorkspace, image_build_compute: object = None) -> ImageBuildDetails:
        """Start to build the environment; it is recorded first. Differs from v1: it is no image, and made here.

        Parameters
        ----------
        workspace : Workspace
        image_build_compute : object, optional
            Without effect.
        """
        import sys

        del image_build_compute
        version = self._recorded(workspace).version
        path = f"/environments/{segment(self.name)}/build"
        answer = api_of(workspace).post(path, version=version, python=sys.executable)
        return ImageBuildDetails(workspace, answer["id"])

    def build_local(self, workspace: LiveWorkspace, platform: object = None, **settings: Any) -> ImageBuildDetails:
        """Build the environment on this machine, printing the log, and return the build once it has ended.

        Parameters
        ----------
        workspace : Workspace
        platform, **settings
            Without effect (v1: `useDocker`, `pushImageToWorkspaceAcr`).
        """
        del platform, settings
        return self.build(workspace).wait_for_completion(show_output=True)

    def get_image_details(self, workspace: LiveWorkspace) -> dict[str, Any]:
        """Return what the workspace has on record about the environment.

        Returns
        -------
        dict
            `name`, `version`, `digest`, `created`, `baseImage`, `imageExistsInRegistry`.
        """
        record = api_of(workspace).get(f"/environments/{segment(self.name)}", version=self.version)
        docker = record["definition"].get("docker") or {}
        facts = {key: record.get(key) for key in ("name", "version", "digest", "created")}
        return {**facts, "baseImage": docker.get("baseImage"), "imageExistsInRegistry": False}

    def save_to_directory(self, path: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write `azureml_environment.json` and `conda_dependencies.yml` to a new folder.

        Raises
        ------
        FileExistsError
            The folder exists and `overwrite` is false.
        """
        import json

        os.makedirs(path, exist_ok=overwrite)
        settings = self.to_dict(Place("Environment"))
        del settings["python"]["condaDependencies"]
        settings["python"]["condaDependenciesFile"] = None
        with open(os.path.join(path, _JSON_FILE), "w", encoding="utf-8") as file:
            json.dump(settings, file, indent=4)
        self.python.conda_dependencies.save(os.path.join(path, _CONDA_FILE))

    @staticmethod
    def load_from_directory(path: str | os.PathLike[str]) -> Environment:
        """Return the environment that `save_to_directory` has written.

        Raises
        ------
        FileNotFoundError
            The folder has no `azureml_environment.json`.
        stoker.exceptions.UserErrorException
            A file is not what it should be; the message says where.
        """
        loaded: Environment = sources.load_from_directory(Environment, os.fspath(path), _JSON_FILE, _CONDA_FILE)
        return loaded

    @staticmethod
    def from_conda_specification(name: str, file_path: str | os.PathLike[str]) -> Environment:
        """Return an environment with the packages of a conda environment file.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        stoker.exceptions.UserErrorException
            The file is not a conda environment file; the message says where.
        """
        environment = Environment(name)
        environment.python.conda_dependencies = CondaDependencies(file_path)
        return environment

    @staticmethod
    def from_pip_requirements(
        name: str, file_path: str | os.PathLike[str], pip_version: str | None = None
    ) -> Environment:
        """Return an environment with the packages of a pip requirements file; comments are left out.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        """
        environment = Environment(name)
        environment.python.conda_dependencies = sources.pip_dependencies(os.fspath(file_path), pip_version)
        return environment

    @staticmethod
    def from_existing_conda_environment(name: str, conda_environment_name: str) -> Environment | None:
        """Return an environment with the packages of a conda environment of this machine; None when that fails."""
        dependencies = sources.exported_dependencies(conda_environment_name)
        if dependencies is None:
            return None
        environment = Environment(name)
        environment.python.conda_dependencies = dependencies
        return environment

    @staticmethod
    def from_docker_image(
        name: str,
        image: str,
        container_registry: ContainerRegistry | None = None,
        conda_specification: str | os.PathLike[str] | None = None,
        pip_requirements: str | os.PathLike[str] | None = None,
    ) -> Environment:
        """Return an environment on a Docker image. Differs from v1: no container is started, such a run is refused.

        Raises
        ------
        stoker.exceptions.UserErrorException
            Both kinds of packages are given.
        """
        environment = Environment(name)
        environment.docker.base_image = image
        if container_registry is not None:
            environment.docker.base_image_registry = container_registry
        sources.add_python(environment.python, conda_specification, pip_requirements)
        return environment

    @staticmethod
    def from_dockerfile(
        name: str,
        dockerfile: str | os.PathLike[str],
        conda_specification: str | os.PathLike[str] | None = None,
        pip_requirements: str | os.PathLike[str] | None = None,
    ) -> Environment:
        """Return an environment on the image of a Dockerfile (path or text). Differs from v1: such a run is refused.

        Raises
        ------
        stoker.exceptions.UserErrorException
            Both kinds of packages are given.
        """
        environment = Environment(name)
        environment.docker.base_dockerfile = sources.dockerfile_text(os.fspath(dockerfile))
        sources.add_python(environment.python, conda_specification, pip_requirements)
        return environment

    @staticmethod
    def from_docker_build_context(name: str, docker_build_context: DockerBuildContext) -> Environment:
        """Return an environment on an image made of a folder. Differs from v1: such a run is refused."""
        environment = Environment(name)
        environment.docker.build_context = docker_build_context
        environment.python.user_managed_dependencies = True
        return environment


def _from_record(record: dict[str, Any]) -> Environment:
    environment = Environment.from_definition(record["definition"])
    environment.name, environment.version = record["name"], str(record["version"])
    return environment
