"""A project's folder holds its workspace, with its keys: what takes the folder leaves that out."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from stoker.core import Dataset, Experiment, Model, Workspace
from stoker.testing.workspaces import TemporaryWorkspace


@pytest.fixture
def project(live_workspace: TemporaryWorkspace) -> Path:
    root = Path(live_workspace.root)
    (root / "train.py").write_text("pass")
    assert (root / ".stoker" / "key").exists()
    return root


def test_a_model_of_the_project_holds_no_key(ws: Workspace, project: Path, tmp_path: Path) -> None:
    model = Model.register(ws, str(project), "whole")

    copied = Path(model.download(str(tmp_path)))
    assert [path.name for path in copied.rglob("*") if path.is_file()] == ["train.py"]


def test_a_link_of_the_workspace_that_leads_nowhere_is_none_of_the_model_s(ws: Workspace, project: Path) -> None:
    link = project / ".stoker" / "runs" / "lost"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to("gone")
    try:
        assert Model.register(ws, str(project), "beside-a-lost-link").version == 1
    finally:
        link.unlink()


def test_a_data_set_of_the_project_holds_no_key(project: Path) -> None:
    assert Dataset.File.from_files(str(project)).to_path() == ["/train.py"]


def test_an_upload_of_the_project_takes_along_neither_keys_nor_sockets(ws: Workspace, project: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(project / "door.sock"))
        ws.get_default_datastore().upload(str(project), target_path="project", show_progress=False)

    assert Dataset.File.from_files((ws.get_default_datastore(), "project")).to_path() == ["/train.py"]


def test_a_folder_uploaded_to_a_run_holds_no_key(ws: Workspace, project: Path) -> None:
    run = Experiment(ws, "e2e").start_logging(snapshot_directory=None)
    run.upload_folder("project", str(project))
    run.complete()

    assert [name for name in run.get_file_names() if name.startswith("project/")] == ["project/train.py"]
