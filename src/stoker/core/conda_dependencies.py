"""What an environment is made of: Python, conda packages and pip packages."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stoker.core._conda_file import checked_conda, read_conda
from stoker.core._fields import Place
from stoker.core._packages import conda_name, option_name, project_name
from stoker.core._packages import merge_requirements as _merge
from stoker.exceptions import UserErrorException

__all__ = ["PYTHON_DEFAULT_VERSION", "CondaDependencies"]

PYTHON_DEFAULT_VERSION = "3.10.18"
"""What `CondaDependencies.create` asks for when no version is given."""

_FIRST_PYTHON = "3.8.13"
_TENSORFLOW, _CNTK = "2.2.0", "2.7"


class CondaDependencies:
    """The packages of an environment, in the form of a conda environment file.

    Parameters
    ----------
    conda_dependencies_file_path : str, optional
        A file to begin with; without one: Python and `azureml-defaults`.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    stoker.exceptions.UserErrorException
        The file is not a conda environment file; the message says where.

    Examples
    --------
    >>> dependencies = CondaDependencies.create(pip_packages=["scikit-learn==1.5.1"], python_version="3.11")
    >>> dependencies.add_conda_package("numpy")
    >>> list(dependencies.conda_packages)
    ['python=3.11', 'numpy']
    """

    def __init__(
        self,
        conda_dependencies_file_path: str | os.PathLike[str] | None = None,
        _underlying_structure: Mapping[str, Any] | None = None,
    ) -> None:
        if conda_dependencies_file_path is not None:
            self._data = read_conda(os.fspath(conda_dependencies_file_path))
        elif _underlying_structure is not None:
            self._data = checked_conda(_underlying_structure, Place("The conda dependencies"))
        else:
            self._data = _first(_FIRST_PYTHON, ["azureml-defaults"])

    @staticmethod
    def create(
        pip_indexurl: str | None = None,
        pip_packages: Iterable[str] | None = None,
        conda_packages: Iterable[str] | None = None,
        python_version: str | None = PYTHON_DEFAULT_VERSION,
        pin_sdk_version: bool = True,  # noqa: ARG004  # v1's signature; the SDK is never installed from an index
    ) -> CondaDependencies:
        """Return the dependencies that the arguments describe.

        Parameters
        ----------
        pip_indexurl : str, optional
            The package index for pip.
        pip_packages : list of str, optional
            Instead of the default `azureml-defaults`.
        conda_packages : list of str, optional
            Added after Python.
        python_version : str, default="3.10.18"
        pin_sdk_version : bool, default=True
            Without effect.

        Raises
        ------
        stoker.exceptions.UserErrorException
            A package or the version is not a text.
        """
        result = CondaDependencies(_underlying_structure=_first(PYTHON_DEFAULT_VERSION, []))
        if python_version is not None:
            result.set_python_version(python_version)
        if pip_indexurl:
            result.set_pip_index_url(pip_indexurl)
        for package in _several(["azureml-defaults"] if pip_packages is None else pip_packages):
            result.add_pip_package(package)
        for package in _several(conda_packages or []):
            result.add_conda_package(package)
        return result

    @staticmethod
    def merge_requirements(requirements: Iterable[str]) -> list[str]:
        """Return the requirements with those about one project joined."""
        return _merge(requirements)

    @property
    def conda_channels(self) -> Iterator[str]:
        """The channels, in order."""
        return iter(list(self._data.get("channels") or []))

    @property
    def conda_packages(self) -> Iterator[str]:
        """The conda packages, Python among them, in order."""
        return iter([item for item in self._dependencies() if isinstance(item, str)])

    @property
    def pip_packages(self) -> Iterator[str]:
        """The pip packages, without options, in order."""
        return iter([item for item in self._pip(make=False) if not _is_option(item)])

    @property
    def pip_options(self) -> Iterator[str]:
        """The lines that are options of pip, as `--index-url ...`."""
        return iter([item for item in self._pip(make=False) if _is_option(item)])

    def add_conda_package(self, conda_package: str) -> None:
        """Add a conda package; a second Python replaces the first."""
        package = _one_line(conda_package, "conda package")
        if conda_name(package) == "python":
            self._replace_python(package)
        elif package not in self._dependencies():
            self._dependencies().append(package)

    def remove_conda_package(self, conda_package: str) -> None:
        """Remove a conda package: exactly this entry, or, given a bare name, all of that name."""
        entries = self._dependencies()
        wanted = conda_package.strip()
        if wanted in entries:
            entries.remove(wanted)
        elif conda_name(wanted) == wanted.lower():
            entries[:] = [item for item in entries if not isinstance(item, str) or conda_name(item) != wanted.lower()]

    def add_pip_package(self, pip_package: str) -> None:
        """Add a pip package; another requirement about the same project gives way to it."""
        package = _one_line(pip_package, "pip package")
        if _is_option(package):
            raise UserErrorException(
                f"{package!r} is an option of pip and no package. Use set_pip_option for it.", target="pip_package"
            )
        self.remove_pip_package(package)
        self._pip(make=True).append(package)

    def remove_pip_package(self, pip_package: str) -> None:
        """Remove the requirements about the project of `pip_package`; nothing happens when there is none."""
        project = project_name(pip_package)
        entries = self._pip(make=False)
        entries[:] = [item for item in entries if _is_option(item) or project_name(item) != project]

    def set_pip_requirements(self, pip_requirements: Iterable[str]) -> None:
        """Replace all pip packages and options by these lines."""
        lines = [_one_line(line, "pip requirement") for line in _several(pip_requirements)]
        self._pip(make=True)[:] = lines

    def set_pip_option(self, pip_option: str) -> None:
        """Add an option of pip; the same option with another value gives way to it.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The text does not begin with a hyphen.
        """
        option = _one_line(pip_option, "pip option")
        if not _is_option(option):
            raise UserErrorException(
                f"{option!r} is not an option of pip. Begin it with a hyphen, as '--pre' or '--index-url URL'.",
                target="pip_option",
            )
        entries = self._pip(make=True)
        for index, item in enumerate(entries):
            if option_name(item) == option_name(option):
                entries[index] = option
                return
        entries.append(option)

    def remove_pip_option(self, pip_option: str) -> None:
        """Remove the option of that name; nothing happens when there is none."""
        entries = self._pip(make=False)
        entries[:] = [item for item in entries if option_name(item) != option_name(pip_option)]

    def set_pip_index_url(self, index_url: str) -> None:
        """Set the package index for pip: an address, or the whole option."""
        self.set_pip_option(index_url if index_url.startswith("-") else f"--index-url {index_url}")

    def add_channel(self, channel: str) -> None:
        """Add a conda channel, once."""
        name = _one_line(channel, "channel")
        channels = self._data.setdefault("channels", [])
        if name not in channels:
            channels.append(name)

    def remove_channel(self, channel: str) -> None:
        """Remove a conda channel; nothing happens when there is none."""
        channels = self._data.get("channels") or []
        if channel in channels:
            channels.remove(channel)

    def set_python_version(self, version: str) -> None:
        """Set the version of Python, as text: `"3.11"`."""
        if not isinstance(version, str) or not version.strip():
            raise UserErrorException(
                f"The Python version {version!r} is not a text. Give it in quotes, as '3.10': the number 3.10 "
                "would mean 3.1.",
                target="python_version",
            )
        self._replace_python(f"python={version.strip().lstrip('=')}")

    def get_python_version(self) -> str | None:
        """Return the version of Python that is asked for; None when any will do."""
        for package in self.conda_packages:
            if conda_name(package) == "python":
                return package.split("::")[-1].strip()[len("python") :].lstrip("=<>!~ ").strip() or None
        return None

    def add_tensorflow_pip_package(self, core_type: str = "cpu", version: str | None = None) -> None:
        """Add TensorFlow by pip; `core_type` is `"cpu"` or `"gpu"`."""
        self.add_pip_package(f"tensorflow{_core(core_type)}=={version or _TENSORFLOW}")

    def add_tensorflow_conda_package(self, core_type: str = "cpu", version: str | None = None) -> None:
        """Add TensorFlow by conda; `core_type` is `"cpu"` or `"gpu"`."""
        self.add_conda_package(f"tensorflow{_core(core_type)}={version or _TENSORFLOW}")

    def add_cntk_package(self, core_type: str = "cpu") -> None:
        """Add CNTK by pip; `core_type` is `"cpu"` or `"gpu"`."""
        self.add_pip_package(f"cntk{_core(core_type)}=={_CNTK}")

    def as_dict(self) -> dict[str, Any]:
        """Return a copy as plain data, in the form of a conda environment file."""
        import copy

        return copy.deepcopy(self._data)

    def serialize_to_string(self) -> str:
        """Return the text of a conda environment file."""
        from stoker.core._yaml import yaml_text

        return yaml_text(self._data)

    def save(self, path: str | os.PathLike[str] | None = None) -> str:
        """Write a conda environment file and return its path.

        Parameters
        ----------
        path : str, optional
            A file, or a folder for `conda_dependencies.yml`; default: the current folder.
        """
        target = os.fspath(path) if path is not None else "conda_dependencies.yml"
        if os.path.isdir(target):
            target = os.path.join(target, "conda_dependencies.yml")
        os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
        with open(target, "w", encoding="utf-8") as file:
            file.write(self.serialize_to_string())
        return target

    def save_to_file(self, base_directory: str, conda_file_path: str | None = None) -> str:
        """Write the file below `base_directory` and return its path there (v1's old name of `save`)."""
        path = conda_file_path or "conda_dependencies.yml"
        self.save(os.path.join(base_directory, path))
        return path

    def __repr__(self) -> str:
        return f"CondaDependencies({self._data!r})"

    def __deepcopy__(self, memo: dict[int, Any]) -> CondaDependencies:
        copy = CondaDependencies(_underlying_structure=self.as_dict())
        memo[id(self)] = copy
        return copy

    def _dependencies(self) -> list[Any]:
        entries: list[Any] = self._data.setdefault("dependencies", [])
        return entries

    def _pip(self, *, make: bool) -> list[str]:
        for item in self._dependencies():
            if isinstance(item, dict):
                entries: list[str] = item["pip"]
                return entries
        entries = []
        if make:
            self._dependencies().append({"pip": entries})
        return entries

    def _replace_python(self, package: str) -> None:
        entries = self._dependencies()
        for index, item in enumerate(entries):
            if isinstance(item, str) and conda_name(item) == "python":
                entries[index] = package
                return
        entries.append(package)


def _first(python: str, pip_packages: list[str]) -> dict[str, Any]:
    return {
        "name": "project_environment",
        "dependencies": [f"python={python}", {"pip": pip_packages}],
        "channels": ["anaconda", "conda-forge"],
    }


def _several(packages: Iterable[str]) -> list[str]:
    return [packages] if isinstance(packages, str) else list(packages)


def _one_line(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise UserErrorException(f"{value!r} is not a {what}. Give one line of text, as 'name' or 'name==1.0'.")
    return value.strip()


def _is_option(line: str) -> bool:
    return line.startswith("-")


def _core(core_type: str) -> str:
    if core_type not in {"cpu", "gpu"}:
        raise UserErrorException(f"The core type {core_type!r} is unknown. Give 'cpu' or 'gpu'.", target="core_type")
    return "-gpu" if core_type == "gpu" else ""
