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

from stoker.base.packs import pack
from stoker.client.http import Api, quote_name
from stoker.exceptions import UserErrorException

if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "ChangedMeanwhileError",
    "Found",
    "NotSentError",
    "Signature",
    "UnreadableError",
    "Uploader",
    "Watch",
    "find_files",
    "send_file",
    "send_pack",
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


class NotSentError(Exception):
    """The service does not have what was sent before."""


def signature(facts: os.stat_result) -> Signature:
    """Return what changes when a file does."""
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def find_files(
    work: str, watched: Iterable[str], left_out: set[str] | None = None
) -> Iterator[tuple[str, str, Signature]]:
    """Yield (name, path, signature) of each regular file below the watched folders of `work`.

    Links are followed, but never round in a circle, nor to the system's own folders or to a folder that holds the run
    itself: a link to `/` would send the whole machine. The names of those are added to `left_out`. A watched folder
    outside `work` gives nothing.
    """
    inside = os.path.realpath(work)
    left_out = set() if left_out is None else left_out
    seen: set[str] = set()
    for folder in watched:
        clean = os.path.normpath(folder)
        if clean in seen or clean == os.curdir or clean.startswith(("..", "/")):
            continue
        seen.add(clean)
        yield from _walk(os.path.join(work, clean), clean, (), inside, left_out)


def _walk(
    folder: str, name: str, above: tuple[tuple[int, int], ...], inside: str, left_out: set[str]
) -> Iterator[tuple[str, str, Signature]]:
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
                if entry.is_symlink() and _leads_too_far(entry.path, inside):
                    left_out.add(below)
                else:
                    yield from _walk(entry.path, below, (*above, here), inside, left_out)
                continue
            found = entry.stat()
            if stat.S_ISREG(found.st_mode):
                yield below, entry.path, signature(found)


def _leads_too_far(link: str, inside: str) -> bool:
    """Whether the folder behind a link holds the folder `inside`, or is the system's own."""
    target = os.path.realpath(link)
    holds = f"{inside}/".startswith(target if target == "/" else f"{target}/")
    return holds or f"{target}/".startswith(("/proc/", "/sys/", "/dev/"))


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


def send_pack(api: Api, run_id: str, files: list[Found], live: bool) -> dict[str, Any]:
    """Send small files in one request, and what is as it was sent before without its bytes.

    Returns
    -------
    dict
        For each name what `send_file` would return or raise; `NotSentError` where the service does not have what was
        said to be there, and a `UserErrorException` where it refuses the name.
    """
    outcome: dict[str, Any] = {}
    parts, signs = [], {}
    for file in files:
        try:
            data, signs[file.name] = (None, file.sent) if file.sent is not None else _whole(file.path)
            parts.append(pack(file.name, data))
        except (UnreadableError, ChangedMeanwhileError) as error:
            outcome[file.name] = error
        except FileNotFoundError:
            outcome[file.name] = None
    answer: dict[str, Any] = {}
    if parts:
        body, headers = b"".join(parts), {"Content-Type": "application/octet-stream"}
        params = {"live": True} if live else {}
        answer = api.request("PUT", f"/runs/{run_id}/files", params=params, raw=body, headers=headers).json()
    missing, refused = set(answer.get("missing") or ()), answer.get("refused") or {}
    for file in files:
        if file.name in refused:
            outcome[file.name] = UserErrorException(refused[file.name])
        elif file.name in missing:
            outcome[file.name] = NotSentError(file.name)
        elif file.name not in outcome:
            outcome[file.name] = signs[file.name] if _signature_at(file.path) == signs[file.name] else None
    return outcome


def _whole(path: str) -> tuple[bytes, Signature]:
    """Return a file's bytes and the signature of what was read."""
    try:
        # Without waiting, should it have become a pipe meanwhile.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableError(f"it can't be read ({error.strerror})") from error
    with open(descriptor, "rb", buffering=0) as file:
        before = os.fstat(descriptor)
        data = _read(file, before.st_size)
        if len(data) < before.st_size:
            raise ChangedMeanwhileError(path)
    return data, signature(before)


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


class Found:
    """A file that is to be sent.

    Attributes
    ----------
    name, path : str
    size : int
        Bytes, when it was found.
    sent : Signature or None
        What it looked like when it was sent before and still does: its bytes need not go again.
    """

    __slots__ = ("name", "path", "sent", "size")

    def __init__(self, name: str, path: str, size: int, sent: Signature | None = None) -> None:
        self.name = name
        self.path = path
        self.size = size
        self.sent = sent


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

    Attributes
    ----------
    left_out : set of str
        Links that the last look at an ended run did not follow.
    """

    def __init__(self, work: str, watched: list[str], live: dict[str, Signature], final: dict[str, Signature]) -> None:
        self._work = work
        self._watched = watched
        self.live = live
        self.final = final
        self.left_out: set[str] = set()
        self._seen: dict[str, tuple[Signature, float]] = {}
        self._next_at = 0.0

    def due(self) -> list[Found]:
        """Return the files that have been quiet for a while and differ from what was sent."""
        now = time.monotonic()
        if now < self._next_at:
            return []
        found, seen = [], {}
        for name, path, sign in find_files(self._work, self._watched):
            before = self._seen.get(name)
            since = before[1] if before is not None and before[0] == sign else now
            seen[name] = (sign, since)
            if now - since >= QUIET and self.live.get(name) != sign:
                found.append(Found(name, path, sign[0]))
        self._seen = seen
        # A folder of very many files is looked at more rarely: at most a twentieth of the time.
        self._next_at = now + max(0.5, 20 * (time.monotonic() - now))
        return found

    def left(self) -> list[Found]:
        """Return the files whose last form has not been sent yet."""
        return [
            Found(name, path, sign[0], sign if self.live.get(name) == sign else None)
            for name, path, sign in find_files(self._work, self._watched, self.left_out)
            if self.final.get(name) != sign
        ]
