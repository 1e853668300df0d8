"""Programs that only tests need, each in an environment of its own: made once for the user, under a lock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from stoker.base import locks

__all__ = ["missing", "node_packages", "python_environment"]


def missing(sentence: str) -> None:
    """Skip the test, saying what to install; in CI it is a failure, as nobody reads what was skipped there."""
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def python_environment(name: str, packages: Sequence[str]) -> Path:
    """Return a virtual environment that holds the packages, made when it is not there yet."""
    folder = _home() / name
    with locks.held(str(_home() / f"{name}.lock")):
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            uv = [sys.executable, "-m", "uv"]
            made = _run([*uv, "venv", "--quiet", "--python", sys.executable, str(folder)]) or _run(
                [*uv, "pip", "install", "--quiet", "--python", str(folder / "bin/python"), *packages]
            )
            if made:
                missing(f"{' '.join(packages)} can't be installed; a package index must be reachable. {made}")
            (folder / "ready").touch()
    return folder


def node_packages(name: str, packages: Sequence[str]) -> Path:
    """Return the folder of programs of npm packages, installed when they are not there yet."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        missing(f"{' '.join(packages)} needs node and npm: install them with `sudo apt-get install nodejs npm`")
    folder = _home() / name
    with locks.held(str(_home() / f"{name}.lock")):
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            words = [str(npm), "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *packages]
            failed = _run(words)
            if failed:
                missing(f"{' '.join(packages)} can't be installed; the npm registry must be reachable. {failed}")
            (folder / "ready").touch()
    return folder / "node_modules" / ".bin"


def _home() -> Path:
    place = Path(os.environ.get("STOKER_TEST_CACHE") or Path.home() / ".cache" / "stoker-tests")
    place.mkdir(parents=True, exist_ok=True)
    return place


def _run(words: list[str]) -> str:
    """Return nothing, or how the command failed."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip()[-500:]
