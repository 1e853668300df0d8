"""Which Pythons are on this machine, and which one an environment gets."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from stoker.base.jsonio import read_json, write_json
from stoker.exceptions import EnvironmentBuildException
from stoker.service.environments.places import OLDEST, candidates

__all__ = ["OLDEST", "Choice", "Interpreter", "Interpreters"]

_QUERY = """
import json, os, platform, sys, sysconfig
version = sys.implementation.version
print(json.dumps({
    "version": platform.python_version(),
    "implementation": sys.implementation.name,
    "base": os.path.realpath(getattr(sys, "_base_executable", sys.executable) or sys.executable),
    "paths": [path for path in sys.path if path and os.path.isdir(path)],
    "platform": sysconfig.get_platform(),
    "markers": {
        "implementation_name": sys.implementation.name,
        "implementation_version": "%d.%d.%d" % version[:3],
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    },
}))
"""
_FORMAT = 1
_NEEDED_TO_START = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR", "TZ", "CONDA_PREFIX")


@dataclass(frozen=True)
class Interpreter:
    """What an interpreter says of itself.

    Attributes
    ----------
    path : str
        As it was named.
    version : str
        For example `3.11.7`.
    base : str
        Real path of the interpreter below a virtual environment.
    platform : str
        For example `linux-x86_64`.
    paths : tuple of str
        Its `sys.path`.
    markers : dict of str to str
        Values of environment markers.
    """

    path: str
    version: str
    base: str
    platform: str
    paths: tuple[str, ...]
    markers: dict[str, str]

    @property
    def parsed(self) -> Version:
        """The version to compare with."""
        return Version(self.version)

    @property
    def minor(self) -> tuple[int, int]:
        """The first two numbers of the version."""
        return self.parsed.release[0], self.parsed.release[1]


@dataclass(frozen=True)
class Choice:
    """An interpreter for a pin.

    Attributes
    ----------
    interpreter : Interpreter
    moved : bool
        Whether it is another minor version than the pin asks for.
    message : str
        The sentence for the log; empty when nothing is to be said.
    """

    interpreter: Interpreter
    moved: bool = False
    message: str = ""


class Interpreters:
    """Asks interpreters about themselves, once each, and finds those of a machine.

    Parameters
    ----------
    folder : str
        Where answers are kept.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._known: dict[str, Interpreter] = {}
        self._broken: dict[str, EnvironmentBuildException] = {}

    def ask(self, path: str, environment: Mapping[str, str]) -> Interpreter:
        """Return what the interpreter at `path` says of itself.

        Raises
        ------
        stoker.exceptions.EnvironmentBuildException
            It is not there, can't be started, or is no Python 3.9 or newer.
        """
        stamp = _stamp(path)
        known = self._known.get(stamp)
        if known is None:
            known = self._known[stamp] = self._learn(path, stamp, environment)
        if known.parsed < OLDEST:
            raise EnvironmentBuildException(
                f"The interpreter {path} is Python {known.version}, and a run needs {OLDEST} or newer. "
                "Name a newer one as the environment's interpreter_path.",
                target="interpreterPath",
            )
        return known

    def _learn(self, path: str, stamp: str, environment: Mapping[str, str]) -> Interpreter:
        """Read the kept answer, or ask and keep it."""
        if stamp in self._broken:
            raise self._broken[stamp]
        name = hashlib.sha256(stamp.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        file = os.path.join(self._folder, f"{name}.json")
        answer = read_json(file)
        if not isinstance(answer, dict) or answer.get("format") != _FORMAT:
            try:
                answer = _query(path, environment)
            except EnvironmentBuildException as error:
                self._broken[stamp] = error
                raise
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            write_json(file, {**answer, "format": _FORMAT})
        return _interpreter(path, answer)

    def choose(self, pin: str, submitter: str, environment: Mapping[str, str]) -> Choice:
        """Return the interpreter for a Python pin.

        Parameters
        ----------
        pin : str
            A specifier, for example `==3.10.*`; empty: the submitter's own.
        submitter : str
            Path of the submitter's interpreter.
        environment : mapping
            Where to look: `PATH`, `PYENV_ROOT`, `UV_PYTHON_INSTALL_DIR`, `HOME`.

        Raises
        ------
        stoker.exceptions.EnvironmentBuildException
            None is new enough.
        """
        own = self._try(submitter, environment)
        if own is not None and (not pin or SpecifierSet(pin, prereleases=True).contains(own.version)):
            return Choice(own)
        found = list(self._found(submitter, environment))
        matching = [one for one in found if _matches(one, pin)]
        if matching:
            best = _closest(matching, pin)
            return Choice(best, message=_patch_message(best, pin))
        bound = max(_lower_bound(pin), OLDEST)
        newer = [one for one in found if one.parsed.release[:2] >= bound.release[:2]]
        if not newer:
            raise EnvironmentBuildException(
                f"The environment asks for Python {_shown(pin)}, and no interpreter of it or a newer one was found on "
                f"PATH, in pyenv or among uv's. Install one (for example: uv python install {bound.release[0]}."
                f"{bound.release[1]}), or ask for another version with python_version.",
                target="condaDependencies",
            )
        nearest = min(newer, key=lambda one: one.minor)
        why = "is too old to be used" if _lower_bound(pin) < OLDEST else "was not found"
        return Choice(
            nearest,
            moved=True,
            message=f"Python {_shown(pin)} {why}: Python {nearest.version} ({nearest.path}), the nearest newer one "
            "found, is used.",
        )

    def _try(self, path: str, environment: Mapping[str, str]) -> Interpreter | None:
        try:
            return self.ask(path, environment)
        except EnvironmentBuildException:
            return None

    def _found(self, submitter: str, environment: Mapping[str, str]) -> Iterator[Interpreter]:
        """Yield the usable interpreters, the submitter's first; each base interpreter once."""
        seen: set[str] = set()
        for path in dict.fromkeys([submitter, *candidates(environment)]):
            one = self._try(path, environment)
            if one is not None and one.base not in seen and one.markers["implementation_name"] == "cpython":
                seen.add(one.base)
                yield one


def _stamp(path: str) -> str:
    """Return what changes when another interpreter stands under the same path."""
    try:
        parts = [path]
        for file in (path, os.path.realpath(path)):
            status = os.stat(file)
            parts.append(f"{file}:{status.st_mtime_ns}:{status.st_size}:{status.st_ino}")
        if not os.access(path, os.X_OK) or not os.path.isfile(path):
            raise PermissionError(13, "it is not an executable file")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise EnvironmentBuildException(
            f"The interpreter {path!r} can't be used: {reason[:1].lower()}{reason[1:]}. "
            "Correct the environment's interpreter_path, or leave it at 'python' for the interpreter that submits.",
            target="interpreterPath",
        ) from error
    for folder in (os.path.dirname(path), os.path.dirname(os.path.dirname(path))):
        configuration = os.path.join(folder, "pyvenv.cfg")
        if os.path.exists(configuration):
            parts.append(f"{configuration}:{os.stat(configuration).st_mtime_ns}")
    return "\n".join(parts)


def _query(path: str, environment: Mapping[str, str]) -> dict[str, Any]:
    variables = {name: environment[name] for name in _NEEDED_TO_START if name in environment}
    try:
        done = subprocess.run(
            [path, "-c", _QUERY],
            capture_output=True,
            check=True,
            cwd="/",
            env=variables,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        answer = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        said = getattr(error, "stderr", None) or str(error).encode()
        last = (said.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1]
        raise EnvironmentBuildException(
            f"The interpreter {path!r} does not work: {last.rstrip('.')}. "
            "Correct the environment's interpreter_path, or repair that Python.",
            target="interpreterPath",
        ) from error
    if not isinstance(answer, dict):
        raise EnvironmentBuildException(f"The interpreter {path!r} is no Python. Correct the interpreter_path.")
    return answer


def _interpreter(path: str, answer: Mapping[str, Any]) -> Interpreter:
    version = re.match(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?", answer["version"])
    return Interpreter(
        path=path,
        version=version[0] if version else "0.0.0",
        base=answer["base"],
        platform=answer["platform"],
        paths=tuple(answer["paths"]),
        markers=dict(answer["markers"]),
    )


def _matches(one: Interpreter, pin: str) -> bool:
    """Tell whether the interpreter is of the minor version that the pin allows; the patch level is not looked at."""
    specifier = SpecifierSet(pin, prereleases=True)
    if specifier.contains(one.version):
        return True
    exact = [clause for clause in specifier if clause.operator in {"==", "==="}]
    return bool(exact) and all(Version(c.version.removesuffix(".*")).release[:2] == one.minor for c in exact)


def _closest(matching: list[Interpreter], pin: str) -> Interpreter:
    """Return the one with the pin's patch level, else the nearest newer, else the newest; the first of equals."""
    bound = _lower_bound(pin)
    if bound.release[2:] and any(c.operator in {"==", "==="} for c in SpecifierSet(pin)):
        newer = [one for one in matching if one.parsed >= bound]
        if newer:
            return min(newer, key=lambda one: one.parsed)
        return max(matching, key=lambda one: one.parsed)
    return matching[0]


def _patch_message(one: Interpreter, pin: str) -> str:
    if not pin or SpecifierSet(pin, prereleases=True).contains(one.version):
        return ""
    return f"Python {_shown(pin)} was not found: {one.version} ({one.path}), of the same minor version, is used."


def _lower_bound(pin: str) -> Version:
    versions = [Version(c.version.removesuffix(".*")) for c in SpecifierSet(pin) if c.operator not in {"<", "<=", "!="}]
    return max(versions, default=OLDEST)


def _shown(pin: str) -> str:
    return re.sub(r"^==", "", pin).removesuffix(".*") or f"{OLDEST} or newer"
