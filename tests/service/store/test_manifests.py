from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from stoker.exceptions import UserErrorException
from stoker.service.store import FolderArtifactStore
from stoker.service.store.manifests import archive, check_manifest

HASH = "a" * 64


def _manifest(**parts: Any) -> dict[str, Any]:
    return {"format": 1, "files": [], "links": [], "dirs": [], **parts}


def _file(path: Any, sha256: Any = HASH, size: Any = 1, mode: Any = 0o644) -> list[Any]:
    return [path, sha256, size, mode]


@pytest.mark.parametrize(
    "manifest",
    [
        _manifest(),
        _manifest(files=[_file("a"), _file("b/c"), _file("b\udcff")], dirs=["empty/inner"]),
        _manifest(files=[_file("data/x")], links=[["deep/link", "../data/x"], ["other", "deep/link"]]),
        _manifest(links=[["ring", "ring"], ["nowhere", "missing/../x"]]),
        _manifest(links=[["a", "b/../.."], ["b", "c/d/e"]]),
        _manifest(links=[["here", "."], ["again", "here/here/x"]]),
    ],
)
def test_a_sound_manifest_passes(manifest: dict[str, Any]) -> None:
    check_manifest(manifest)


@pytest.mark.parametrize(
    ("manifest", "word"),
    [
        ({}, "format 1"),
        ([], "format 1"),
        (_manifest(format=2), "format 1"),
        (_manifest(extra=1), "other entries"),
        (_manifest(files={}), "not a list"),
        (_manifest(files=[["a"]]), "is not"),
        (_manifest(files=[_file("/etc/passwd")]), "absolute"),
        (_manifest(files=[_file("../up")]), "'..'"),
        (_manifest(files=[_file("a/./b")]), r"'\.'"),
        (_manifest(files=[_file("")]), "empty"),
        (_manifest(files=[_file("a\0")]), "NUL"),
        (_manifest(files=[_file(7)]), "not text"),
        (_manifest(files=[_file("a", "short")]), "content hash"),
        (_manifest(files=[_file("a", size=-1)]), "size"),
        (_manifest(files=[_file("a", size=True)]), "size"),
        (_manifest(files=[_file("a", mode="rwx")]), "mode"),
        (_manifest(files=[_file("b"), _file("a")]), "sorted"),
        (_manifest(files=[_file("a"), _file("a")]), "sorted"),
        (_manifest(files=[_file("a"), _file("a/b")]), "passes through"),
        (_manifest(files=[_file("a/b")], links=[["a", "c"]]), "passes through"),
        (_manifest(files=[_file("a")], dirs=["a"]), "twice"),
        (_manifest(dirs=["../x"]), "'..'"),
        (_manifest(links=[["a", "/etc"]]), "not relative"),
        (_manifest(links=[["a", ""]]), "not relative"),
        (_manifest(links=[["a"]]), "is not"),
        (_manifest(links=[["a", ".."]]), "leads out"),
        (_manifest(links=[["x/a", "../../etc"]]), "leads out"),
        (_manifest(links=[["here", "."], ["out", "here/.."]]), "leads out"),
    ],
)
def test_an_unsound_manifest_is_refused(manifest: Any, word: str) -> None:
    with pytest.raises(UserErrorException, match=word):
        check_manifest(manifest)


def test_an_archive_of_large_files_comes_in_parts(tmp_path: Path) -> None:
    objects = FolderArtifactStore(str(tmp_path))
    stored = [objects.put_bytes(bytes([number]) * (1 << 21)) for number in range(3)]
    manifest = _manifest(files=[_file(f"f{n}", item.sha256, item.size) for n, item in enumerate(stored)])

    parts = list(archive(manifest, objects))

    assert len(parts) > 3
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as zipped:
        assert zipped.testzip() is None
        assert zipped.read("f2") == bytes([2]) * (1 << 21)


def test_the_same_snapshot_gives_the_same_archive(tmp_path: Path) -> None:
    objects = FolderArtifactStore(str(tmp_path))
    stored = objects.put_bytes(b"x")
    manifest = _manifest(files=[_file("a", stored.sha256)], links=[["l", "a"]], dirs=["d"])

    assert b"".join(archive(manifest, objects)) == b"".join(archive(manifest, objects))
