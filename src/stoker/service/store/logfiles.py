"""The bytes of logs, which grow while a run goes on: one file each, appended to at an offset."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from urllib.parse import quote, unquote_to_bytes

from stoker.base.names import check_run_id
from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store.names import check_file_name

__all__ = ["LogFiles"]

LONGEST_NAME = 250
"""Most bytes of a quoted name: file systems allow 255."""
BLOCK = 1 << 16
_LOCKS = 64


class LogFiles:
    """Logs of all runs, as files `<folder>/<run id>/<quoted name>`.

    A byte is stored once, at its offset, however often it is sent. All methods may be called from any thread; one
    process writes. A name that leads elsewhere is a `UserErrorException`.

    Parameters
    ----------
    folder : str
        Made when something is written.
    """

    def __init__(self, folder: str) -> None:
        self.folder = os.path.abspath(folder)
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def append(self, run_id: str, name: str, offset: int | None, data: bytes) -> int:
        """Store bytes that begin at `offset` (None: at the end) and return how many are stored now.

        Raises
        ------
        stoker.exceptions.ConflictException
            `offset` is beyond the end; `details["stored"]` says where to go on.
        """
        path = self._path(run_id, name)
        for folder in (self.folder, os.path.dirname(path)):
            # Not the folders above: where a workspace was moved away, nothing comes into being again.
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, 0o700)
        with self._locks[hash(path) % _LOCKS]:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                return _append(descriptor, run_id, name, offset, data)
            finally:
                os.close(descriptor)

    def read(self, run_id: str, name: str, offset: int = 0, limit: int | None = None) -> bytes:
        """Return the bytes from `offset` on, at most `limit`; none behind the end.

        Raises
        ------
        stoker.exceptions.NotFoundException
            The run has no such log.
        """
        descriptor = self._open(run_id, name)
        try:
            size = os.fstat(descriptor).st_size
            wanted = max(0, size - offset) if limit is None else min(limit, max(0, size - offset))
            return _read_at(descriptor, offset, wanted)
        finally:
            os.close(descriptor)

    def tail(self, run_id: str, name: str, lines: int) -> bytes:
        """Return the last lines; a last line without its newline counts."""
        descriptor = self._open(run_id, name)
        try:
            return _tail(descriptor, lines)
        finally:
            os.close(descriptor)

    def size(self, run_id: str, name: str) -> int:
        """Return how many bytes are stored; 0 for a log that is not there."""
        try:
            return os.stat(self._path(run_id, name)).st_size
        except FileNotFoundError:
            return 0

    def names(self, run_id: str) -> list[str]:
        """Return the names of a run's logs, sorted."""
        try:
            found = os.listdir(self._run(run_id))
        except FileNotFoundError:
            return []
        return sorted(unquote_to_bytes(name).decode("utf-8", "surrogateescape") for name in found)

    def path(self, run_id: str, name: str) -> str:
        """Return the log's file, for reading."""
        path = self._path(run_id, name)
        if not os.path.exists(path):
            raise self._unknown(run_id, name)
        return path

    def delete(self, run_id: str) -> None:
        """Remove all logs of a run."""
        shutil.rmtree(self._run(run_id), ignore_errors=True)

    def _open(self, run_id: str, name: str) -> int:
        try:
            return os.open(self._path(run_id, name), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise self._unknown(run_id, name) from None

    def _unknown(self, run_id: str, name: str) -> NotFoundException:
        known = self.names(run_id)
        there = f"It has: {', '.join(known[:10])}." if known else "It has none yet."
        return NotFoundException(f"The run {run_id} has no log {name!r}. {there}", target="name")

    def _run(self, run_id: str) -> str:
        return os.path.join(self.folder, check_run_id(run_id))

    def _path(self, run_id: str, name: str) -> str:
        quoted = quote(check_file_name(name).encode("utf-8", "surrogateescape"), safe="")
        if len(quoted) > LONGEST_NAME:
            raise UserErrorException(
                f"The log name {name[:60]!r}... is too long: quoted it has {len(quoted)} bytes, and {LONGEST_NAME} can "
                "be kept. Give the log a shorter name, or upload it as a file.",
                target="name",
            )
        return os.path.join(self._run(run_id), quoted)


def _append(descriptor: int, run_id: str, name: str, offset: int | None, data: bytes) -> int:
    size = os.fstat(descriptor).st_size
    if offset is not None and offset > size:
        raise ConflictException(
            f"The log {name!r} of the run {run_id} is stored up to {size}, and {offset} comes after it. "
            "Send what lies between first.",
            details={"stored": size},
        )
    rest = memoryview(data)[0 if offset is None else size - offset :]
    while rest:
        written = os.write(descriptor, rest)
        size += written
        rest = rest[written:]
    return size


def _read_at(descriptor: int, offset: int, wanted: int) -> bytes:
    parts = []
    while wanted > 0:
        part = os.pread(descriptor, wanted, offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
        wanted -= len(part)
    return b"".join(parts)


def _tail(descriptor: int, lines: int) -> bytes:
    """Look at blocks from the end until the newline before the wanted lines is found; a line may be very long.

    Only newlines count: a progress bar's carriage returns do not end a line.
    """
    end = os.fstat(descriptor).st_size if lines > 0 else 0
    # The last byte is left out: a newline there ends the last line and begins none.
    start, found = max(0, end - 1), 0
    while start > 0:
        step = min(BLOCK, start)
        block = _read_at(descriptor, start - step, step)
        count = block.count(b"\n")
        if found + count >= lines:
            place = len(block)
            for _ in range(lines - found):
                place = block.rindex(b"\n", 0, place)
            start += place + 1 - step
            break
        found, start = found + count, start - step
    return _read_at(descriptor, start, end - start)
