from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stoker.client.snapshots import scan
from stoker.exceptions import StokerException
from stoker.runner.materialize import materialise


class Store:
    """An object store and a manifest on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects = str(folder / "objects")
        self.manifest = str(folder / "manifest.json")
        self.work = str(folder / "work")

    def keep(self, content: bytes) -> str:
        digest = sha256(content).hexdigest()
        path = Path(self.objects, digest[:2], digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o444)
        return digest

    def record(self, manifest: dict[str, Any]) -> None:
        Path(self.manifest).write_text(json.dumps(manifest))

    def record_folder(self, source: Path) -> None:
        manifest = scan(str(source))
        for path, _, _, _ in manifest["files"]:
            self.keep((source / path).read_bytes())
        self.record(manifest)

    def record_files(self, files: dict[str, bytes], **more: Any) -> None:
        items = [[path, self.keep(content), len(content), 0o644] for path, content in files.items()]
        self.record({"format": 1, "files": items, "links": [], "dirs": [], **more})

    def materialise(self) -> None:
        materialise(self.manifest, self.objects, self.work)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_files_folders_links_and_modes_are_made(store: Store) -> None:
    source = store.folder / "source"
    (source / "pkg" / "deep").mkdir(parents=True)
    (source / "empty" / "inner").mkdir(parents=True)
    (source / "run.sh").write_text("#!/bin/sh\n")
    (source / "run.sh").chmod(0o755)
    (source / "pkg" / "deep" / "a b.py").write_text("x\n")
    (source / "zero").touch()
    (source / "pkg" / "latest").symlink_to("deep")
    (source / "odd\nname").write_text("odd")
    (source / os.fsdecode(b"\xff.txt")).write_bytes(b"bytes")
    store.record_folder(source)

    store.materialise()

    assert scan(store.work) == scan(str(source))
    assert os.readlink(Path(store.work, "pkg", "latest")) == "deep"
    assert os.access(Path(store.work, "run.sh"), os.X_OK)
    assert Path(store.work, "run.sh").stat().st_mode & 0o600 == 0o600
    assert not Path(store.work, "zero").stat().st_mode & 0o111


@pytest.mark.parametrize("size", [0, 1, 128 * 1024, 128 * 1024 + 1, 20 << 20])
def test_contents_of_every_size_are_copied_not_shared(store: Store, size: int) -> None:
    content = os.urandom(size)
    store.record_files({"data.bin": content})

    store.materialise()

    made = Path(store.work, "data.bin")
    assert made.read_bytes() == content
    assert made.stat().st_nlink == 1
    made.write_bytes(b"changed by the script")
    digest = sha256(content).hexdigest()
    assert Path(store.objects, digest[:2], digest).read_bytes() == content


def test_the_owner_may_write_though_objects_are_read_only(store: Store) -> None:
    store.record_files({"a.txt": b"a"})

    store.materialise()

    assert Path(store.work, "a.txt").stat().st_mode & 0o200


def test_a_second_attempt_replaces_what_a_broken_one_left(store: Store) -> None:
    store.record_files({"pkg/a.txt": b"whole", "b.txt": b"b"}, links=[["link", "b.txt"]], dirs=["empty"])
    outside = store.folder / "outside"
    outside.mkdir()
    (outside / "a.txt").write_bytes(b"not ours")
    Path(store.work).mkdir()
    Path(store.work, "pkg").symlink_to(outside)
    Path(store.work, "b.txt").mkdir()
    Path(store.work, "empty").write_text("a file")
    Path(store.work, "link").write_text("a file")

    store.materialise()
    store.materialise()

    assert Path(store.work, "pkg", "a.txt").read_bytes() == b"whole"
    assert Path(store.work, "b.txt").read_bytes() == b"b"
    assert os.readlink(Path(store.work, "link")) == "b.txt"
    assert Path(store.work, "empty").is_dir()
    assert (outside / "a.txt").read_bytes() == b"not ours"


def test_a_missing_content_is_said_with_the_name_of_the_file(store: Store) -> None:
    store.record_files({"pkg/a.txt": b"a"})
    shutil.rmtree(store.objects)

    with pytest.raises(
        StokerException, match=r"'pkg/a\.txt' can't be made: its content .* is missing in .*submit again"
    ):
        store.materialise()


@pytest.mark.parametrize("size", [5, 200_000])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_content_of_another_size_is_said(store: Store, size: int, change: int) -> None:
    store.record_files({"a.txt": b"a" * size})
    digest = sha256(b"a" * size).hexdigest()
    path = Path(store.objects, digest[:2], digest)
    path.chmod(0o644)
    path.write_bytes(b"a" * (size + change))

    with pytest.raises(StokerException, match=rf"is damaged \(it has {size + change} bytes, not {size}\)"):
        store.materialise()


@pytest.mark.parametrize(
    "path", ["../a", "/a", "/tmp/stoker-escaped/a", "a/../../b", ".", "a//b", "", "a/.", "a/./b", "x\0y"]
)
def test_a_path_that_leads_out_is_refused(store: Store, path: str) -> None:
    store.record_files({path: b"a"})

    with pytest.raises(StokerException, match="can't lie inside a folder"):
        store.materialise()

    assert {entry.name for entry in store.folder.iterdir()} <= {"objects", "manifest.json", "work"}
    assert not Path("/tmp/stoker-escaped").exists()


@pytest.mark.parametrize(
    "links",
    [
        [["a", "/etc/passwd"]],
        [["a", ".."]],
        [["d/a", "../../x"]],
        [["d/up", ".."], ["out", "d/up/.."]],
    ],
)
def test_a_link_that_leads_out_is_refused(store: Store, links: list[list[str]]) -> None:
    store.record_files({}, links=links)

    with pytest.raises(StokerException, match="leads out of its folder"):
        store.materialise()


def test_nothing_is_written_through_a_link_of_the_same_snapshot(store: Store) -> None:
    (store.folder / "outside").mkdir()
    store.record_files({"d/a.txt": b"a"}, links=[["d", "../outside"]])

    with pytest.raises(StokerException):
        store.materialise()

    assert list((store.folder / "outside").iterdir()) == []


@pytest.mark.parametrize("text", [None, "", "[]", '{"files": 3}'])
def test_a_missing_or_damaged_manifest_is_said(store: Store, text: str | None) -> None:
    if text is not None:
        Path(store.manifest).write_text(text)

    with pytest.raises(StokerException, match=r"is missing or damaged.*Submit the run again"):
        store.materialise()


def test_what_the_disk_refuses_is_said_in_words(store: Store) -> None:
    store.record_files({"a" * 300: b"a"})

    with pytest.raises(StokerException, match=r"could not be written to .*File name too long"):
        store.materialise()


def test_a_disk_that_can_share_or_not_gives_the_same_bytes(store: Store) -> None:
    """The memory file system can't share blocks; the one of temporary files may."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is no /dev/shm")
    content = os.urandom(300_000)
    store.record_files({"one.bin": content, "two.bin": content})

    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        materialise(store.manifest, store.objects, place)

        assert Path(place, "one.bin").read_bytes() == content
        assert Path(place, "two.bin").read_bytes() == content


