from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from stoker.data._storage.base import Entry, Storage
from stoker.data._storage.cache import DEFAULT_BYTES, Cache
from stoker.data._storage.fingerprint import compare, fingerprint
from stoker.data._storage.folder import FolderStorage
from stoker.data._storage.resolve import SourceFile, resolve_paths
from stoker.data._storage.view import materialise
from stoker.exceptions import UserErrorException


class Elsewhere(FolderStorage):
    """A folder that is seen as if it were far away, and counts what is fetched."""

    def __init__(self, root: str) -> None:
        super().__init__(root, "elsewhere")
        self.fetched: list[str] = []
        self.broken = False
        self.lock = threading.Lock()

    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[Entry]:
        for entry in super().list(prefix, recursive):
            yield entry._replace(mark=f"mark-{entry.size}-{entry.mtime}")

    def local_path(self, path: str) -> str | None:
        del path
        return None

    def place(self, entry: Entry) -> None:  # type: ignore[override]  # it is elsewhere
        del entry

    def download(self, path: str, local: str, mark: str | None = None) -> None:
        with self.lock:
            self.fetched.append(path)
        super().download(path, local, mark)
        if self.broken:
            Path(local).write_bytes(b"half")
            raise ConnectionResetError(104, "the line was cut")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    root = tmp_path / "remote"
    root.mkdir()
    for number in range(10):
        (root / f"{number}.bin").write_bytes(bytes([number]) * 1000)
    (root / "sub").mkdir()
    (root / "sub" / "deep.bin").write_bytes(b"deep")
    return Elsewhere(str(root))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "cache"), 5000)


def files_of(storage: Storage, path: str = "*.bin") -> list[SourceFile]:
    return resolve_paths([{"datastore": "any", "path": path}], lambda _: storage)


def kept(cache: Cache) -> list[str]:
    return [name for _, _, names in os.walk(os.path.join(cache.root, "objects")) for name in names]


def read(opened: BinaryIO | None) -> bytes:
    assert opened is not None
    with opened:
        return opened.read()


def test_a_file_is_fetched_once_and_kept_read_only(elsewhere: Elsewhere, cache: Cache) -> None:
    file = files_of(elsewhere)[3]

    assert cache.open_if_there(file) is None
    assert read(cache.open(file)) == read(cache.open(file)) == read(cache.open_if_there(file)) == b"\3" * 1000
    assert elsewhere.fetched == ["3.bin"]
    assert os.stat(cache.path_of(file)).st_mode & 0o777 == 0o400


def test_what_changes_there_is_another_file_here(elsewhere: Elsewhere, cache: Cache) -> None:
    before = files_of(elsewhere)[0]
    read(cache.open(before))
    Path(elsewhere.root, "0.bin").write_bytes(b"new content")
    after = files_of(elsewhere)[0]

    assert read(cache.open(after)) == b"new content"
    assert read(cache.open(before)) == b"\0" * 1000


def test_the_least_recently_used_goes_first(elsewhere: Elsewhere, cache: Cache) -> None:
    files = files_of(elsewhere)
    for place, file in enumerate(files[:5]):
        read(cache.open(file))
        os.utime(cache.path_of(file), (place + 1, place + 1))
    read(cache.open(files[0]))
    read(cache.open(files[5]))

    left = [place for place, file in enumerate(files) if os.path.exists(cache.path_of(file))]
    assert left == [0, 3, 4, 5]


def test_what_is_in_use_is_spared(elsewhere: Elsewhere, cache: Cache, tmp_path: Path) -> None:
    files = files_of(elsewhere)
    opened = cache.open(files[0])
    cache.give(files[1], str(tmp_path / "linked"), link=True)
    for file in files[2:]:
        read(cache.open(file))

    assert os.path.exists(cache.path_of(files[0]))
    assert os.path.exists(cache.path_of(files[1]))
    assert read(opened) == b"\0" * 1000
    assert (tmp_path / "linked").stat().st_nlink == 2
    os.unlink(tmp_path / "linked")
    assert cache.trim(everything=True) > 0
    assert kept(cache) == []


def test_a_broken_download_leaves_nothing(elsewhere: Elsewhere, cache: Cache) -> None:
    file = files_of(elsewhere)[0]
    elsewhere.broken = True
    with pytest.raises(UserErrorException, match=r"0\.bin.*the line was cut"):
        cache.open(file)

    assert kept(cache) == []
    elsewhere.broken = False
    assert read(cache.open(file)) == b"\0" * 1000


