"""`stoker doctor`: what works on this machine, and what to install for the rest."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from stoker.cli.app import Noun
from stoker.cli.interpreter import own_python
from stoker.cli.output import emit
from stoker.cli.session import say
from stoker.cli.table import Column, facts
from stoker.cli.units import size

app = Noun()

_SECONDS = 5.0
"""How long a program may take to say its version."""


@app.verb("doctor")
def doctor() -> int:
    """Show what works on this machine, and what to install for the rest.

    The exit status is 1 when something is missing that every run needs.
    """
    found = [check() for check in _CHECKS]
    columns = [
        Column("WHAT", "name"),
        Column("STATE", "state"),
        Column("FOUND", "found", shrink=True),
        Column("FOR", "use", shrink=True),
    ]
    emit(found, columns)
    advice = [(str(one["name"]), str(one["install"])) for one in found if one["install"]]
    if advice:
        say("\nTo have the rest:\n" + facts(advice))
    return 1 if any(one["state"] == "missing" and one["needed"] for one in found) else 0


def _result(name: str, found: str | None, use: str, install: str = "", *, needed: bool = False) -> dict[str, Any]:
    state = "ok" if found else ("missing" if needed else "absent")
    return {"name": name, "state": state, "found": found, "use": use, "needed": needed, "install": _if(install, found)}


def _if(install: str, found: str | None) -> str | None:
    return None if found else install


def _python() -> dict[str, Any]:
    path = own_python()
    version = _first_line([path, "--version"]) or "Python"
    return _result("Python", f"{version.removeprefix('Python ')} {path}", "runs without an environment", needed=True)


def _uv() -> dict[str, Any]:
    path = _find_uv()
    found = _first_line([path, "--version"]) if path else None
    use = "runs with an environment of their own"
    return _result("uv", found, use, "pip install uv, in the environment of Stoker", needed=True)


def _find_uv() -> str | None:
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    return beside if os.access(beside, os.X_OK) else shutil.which("uv")


def _docker() -> dict[str, Any]:
    found = _first_line(["docker", "version", "--format", "{{.Server.Version}}"])
    return _result("Docker", found, "custom images", "a Docker engine that this user may use: docs.docker.com/engine")


def _java() -> dict[str, Any]:
    return _result("Java", _first_line(["java", "-version"]), "Spark", "a Java runtime, version 17 or newer")


def _mpi() -> dict[str, Any]:
    found = _first_line(["mpirun", "--version"])
    return _result("MPI", found, "runs over MPI", "Open MPI: apt install openmpi-bin, or brew install open-mpi")


def _gpu() -> dict[str, Any]:
    lines = _lines(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"])
    found = ", ".join(lines) if lines else None
    return _result("GPU", found, "training on a GPU", "NVIDIA's driver, where there is such a card")


def _git() -> dict[str, Any]:
    return _result("git", _first_line(["git", "--version"]), "the commit on a run's record", "git")


def _port() -> dict[str, Any]:
    try:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            found = f"free, for example {listener.getsockname()[1]}"
    except OSError:
        return _result("Ports", None, "the service", "an address 127.0.0.1 on which ports can be opened", needed=True)
    return _result("Ports", found, "the service", needed=True)


def _disk() -> dict[str, Any]:
    from stoker.base.paths import cache_home

    folder = cache_home()
    while not os.path.exists(folder):
        folder = os.path.dirname(folder)
    free = shutil.disk_usage(folder).free
    enough = free > 1 << 30
    use = "environments and caches"
    advice = f"1 GiB of free disk at {folder}; `stoker gc` clears some, STOKER_CACHE moves it"
    return _result("Disk", f"{size(free)} free at {folder}" if enough else None, use, advice, needed=True)


def _cores() -> dict[str, Any]:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _result("Cores", str(count), "runs at the same time on `local`", needed=True)


_CHECKS: Sequence[Callable[[], dict[str, Any]]] = (
    _python,
    _uv,
    _cores,
    _disk,
    _port,
    _git,
    _docker,
    _java,
    _mpi,
    _gpu,
)


def _first_line(command: Sequence[str]) -> str | None:
    lines = _lines(command)
    return lines[0] if lines else None


def _lines(command: Sequence[str]) -> list[str]:
    """Return what a program prints, or nothing when it is absent, fails or takes too long."""
    if shutil.which(command[0]) is None:
        return []
    try:
        done = subprocess.run(
            list(command), capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    text = done.stdout.strip() or done.stderr.strip()
    return text.splitlines() if done.returncode == 0 else []
