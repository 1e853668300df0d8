from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Done = subprocess.CompletedProcess[str]
Stoker = Callable[..., Done]


def environment_of(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STOKER_")}
    kept.pop("COLUMNS", None)
    return {**kept, "STOKER_HOME": str(home / "home"), "STOKER_CACHE": str(home / "cache"), **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "my project"
    made.mkdir()
    return made


@pytest.fixture
def stoker(tmp_path: Path, folder: Path) -> Stoker:
    """Run `stoker` as a user does, in an empty folder and with a home of its own."""

    def run(*words: str, cwd: Path = folder, **more: str) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "stoker.cli", *words],
            cwd=cwd,
            env=environment_of(tmp_path, **more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