def test_a_killed_download_is_taken_over(elsewhere: Elsewhere, cache: Cache) -> None:
    file = files_of(elsewhere)[0]
    place = Path(cache.path_of(file))
    place.parent.mkdir(parents=True)
    Path(f"{place}.part").write_bytes(b"half of what a killed process wrote, and longer than the file itself" * 100)

    assert read(cache.open(file)) == b"\0" * 1000


def test_a_file_of_another_size_than_listed_is_refused(elsewhere: Elsewhere, cache: Cache) -> None:
    file = files_of(elsewhere)[0]
    Path(elsewhere.root, "0.bin").write_bytes(b"short")

    with pytest.raises(UserErrorException, match="5 bytes, and has 1,000"):
        cache.open(file)
    assert kept(cache) == []


def test_many_threads_fetch_each_file_once(elsewhere: Elsewhere, tmp_path: Path) -> None:
    cache = Cache(str(tmp_path / "cache"), 1 << 20)
    files = files_of(elsewhere) * 5
    with ThreadPoolExecutor(8) as pool:
        contents = list(pool.map(lambda file: read(cache.open(file)), files))

    assert contents == [bytes([number]) * 1000 for number in range(10)] * 5
    assert sorted(elsewhere.fetched) == [f"{number}.bin" for number in range(10)]


def test_several_processes_share_a_small_cache(tmp_path: Path) -> None:
    root = tmp_path / "remote"
    root.mkdir()
    for number in range(20):
        (root / f"{number}.bin").write_bytes(bytes([number]) * 1000)
    code = """
import random, sys
sys.path.insert(0, sys.argv[3])
from tests.data.storage.test_cache import Elsewhere, files_of
from stoker.data._storage.cache import Cache
files, cache = files_of(Elsewhere(sys.argv[1])), Cache(sys.argv[2], 6000)
order = random.Random(sys.argv[4])
for _ in range(200):
    file = order.choice(files)
    with cache.open(file) as opened:
        assert opened.read() == bytes([int(file.relative[:-4])]) * 1000
"""
    here = Path(__file__).resolve().parents[3]
    words = [sys.executable, "-c", code, str(root), str(tmp_path / "cache"), str(here)]
    children = [subprocess.Popen([*words, str(seed)], cwd=here) for seed in range(3)]

    assert [child.wait() for child in children] == [0, 0, 0]
    cache = Cache(str(tmp_path / "cache"), 6000)
    assert (
        sum(os.stat(os.path.join(base, name)).st_size for base, _, names in os.walk(cache.root) for name in names)
        < 7100
    )
    assert not [name for name in kept(cache) if name.endswith(".part")]


def test_a_file_larger_than_the_cache_is_not_kept(elsewhere: Elsewhere, tmp_path: Path) -> None:
    cache = Cache(str(tmp_path / "cache"), 100)
    file = files_of(elsewhere)[0]

    assert cache.open(file) is None
    assert not cache.give(file, str(tmp_path / "got"), link=True)
    assert (tmp_path / "got").read_bytes() == b"\0" * 1000


def test_the_size_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STOKER_DATA_CACHE_BYTES", raising=False)
    assert Cache().limit == DEFAULT_BYTES
    monkeypatch.setenv("STOKER_DATA_CACHE_BYTES", "1e6")
    assert Cache().limit == 1_000_000
    monkeypatch.setenv("STOKER_DATA_CACHE_BYTES", "much")
    with pytest.raises(UserErrorException, match="'much'"):
        Cache()


def test_mounting_files_from_elsewhere_links_to_the_cache(elsewhere: Elsewhere, tmp_path: Path) -> None:
    path = materialise(files_of(elsewhere, "**/*.bin"), str(tmp_path / "view"))

    assert sorted(name for _, _, names in os.walk(path) for name in names) == sorted(
        [*(f"{number}.bin" for number in range(10)), "deep.bin"]
    )
    assert Path(path, "sub/deep.bin").read_bytes() == b"deep"
    assert Path(path, "7.bin").stat().st_nlink == 2
    assert len(elsewhere.fetched) == 11
    again = materialise(files_of(elsewhere, "**/*.bin"), str(tmp_path / "again"))
    assert Path(again, "7.bin").read_bytes() == bytes([7]) * 1000
    assert len(elsewhere.fetched) == 11


def test_a_single_file_is_that_file(elsewhere: Elsewhere, tmp_path: Path) -> None:
    for mode in ("mount", "download"):
        path = materialise(files_of(elsewhere, "3.bin"), str(tmp_path / mode), mode)
        assert path == str(tmp_path / mode / "3.bin")
        assert Path(path).read_bytes() == b"\3" * 1000


