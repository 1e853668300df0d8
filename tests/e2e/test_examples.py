"""Every example is run as it stands, by the interpreter that a reader would use."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stoker.testing.workspaces import TemporaryWorkspace

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.parametrize("name", sorted(folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()))
def test_an_example_runs_to_its_end(live_workspace: TemporaryWorkspace, name: str) -> None:
    folder = live_workspace.root / name
    shutil.copytree(EXAMPLES / name, folder)

    done = subprocess.run(
        [sys.executable, "submit.py"], cwd=folder, capture_output=True, text=True, check=False, timeout=110
    )

    assert done.returncode == 0, done.stdout + done.stderr
    runs = live_workspace.api.get("/runs")["runs"]
    assert runs
    assert {run["status"] for run in runs} == {"Completed"}
