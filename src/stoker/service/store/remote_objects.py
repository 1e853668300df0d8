"""Objects at any place that fsspec reaches: S3, Azure Blob, GCS, memory."""

from __future__ import annotations

import os
import posixpath
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from stoker.exceptions import NotFoundException, UserErrorException
from stoker.service.store.objects import ArtifactStore, ObjectWriter, StoredObject, check_hash, not_there

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["FsspecArtifactStore"]


class FsspecArtifactStore(ArtifactStore):
    """Objects as `ab/abcdef...` below a URL.

    An object is gathered here first, since its name is its hash, and then sent as a whole.

    Parameters
    ----------
    url : str
        As `s3://bucket/prefix` or `memory://objects`.
    in_memory : int, default=8388608
        Objects up to so many bytes are gathered in memory, larger ones in a temporary file.
    **options
        For the file system, as keys and endpoints.
    """

    def __init__(self, url: str, *, in_memory: int = 8 << 20, **options: Any) -> None:
        import fsspec

        try:
            filesystem, root = fsspec.core.url_to_fs(url, **options)
        except (ImportError, ValueError) as error:
            raise UserErrorException(
                f"The artifact store {url!r} can't be opened: {error}. Check the address, and install what it names.",
                target="url",
            ) from error
        self.url = url
        self.in_memory = in_memory
        self._files: AbstractFileSystem = filesystem
        self._root = root.rstrip("/")

    def writer(self) -> ObjectWriter:
        """Return a writer for a new object."""
        return _SendingWriter(self)

    def open(self, sha256: str) -> BinaryIO:
        """Return the object as a file."""
        path = self._path(sha256)
        try:
            return cast("BinaryIO", self._files.open(path, "rb"))
        except FileNotFoundError:
            raise not_there(sha256) from None

    def size(self, sha256: str) -> int:
        """Return how many bytes the object has."""
        try:
            return int(self._files.info(self._path(sha256))["size"])
        except FileNotFoundError:
            raise not_there(sha256) from None

    def exists(self, sha256: str) -> bool:
        """Whether the object is there."""
        try:
            self.size(sha256)
        except NotFoundException:
            return False
        return True

    def delete(self, sha256: str) -> None:
        """Remove the object."""
        try:
            self._files.rm_file(self._path(sha256))
        except FileNotFoundError:
            return

    def path(self, sha256: str) -> None:
        """Return None: the objects are elsewhere."""
        check_hash(sha256)

    def hashes(self, older_than: float | None = None) -> Iterator[str]:
        """Return the hashes of all objects, or of those stored before a time."""
        for path in self._files.find(self._root):
            name = posixpath.basename(path)
            if len(name) == 64 and (older_than is None or self._files.modified(path).timestamp() < older_than):
                yield name

    def send(self, sha256: str, file: BinaryIO) -> None:
        """Store the bytes of a file under a hash that was computed from them."""
        path = self._path(sha256)
        self._files.makedirs(posixpath.dirname(path), exist_ok=True)
        # One call with all bytes, or a multipart upload that appears when it is closed: never half an object.
        if file.seek(0, os.SEEK_END) <= self.in_memory:
            file.seek(0)
            self._files.pipe_file(path, file.read())
            return
        file.seek(0)
        with self._files.open(path, "wb") as target:
            while block := file.read(1 << 20):
                target.write(block)

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{check_hash(sha256)[:2]}/{sha256}"


class _SendingWriter(ObjectWriter):
    def __init__(self, store: FsspecArtifactStore) -> None:
        super().__init__()
        self._store = store
        self._file: BinaryIO = cast("BinaryIO", tempfile.SpooledTemporaryFile(store.in_memory))  # noqa: SIM115  # closed in abort

    def _write(self, data: bytes) -> None:
        self._file.write(data)

    def _commit(self, stored: StoredObject) -> None:
        self._store.send(stored.sha256, self._file)

    def abort(self) -> None:
        """Throw the bytes away."""
        self._file.close()