def test_downloads_are_copies_and_replace_only_when_told(elsewhere: Elsewhere, tmp_path: Path) -> None:
    files = files_of(elsewhere, "**/*.bin")
    told: list[int] = []
    path = materialise(files, str(tmp_path / "copy"), "download", progress=lambda count, _: told.append(count))

    assert sum(told) == 11
    assert Path(path, "3.bin").stat().st_nlink == 1
    Path(path, "3.bin").write_bytes(b"mine")
    with pytest.raises(UserErrorException, match="is there already"):
        materialise(files, path, "download")
    assert Path(path, "3.bin").read_bytes() == b"mine"
    materialise(files, path, "download", overwrite=True)
    assert Path(path, "3.bin").read_bytes() == b"\3" * 1000
    assert not [name for _, _, names in os.walk(path) for name in names if name.startswith(".")]


def test_a_failed_fetch_leaves_no_file(elsewhere: Elsewhere, tmp_path: Path) -> None:
    elsewhere.broken = True
    with pytest.raises(UserErrorException, match="the line was cut"):
        materialise(files_of(elsewhere), str(tmp_path / "copy"), "download")

    assert [name for _, _, names in os.walk(tmp_path / "copy") for name in names] == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.csv").write_text("a")
    (folder / "sub" / "ü.csv").write_text("b")
    return folder


def look(folder: Path | str, path: str = "") -> dict[str, object]:
    return fingerprint(files_of(FolderStorage(str(folder)), path))


def test_a_fingerprint_holds_what_is_in_the_files(folder: Path) -> None:
    import hashlib

    found = look(folder)
    marks = [hashlib.sha256(text).hexdigest() for text in (b"a", b"b")]

    assert found["entries"] == [["a.csv", 1, marks[0]], ["sub/ü.csv", 1, marks[1]]]
    assert (found["files"], found["bytes"], found["truncated"]) == (2, 2, False)
    text = f"a.csv\0001\0{marks[0]}\nsub/ü.csv\0001\0{marks[1]}\n"
    assert found["digest"] == hashlib.sha256(text.encode()).hexdigest()


def test_the_same_content_has_the_same_fingerprint_wherever_it_is(folder: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(folder, tmp_path / "copy")

    assert look(folder) == look(tmp_path / "copy")


def test_each_change_is_named(folder: Path) -> None:
    before = look(folder)
    (folder / "a.csv").write_text("A")
    (folder / "new.csv").write_text("n")
    (folder / "sub" / "ü.csv").unlink()
    after = look(folder)

    assert before["digest"] != after["digest"]
    assert compare(before, after) == ["a.csv", "new.csv", "sub/ü.csv"]
    assert compare(after, after) == []


def test_a_change_that_keeps_size_and_time_is_seen(folder: Path) -> None:
    from stoker.testing.workspaces import wait_until

    file = folder / "a.csv"
    os.utime(file, (1, 1.5))
    wait_until(lambda: _is_indexed(folder))
    before = look(folder)
    file.write_text("B")
    os.utime(file, (1, 1.5))

    assert compare(before, look(folder)) == ["a.csv"]


def _is_indexed(folder: Path) -> bool:
    from stoker.client._index import Index

    look(folder)
    return "a.csv" in Index.load(str(folder), "data/index").stats


def test_unchanged_files_are_not_read_again(folder: Path) -> None:
    from stoker.testing.workspaces import wait_until

    wait_until(lambda: _is_indexed(folder))
    before = look(folder)
    code = """
import sys
sys.path.insert(0, sys.argv[2])
from tests.data.storage.test_cache import look
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" else None)
print(look(sys.argv[1])["digest"])
assert not [path for path in opened if str(path).endswith(".csv")], opened
"""
    here = Path(__file__).resolve().parents[3]
    words = [sys.executable, "-c", code, str(folder), str(here)]
    done = subprocess.run(words, cwd=here, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == before["digest"]


def test_files_beyond_the_limit_are_known_by_size_and_time(folder: Path) -> None:
    files = files_of(FolderStorage(str(folder)), "")
    found = fingerprint(files, limit=1)

    marks = [mark for _, _, mark in found["entries"]]
    assert [":" in mark for mark in marks] == [False, True]


def test_remote_files_are_known_by_their_mark(elsewhere: Elsewhere) -> None:
    found = fingerprint(files_of(elsewhere, "3.bin"))

    assert found["entries"][0][2].startswith("mark-1000-")
    assert elsewhere.fetched == []
