"""What the specification of v1's core says, held against a real service through the public API."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from stoker.core import Experiment, Run, ScriptRunConfig, Workspace
from stoker.testing.workspaces import TemporaryWorkspace

LOG = "user_logs/std_log.txt"


@pytest.fixture(scope="module")
def ws(live_workspace: TemporaryWorkspace) -> Workspace:
    """Return the workspace as a user opens it."""
    return Workspace.from_config(str(live_workspace.root))


@pytest.fixture(scope="module")
def experiment(ws: Workspace) -> Experiment:
    return Experiment(ws, "spec")


@pytest.fixture(scope="module")
def config_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ScriptRunConfig]:
    """Return a function that writes a script into a folder of its own and gives its configuration."""

    def make(code: str, **options: object) -> ScriptRunConfig:
        folder = tmp_path_factory.mktemp("source")
        (folder / "train.py").write_text(textwrap.dedent(code))
        return ScriptRunConfig(source_directory=str(folder), script="train.py", **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def run(experiment: Experiment) -> Run:
    """Return an interactive run without a source folder, Running."""
    return experiment.start_logging(outputs=False, snapshot_directory=None)


@pytest.fixture(scope="session")
def log_of() -> Callable[[Run], str]:
    """Return a function that reads what a run's script has printed."""

    def read(run: Run) -> str:
        return str(run.get_details_with_logs()["logFiles"][LOG])

    return read


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
