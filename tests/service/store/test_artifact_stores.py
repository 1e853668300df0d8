from __future__ import annotations

import os
import stat
from pathlib import Path

import fsspec
import pytest

from stoker.exceptions import UserErrorException
from stoker.service.store import ArtifactStore, FolderArtifactStore, FsspecArtifactStore
from stoker.testing.artifacts import ArtifactStoreContract


class TestFolder(ArtifactStoreContract):
    @pytest.fixture(params=[False, True], ids=["fast", "synced"])
    def objects(self, tmp_path: Path, request: pytest.FixtureRequest) -> ArtifactStore:
        return FolderArtifactStore(str(tmp_path / "objects"), sync=request.param)


class TestMemory(ArtifactStoreContract):
    @pytest.fixture
    def objects(self) -> ArtifactStore:
        fsspec.filesystem("memory").store.clear()
        return FsspecArtifactStore("memory://objects")


def test_objects_are_read_only_files_in_folders_of_their_first_letters(tmp_path: Path) -> None:
    stored = FolderArtifactStore(str(tmp_path)).put_bytes(b"x")

    path = tmp_path / stored.sha256[:2] / stored.sha256
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_nothing_is_seen_before_the_commit_and_nothing_is_left_beside(tmp_path: Path) -> None:
    objects = FolderArtifactStore(str(tmp_path))
    with objects.writer() as writer:
        writer.write(b"half")
        assert list(objects.hashes()) == []
        writer.commit()

    assert len(list(objects.hashes())) == 1
    assert os.listdir(tmp_path / "tmp") == []


def test_what_a_killed_writer_left_is_removed_after_a_day(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    old, new = tmp_path / "tmp" / "old", tmp_path / "tmp" / "new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    FolderArtifactStore(str(tmp_path))

    assert os.listdir(tmp_path / "tmp") == ["new"]


def test_an_object_larger_than_memory_allows_is_sent_in_pieces() -> None:
    objects = FsspecArtifactStore("memory://large", in_memory=1000)

    stored = objects.put_bytes(b"a" * 5000)

    assert b"".join(objects.read(stored.sha256, 4990)) == b"a" * 10


def test_an_unknown_kind_of_place_is_said() -> None:
    with pytest.raises(UserErrorException, match="can't be opened"):
        FsspecArtifactStore("nosuchplace://bucket")
