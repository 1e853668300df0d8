from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stoker.cli import main
from stoker.cli.session import SESSION, Session
from stoker.core import Workspace
from stoker.testing.workspaces import TemporaryWorkspace


class Done(NamedTuple):
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it wrote, which is JSON unless another form was asked for."""
        assert self.status == 0, self.err
        return json.loads(self.out)


Az = Callable[..., Done]


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Az:
    """Run `stoker az ml COMMAND WORD...` in this process and in an empty folder that belongs to no workspace."""
    monkeypatch.chdir(tmp_path)

    def run(command: str, *words: object) -> Done:
        # A command line answers one call; here one process answers many.
        vars(SESSION).update(vars(Session()))
        capsys.readouterr()
        status = main(["az", "ml", *command.split(), *map(str, words)])
        captured = capsys.readouterr()
        return Done(status, captured.out, captured.err)

    return run


@pytest.fixture
def az(away: Az, live_workspace: TemporaryWorkspace, monkeypatch: pytest.MonkeyPatch) -> Az:
    """Run a command in an empty folder, on the workspace of the module."""
    monkeypatch.setenv("STOKER_WORKSPACE", str(live_workspace.root))
    return away


@pytest.fixture
def ws(live_workspace: TemporaryWorkspace) -> Workspace:
    return Workspace.from_config(str(live_workspace.root))
