"""Files as a folder: links in a read-only folder, or copies."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from stoker.data._storage.resolve import resolve_paths
from stoker.data._storage.view import MOST_LINKS, materialise
from stoker.exceptions import UserErrorException


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "cats").mkdir(parents=True)
    (folder / "cats" / "1.txt").write_text("tom")
    (folder / "dogs.txt").write_text("rex")
    return folder


def test_a_mounted_folder_is_links_in_folders_that_are_read_only(data: Path, tmp_path: Path) -> None:
    view = Path(materialise(resolve_paths([{"local": str(data)}]), str(tmp_path / "view")))

    assert view == tmp_path / "view"
    assert os.readlink(view / "cats" / "1.txt") == str(data / "cats" / "1.txt")
    assert (view / "dogs.txt").read_text() == "rex"
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (view, view / "cats")] == [0o555, 0o555]


def test_a_mounted_file_is_a_link_and_the_path_is_the_file_s(data: Path, tmp_path: Path) -> None:
    path = Path(materialise(resolve_paths([{"local": str(data / "dogs.txt")}]), str(tmp_path / "view")))

    assert path == tmp_path / "view" / "dogs.txt"
    assert os.readlink(path) == str(data / "dogs.txt")


@pytest.mark.parametrize("path", ["cats", "cats/", "cats/*.txt", "**/1.txt"])
@pytest.mark.parametrize("mode", ["mount", "download"])
def test_a_folder_or_pattern_with_one_file_is_a_folder_as_with_many(
    data: Path, tmp_path: Path, path: str, mode: str
) -> None:
    view = Path(materialise(resolve_paths([{"local": f"{data}/{path}"}]), str(tmp_path / "view"), mode))

    assert view == tmp_path / "view"
    assert [file.read_text() for file in view.rglob("1.txt")] == ["tom"]


def test_a_folder_of_very_many_files_is_seen_itself(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(MOST_LINKS + 1):
        os.close(os.open(folder / str(number), os.O_CREAT | os.O_WRONLY))

    assert materialise(resolve_paths([{"local": str(folder)}]), str(tmp_path / "view")) == str(folder)
    # As a list it has no folder of its own.
    chosen = list(resolve_paths([{"local": str(folder / "1*")}]))
    assert materialise(chosen, str(tmp_path / "some")) == str(tmp_path / "some")


def test_a_download_is_copies_that_are_the_user_s_own(data: Path, tmp_path: Path) -> None:
    copies = Path(materialise(resolve_paths([{"local": str(data)}]), str(tmp_path / "copies"), "download"))
    (copies / "dogs.txt").write_text("mine")

    assert (data / "dogs.txt").read_text() == "rex"
    assert not (copies / "cats" / "1.txt").is_symlink()


def test_what_is_in_the_way_is_kept_unless_it_may_be_replaced(data: Path, tmp_path: Path) -> None:
    place = tmp_path / "copies"
    place.mkdir()
    (place / "dogs.txt").write_text("mine")
    files = resolve_paths([{"local": str(data)}])

    with pytest.raises(UserErrorException, match="overwrite=True"):
        materialise(files, str(place), "download")
    assert (place / "dogs.txt").read_text() == "mine"
    materialise(files, str(place), "download", overwrite=True)
    assert (place / "dogs.txt").read_text() == "rex"
