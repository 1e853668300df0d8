"""The sections of an environment: Python, Docker, Spark, Databricks, R."""

from __future__ import annotations

from typing import Any

from stoker.core._fields import Field, Place, flag, section, sections, text, texts
from stoker.core._section import Section
from stoker.core.conda_dependencies import CondaDependencies
from stoker.core.container_registry import ContainerRegistry
from stoker.exceptions import UserErrorException

__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "DatabricksSection",
    "DockerBuildContext",
    "DockerImagePlatform",
    "DockerSection",
    "EggLibrary",
    "JarLibrary",
    "MavenLibrary",
    "PyPiLibrary",
    "PythonSection",
    "RCranLibrary",
    "RCranPackage",
    "RGitHubPackage",
    "RSection",
    "SparkPackage",
    "SparkSection",
]

DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20251130.v1"
"""v1's name of the default image; a run that names it needs no Docker here."""

DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04"


def _read_conda(value: Any, place: Place) -> CondaDependencies:
    if isinstance(value, CondaDependencies):
        return value
    if not isinstance(value, dict):
        raise place.error(value, "a CondaDependencies object")
    try:
        return CondaDependencies(_underlying_structure=value)
    except UserErrorException as error:
        raise UserErrorException(f"{place}: {error}", error, target="conda_dependencies") from error


def _write_conda(value: CondaDependencies, place: Place, secrets: bool) -> Any:
    del place, secrets
    return value.as_dict()


def _conda() -> Any:
    return Field(_read_conda, _write_conda, CondaDependencies)


class PythonSection(Section):
    """Which Python runs the script, and with what.

    Examples
    --------
    >>> python = PythonSection()
    >>> python.user_managed_dependencies = True
    >>> python.interpreter_path
    'python'
    """

    user_managed_dependencies: bool = flag(default=False)
    """True: the interpreter is used as it is; False: Stoker makes one with the packages asked for."""
    interpreter_path: str = text("python")
    """Used when user-managed; `python` is the interpreter that submits."""
    _conda_dependencies_file: str | None = text()
    base_conda_environment: str | None = text()
    _conda_dependencies: CondaDependencies = _conda()

    @property
    def conda_dependencies(self) -> CondaDependencies:
        """The packages that the environment has; setting None asks for none."""
        return self._conda_dependencies

    @conda_dependencies.setter
    def conda_dependencies(self, value: CondaDependencies | dict[str, Any] | None) -> None:
        place = Place("PythonSection").child("conda_dependencies")
        self._conda_dependencies = _read_conda({"name": "project_environment"} if value is None else value, place)

    @property
    def conda_dependencies_file(self) -> str | None:
        """The file that the packages were read from (v1's old way); setting it reads the file."""
        return self._conda_dependencies_file

    @conda_dependencies_file.setter
    def conda_dependencies_file(self, path: str | None) -> None:
        if path is not None:
            self._conda_dependencies = CondaDependencies(path)
        self._conda_dependencies_file = path


class DockerImagePlatform(Section):
    """The platform of an image."""

    os: str = text("Linux")
    architecture: str = text("amd64")


class DockerBuildContext(Section):
    """A folder or address that an image is built from."""

    location_type: str | None = text()
    location: str | None = text()
    dockerfile_path: str = text("Dockerfile")

    def __init__(
        self, location_type: str | None = None, location: str | None = None, dockerfile_path: str = "Dockerfile"
    ) -> None:
        super().__init__(location_type=location_type, location=location, dockerfile_path=dockerfile_path)


