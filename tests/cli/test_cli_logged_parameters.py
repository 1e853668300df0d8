"""Parameters that an MLflow client has logged, beside those of a script's arguments."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.services.mlflow_protocol import Protocol

from stoker.testing.workspaces import TemporaryWorkspace


@pytest.fixture
def logged(live_workspace: TemporaryWorkspace) -> list[str]:
    """Return two runs with the parameter `kind`, which differs."""
    owner = Protocol(live_workspace, live_workspace.api.token)
    runs = [owner.run(), owner.run()]
    for run, kind in zip(runs, ("ridge", "lasso"), strict=True):
        owner.ask("POST", "runs/log-parameter", run_id=run, key="kind", value=kind)
    return runs


def stoker(workspace: TemporaryWorkspace, *words: str) -> str:
    command = [sys.executable, "-m", "stoker.cli", *words, "-w", str(workspace.root)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_what_a_client_logged_is_shown_and_compared(live_workspace: TemporaryWorkspace, logged: list[str]) -> None:
    assert "Parameters  kind=ridge" in stoker(live_workspace, "run", "show", logged[0])
    assert json.loads(stoker(live_workspace, "run", "show", logged[0], "-o", "json"))["parameters"] == {"kind": "ridge"}
    compared = json.loads(stoker(live_workspace, "run", "compare", *logged, "-o", "json"))
    assert [run["parameters"] for run in compared] == [{"kind": "ridge"}, {"kind": "lasso"}]
    differs = json.loads(stoker(live_workspace, "run", "diff", *logged, "-o", "json"))
    assert differs["parameters"] == {"kind": ["ridge", "lasso"]}
