"""What every place for data can do, and what a path in it may look like."""

from __future__ import annotations

import collections
import posixpath
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from stoker.data._storage.paths import check_path
from stoker.data._storage.patterns import Pattern

__all__ = ["Entry", "Progress", "Storage"]

Progress = Callable[[int, int], None]
"""Called with what was done since the last call: files, bytes."""


class Entry(NamedTuple):
    """A file of a storage.

    Attributes
    ----------
    path : str
        Below the storage, with slashes.
    size : int
        Bytes.
    mark : str
        Changes when the content does: the ETag of an object store, else `size:mtime` of what it tells; empty for a
        local file, whose content is hashed instead (`fingerprint`).
    mtime : float
        Seconds since 1970; 0 when the place does not tell.
    """

    path: str
    size: int
    mark: str
    mtime: float


class Storage(ABC):
    """A place with files, as a folder or a bucket; safe to use from several threads.

    Paths are relative, with slashes, in any Unicode; `""` is the storage itself. Every method takes the spellings that
    `check_path` takes, and raises `UserErrorException` for a path that leads out.

    - A file is there whole or not at all: one that is being written, or whose writer was killed, is neither listed nor
      opened.
    - Only files are listed; folders exist through them.
    - What is absent raises `NotFoundException`; a secret that is wrong or has expired raises
      `AuthenticationException`; a place that does not answer raises `UserErrorException`. Each names the storage and
      what to do.
    - Lists are sorted by path.

    Attributes
    ----------
    name : str
        As messages and shown paths say it: the datastore's name.
    identity : str
        The same for the same place, whatever it is called; holds no secret. The cache tells places apart by it.
    cache_bytes : int or None
        How much the cache may hold, where a workspace says so.
    """

    name: str
    identity: str
    cache_bytes: int | None = None

    @abstractmethod
    def list(self, prefix: str = "", recursive: bool = True) -> Iterator[Entry]:
        """Yield the files below a folder, or the one file of that path; nothing when there is neither.

        Parameters
        ----------
        prefix : str, default=""
        recursive : bool, default=True
            Whether to go into folders below it.
        """

    @abstractmethod
    def open(self, path: str) -> BinaryIO:
        """Return a file for reading, seekable; the caller closes it."""

    @abstractmethod
    def upload(self, local: str, path: str, overwrite: bool = False) -> bool:
        """Store a local file; return whether it was stored: one that is there is left as it is without `overwrite`."""

    @abstractmethod
    def download(self, path: str, local: str, mark: str | None = None) -> None:
        """Write a file's bytes to a local file; its folder must be there. Not atomic: the caller renames.

        Parameters
        ----------
        path, local : str
        mark : str, optional
            What the file had when it was listed.

        Raises
        ------
        stoker.exceptions.ConflictException
            The file has another mark by now.
        """

    @abstractmethod
    def delete(self, path: str) -> None:
        """Remove a file; one that is absent is no error."""

    def stat(self, path: str) -> Entry | None:
        """Return the file of that path, or None."""
        clean = check_path(path)
        return next((entry for entry in self.list(clean) if entry.path == clean), None) if clean else None

    def exists(self, path: str) -> bool:
        """Whether there is a file of that path, or a folder with files."""
        return next(self.list(path), None) is not None

    def local_path(self, path: str) -> str | None:
        """Return where the file or folder lies on this machine; None when it is elsewhere."""
        check_path(path)
        return None

    def place(self, entry: Entry) -> str | None:
        """Return where a file that was listed lies on this machine; as `local_path`, without looking again."""
        return self.local_path(entry.path)

    def check(self) -> None:
        """Look whether the place answers and lets us in.

        Raises
        ------
        stoker.exceptions.UserErrorException
            It does not; the message says why.
        """
        next(self.list("", recursive=False), None)

    def upload_many(
        self, files: Sequence[tuple[str, str]], overwrite: bool = False, progress: Progress | None = None
    ) -> int:
        """Store many local files, given as (local, path); return how many were stored, the others being there."""
        import os

        from stoker.data._storage.threads import in_threads

        there = frozenset() if overwrite else self._there(files)
        stored: collections.deque[str] = collections.deque()

        def store(pair: tuple[str, str]) -> None:
            size = 0
            if check_path(pair[1]) not in there and self.upload(pair[0], pair[1], overwrite=True):
                stored.append(pair[1])
                size = os.path.getsize(pair[0])
            if progress is not None:
                progress(1, size)

        in_threads(store, files)
        return len(stored)

    def _there(self, files: Sequence[tuple[str, str]]) -> frozenset[str]:
        """Return what is in the folders that files go to: one look each, instead of one a file."""
        folders = {posixpath.dirname(check_path(path)) for _, path in files}
        return frozenset(entry.path for folder in folders for entry in self.list(folder, recursive=False))

    def glob(self, pattern: str) -> Iterator[Entry]:
        """Yield the files that a pattern names, sorted.

        `*` and `?` stand for characters of one name, `**` for any number of folders. A pattern without them is a file,
        or a folder with all below it; so is one that ends in a slash. All other characters stand for themselves.
        """
        wanted = Pattern(pattern)
        for entry in self.list(wanted.base, recursive=wanted.recursive):
            if wanted.matches(entry.path):
                yield entry
