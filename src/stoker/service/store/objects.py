"""Bytes by their hash: what every artifact store promises, and the one in a folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, NamedTuple, TypeVar

from stoker.exceptions import NotFoundException, UserErrorException

__all__ = ["ArtifactStore", "FolderArtifactStore", "ObjectWriter", "StoredObject", "check_hash", "not_there"]

BLOCK = 1 << 20
STALE_SECONDS = 86_400.0
_W = TypeVar("_W", bound="ObjectWriter")
_HASH = re.compile(r"[0-9a-f]{64}\Z")


class StoredObject(NamedTuple):
    """What was stored: the SHA-256 of the bytes in hex, and how many they are."""

    sha256: str
    size: int


def check_hash(sha256: object) -> str:
    """Return the hash, or raise `UserErrorException` when it is not 64 hexadecimal digits in lower case."""
    if isinstance(sha256, str) and _HASH.match(sha256):
        return sha256
    raise UserErrorException(
        f"{sha256!r} is not a content hash: 64 hexadecimal digits in lower case are wanted (SHA-256). "
        "Send the hash of the file's bytes.",
        target="sha256",
    )


class ObjectWriter(ABC):
    """Takes the bytes of one object in pieces.

    Nobody sees the object before `commit`. Leaving a `with` block without it throws the bytes away.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._digest.update(data)
        self.size += len(data)
        self._write(data)

    def commit(self, expected: str | None = None) -> StoredObject:
        """Store the object for good.

        Parameters
        ----------
        expected : str, optional
            The hash that the sender computed; another one is a `UserErrorException`, and nothing is stored.
        """
        stored = StoredObject(self._digest.hexdigest(), self.size)
        if expected is not None and check_hash(expected) != stored.sha256:
            self.abort()
            raise UserErrorException(
                f"The bytes have the hash {stored.sha256}, not {expected}: they changed on the way or while they "
                "were read. Send the file again.",
                target="sha256",
            )
        self._commit(stored)
        return stored

    @abstractmethod
    def abort(self) -> None:
        """Throw the bytes away; nothing happens after `commit` or a second time."""

    @abstractmethod
    def _write(self, data: bytes) -> None: ...

    @abstractmethod
    def _commit(self, stored: StoredObject) -> None: ...

    def __enter__(self: _W) -> _W:  # noqa: PYI019  # typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()


class ArtifactStore(ABC):
    """Objects: sequences of bytes, named by their SHA-256 in lower-case hex.

    Guarantees
    ----------
    *Whole.* An object is there with all its bytes or not at all, also after a crash in the middle of a write. What is
    stored under a hash has that hash.

    *Repeatable.* Storing what is there, and deleting what is not, changes nothing and raises nothing.

    *Threads and processes.* Every method may be called from any of them at once.

    *Errors.* A hash that is not there is a `NotFoundException`, one that is none a `UserErrorException`.
    """

    @abstractmethod
    def writer(self) -> ObjectWriter:
        """Return a writer for a new object, to be used in a `with` block."""

    def put(self, stream: BinaryIO | Iterable[bytes], expected: str | None = None) -> StoredObject:
        """Store all bytes of a file or of an iterable; see `ObjectWriter.commit` for `expected`."""
        with self.writer() as writer:
            for block in _blocks(stream):
                writer.write(block)
            return writer.commit(expected)

    def put_bytes(self, data: bytes, expected: str | None = None) -> StoredObject:
        """Store an object that is in memory."""
        return self.put([data], expected)

    @abstractmethod
    def open(self, sha256: str) -> BinaryIO:
        """Return the object as a file that can be read and sought; the caller closes it."""

    def read(self, sha256: str, offset: int = 0, limit: int | None = None) -> Iterator[bytes]:
        """Return the bytes from `offset` on, at most `limit`, in blocks; a missing object raises at once."""
        self.size(sha256)
        return _read(self.open, sha256, offset, limit)

    @abstractmethod
    def size(self, sha256: str) -> int:
        """Return how many bytes the object has."""

    @abstractmethod
    def exists(self, sha256: str) -> bool:
        """Whether the object is there."""

    def missing(self, hashes: Iterable[str]) -> list[str]:
        """Return those of the hashes that are not there, each once, in order."""
        return [sha256 for sha256 in dict.fromkeys(hashes) if not self.exists(sha256)]

    @abstractmethod
    def delete(self, sha256: str) -> None:
        """Remove the object; files that are open stay readable where the system allows it."""

    @abstractmethod
    def path(self, sha256: str) -> str | None:
        """Return the object's file, never to be changed, or None where objects are not local files."""

    @abstractmethod
    def hashes(self, older_than: float | None = None) -> Iterator[str]:
        """Return the hashes of all objects, or of those stored before a Unix time in seconds, in any order."""


