"""What every artifact store must do."""

from __future__ import annotations

import hashlib
import io
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from stoker.exceptions import NotFoundException, UserErrorException
from stoker.service.store.objects import ArtifactStore

__all__ = ["ArtifactStoreContract"]

ABSENT = "0" * 64


class ArtifactStoreContract:
    """Inherit it and give it a fixture `objects`, an empty artifact store.

    Examples
    --------
    >>> class TestMine(ArtifactStoreContract):
    ...     @pytest.fixture
    ...     def objects(self, tmp_path):
    ...         return FolderArtifactStore(str(tmp_path))
    """

    def test_what_was_put_is_read_again(self, objects: ArtifactStore) -> None:
        """Bytes come back under their SHA-256."""
        stored = objects.put(io.BytesIO(b"hello"))

        assert stored == (hashlib.sha256(b"hello").hexdigest(), 5)
        assert b"".join(objects.read(stored.sha256)) == b"hello"
        assert objects.size(stored.sha256) == 5
        assert objects.exists(stored.sha256)

    @pytest.mark.parametrize("data", [b"", b"\0", os.urandom(3 << 20)], ids=["empty", "one byte", "several blocks"])
    def test_any_bytes_can_be_put(self, objects: ArtifactStore, data: bytes) -> None:
        """Nothing and much are objects too."""
        stored = objects.put_bytes(data)

        with objects.open(stored.sha256) as file:
            assert file.read() == data

    def test_pieces_are_one_object(self, objects: ArtifactStore) -> None:
        """An iterable of bytes is put like a file."""
        assert objects.put([b"a", b"", b"bc"]) == objects.put_bytes(b"abc")

    @pytest.mark.parametrize(
        ("offset", "limit", "wanted"),
        [(0, 3, b"012"), (4, None, b"456789"), (8, 10, b"89"), (10, 1, b""), (3, 0, b"")],
    )
    def test_a_range_is_read(self, objects: ArtifactStore, offset: int, limit: int | None, wanted: bytes) -> None:
        """Ranges may reach beyond the end."""
        stored = objects.put_bytes(b"0123456789")

        assert b"".join(objects.read(stored.sha256, offset, limit)) == wanted

    def test_putting_the_same_twice_changes_nothing(self, objects: ArtifactStore) -> None:
        """Equal bytes are one object."""
        assert objects.put_bytes(b"x") == objects.put_bytes(b"x")
        assert list(objects.hashes()) == [hashlib.sha256(b"x").hexdigest()]
        assert list(objects.hashes(older_than=time.time() - 3600)) == []
        assert len(list(objects.hashes(older_than=time.time() + 3600))) == 1

    def test_a_wrong_hash_stores_nothing(self, objects: ArtifactStore) -> None:
        """The sender's hash is checked before anybody sees the object."""
        with pytest.raises(UserErrorException, match="changed on the way"):
            objects.put_bytes(b"y", expected=ABSENT)

        assert list(objects.hashes()) == []

    def test_the_right_hash_is_taken(self, objects: ArtifactStore) -> None:
        """The sender's hash may be given."""
        sha256 = hashlib.sha256(b"y").hexdigest()

        assert objects.put_bytes(b"y", expected=sha256).sha256 == sha256

    def test_an_abandoned_writer_leaves_nothing(self, objects: ArtifactStore) -> None:
        """What was not committed was never there."""
        with objects.writer() as writer:
            writer.write(b"half")

        assert list(objects.hashes()) == []

    def test_a_source_that_fails_leaves_nothing(self, objects: ArtifactStore) -> None:
        """A connection that breaks in the middle stores nothing."""

        def broken() -> object:
            yield b"some"
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            objects.put(broken())  # type: ignore[arg-type]  # a generator of bytes that raises

        assert list(objects.hashes()) == []

    def test_missing_names_each_absent_hash_once(self, objects: ArtifactStore) -> None:
        """The order of the question is kept."""
        there = objects.put_bytes(b"there").sha256
        other = "f" * 64

        assert objects.missing([other, there, ABSENT, other]) == [other, ABSENT]

    def test_what_is_absent_is_not_found(self, objects: ArtifactStore) -> None:
        """Reading, opening and measuring say so at once."""
        for look in (objects.open, objects.read, objects.size):
            with pytest.raises(NotFoundException, match=ABSENT):
                look(ABSENT)
        assert not objects.exists(ABSENT)

    @pytest.mark.parametrize("wrong", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n"])
    def test_what_is_no_hash_is_refused(self, objects: ArtifactStore, wrong: str) -> None:
        """No name leads out of the store."""
        for look in (objects.open, objects.size, objects.exists, objects.delete, objects.path):
            with pytest.raises(UserErrorException, match="content hash"):
                look(wrong)

    def test_deleting_can_be_repeated(self, objects: ArtifactStore) -> None:
        """What is gone stays gone, and can be put again."""
        sha256 = objects.put_bytes(b"z").sha256
        objects.delete(sha256)
        objects.delete(sha256)

        assert not objects.exists(sha256)
        assert objects.put_bytes(b"z").sha256 == sha256

    def test_a_path_holds_the_bytes(self, objects: ArtifactStore) -> None:
        """A local store gives a file; others give None."""
        path = objects.path(objects.put_bytes(b"local").sha256)

        if path is not None:
            with open(path, "rb") as file:
                assert file.read() == b"local"

    def test_many_threads_put_at_once(self, objects: ArtifactStore) -> None:
        """Equal and different objects, side by side."""
        data = [bytes([number % 5]) * 1000 for number in range(40)]
        with ThreadPoolExecutor(8) as pool:
            stored = list(pool.map(objects.put_bytes, data))

        assert len({item.sha256 for item in stored}) == 5
        assert sorted(objects.hashes()) == sorted({item.sha256 for item in stored})
