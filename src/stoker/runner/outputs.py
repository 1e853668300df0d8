"""The files that a run leaves in its watched folders: found, watched until they are quiet, sent."""

from __future__ import annotations

import contextlib
import os
import queue
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from stoker.client.http import Api, quote_name

if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "ChangedMeanwhileError",
    "Signature",
    "UnreadableError",
    "Uploader",
    "Watch",
    "find_files",
    "send_file",
    "signature",
]

QUIET = 2.0
"""Seconds in which a file must not change before it is sent while the run goes on."""

_BLOCK = 1 << 18

Signature = tuple[int, int, int]
"""Size, time of the last change of the bytes, and of the entry (nanoseconds)."""


class ChangedMeanwhileError(Exception):
    """The file became shorter while it was sent."""


class UnreadableError(Exception):
    """The file can't be read."""


def signature(facts: os.stat_result) -> Signature:
    """Return what changes when a file does."""
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def find_files(work: str, watched: Iterable[str]) -> Iterator[tuple[str, str, Signature]]:
    """Yield (name, path, signature) of each regular file below the watched folders of `work`.

    Links are followed, but never round in a circle. A watched folder outside `work` gives nothing.
    """
    seen: set[str] = set()
    for folder in watched:
        clean = os.path.normpath(folder)
        if clean in seen or clean == os.curdir or clean.startswith(("..", "/")):
            continue
        seen.add(clean)
        yield from _walk(os.path.join(work, clean), clean, ())


def _walk(folder: str, name: str, above: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, str, Signature]]:
    try:
        facts = os.stat(folder)
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    here = (facts.st_dev, facts.st_ino)
    if here in above:
        return
    for entry in entries:
        below = f"{name}/{entry.name}"
        with contextlib.suppress(OSError):
            if entry.is_dir():
                yield from _walk(entry.path, below, (*above, here))
                continue
            found = entry.stat()
            if stat.S_ISREG(found.st_mode):
                yield below, entry.path, signature(found)


def send_file(api: Api, run_id: str, name: str, path: str, live: bool) -> Signature | None:
    """Send a file; return the signature of what was sent, or None when it changed meanwhile.

    Raises
    ------
    UnreadableError
        It can't be read.
    ChangedMeanwhileError
        It became shorter.
    """
    try:
        # Without waiting, should it have become a pipe meanwhile.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableError(f"it can't be read ({error.strerror})") from error
    with open(descriptor, "rb", buffering=0) as file:
        before = os.fstat(descriptor)

        def blocks() -> Iterator[bytes]:
            file.seek(0)
            left = before.st_size
            while left:
                block = _read(file, min(_BLOCK, left))
                if not block:
                    raise ChangedMeanwhileError(path)
                left -= len(block)
                yield block

        try:
            api.request(
                "PUT",
                f"/runs/{run_id}/files/{quote_name(name)}",
                params={"overwrite": True, **({"live": True} if live else {})},
                raw=blocks,
                headers={"Content-Type": "application/octet-stream"},
                length=before.st_size,
            )
        except BaseException:
            # Half a request may be on the line.
            api.close()
            raise
        after = os.fstat(descriptor)
    return signature(before) if signature(before) == signature(after) == _signature_at(path) else None


def _read(file: Any, size: int) -> bytes:
    try:
        return bytes(file.read(size))
    except OSError as error:
        raise UnreadableError(f"it can't be read ({error.strerror})") from error


def _signature_at(path: str) -> Signature | None:
    try:
        return signature(os.stat(path))
    except OSError:
        return None


class Uploader:
    """A thread that does what takes long, one thing after the other, so that metrics and logs need not wait.

    Parameters
    ----------
    wake : callable
        Called, in the thread, after each piece of work.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._work: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name="uploads", daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], Any]) -> None:
        """Have `work` done; it must not raise."""
        self._work.put(work)

    def _loop(self) -> None:
        while True:
            self._work.get()()
            self._wake()


class Watch:
    """Which files of one run are to be sent now.

    Parameters
    ----------
    work : str
        The run's working folder.
    watched : list of str
        The folders in it.
    live, final : dict
        Name -> signature of what was sent before.
    """

    def __init__(self, work: str, watched: list[str], live: dict[str, Signature], final: dict[str, Signature]) -> None:
        self._work = work
        self._watched = watched
        self.live = live
        self.final = final
        self._seen: dict[str, tuple[Signature, float]] = {}
        self._next_at = 0.0

    def due(self) -> list[tuple[str, str]]:
        """Return (name, path) of the files that have been quiet for a while and differ from what was sent."""
        now = time.monotonic()
        if now < self._next_at:
            return []
        found, seen = [], {}
        for name, path, sign in find_files(self._work, self._watched):
            before = self._seen.get(name)
            since = before[1] if before is not None and before[0] == sign else now
            seen[name] = (sign, since)
            if now - since >= QUIET and self.live.get(name) != sign:
                found.append((name, path))
        self._seen = seen
        # A folder of very many files is looked at more rarely: at most a twentieth of the time.
        self._next_at = now + max(0.5, 20 * (time.monotonic() - now))
        return found

    def left(self) -> list[tuple[str, str]]:
        """Return (name, path) of the files whose last form has not been sent yet."""
        return [
            (name, path) for name, path, sign in find_files(self._work, self._watched) if self.final.get(name) != sign
        ]