class FolderArtifactStore(ArtifactStore):
    """Objects as read-only files `ab/abcdef...` in a folder.

    Parameters
    ----------
    folder : str
        Made when absent.
    sync : bool, default=False
        Whether a stored object survives a power cut: slower by a disk's flush each.

    Examples
    --------
    >>> import tempfile
    >>> store = FolderArtifactStore(tempfile.mkdtemp())
    >>> store.put_bytes(b"").sha256[:8]
    'e3b0c442'
    """

    def __init__(self, folder: str, *, sync: bool = False) -> None:
        self.folder = os.path.abspath(folder)
        self.sync = sync
        self._staging = os.path.join(self.folder, "tmp")
        os.makedirs(self._staging, mode=0o700, exist_ok=True)
        self._sweep()

    def _sweep(self) -> None:
        """Remove what writers left that were killed; a day is longer than any upload."""
        for entry in os.scandir(self._staging):
            with contextlib.suppress(FileNotFoundError):
                if entry.stat().st_mtime < time.time() - STALE_SECONDS:
                    os.unlink(entry.path)

    def writer(self) -> ObjectWriter:
        """Return a writer for a new object."""
        return _FileWriter(self._staging, self._path, self.sync)

    def put_bytes(self, data: bytes, expected: str | None = None) -> StoredObject:
        """Store an object that is in memory; one that is there already is not written again."""
        sha256 = hashlib.sha256(data).hexdigest()
        if expected is None and self._is_there(sha256):
            return StoredObject(sha256, len(data))
        return super().put_bytes(data, expected)

    def _is_there(self, sha256: str) -> bool:
        """Whether the object is there, as young from now on as one just stored: a sweep spares it."""
        try:
            os.utime(self._path(sha256))
        except FileNotFoundError:
            return False
        return True

    def open(self, sha256: str) -> BinaryIO:
        """Return the object's file, open for reading."""
        try:
            return open(self._path(sha256), "rb")
        except FileNotFoundError:
            raise not_there(sha256) from None

    def size(self, sha256: str) -> int:
        """Return how many bytes the object has."""
        try:
            return os.stat(self._path(sha256)).st_size
        except FileNotFoundError:
            raise not_there(sha256) from None

    def exists(self, sha256: str) -> bool:
        """Whether the object is there."""
        return os.path.exists(self._path(sha256))

    def delete(self, sha256: str) -> None:
        """Remove the object's file."""
        try:
            os.unlink(self._path(sha256))
        except FileNotFoundError:
            return

    def path(self, sha256: str) -> str:
        """Return the object's file."""
        if not self.exists(sha256):
            raise not_there(sha256)
        return self._path(sha256)

    def hashes(self, older_than: float | None = None) -> Iterator[str]:
        """Return the hashes of all objects, or of those stored before a time."""
        for entry in os.scandir(self.folder):
            if len(entry.name) != 2 or not entry.is_dir(follow_symlinks=False):
                continue
            for item in os.scandir(entry.path):
                if _HASH.match(item.name) and (older_than is None or item.stat().st_mtime < older_than):
                    yield item.name

    def _path(self, sha256: str) -> str:
        return os.path.join(self.folder, check_hash(sha256)[:2], sha256)


class _FileWriter(ObjectWriter):
    def __init__(self, staging: str, path_of: Callable[[str], str], sync: bool) -> None:
        super().__init__()
        self._path_of = path_of
        self._sync = sync
        self._beside = os.path.join(staging, f"{os.getpid()}.{os.urandom(8).hex()}")
        descriptor = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._done = False

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _commit(self, stored: StoredObject) -> None:
        os.fchmod(self._file.fileno(), 0o444)
        if self._sync:
            os.fsync(self._file.fileno())
        self._file.close()
        final = self._path_of(stored.sha256)
        try:
            os.replace(self._beside, final)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(final), mode=0o700, exist_ok=True)
            os.replace(self._beside, final)
        self._done = True
        if self._sync:
            _sync_folder(os.path.dirname(final))

    def abort(self) -> None:
        if self._done:
            return
        self._done = True
        # On a full disk closing fails too, as it writes what is left: the file must go all the same.
        with contextlib.suppress(OSError):
            self._file.close()
        os.unlink(self._beside)


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _blocks(stream: BinaryIO | Iterable[bytes]) -> Iterator[bytes]:
    read = getattr(stream, "read", None)
    if read is None:
        yield from stream
        return
    while block := read(BLOCK):
        yield block


def _read(opened: Callable[[str], BinaryIO], sha256: str, offset: int, limit: int | None) -> Iterator[bytes]:
    with opened(sha256) as file:
        file.seek(offset)
        left = limit
        while left is None or left > 0:
            block = file.read(BLOCK if left is None else min(BLOCK, left))
            if not block:
                return
            yield block
            left = None if left is None else left - len(block)


def not_there(sha256: str) -> NotFoundException:
    """Return the error of a hash that is not stored."""
    return NotFoundException(
        f"No object with the hash {sha256} is stored. It was not uploaded yet, or was removed; upload it again."
    )
