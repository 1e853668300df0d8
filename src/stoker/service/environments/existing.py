"""Environments that are there already: an interpreter named by the user, or the submitter's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments.base import BuiltEnvironment, EnvironmentRequest
from stoker.service.environments.installed import Installations, Installed
from stoker.service.environments.interpreters import OLDEST, Interpreter, Interpreters
from stoker.service.environments.plan import Plan

__all__ = ["Existing", "check_docker", "resolved", "variables"]

_V1_IMAGES = ("mcr.microsoft.com/azureml/", "mcr.microsoft.com/mlops/", "viennaglobal.azurecr.io/", "stoker/")
_DEFAULT_PIN = "==3.8.13"
"""What a v1 environment asks for when its writer has chosen nothing."""


class Existing:
    """Answers for all environments that nothing has to be built for.

    Parameters
    ----------
    interpreters : Interpreters
    """

    def __init__(self, interpreters: Interpreters) -> None:
        self._interpreters = interpreters
        self._installations = Installations()

    def user_managed(self, request: EnvironmentRequest) -> BuiltEnvironment | None:
        """Return the interpreter that the definition names; None when its packages are Stoker's to bring.

        Raises
        ------
        stoker.exceptions.EnvironmentBuildException
            The interpreter can't be used.
        """
        python = request.definition.get("python") or {}
        if not isinstance(python, dict) or not python.get("userManagedDependencies"):
            return None
        path = _named(str(python.get("interpreterPath") or "python"), request)
        interpreter, installed = self._look(path, request)
        message = f"Using the interpreter {path} (Python {interpreter.version}) as it is: the user manages it."
        return BuiltEnvironment(
            python=path,
            kind="user-managed",
            resolved=resolved(interpreter, installed.versions),
            variables=variables(path, request.base_environment),
            messages=[message],
        )

    def current(self, request: EnvironmentRequest, plan: Plan) -> BuiltEnvironment | None:
        """Return the submitter's interpreter when it has all that is asked for, else None."""
        interpreter, installed = self._look(request.python, request)
        if plan.wanted and not _fits(plan.python, interpreter):
            return None
        if installed.lacking(plan.wanted):
            return None
        return self._as_current(request, plan, "the environment asks for nothing that it lacks.")

    def anyway(self, request: EnvironmentRequest, plan: Plan) -> BuiltEnvironment:
        """Return the submitter's interpreter whatever is asked for; a warning names what it lacks."""
        _, installed = self._look(request.python, request)
        lacking = installed.lacking(plan.wanted)
        if lacking:
            names = ", ".join(one.shown for one in lacking)
            plan.warn(f"The interpreter {request.python} does not have what the environment asks for: {names}.")
        return self._as_current(request, plan, "nothing is ever built.")

    def _look(self, path: str, request: EnvironmentRequest) -> tuple[Interpreter, Installed]:
        interpreter = self._interpreters.ask(path, request.base_environment)
        return interpreter, self._installations.of(interpreter)

    def _as_current(self, request: EnvironmentRequest, plan: Plan, why: str) -> BuiltEnvironment:
        interpreter, installed = self._look(request.python, request)
        message = f"Using the interpreter that submitted, {request.python} (Python {interpreter.version}): {why}"
        is_asked = plan.python and plan.python.removesuffix(".*") != _DEFAULT_PIN
        if is_asked and not SpecifierSet(plan.python).contains(interpreter.version, prereleases=True):
            message += f" Its python{plan.python.removesuffix('.*')} counts only when an environment is built."
        return BuiltEnvironment(
            python=request.python,
            kind="current",
            resolved=resolved(interpreter, installed.versions),
            warnings=list(plan.warnings),
            variables={**variables(request.python, request.base_environment), **plan.variables},
            messages=[*plan.messages, message],
        )


