"""Run configurations as files: where they lie, how they are read and written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from stoker.base.names import suggestion
from stoker.core._fields import Place
from stoker.core._yaml import Lines, read_yaml, yaml_text
from stoker.core.conda_dependencies import CondaDependencies
from stoker.core.environment import Environment
from stoker.exceptions import UserErrorException

__all__ = ["find", "place_for", "read", "write"]

AZUREML_DIR, LEGACY_DIR, EXTENSION = ".azureml", "aml_config", ".runconfig"
CONDA_FILE, ENVIRONMENT_FILE = "conda_dependencies.yml", "environment.yml"


def find(path: str, name: str | None) -> str:
    """Return the path of a run configuration: `path` itself, or `name` in one of its usual places below.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is none; the message names the nearest.
    """
    if name is None and os.path.isfile(path):
        return path
    if name is not None:
        for candidate in _candidates(path, name):
            if os.path.isfile(candidate):
                return candidate
    what = "" if name is None else f" name={name}"
    known = _known(path)
    hint = suggestion(name or "", known) if known else "No run configuration is there."
    raise UserErrorException(
        f"Failed to load RunConfiguration from path={path}{what}. {hint} "
        "Give the file's path, or the project's folder and the configuration's name.",
        target="path" if name is None else "name",
    )


def place_for(path: str, name: str | None) -> tuple[str, str]:
    """Return the file to write to, and the folder that paths in it are relative to.

    Raises
    ------
    stoker.exceptions.UserErrorException
        `path` is a folder and there is no name.
    """
    if name is None:
        if os.path.isdir(path) or path.endswith(os.sep):
            raise UserErrorException(
                f"Cannot save a run configuration in the folder {path} without a name. "
                "Give `name`, or the path of a file.",
                target="name",
            )
        return path, _project_of(path)
    legacy = os.path.join(path, LEGACY_DIR)
    folder = legacy if os.path.isdir(legacy) and not os.path.isdir(os.path.join(path, AZUREML_DIR)) else None
    return os.path.join(folder or os.path.join(path, AZUREML_DIR), name), path


def read(path: str) -> tuple[dict[str, Any], Lines]:
    """Return the settings in a run configuration file, with what it refers to put in.

    Raises
    ------
    stoker.exceptions.UserErrorException
        A file is missing, is not YAML, or is not a group of settings.
    """
    data, lines = read_yaml(path)
    data = {} if data is None else data
    place = Place(path, lines=lines)
    if not isinstance(data, dict):
        raise place.error(data, "a run configuration: `script: train.py` and so on, one setting a line")
    bases = [_project_of(path), os.path.dirname(path) or "."]
    environment = data.get("environment")
    if isinstance(environment, str):
        data["environment"] = _separate(_existing(environment, bases, place.child("environment")), bases)
    elif isinstance(environment, dict):
        _resolve_conda(environment, bases, place.child("environment"))
    return data, lines


def _separate(path: str, bases: list[str]) -> dict[str, Any]:
    """Return the environment in a file of its own; errors name that file."""
    environment, lines = read_yaml(path)
    place = Place(path, lines=lines)
    if isinstance(environment, dict):
        _resolve_conda(environment, bases, place)
        environment.setdefault("name", "default-environment")
    settings: dict[str, Any] = Environment.from_dict(environment, place).to_dict(place)
    return settings


def _resolve_conda(environment: dict[str, Any], bases: list[str], place: Place) -> None:
    """Read the conda file that `environment` refers to, unless its packages are there already or never used."""
    python = environment.get("python")
    if not isinstance(python, dict):
        return
    name = python.pop("condaDependenciesFile", None)
    if name is None or python.get("condaDependencies") is not None:
        return
    where = place.child("python").child("condaDependenciesFile")
    if not isinstance(name, str):
        raise where.error(name, "the path of a file")
    if python.get("userManagedDependencies") is True and not any(map(os.path.isfile, _places(name, bases))):
        return
    python["condaDependencies"] = CondaDependencies(_existing(name, bases, where)).as_dict()


def write(path: str, project: str, settings: dict[str, Any], *, separate_environment: bool) -> None:
    """Write `settings` to `path`, and beside it the conda file, and the environment's when `separate_environment`."""
    folder = os.path.dirname(path) or "."
    os.makedirs(folder, exist_ok=True)
    python = settings["environment"]["python"]
    conda = python.pop("condaDependencies")
    _write_yaml(os.path.join(folder, CONDA_FILE), conda)
    python["condaDependenciesFile"] = _relative(os.path.join(folder, CONDA_FILE), project)
    if separate_environment:
        _write_yaml(os.path.join(folder, ENVIRONMENT_FILE), settings["environment"])
        settings["environment"] = _relative(os.path.join(folder, ENVIRONMENT_FILE), project)
    _write_yaml(path, settings)


def _write_yaml(path: str, data: Any) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(yaml_text(data))


def _candidates(path: str, name: str) -> Iterator[str]:
    for folder in (os.path.join(path, AZUREML_DIR), os.path.join(path, LEGACY_DIR), path):
        for ending in ("", EXTENSION):
            yield os.path.join(folder, name + ending)


def _known(path: str) -> list[str]:
    own = (os.path.join(path, AZUREML_DIR), os.path.join(path, LEGACY_DIR))
    files = [(folder, name) for folder in (path, *own) if os.path.isdir(folder) for name in os.listdir(folder)]
    ended = [name[: -len(EXTENSION)] for _, name in files if name.endswith(EXTENSION)]
    return ended + [name for folder, name in files if folder in own and "." not in name]


def _project_of(path: str) -> str:
    """Return the folder that paths in the file are relative to: the one above `.azureml`, or the file's own."""
    folder = os.path.dirname(os.path.abspath(path))
    return os.path.dirname(folder) if os.path.basename(folder) in {AZUREML_DIR, LEGACY_DIR} else folder


def _relative(path: str, project: str) -> str:
    return os.path.relpath(path, project).replace(os.sep, "/")


def _existing(name: str, bases: list[str], place: Place) -> str:
    tried = _places(name, bases)
    for path in tried:
        if os.path.isfile(path):
            return path
    raise UserErrorException(
        f"{place}: there is no file {name!r} (looked at {' and '.join(dict.fromkeys(tried))}). "
        "Put it there, or correct the path.",
        target=name,
    )


def _places(name: str, bases: list[str]) -> list[str]:
    return [os.path.normpath(os.path.join(base, name)) for base in bases]
