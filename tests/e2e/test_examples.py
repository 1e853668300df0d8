"""Every example is run as it stands, by the interpreter that a reader would use."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stoker.testing.workspaces import TemporaryWorkspace

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SAID = {
    "data_and_model": ["model prices:1", "from data set houses:1 of workspaceblobstore/houses/houses.csv"],
}
"""What an example is there to show, beyond that its runs complete."""


@pytest.mark.parametrize("name", sorted(folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()))
def test_an_example_runs_to_its_end(live_workspace: TemporaryWorkspace, name: str) -> None:
    folder = live_workspace.root / name
    shutil.copytree(EXAMPLES / name, folder)

    # What was written for v1 runs as its readers run it.
    is_old = "import azureml" in (text := (folder / "submit.py").read_text()) or "from azureml" in text
    words = ["-m", "stoker.cli", "azureml", "exec", "submit.py"] if is_old else ["submit.py"]
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=110
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for line in SAID.get(name, []):
        assert line in done.stdout
    runs = live_workspace.api.get("/runs")["runs"]
    assert runs
    assert {run["status"] for run in runs} == {"Completed"}
