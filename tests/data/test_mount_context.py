"""A view of files as a folder: what it shows, and that nothing is left of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stoker.data.dataset_factory import FileDatasetFactory
from stoker.data.file_dataset import FileDataset
from stoker.exceptions import DatasetValidationError, UserErrorException


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deep" / "b.txt").write_text("b")
    return folder


@pytest.fixture
def dataset(source: Path) -> FileDataset:
    return FileDatasetFactory.from_files(str(source))


def test_a_view_shows_the_files_in_place(dataset: FileDataset, source: Path) -> None:
    with dataset.mount() as mounted:
        shown = Path(mounted.mount_point)
        assert (shown / "deep" / "b.txt").read_text() == "b"
        assert (shown / "a.txt").resolve() == source / "a.txt"
        assert shown != source


def test_ending_a_view_leaves_the_files_and_nothing_else(dataset: FileDataset, source: Path) -> None:
    with dataset.mount() as mounted:
        pass
    assert not os.path.exists(mounted.mount_point)
    assert (source / "deep" / "b.txt").read_text() == "b"


def test_a_single_file_is_seen_in_a_folder(source: Path, tmp_path: Path) -> None:
    view = FileDatasetFactory.from_files(str(source / "a.txt")).mount(str(tmp_path / "view"))
    view.start()
    assert os.listdir(view.mount_point) == ["a.txt"]
    assert os.stat(view.mount_point).st_mode & 0o222 == 0
    view.stop()


def test_starting_and_stopping_twice_changes_nothing(dataset: FileDataset) -> None:
    view = dataset.mount()
    view.stop()
    view.start()
    view.start()
    assert sorted(os.listdir(view.mount_point)) == ["a.txt", "deep"]
    view.stop()
    view.stop()
    view.start()
    assert sorted(os.listdir(view.mount_point)) == ["a.txt", "deep"]
    view.stop()


def test_a_folder_of_the_user_stays_and_is_empty_again(dataset: FileDataset, tmp_path: Path) -> None:
    place = tmp_path / "mine"
    place.mkdir()
    with dataset.mount(str(place)):
        assert (place / "a.txt").read_text() == "a"
    assert os.listdir(place) == []
    assert os.access(place, os.W_OK)


def test_a_mount_point_is_empty_or_not_there(dataset: FileDataset, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    for name in ("full", "full/x"):
        with pytest.raises(UserErrorException, match="mount point"):
            dataset.mount(str(tmp_path / name))
    assert (tmp_path / "full" / "x").read_text() == "x"


def test_what_matches_nothing_is_said_by_the_start(tmp_path: Path) -> None:
    view = FileDatasetFactory.from_files(str(tmp_path / "absent"), validate=False).mount()
    with pytest.raises(DatasetValidationError, match="absent"):
        view.start()
    assert not os.path.exists(view.mount_point)