def resolved(
    interpreter: Interpreter,
    packages: Mapping[str, str],
    moved: list[dict[str, str]] | None = None,
    python_moved: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return what a run's record keeps of its environment."""
    return {
        "python": interpreter.version,
        "interpreter": interpreter.path,
        "platform": interpreter.platform,
        "packages": dict(packages),
        "moved": moved or [],
        "python_moved": python_moved,
    }


def variables(python: str, base: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make the word `python` mean this interpreter."""
    folder = os.path.dirname(python)
    path = base.get("PATH", os.defpath)
    result: dict[str, str] = {}
    named = shutil.which("python", path=path)
    if os.path.exists(os.path.join(folder, "python")) and (named is None or os.path.dirname(named) != folder):
        result["PATH"] = f"{folder}{os.pathsep}{path}"
    root = os.path.dirname(folder)
    if os.path.exists(os.path.join(root, "pyvenv.cfg")):
        result["VIRTUAL_ENV"] = root
    return result


def check_docker(definition: Mapping[str, Any], base: Mapping[str, str], plan: Plan) -> None:
    """Warn once about a Docker flag that changes nothing; refuse an image of the user's own.

    Raises
    ------
    stoker.exceptions.EnvironmentBuildException
        The environment is a custom image or a Dockerfile.
    """
    docker = definition.get("docker") or {}
    if not isinstance(docker, dict):
        raise EnvironmentBuildException(
            f"The environment's section 'docker' is {docker!r}, no mapping. Leave it out, or write its settings.",
            target="docker",
        )
    own = _own_image(docker)
    if own:
        raise EnvironmentBuildException(
            f"The environment {definition.get('name')!r} runs in {own}, and {_engine(base)} "
            "List its packages as conda dependencies and leave base_image and base_dockerfile as they were, or set "
            "user_managed_dependencies and name an interpreter that has them.",
            target="docker",
        )
    if docker.get("enabled"):
        plan.warn("Docker is asked for with one of the standard images: the run starts without Docker.")


def _own_image(docker: Mapping[str, Any]) -> str:
    """Return what of the definition is no standard image, in words; empty when all is."""
    if docker.get("baseDockerfile"):
        return "an image of its own Dockerfile"
    if docker.get("buildContext"):
        return "an image of its own build context"
    image = str(docker.get("baseImage") or "")
    registry = docker.get("baseImageRegistry")
    registry = registry.get("address") if isinstance(registry, dict) else registry
    if image and (registry or not image.startswith(_V1_IMAGES)):
        return f"the Docker image {image!r}"
    return ""


def _engine(base: Mapping[str, str]) -> str:
    """Return why no container can be started, as the end of a sentence."""
    docker = shutil.which("docker", path=base.get("PATH", os.defpath))
    if docker is None:
        return "there is no Docker on this machine."
    try:
        subprocess.run(
            [docker, "info"], env=dict(base), capture_output=True, check=True, stdin=subprocess.DEVNULL, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return "no Docker engine answers on this machine."
    return "starting runs in containers is not supported on this target."


def _named(named: str, request: EnvironmentRequest) -> str:
    """Return the path of the interpreter that the user named."""
    if named == "python":
        return request.python
    if named.startswith("~"):
        named = request.base_environment.get("HOME", os.path.expanduser("~")) + named[1:]
    if os.path.isabs(named):
        return named
    if os.sep in named:
        raise EnvironmentBuildException(
            f"The interpreter_path {named!r} is relative, and a run has a folder of its own. "
            "Give an absolute path, or 'python' for the interpreter that submits.",
            target="interpreterPath",
        )
    found = shutil.which(named, path=request.base_environment.get("PATH", os.defpath))
    if found is None:
        raise EnvironmentBuildException(
            f"The interpreter {named!r} was not found on the submitter's PATH. "
            "Correct the environment's interpreter_path, or leave it at 'python' for the interpreter that submits.",
            target="interpreterPath",
        )
    return found


def _fits(pin: str, interpreter: Interpreter) -> bool:
    """Tell whether the pin allows the interpreter; one that is too old to be honoured allows any."""
    if not pin:
        return True
    specifier = SpecifierSet(pin, prereleases=True)
    versions = [Version(one.version.removesuffix(".*")) for one in specifier if one.operator in {"==", "==="}]
    if versions:
        return all(one < OLDEST or one.release[:2] == interpreter.minor for one in versions)
    return specifier.contains(interpreter.version)