class DockerSection(Section):
    """The container a run is in, if it is in one.

    `base_image`, `base_dockerfile` and `build_context` exclude each other: setting one empties the others.
    """

    _ignored = frozenset({"gpu_support"})
    _ignored_keys = frozenset({"gpuSupport"})

    enabled: bool = flag(default=False)
    """v1's old switch; newer code sets `DockerConfiguration.use_docker`."""
    _base_image: str | None = text(DEFAULT_CPU_IMAGE, nullable=True)
    _base_dockerfile: str | None = text()
    _build_context: DockerBuildContext | None = section(DockerBuildContext, optional=True)
    shared_volumes: bool = flag(default=True)
    shm_size: str | None = text("2g")
    arguments: list[str] = texts()
    base_image_registry: ContainerRegistry = section(ContainerRegistry)
    platform: DockerImagePlatform = section(DockerImagePlatform)

    @property
    def base_image(self) -> str | None:
        """The image a container is made of."""
        return self._base_image

    @base_image.setter
    def base_image(self, image: str | None) -> None:
        self._base_image = image
        if image is not None:
            self._base_dockerfile = self._build_context = None

    @property
    def base_dockerfile(self) -> str | None:
        """The text of a Dockerfile, or the path of one."""
        return self._base_dockerfile

    @base_dockerfile.setter
    def base_dockerfile(self, dockerfile: str | None) -> None:
        self._base_dockerfile = dockerfile
        if dockerfile is not None:
            self._base_image = self._build_context = None

    @property
    def build_context(self) -> DockerBuildContext | None:
        """The folder an image is built from."""
        return self._build_context

    @build_context.setter
    def build_context(self, context: DockerBuildContext | None) -> None:
        self._build_context = context
        if context is not None:
            self._base_image = self._base_dockerfile = None


class SparkPackage(Section):
    """A Maven package for Spark."""

    group: str | None = text()
    artifact: str | None = text()
    version: str | None = text()

    def __init__(self, group: str | None = None, artifact: str | None = None, version: str | None = None) -> None:
        super().__init__(group=group, artifact=artifact, version=version)


class SparkSection(Section):
    """What Spark loads besides itself."""

    repositories: list[str] = texts()
    packages: list[SparkPackage] = sections(SparkPackage)
    precache_packages: bool = flag(default=True)


class MavenLibrary(Section):
    """A Maven library on Databricks; kept, and without effect here."""

    coordinates: str = text("")
    repo: str = text("")
    exclusions: list[str] = texts()

    def __init__(
        self, coordinates: str | None = None, repo: str | None = None, exclusions: list[str] | None = None
    ) -> None:
        super().__init__(coordinates=coordinates or "", repo=repo or "", exclusions=list(exclusions or []))


class PyPiLibrary(Section):
    """A PyPI library on Databricks; kept, and without effect here."""

    package: str = text("")
    repo: str = text("")

    def __init__(self, package: str | None = None, repo: str | None = None) -> None:
        super().__init__(package=package or "", repo=repo or "")


class RCranLibrary(PyPiLibrary):
    """A CRAN library on Databricks; kept, and without effect here."""


class JarLibrary(Section):
    """A JAR on Databricks; kept, and without effect here."""

    library: str = text("")

    def __init__(self, library: str | None = None) -> None:
        super().__init__(library=library or "")


class EggLibrary(JarLibrary):
    """An egg on Databricks; kept, and without effect here."""


class DatabricksSection(Section):
    """Libraries on Databricks; kept, and without effect here."""

    maven_libraries: list[MavenLibrary] = sections(MavenLibrary)
    pypi_libraries: list[PyPiLibrary] = sections(PyPiLibrary)
    rcran_libraries: list[RCranLibrary] = sections(RCranLibrary)
    jar_libraries: list[JarLibrary] = sections(JarLibrary)
    egg_libraries: list[EggLibrary] = sections(EggLibrary)


class RCranPackage(Section):
    """An R package of CRAN."""

    name: str | None = text()
    version: str | None = text()
    repository: str | None = text()


class RGitHubPackage(Section):
    """An R package of GitHub."""

    repository: str | None = text()
    auth_token: str | None = text(secret=True)


class RSection(Section):
    """Which R runs the script, and with what."""

    r_version: str | None = text()
    user_managed: bool = flag(default=False)
    rscript_path: str | None = text()
    snapshot_date: str | None = text()
    cran_packages: list[RCranPackage] | None = sections(RCranPackage, optional=True)
    github_packages: list[RGitHubPackage] | None = sections(RGitHubPackage, optional=True)
    custom_url_packages: list[str] | None = texts(None)
    bioconductor_packages: list[str] | None = texts(None)
