from __future__ import annotations

import contextlib
import io
import os
import shutil
import socket
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stoker.base.digest import snapshot_id
from stoker.client import snapshots
from stoker.client._index import Index, is_settled
from stoker.client._scan import look_at, stat_tuple
from stoker.client.http import Api, Response
from stoker.exceptions import NotFoundException, ServiceException, SnapshotException, StokerException

opened: list[str] | None = None
MB = 1 << 20


def _note_opened(event: str, arguments: tuple[Any, ...]) -> None:
    if opened is not None and event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])


sys.addaudithook(_note_opened)


@contextlib.contextmanager
def noting_opened_files() -> Iterator[list[str]]:
    global opened  # noqa: PLW0603  # an audit hook stays for good, so it is switched on and off
    opened = []
    try:
        yield opened
    finally:
        opened = None


class Service(Api):
    """The service's side of snapshots, in memory."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1", "token")
        self.objects: dict[str, bytes] = {}
        self.snapshots: dict[str, Any] = {}
        self.packs: list[int] = []
        self.asked: list[str] = []
        self.closed = 0
        self.before_upload: Callable[[], object] = lambda: None

    def close(self) -> None:
        self.closed += 1

    def get(self, path: str, **_: Any) -> Any:
        identity = path.rpartition("/")[2]
        if identity not in self.snapshots:
            raise NotFoundException(f"There is no snapshot {identity}.")
        return self.snapshots[identity]

    def post(self, path: str, body: Any = None, **_: Any) -> Any:
        self.asked.append(path)
        if path == "/objects/missing":
            missing = [digest for digest in body["hashes"] if digest not in self.objects]
            self.before_upload()
            return {"missing": missing}
        assert path == "/snapshots"
        assert {item[1] for item in body["files"]} <= set(self.objects)
        assert {item[1]: len(self.objects[item[1]]) for item in body["files"]} == {f[1]: f[2] for f in body["files"]}
        self.snapshots[snapshot_id(body)] = body
        return {"id": snapshot_id(body)}

    def request(self, method: str, path: str, **options: Any) -> Response:
        self.asked.append(f"{method} {path}")
        if method == "HEAD":
            if path.rpartition("/")[2] not in self.snapshots:
                raise ServiceException("no body says why", status=404)
        else:
            data = b"".join(options["raw"]())
            assert len(data) == options["length"]
            self._store(data)
        return Response(200, None, b"")  # type: ignore[arg-type]  # no headers are looked at

    def _store(self, data: bytes) -> None:
        self.packs.append(len(data))
        pack = io.BytesIO(data)
        while digest := pack.read(32):
            content = pack.read(int.from_bytes(pack.read(8), "big"))
            assert sha256(content).digest() == digest
            self.objects[digest.hex()] = content

    def download(self, path: str, file: Any, progress: Callable[[int], None] | None = None, **_: Any) -> int:
        manifest = self.get(path.removesuffix("/archive"))
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a folder/", b"")
            for number, (_, digest, _, _) in enumerate(manifest["files"]):
                archive.writestr(f"file-{number}", self.objects[digest])
                if progress is not None:
                    progress(len(self.objects[digest]))
        return 0


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("STOKER_CACHE", str(cache))
    return cache


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "pkg").mkdir(parents=True)
    (folder / "train.py").write_bytes(b"print(1)\n")
    (folder / "pkg" / "model.py").write_bytes(b"x = 1\n")
    return folder


def let_settle(folder: Path) -> None:
    """Wait until the file system's clock has gone on, so that the index may keep what it sees."""
    until = time.monotonic() + 10
    stats = [stat_tuple(path.stat()) for path in folder.rglob("*") if path.is_file()]
    while not all(is_settled(stat, time.time_ns()) for stat in stats):
        assert time.monotonic() < until
        time.sleep(0.01)


