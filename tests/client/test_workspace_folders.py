from __future__ import annotations

import os
from pathlib import Path

import pytest

from stoker.base.paths import WorkspacePaths
from stoker.client import connect_running, registry
from stoker.client.discovery import find_config, find_root, living_service
from stoker.client.layout import create_workspace, read_config
from stoker.exceptions import UserErrorException, WorkspaceException


def test_a_new_workspace_is_its_owner_s_alone_and_hides_from_git(tmp_path: Path) -> None:
    create_workspace(str(tmp_path), "first")

    home = tmp_path / ".stoker"
    assert os.stat(home).st_mode & 0o777 == 0o700
    assert os.stat(home / "key").st_mode & 0o777 == 0o600
    assert (home / ".gitignore").read_text() == "*\n"
    assert [item.name for item in tmp_path.iterdir()] == [".stoker"]


def test_a_folder_holds_one_workspace(tmp_path: Path) -> None:
    create_workspace(str(tmp_path), "first")

    with pytest.raises(WorkspaceException, match="already holds a workspace"):
        create_workspace(str(tmp_path), "second")


def test_a_newer_workspace_is_refused(tmp_path: Path) -> None:
    create_workspace(str(tmp_path), "first")
    config = tmp_path / ".stoker" / "config.json"
    config.write_text(config.read_text().replace('"format": 1', '"format": 99'))

    with pytest.raises(WorkspaceException, match="newer Stoker"):
        read_config(str(tmp_path / ".stoker"))


def test_a_torn_config_is_said_with_its_path(tmp_path: Path) -> None:
    (tmp_path / ".stoker").mkdir()
    (tmp_path / ".stoker" / "config.json").write_text("{")

    with pytest.raises(UserErrorException, match="is not whole"):
        read_config(str(tmp_path / ".stoker"))


@pytest.mark.parametrize(
    "place", [".stoker/config.json", "config.json", ".azureml/config.json", "aml_config/config.json"]
)
def test_a_config_is_found_from_below(tmp_path: Path, place: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(exist_ok=True)
    file.write_text("{}")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    assert find_config(str(below)) == str(file)


def test_the_nearest_root_wins(tmp_path: Path) -> None:
    create_workspace(str(tmp_path), "outer")
    create_workspace(str(tmp_path / "inner"), "inner")

    assert find_root(str(tmp_path / "inner")) == str(tmp_path / "inner")
    assert find_root(str(tmp_path)) == str(tmp_path)


def test_the_registry_forgets_workspaces_whose_folder_is_gone(tmp_path: Path) -> None:
    create_workspace(str(tmp_path / "w"), "gone-soon")
    registry.register("gone-soon", str(tmp_path / "w"))
    assert registry.lookup("gone-soon") == str(tmp_path / "w")

    (tmp_path / "w" / ".stoker" / "config.json").unlink()

    assert registry.lookup("gone-soon") is None


def test_a_stale_service_file_that_names_a_living_stranger_is_not_believed(tmp_path: Path) -> None:
    create_workspace(str(tmp_path), "stale")
    paths = WorkspacePaths.of_root(str(tmp_path))
    Path(paths.service).write_text(
        f'{{"url": "http://127.0.0.1:1", "pid": {os.getpid()}, "start": "1", "boot": "elsewhere"}}'
    )

    assert living_service(paths.home) is None
    assert connect_running(paths.home) is None
