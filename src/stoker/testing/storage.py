"""What every storage of data must do."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stoker.data._storage.base import Storage
from stoker.exceptions import NotFoundException, UserErrorException

__all__ = ["StorageContract"]

NAMES = [
    "plain.csv",
    "with space.csv",
    "ünïcode 日本 🙂.csv",
    "100%.csv",
    "%41",
    "#h?x*[1].csv",
    "~t",
    "..x",
    "q'\"&|<>",
]


class StorageContract:
    """Inherit it and give it a fixture `storage`, an empty storage.

    Examples
    --------
    >>> class TestMine(StorageContract):
    ...     @pytest.fixture
    ...     def storage(self, tmp_path):
    ...         return FolderStorage(str(tmp_path))
    """

    @pytest.fixture
    def put(self, storage: Storage, tmp_path: Path) -> Callable[..., bool]:
        """Return what stores bytes under a path."""
        local = tmp_path / "contract-source"

        def store(path: str, data: bytes = b"hello", *, overwrite: bool = False) -> bool:
            local.write_bytes(data)
            return storage.upload(str(local), path, overwrite)

        return store

    @pytest.mark.parametrize("data", [b"", b"\0", bytes(range(256)) * 40_000], ids=["empty", "one byte", "10 MB"])
    def test_what_was_uploaded_is_read_again(self, storage: Storage, put: Callable[..., bool], data: bytes) -> None:
        """Bytes come back, by opening and by download."""
        assert put("a/b.bin", data)
        with storage.open("a/b.bin") as file:
            assert file.read() == data
        entry = storage.stat("a/b.bin")
        assert entry is not None
        assert (entry.path, entry.size) == ("a/b.bin", len(data))

    def test_a_file_is_seekable(self, storage: Storage, put: Callable[..., bool]) -> None:
        """A reader of Parquet begins at the end."""
        put("x", b"0123456789")
        with storage.open("x") as file:
            assert file.seek(-3, 2) == 7
            assert file.read(2) == b"78"
            file.seek(1)
            assert file.read(3) == b"123"
            assert file.tell() == 4

    def test_a_download_writes_the_bytes(self, storage: Storage, put: Callable[..., bool], tmp_path: Path) -> None:
        """Also with the mark that the list told."""
        put("x", b"content")
        entry = next(storage.list())
        storage.download("x", str(tmp_path / "copy"), entry.mark)

        assert (tmp_path / "copy").read_bytes() == b"content"

    @pytest.mark.parametrize("name", NAMES)
    def test_names_are_any_unicode(self, storage: Storage, put: Callable[..., bool], name: str) -> None:
        """What is special to shells, URLs and patterns is only a character here."""
        put(f"folder/{name}", name.encode())

        assert [entry.path for entry in storage.list()] == [f"folder/{name}"]
        with storage.open(f"folder/{name}") as file:
            assert file.read() == name.encode()
        storage.delete(f"folder/{name}")
        assert list(storage.list()) == []

    def test_lists_are_sorted_and_of_one_folder_when_asked(self, storage: Storage, put: Callable[..., bool]) -> None:
        """A folder's name is no prefix of another's."""
        for path in ("b/2", "b/1", "a", "a.txt", "b2/x", "b/c/d", "B"):
            put(path)

        assert [entry.path for entry in storage.list()] == ["B", "a", "a.txt", "b/1", "b/2", "b/c/d", "b2/x"]
        assert [entry.path for entry in storage.list("b")] == ["b/1", "b/2", "b/c/d"]
        assert [entry.path for entry in storage.list("b", recursive=False)] == ["b/1", "b/2"]
        assert [entry.path for entry in storage.list("b/1")] == ["b/1"]
        assert list(storage.list("nothing")) == []
        assert list(storage.list("b/1/below")) == []

    def test_patterns_name_files(self, storage: Storage, put: Callable[..., bool]) -> None:
        """`*` within a name, `**` over folders; a folder is all below it."""
        for path in ("a/1.csv", "a/2.txt", "a/b/3.csv", "a/b/c/4.csv", "x.csv"):
            put(path)

        def found(pattern: str) -> list[str]:
            return [entry.path for entry in storage.glob(pattern)]

        assert found("a/*.csv") == ["a/1.csv"]
        assert found("a/**/*.csv") == ["a/1.csv", "a/b/3.csv", "a/b/c/4.csv"]
        assert found("**/4.csv") == ["a/b/c/4.csv"]
        assert found("a/b") == found("a/b/") == found("a/b/**") == ["a/b/3.csv", "a/b/c/4.csv"]
        assert found("?.csv") == found("/x.csv") == ["x.csv"]
        assert found("*/b/3.csv") == ["a/b/3.csv"]
        assert found("a/?") == found("none/*") == []
        assert len(found("")) == len(found("**")) == 5

    def test_what_is_there_is_only_replaced_when_told(self, storage: Storage, put: Callable[..., bool]) -> None:
        """The answer says whether it was stored."""
        assert put("x", b"1")
        assert not put("x", b"2")
        with storage.open("x") as file:
            assert file.read() == b"1"
        assert put("x", b"33", overwrite=True)
        with storage.open("x") as file:
            assert file.read() == b"33"

    def test_another_content_has_another_mark(self, storage: Storage, put: Callable[..., bool]) -> None:
        """Places that tell marks tell a new one for a new content."""
        put("x", b"1")
        before = storage.stat("x")
        put("x", b"22", overwrite=True)
        after = storage.stat("x")

        assert before is not None
        assert after is not None
        assert not before.mark or before.mark != after.mark

    def test_many_are_stored_at_once(self, storage: Storage, tmp_path: Path) -> None:
        """Those that are there are skipped; progress counts all."""
        pairs = []
        for number in range(40):
            local = tmp_path / f"source{number}"
            local.write_bytes(b"x" * number)
            pairs.append((str(local), f"many/{number % 4}/{number}"))
        told: list[tuple[int, int]] = []

        assert storage.upload_many(pairs[:30], progress=lambda files, size: told.append((files, size))) == 30
        assert sum(files for files, _ in told) == 30
        assert storage.upload_many(pairs) == 10
        assert storage.upload_many(pairs, overwrite=True) == 40
        assert sum(1 for _ in storage.list("many")) == 40

    def test_what_is_absent_is_not_found(self, storage: Storage, put: Callable[..., bool], tmp_path: Path) -> None:
        """The error names the path and the storage."""
        put("folder/x")
        for path in ("nothing", "folder/nothing", "folder/x/below"):
            with pytest.raises(NotFoundException, match=path):
                storage.open(path)
            with pytest.raises(NotFoundException, match=path):
                storage.download(path, str(tmp_path / "copy"))
            assert not storage.exists(path)
            assert storage.stat(path) is None
        assert storage.exists("folder")
        assert storage.exists("folder/x")
        assert storage.stat("folder") is None

    @pytest.mark.parametrize("wrong", ["..", "../x", "a/../../x", "/../x", "a/../..", "\0"])
    def test_no_path_leads_out(self, storage: Storage, tmp_path: Path, wrong: str) -> None:
        """Whatever is asked."""
        (tmp_path / "local").write_bytes(b"")
        for ask in (storage.open, storage.stat, storage.exists, storage.delete, storage.local_path):
            with pytest.raises(UserErrorException):
                ask(wrong)
        with pytest.raises(UserErrorException):
            list(storage.list(wrong))
        with pytest.raises(UserErrorException):
            storage.upload(str(tmp_path / "local"), wrong)
        with pytest.raises(UserErrorException):
            storage.upload_many([(str(tmp_path / "local"), wrong)])

    def test_a_path_has_many_spellings(self, storage: Storage, put: Callable[..., bool]) -> None:
        """A first slash, dots and doubled slashes change nothing."""
        put("./a//b/../x.csv")

        assert [entry.path for entry in storage.list("/a/")] == ["a/x.csv"]
        assert storage.exists("a/./x.csv")

    def test_deleting_can_be_repeated(self, storage: Storage, put: Callable[..., bool]) -> None:
        """What is gone stays gone, and can be stored again."""
        put("a/x")
        storage.delete("a/x")
        storage.delete("a/x")

        assert not storage.exists("a/x")
        assert put("a/x")

    def test_an_unreadable_source_stores_nothing(self, storage: Storage, tmp_path: Path) -> None:
        """The error names the local file."""
        with pytest.raises(UserErrorException, match="absent-source"):
            storage.upload(str(tmp_path / "absent-source"), "x")

        assert list(storage.list()) == []

    def test_a_local_path_holds_the_bytes(self, storage: Storage, put: Callable[..., bool]) -> None:
        """A place on this machine gives files; others give None."""
        put("a/x", b"local")
        path = storage.local_path("a/x")

        assert storage.place(next(storage.list())) == path
        if path is not None:
            assert Path(path).read_bytes() == b"local"

    def test_many_threads_read_and_write(self, storage: Storage, put: Callable[..., bool], tmp_path: Path) -> None:
        """Side by side, each sees whole files."""
        put("shared", b"x" * 100_000)

        def work(number: int) -> bytes:
            local = tmp_path / f"thread{number}"
            local.write_bytes(b"%d" % number * 1000)
            storage.upload(str(local), f"threads/{number}")
            with storage.open("shared") as file:
                assert file.read() == b"x" * 100_000
            with storage.open(f"threads/{number}") as file:
                return file.read()

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(16))) == [b"%d" % number * 1000 for number in range(16)]