def tree_of(folder: Path) -> dict[bytes, object]:
    """Return every entry of a folder: a link's target, a file's bytes and whether it can be run, or None."""
    found: dict[bytes, object] = {}
    for top, folders, files in os.walk(os.fsencode(folder)):
        for name in [*folders, *files]:
            path = os.path.join(top, name)
            key = os.path.relpath(path, os.fsencode(folder))
            if os.path.islink(path):
                found[key] = os.readlink(path)
            elif os.path.isdir(path):
                found[key] = None
            else:
                with open(path, "rb") as file:
                    found[key] = (file.read(), bool(os.stat(path).st_mode & 0o100))
    return found


def test_a_snapshot_records_paths_hashes_sizes_and_modes(service: Service, source: Path) -> None:
    (source / "run.sh").write_bytes(b"#!/bin/sh\n")
    (source / "run.sh").chmod(0o700)
    (source / "empty" / "deep").mkdir(parents=True)
    (source / "latest").symlink_to("pkg/model.py")

    snapshot = snapshots.take(service, str(source))

    assert snapshot.manifest == {
        "format": 1,
        "files": [
            ["pkg/model.py", sha256(b"x = 1\n").hexdigest(), 6, 0o644],
            ["run.sh", sha256(b"#!/bin/sh\n").hexdigest(), 10, 0o755],
            ["train.py", sha256(b"print(1)\n").hexdigest(), 9, 0o644],
        ],
        "links": [["latest", "pkg/model.py"]],
        "dirs": ["empty/deep"],
    }
    assert snapshot.id == snapshot_id(snapshot.manifest)
    assert service.snapshots == {snapshot.id: snapshot.manifest}
    assert (snapshot.uploaded_bytes, snapshot.file_count, snapshot.size) == (25, 3, 25)
    assert snapshot.warnings == []


def test_scan_says_the_same_without_a_service(service: Service, source: Path) -> None:
    assert snapshots.scan(str(source)) == snapshots.take(service, str(source)).manifest


def test_an_unchanged_folder_is_neither_read_nor_sent_again(service: Service, source: Path) -> None:
    let_settle(source)
    first = snapshots.take(service, str(source))
    service.asked.clear()

    with noting_opened_files() as files:
        second = snapshots.take(service, str(source))

    assert (second.id, second.manifest, second.uploaded_bytes) == (first.id, first.manifest, 0)
    assert service.asked == [f"HEAD /snapshots/{first.id}"]
    assert not [path for path in files if path.endswith(".py")]


def test_of_a_changed_folder_only_the_changed_file_is_read_and_sent(service: Service, source: Path) -> None:
    let_settle(source)
    first = snapshots.take(service, str(source))
    (source / "train.py").write_bytes(b"print(22)\n")

    with noting_opened_files() as files:
        second = snapshots.take(service, str(source))

    assert second.id != first.id
    assert second.uploaded_bytes == 10
    assert {os.path.basename(path) for path in files if path.endswith(".py")} == {"train.py"}


def test_a_change_within_one_tick_of_the_clock_is_seen(service: Service, source: Path) -> None:
    for number in range(100):
        (source / "train.py").write_bytes(b"%05d" % number)
        snapshot = snapshots.take(service, str(source))
        (source / "train.py").write_bytes(b"%05d" % (number + 1))

        assert snapshots.take(service, str(source)).id != snapshot.id


