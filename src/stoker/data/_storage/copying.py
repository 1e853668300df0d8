"""Copies into a folder, each visible whole or not at all, at little more than the price of the bytes."""

from __future__ import annotations

import contextlib
import errno
import os
import stat as modes
import time
from collections.abc import Sequence

from stoker.data._storage.base import Progress
from stoker.data._storage.paths import escapes
from stoker.exceptions import UserErrorException

__all__ = ["PARTS", "copy_file", "copy_many"]

PARTS = ".stoker-part-"
"""How the names of files begin that are being written; nobody lists or opens them."""

_BLOCK = 1 << 20
_SMALL = 1 << 16
_ABANDONED = 86_400.0
_TOLD_EVERY = 256


def copy_file(source: str, target: str) -> int:
    """Copy a file's bytes to a file, made or emptied; return how many."""
    reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            return _pour(reading, writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def copy_many(
    pairs: Sequence[tuple[str, str]], root: str, confined: bool, overwrite: bool, progress: Progress | None
) -> int:
    """Copy local files to paths below `root`; return how many were copied, the others being there.

    Parameters
    ----------
    pairs : sequence of (str, str)
        A local file, and a path in the spelling of `check_path`.
    root : str
        A real path.
    confined : bool
        Whether folders that are links out of `root` are refused.
    overwrite : bool
    progress : callable or None

    Raises
    ------
    stoker.exceptions.UserErrorException
        A file can't be read or written; those before it have been stored.
    """
    folders: dict[str, list[tuple[str, str]]] = {}
    for local, path in pairs:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append((local, name))
    stored = 0
    for folder, items in folders.items():
        target = _Folder(root, folder, confined)
        try:
            stored += target.take(items, overwrite, progress)
        finally:
            target.close()
    return stored


class _Folder:
    """A folder that files are copied into, held open so that each file costs a name and not a path."""

    def __init__(self, root: str, folder: str, confined: bool) -> None:
        self._folder = folder
        place = os.path.join(root, folder) if folder else root
        try:
            if confined and not _below(os.path.realpath(place), root):
                raise escapes(folder, target=os.path.realpath(place))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            try:
                os.mkdir(place)
                self._is_new = True
            except FileExistsError:
                self._is_new = False
            self._descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise _unwritable(folder, error) from error
        self._part = f"{PARTS}{os.getpid():x}-{os.urandom(4).hex()}"

    def close(self) -> None:
        os.close(self._descriptor)

    def take(self, items: Sequence[tuple[str, str]], overwrite: bool, progress: Progress | None) -> int:
        """Copy the files; return how many."""
        there = set() if overwrite or self._is_new else self._names()
        stored = files = size = 0
        for local, name in items:
            files += 1
            if name not in there:
                size += self._copy(local, name)
                stored += 1
            if progress is not None and (files == _TOLD_EVERY or size > _BLOCK):
                progress(files, size)
                files = size = 0
        if progress is not None and files:
            progress(files, size)
        return stored

    def _names(self) -> set[str]:
        """Return what is there; what a killed upload left behind long ago goes."""
        names = set(os.listdir(self._descriptor))
        for name in [name for name in names if name.startswith(PARTS)]:
            with contextlib.suppress(OSError):
                if os.stat(name, dir_fd=self._descriptor).st_mtime < time.time() - _ABANDONED:
                    os.unlink(name, dir_fd=self._descriptor)
        return names

    def _copy(self, local: str, name: str) -> int:
        try:
            reading = os.open(local, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(local, error) from error
        try:
            return self._write(reading, name)
        except OSError as error:
            raise self._failed(local, name, error) from error
        finally:
            os.close(reading)

    def _write(self, reading: int, name: str) -> int:
        part, folder = self._part, self._descriptor
        writing = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=folder)
        try:
            size = _pour(reading, writing)
        except BaseException:
            os.close(writing)
            os.unlink(part, dir_fd=folder)
            raise
        os.close(writing)
        try:
            os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            os.unlink(part, dir_fd=folder)
            raise
        return size

    def _failed(self, local: str, name: str, error: OSError) -> UserErrorException:
        if error.errno == errno.EISDIR and not os.path.isdir(local):
            return UserErrorException(
                f"The file {local!r} can't be stored as {self._shown(name)!r}: a folder of that name is there. "
                "Choose another path.",
                error,
                target="target_path",
            )
        if os.path.isdir(local):
            return _unreadable(local, error)
        return _unwritable(self._shown(name), error)

    def _shown(self, name: str) -> str:
        return f"{self._folder}/{name}" if self._folder else name


def _pour(reading: int, writing: int) -> int:
    """Copy all bytes between descriptors: small files by one read and write, larger ones within the kernel."""
    stat = os.fstat(reading)
    size = 0
    if modes.S_ISREG(stat.st_mode):
        if 0 < stat.st_size < _SMALL:
            data = os.read(reading, _SMALL)
            size = _all(writing, data)
            if len(data) < _SMALL:
                return size
        elif stat.st_size and hasattr(os, "copy_file_range"):
            size = _in_kernel(reading, writing)
    while True:
        data = os.read(reading, _BLOCK)
        if not data:
            return size
        size += _all(writing, data)


def _in_kernel(reading: int, writing: int) -> int:
    """Copy while the kernel can; what it leaves is read and written."""
    copied = 0
    while True:
        try:
            count = os.copy_file_range(reading, writing, 1 << 30)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}:
                raise
            return copied
        if not count:
            return copied
        copied += count


def _all(writing: int, data: bytes) -> int:
    done = os.write(writing, data)
    while done < len(data):
        done += os.write(writing, data[done:])
    return done


def _below(real: str, root: str) -> bool:
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def _unreadable(local: str, error: OSError) -> UserErrorException:
    return UserErrorException(
        f"The file {local!r} can't be read: {error.strerror or error}. Files before it have been uploaded. "
        "Mend it and upload again; what is there is skipped.",
        error,
        target="files",
    )


def _unwritable(path: str, error: OSError) -> UserErrorException:
    return UserErrorException(
        f"{path or '.'!r} can't be written on the datastore: {error.strerror or error}. "
        "Look at the folder's permissions and free space, then upload again; what is there is skipped.",
        error,
        target="target_path",
    )