def test_importing_it_is_light() -> None:
    code = "import sys; import stoker.runner.materialize; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert not {"http.client", "subprocess", "shutil", "tempfile", "pathspec", "hashlib"} & set(done.stdout.split())


names = st.binary(min_size=1, max_size=12).filter(lambda name: not {0, 47} & set(name) and not name.startswith(b"."))
trees: st.SearchStrategy[dict[bytes, Any]] = st.dictionaries(
    names,
    st.recursive(
        st.tuples(st.binary(max_size=300), st.booleans()),
        lambda inner: st.dictionaries(names, inner, max_size=4),
        max_leaves=12,
    ),
    max_size=4,
)


def grow(folder: bytes, tree: dict[bytes, Any], keep: Callable[[bytes], object]) -> None:
    os.mkdir(folder)
    for name, item in tree.items():
        path = os.path.join(folder, name)
        if isinstance(item, dict):
            grow(path, item, keep)
            continue
        keep(item[0])
        with open(path, "wb") as file:
            file.write(item[0])
        os.chmod(path, 0o755 if item[1] else 0o644)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees)
def test_any_tree_is_made_byte_for_byte(tmp_path: Path, tree: dict[bytes, Any]) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as place:
        store = Store(Path(place))
        grow(os.fsencode(Path(place, "source")), tree, store.keep)
        manifest = scan(str(Path(place, "source")))
        store.record(manifest)

        store.materialise()

        assert scan(store.work) == manifest
