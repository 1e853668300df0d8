"""Where an environment's settings can come from: folders, requirement files, conda, Dockerfiles."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from stoker.core._fields import Place
from stoker.core.conda_dependencies import CondaDependencies
from stoker.exceptions import UserErrorException

if TYPE_CHECKING:
    from stoker.core._environment_sections import PythonSection

__all__ = ["add_python", "dockerfile_text", "exported_dependencies", "load_from_directory", "pip_dependencies"]


def load_from_directory(kind: Any, path: str, json_name: str, conda_name: str) -> Any:
    """Return the environment of the class `kind` that lies in the folder `path`."""
    import json

    json_path, conda_path = os.path.join(path, json_name), os.path.join(path, conda_name)
    with open(json_path, encoding="utf-8") as file:
        try:
            settings = json.load(file)
        except ValueError as error:
            line = f", line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
            raise UserErrorException(
                f"{json_path}{line}: this is not valid JSON: {error}. Mend the file and try again.",
                error,
                target=json_path,
            ) from error
    environment = kind.from_dict(settings, Place(json_path))
    if os.path.exists(conda_path):
        environment.python.conda_dependencies = CondaDependencies(conda_path)
    return environment


def pip_dependencies(path: str, pip_version: str | None) -> CondaDependencies:
    """Return the packages of a pip requirements file, with pip itself."""
    dependencies = CondaDependencies()
    dependencies.set_pip_requirements(requirement_lines(path))
    dependencies.add_conda_package(f"pip={pip_version}" if pip_version else "pip")
    return dependencies


def requirement_lines(path: str) -> list[str]:
    """Return the requirements and options of the file, comments left out, continued lines joined."""
    with open(path, encoding="utf-8-sig") as file:
        joined = re.sub(r"\\\r?\n", " ", file.read())
    lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


def add_python(
    python: PythonSection,
    conda_specification: str | os.PathLike[str] | None,
    pip_requirements: str | os.PathLike[str] | None,
) -> None:
    """Give an environment on an image its packages; without any the image's own Python is used."""
    if conda_specification is not None and pip_requirements is not None:
        raise UserErrorException(
            "Both conda_specification and pip_requirements are given, and an environment has one list of packages. "
            "Give one of them; a conda file can hold pip packages too."
        )
    if conda_specification is not None:
        python.conda_dependencies = CondaDependencies(conda_specification)
    elif pip_requirements is not None:
        python.conda_dependencies = pip_dependencies(os.fspath(pip_requirements), None)
    else:
        python.user_managed_dependencies = True


def dockerfile_text(dockerfile: str) -> str:
    """Return the text of a Dockerfile that is given by its path, or as text."""
    if not os.path.isfile(dockerfile) and len(dockerfile.split()) > 1:
        return dockerfile
    with open(dockerfile, encoding="utf-8") as file:
        return file.read()


def exported_dependencies(conda_environment: str) -> CondaDependencies | None:
    """Return the packages of a conda environment of this machine; None, with a warning, when that fails."""
    import shutil
    import subprocess
    import warnings

    from stoker.core._yaml import parse_yaml

    program = next((path for name in ("conda", "mamba", "micromamba") if (path := shutil.which(name))), None)
    if program is None:
        warnings.warn("Neither conda, mamba nor micromamba is on PATH, so no environment can be read.", stacklevel=3)
        return None
    command = [program, "env", "export", "--name", conda_environment]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        warnings.warn(f"{' '.join(command)} failed: {' '.join(reason)}", stacklevel=3)
        return None
    data, _ = parse_yaml(done.stdout, "the output of `conda env export`")
    return CondaDependencies(_underlying_structure={key: value for key, value in data.items() if key != "prefix"})