def test_a_change_that_keeps_size_and_time_of_modification_is_seen(service: Service, source: Path) -> None:
    let_settle(source)
    first = snapshots.take(service, str(source))
    before = (source / "train.py").stat()
    (source / "train.py").write_bytes(b"print(2)\n")
    os.utime(source / "train.py", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert snapshots.take(service, str(source)).id != first.id


@pytest.mark.parametrize("change", ["a new file", "a file gone", "made runnable", "a new link", "a new folder"])
def test_a_change_of_the_tree_alone_is_seen(service: Service, source: Path, change: str) -> None:
    let_settle(source)
    first = snapshots.take(service, str(source))
    changes: dict[str, Callable[[], object]] = {
        "a new file": lambda: shutil.copy2(source / "train.py", source / "copy.py"),
        "a file gone": (source / "pkg" / "model.py").unlink,
        "made runnable": lambda: (source / "train.py").chmod(0o755),
        "a new link": lambda: (source / "link").symlink_to("train.py"),
        "a new folder": (source / "new").mkdir,
    }
    changes[change]()

    second = snapshots.take(service, str(source))

    assert second.id != first.id
    assert second.uploaded_bytes == 0


def test_another_service_gets_all_of_an_unchanged_folder(service: Service, source: Path) -> None:
    let_settle(source)
    first = snapshots.take(service, str(source))
    other = Service()

    second = snapshots.take(other, str(source))

    assert (second.id, second.uploaded_bytes) == (first.id, 15)
    assert other.objects == service.objects


@pytest.mark.parametrize("damage", ["emptied", "cut", "a flipped bit", "another format", "replaced by a folder"])
def test_a_damaged_index_is_done_without(own_cache: Path, service: Service, source: Path, damage: str) -> None:
    let_settle(source)
    first = snapshots.take(service, str(source))
    [index] = (own_cache / "snapshots").iterdir()
    data = index.read_bytes()
    if damage == "replaced by a folder":
        index.unlink()
        index.mkdir()
    else:
        flipped = data[:60] + bytes([data[60] ^ 4]) + data[61:]
        damages = {"emptied": b"", "cut": data[:-9], "a flipped bit": flipped, "another format": b'{"format": 2}'}
        index.write_bytes(damages[damage])

    second = snapshots.take(service, str(source))

    assert (second.id, second.manifest) == (first.id, first.manifest)


def test_the_index_keeps_only_files_whose_clock_has_gone_on(source: Path) -> None:
    stat = (1, 10**18 + 5, 10**18 + 5, 7, 0o100644)
    coarse = (1, 10**18, 10**18, 7, 0o100644)

    assert not is_settled(stat, 10**18 + 20_000_000)
    assert is_settled(stat, 10**18 + 100_000_000)
    assert not is_settled(coarse, 10**18 + 2 * 10**9)
    assert is_settled(coarse, 10**18 + 4 * 10**9)
    assert Index.load(str(source)).stats == {}


def test_a_cache_that_can_not_be_written_is_done_without(
    service: Service, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STOKER_CACHE", str(tmp_path / "file"))

    assert snapshots.take(service, str(source)).uploaded_bytes == 15


def test_one_file_can_be_recorded(service: Service, source: Path) -> None:
    snapshot = snapshots.take(service, str(source / "pkg" / "model.py"))

    assert snapshot.manifest["files"] == [["model.py", sha256(b"x = 1\n").hexdigest(), 6, 0o644]]


def test_equal_contents_are_sent_once(service: Service, source: Path) -> None:
    for number in range(5):
        (source / f"copy{number}.py").write_bytes(b"print(1)\n")

    assert snapshots.take(service, str(source)).uploaded_bytes == 15


def test_contents_travel_in_packs_and_a_large_one_by_itself(service: Service, tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(b"\1" * (33 * MB))
    for number in range(3):
        (tmp_path / f"middle{number}.bin").write_bytes(bytes([number]) * (12 * MB))
    calls: list[tuple[int, int]] = []

    snapshot = snapshots.take(service, str(tmp_path), progress=lambda sent, total: calls.append((sent, total)))

    assert service.packs == [33 * MB + 40, 24 * MB + 80, 12 * MB + 40]
    assert calls == [(33 * MB, 69 * MB), (57 * MB, 69 * MB), (69 * MB, 69 * MB)]
    assert snapshot.uploaded_bytes == 69 * MB


def test_too_many_bytes_are_refused_with_the_largest_paths(service: Service, source: Path) -> None:
    (source / "data").mkdir()
    for number in range(4):
        with (source / "data" / f"part{number}.csv").open("wb") as file:
            file.truncate(60 * MB + number * MB)
    with (source / "weights.bin").open("wb") as file:
        file.truncate(80 * MB)

    with pytest.raises(SnapshotException, match=r"total snapshot size exceeds the limit of 300\.0 MB") as caught:
        snapshots.take(service, str(source))

    assert "'data/' (246.0 MB in 4 files), 'weights.bin' (80.0 MB), 'data/part3.csv' (63.0 MB)" in str(caught.value)
    assert ".amlignore" in str(caught.value)
    assert "snapshot_max_bytes" in str(caught.value)
    assert service.asked == []


def test_a_folder_that_is_nearly_all_one_file_is_named_by_that_file(service: Service, source: Path) -> None:
    (source / "data" / "raw").mkdir(parents=True)
    (source / "data" / "raw" / "all.csv").write_bytes(b"x" * 1000)
    (source / "data" / "raw" / "next to nothing.csv").write_bytes(b"x")

    with pytest.raises(SnapshotException) as caught:
        snapshots.take(service, str(source), max_bytes=500)

    assert caught.value.details["largest"][0].startswith("'data/raw/all.csv'")
    assert "next to nothing" not in str(caught.value)
    assert not [path for path in caught.value.details["largest"] if path.startswith(("'data/'", "'data/raw/'"))]


def test_too_many_files_are_refused_with_the_fullest_folders(service: Service, source: Path) -> None:
    (source / "images").mkdir()
    for number in range(30):
        (source / "images" / f"{number}.png").touch()

    with pytest.raises(SnapshotException, match="the number of files exceeds the limit of 20") as caught:
        snapshots.take(service, str(source), max_files=20)

    assert "'images/' (0.0 MB in 30 files)" in str(caught.value)
    assert "STOKER_SNAPSHOT_MAX_FILES" in str(caught.value)


def test_a_limit_can_be_raised(service: Service, source: Path) -> None:
    with pytest.raises(SnapshotException):
        snapshots.take(service, str(source), max_bytes=14)

    assert snapshots.take(service, str(source), max_bytes=15, max_files=2).size == 15


@pytest.mark.parametrize("name", ["nowhere", "train.py/x"])
def test_a_missing_source_is_said(service: Service, source: Path, name: str) -> None:
    with pytest.raises(SnapshotException, match=r"can't be recorded: .*Give a folder or file that exists"):
        snapshots.take(service, str(source / name))


@pytest.mark.parametrize(
    ("path", "target", "kept"),
    [
        ("link", "train.py", "train.py"),
        ("pkg/link", "../train.py", "../train.py"),
        ("link", "pkg", "pkg"),
        ("link", "nowhere", "nowhere"),
        ("pkg/link", "..", ".."),
        ("link", ".", "."),
        ("link", "link", "link"),
        ("link", "{source}/pkg/model.py", "pkg/model.py"),
        ("pkg/link", "{source}/train.py", "../train.py"),
        ("link", "../source/train.py", "train.py"),
    ],
)
def test_a_link_inside_the_folder_stays_a_link(
    service: Service, source: Path, path: str, target: str, kept: str
) -> None:
    (source / path).symlink_to(target.format(source=source))

    assert snapshots.take(service, str(source)).manifest["links"] == [[path, kept]]


@pytest.mark.parametrize("target", ["/etc/passwd", "..", "../other.csv", "pkg/../../other.csv", "/nowhere/at/all"])
def test_a_link_out_of_the_folder_is_refused_by_name(service: Service, source: Path, target: str) -> None:
    (source.parent / "other.csv").touch()
    (source / "pkg" / "data").symlink_to(os.path.join("..", target))

    with pytest.raises(SnapshotException, match=r"'pkg/data'.*leads out of the folder, to .*\.amlignore: /pkg/data"):
        snapshots.take(service, str(source))


def test_a_link_that_leaves_by_way_of_another_link_is_refused(service: Service, source: Path) -> None:
    (source / "pkg" / "up").symlink_to("..")
    (source / "out").symlink_to("pkg/up/..")

    with pytest.raises(SnapshotException, match=r"'out'.*leads out"):
        snapshots.take(service, str(source))


def test_a_link_out_of_the_folder_may_be_left_out(service: Service, source: Path) -> None:
    (source / "data").symlink_to("/etc")
    (source / ".venv").symlink_to("/usr")
    (source / ".amlignore").write_text("/data\n")

    assert snapshots.take(service, str(source)).manifest["links"] == []


def test_links_in_a_circle_are_kept(service: Service, source: Path) -> None:
    (source / "a").symlink_to("b")
    (source / "b").symlink_to("a")
    (source / "pkg" / "self").symlink_to("../pkg")

    assert [link[0] for link in snapshots.take(service, str(source)).manifest["links"]] == ["a", "b", "pkg/self"]


def test_a_folder_behind_a_link_is_recorded_as_itself(service: Service, source: Path) -> None:
    (source.parent / "alias").symlink_to(source)
    (source / "link").symlink_to(source.parent / "alias" / "train.py")

    snapshot = snapshots.take(service, str(source.parent / "alias"))

    assert snapshot.manifest["links"] == [["link", "train.py"]]
    assert snapshot.file_count == 2


def test_sockets_and_pipes_are_left_out_with_a_warning(service: Service, source: Path) -> None:
    os.mkfifo(source / "pipe")
    place = os.getcwd()
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(source)
        try:
            listener.bind("door")
        finally:
            os.chdir(place)
        snapshot = snapshots.take(service, str(source))

    assert snapshot.file_count == 2
    assert sorted(snapshot.warnings) == [
        "'door' was left out of the snapshot: it is a socket, not a file.",
        "'pipe' was left out of the snapshot: it is a named pipe, not a file.",
    ]


@contextlib.contextmanager
def without_root() -> Iterator[None]:
    """Give up root's right to read everything, where the tests run as root."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.mark.parametrize("name", ["secret.txt", "pkg"])
def test_what_can_not_be_read_is_an_error_that_names_it(
    service: Service, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as place:
        source = Path(place)
        source.chmod(0o755)
        (source / "secret.txt").write_text("x")
        (source / "pkg").mkdir()
        (source / name).chmod(0)
        monkeypatch.setenv("STOKER_CACHE", str(source / "none"))
        with (
            without_root(),
            pytest.raises(
                SnapshotException, match=rf"{name}.*can't be read \(Permission denied\).*\.amlignore: /{name}"
            ),
        ):
            snapshots.take(service, place)
        (source / name).chmod(0o700)


def test_a_file_that_changes_before_it_is_sent_is_recorded_as_it_is_then(service: Service, source: Path) -> None:
    texts = iter([b"two\n", b"three\n"])

    def change() -> None:
        with contextlib.suppress(StopIteration):
            (source / "train.py").write_bytes(next(texts))

    service.before_upload = change

    snapshot = snapshots.take(service, str(source))

    assert service.objects[{f[0]: f[1] for f in snapshot.manifest["files"]}["train.py"]] == b"three\n"
    assert service.closed == 2


def test_a_file_that_goes_before_it_is_sent_is_not_recorded(service: Service, source: Path) -> None:
    service.before_upload = lambda: (source / "train.py").unlink(missing_ok=True)

    assert [item[0] for item in snapshots.take(service, str(source)).manifest["files"]] == ["pkg/model.py"]


def test_a_file_that_never_holds_still_is_an_error_that_names_it(service: Service, source: Path) -> None:
    service.before_upload = lambda: (source / "train.py").write_bytes(os.urandom(8))

    with pytest.raises(SnapshotException, match=r"train\.py' was changed each time .*\.amlignore: /train\.py"):
        snapshots.take(service, str(source))


@pytest.mark.parametrize("size", [10, 3 * MB])
def test_a_log_that_grows_meanwhile_is_recorded_as_it_was(service: Service, source: Path, size: int) -> None:
    (source / "log.txt").write_bytes(b"x" * size)

    def grow() -> None:
        with (source / "log.txt").open("ab") as file:
            file.write(b"more")

    service.before_upload = grow

    snapshot = snapshots.take(service, str(source))

    assert ["log.txt", sha256(b"x" * size).hexdigest(), size, 0o644] in snapshot.manifest["files"]
    assert service.closed == 0


def test_a_service_of_another_version_is_said(source: Path) -> None:
    class Other(Service):
        def post(self, path: str, body: Any = None, **_: Any) -> Any:
            return super().post(path, body) if path != "/snapshots" else {"id": "another"}

    with pytest.raises(ServiceException, match="different versions"):
        snapshots.take(Other(), str(source))


def test_an_error_of_the_service_is_not_taken_for_an_absent_snapshot(source: Path) -> None:
    class Broken(Service):
        def request(self, method: str, path: str, **_: Any) -> Response:
            raise ServiceException(f"{method} {path}: broken", status=500)

    with pytest.raises(ServiceException, match="broken"):
        snapshots.take(Broken(), str(source))


def test_restore_writes_the_folder_as_it_was(service: Service, source: Path, tmp_path: Path) -> None:
    (source / "odd\nname").write_bytes(b"odd")
    (source / os.fsdecode(b"\xff.txt")).write_bytes(b"bytes")
    (source / "same.py").write_bytes(b"print(1)\n")
    (source / "link").symlink_to("pkg")
    (source / "empty").mkdir()
    snapshot = snapshots.take(service, str(source))

    snapshots.restore(service, snapshot.id, str(tmp_path / "back"))

    assert tree_of(tmp_path / "back") == tree_of(source)


def test_restore_writes_nothing_outside_its_folder(service: Service, tmp_path: Path) -> None:
    digest = sha256(b"x").hexdigest()
    service.objects[digest] = b"x"
    service.snapshots["bad"] = {"format": 1, "files": [["../escaped", digest, 1, 0o644]], "links": [], "dirs": []}

    with pytest.raises(StokerException, match=r"the path '\.\.', which can't lie inside"):
        snapshots.restore(service, "bad", str(tmp_path / "inside" / "here"))

    assert not (tmp_path / "inside" / "escaped").exists()


def test_restoring_an_unknown_snapshot_is_said(service: Service, tmp_path: Path) -> None:
    with pytest.raises(NotFoundException):
        snapshots.restore(service, "unknown", str(tmp_path))


@pytest.mark.parametrize(
    ("path", "written"), [("", "{id}.zip"), ("new/folder", "new/folder/{id}.zip"), ("x.zip", "x.zip")]
)
def test_an_archive_is_written_where_it_is_wanted(
    service: Service, source: Path, tmp_path: Path, path: str, written: str
) -> None:
    identity = snapshots.take(service, str(source)).id

    archive = snapshots.download_archive(service, identity, str(tmp_path / path))

    assert archive == str(tmp_path / written.format(id=identity))
    assert len(zipfile.ZipFile(archive).namelist()) == 3


def test_a_failed_download_leaves_nothing_behind(service: Service, tmp_path: Path) -> None:
    with pytest.raises(NotFoundException):
        snapshots.download_archive(service, "unknown", str(tmp_path / "out"))

    assert list((tmp_path / "out").iterdir()) == []


names = st.binary(min_size=1, max_size=12).filter(lambda name: b"/" not in name and b"\0" not in name)
plain = names.filter(lambda name: name not in {b".", b".."} and not name.startswith(b"."))
trees = st.recursive(
    st.tuples(st.binary(max_size=300), st.booleans()),
    lambda inner: st.dictionaries(plain, inner, max_size=4),
    max_leaves=12,
).filter(lambda tree: isinstance(tree, dict))


def grow(folder: bytes, tree: Any) -> None:
    os.mkdir(folder)
    for name, item in tree.items():
        path = os.path.join(folder, name)
        if isinstance(item, dict):
            grow(path, item)
        else:
            with open(path, "wb") as file:
                file.write(item[0])
            os.chmod(path, 0o755 if item[1] else 0o644)


def test_many_files_come_back_whatever_their_hashes_begin_with(service: Service, source: Path, tmp_path: Path) -> None:
    for number in range(200):
        (source / f"{number}.txt").write_text(str(number))

    taken = snapshots.take(service, str(source))
    snapshots.restore(service, taken.id, str(tmp_path / "back"))

    for number in range(200):
        assert (tmp_path / "back" / f"{number}.txt").read_text() == str(number)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees)
def test_any_tree_comes_back_byte_for_byte(tmp_path: Path, tree: Any) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as place:
        source, back = Path(place, "source"), Path(place, "back")
        grow(os.fsencode(source), tree)
        service = Service()
        taken = snapshots.take(service, str(source))

        snapshots.restore(service, taken.id, str(back))

        assert tree_of(back) == tree_of(source)
        assert snapshots.scan(str(back)) == taken.manifest
        assert look_at(str(back)).warnings == []
