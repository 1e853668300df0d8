"""Real services, real processes: what a user would do, through the public API."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from stoker.core import Experiment, ScriptRunConfig, Workspace
from stoker.testing.workspaces import TemporaryWorkspace

Submit = Callable[..., object]


@pytest.fixture(scope="module")
def ws(live_workspace: TemporaryWorkspace) -> Workspace:
    """Return the workspace as a user opens it."""
    return Workspace.from_config(str(live_workspace.root))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return an empty source folder."""
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def experiment(ws: Workspace) -> Experiment:
    return Experiment(ws, "e2e")


@pytest.fixture
def config_of(source: Path) -> Callable[..., ScriptRunConfig]:
    """Return a function that writes a script and gives its configuration."""

    def make(code: str, **options: object) -> ScriptRunConfig:
        (source / "train.py").write_text(textwrap.dedent(code))
        return ScriptRunConfig(source_directory=str(source), script="train.py", **options)  # type: ignore[arg-type]

    return make
