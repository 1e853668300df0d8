"""The journal: what a process of a run writes down, one line a record, each line one `write`.

A record counts as written once the call has returned: it survives the end of this process, however it comes. No
record waits for a server; the shipper of the agent reads the file and moves its bytes.

The first line is an object that says who writes. Each other line is an array `[kind, run, time, ...]`, where run 0 is
the run of the folder and other runs are introduced by `["run", number, run_id]`. Numbers that JSON can't say are
`{"$": "nan"}`, `{"$": "inf"}` and `{"$": "-inf"}`.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import threading
import time
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING

from stoker.base.failpoints import reach
from stoker.base.processes import boot_id, identity
from stoker.base.values import WHOLE, decode_value, encode_value, plain

if TYPE_CHECKING:
    from typing import Any

__all__ = ["FORMAT", "Journal", "decode_value", "encode_value", "host_name", "parse", "plain"]

FORMAT = 1
_MOST_NAMES = 10_000


class Journal:
    """The journal of this process for one run folder; safe for threads and forks.

    Get it by `Journal.open`. The file is made by the first record. A forked child goes on with a file of its own.
    """

    def __init__(self, folder: str, run_id: str) -> None:
        self._folder = os.path.join(folder, "journal")
        self._run_id = run_id
        self._before: list[tuple[str, int]] = []
        self._reset()

    @classmethod
    def open(cls, folder: str, run_id: str) -> Journal:
        """Return this process' journal in a run's folder.

        Parameters
        ----------
        folder : str
            The run folder; it is made when it is absent.
        run_id : str
            The run that the folder belongs to; it is number 0 in the file.
        """
        place = os.path.abspath(folder)
        found = _journals.get(place)
        if found is None:
            with _lock:
                found = _journals.setdefault(place, cls(place, run_id))
        return found

    def metric(self, run_id: str, name: str, value: Any, step: int | None = None) -> None:
        """Write one metric value: the hot path, a few microseconds.

        Raises
        ------
        OSError
            The disk did not take it; the message says so in words.
        """
        descriptor = self._ready
        if descriptor < 0:
            descriptor = self._make_ready()
        run = self._runs.get(run_id)
        if run is None:
            run = self._introduce(run_id)
        text = repr(value) if type(value) is float and value - value == 0.0 else _text(value)
        at = "null" if step is None else _text(step)
        quoted = self._names.get(name) or self._quote(name)
        line = f'["m",{run},{self._clock() + self._offset:.6f},{quoted},{text},{at}]\n'.encode("ascii")
        try:
            if os.write(descriptor, line) == len(line):
                return
        except OSError as error:
            self._recover(error, line)
            return
        self._torn()

    def write(self, kind: str, run_id: str, *fields: Any) -> None:
        """Write a record of any kind about the run `run_id`; the time is added.

        Raises
        ------
        OSError
            The disk did not take it; the message says so in words.

        Examples
        --------
        >>> journal = Journal.open("/tmp/run-1", "run-1")  # doctest: +SKIP
        >>> journal.write("tag", "run-1", {"quality": "good"})  # doctest: +SKIP
        """
        self._make_ready()
        run = self._runs.get(run_id)
        if run is None:
            run = self._introduce(run_id)
        rest = "".join(f",{_dump(field)}" for field in fields)
        self._append(f"[{_dump(kind)},{run},{self._clock() + self._offset:.6f}{rest}]\n".encode("ascii"))

    def position(self) -> tuple[str, int]:
        """Return the name of the journal and how many bytes it has; the file is made when it is absent."""
        descriptor = self._make_ready()
        return self._name, os.fstat(descriptor).st_size

    @property
    def positions(self) -> list[tuple[str, int]]:
        """How far this process has written, as (journal, offset); with what its parent had before the fork."""
        return [*self._before, self.position()] if self._descriptor >= 0 else list(self._before)

    def close(self) -> None:
        """Close the file; the next record begins another one."""
        if self._descriptor >= 0:
            self._before.append((self._name, os.fstat(self._descriptor).st_size))
            os.close(self._descriptor)
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._descriptor = -1
        # -1 also while a torn line waits to be closed: the hot path asks one question only.
        self._ready = -1
        self._name = ""
        self._runs: dict[str, int] = {self._run_id: 0}
        self._names: dict[str, str] = {}
        self._clock = time.monotonic
        self._offset = 0.0

    def _make_ready(self) -> int:
        if self._ready >= 0:
            return self._ready
        with self._lock:
            if self._descriptor < 0:
                self._open_file()
            elif self._ready < 0:
                self._write_all(self._descriptor, b"\n")
            self._ready = self._descriptor
            return self._ready

    def _open_file(self) -> None:
        now = time.time()
        self._offset = now - time.monotonic()
        who = identity(os.getpid())
        start = who.start if who is not None else "0"
        try:
            for folder in (os.path.dirname(self._folder), self._folder):
                # Not the folders above: where a workspace was moved away, nobody would read what is written.
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, 0o700)
            descriptor, name = _new_file(self._folder, f"{host_name()}-{os.getpid()}-{start}")
        except OSError as error:
            raise self._in_words(error) from error
        head = {"journal": name, "format": FORMAT, "host": host_name(), "pid": os.getpid(), "start": start}
        line = json.dumps({**head, "boot": boot_id(), "opened": now}, separators=(",", ":"))
        try:
            self._write_all(descriptor, f"{line}\n".encode("ascii"))
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor, self._name = descriptor, name
        reach("script-journal-opened")

    def _introduce(self, run_id: str) -> int:
        with self._lock:
            known = self._runs.get(run_id)
            if known is None:
                known = len(self._runs)
                self._append(f'["run",{known},{_dump(run_id)}]\n'.encode("ascii"))
                self._runs[run_id] = known
                reach("script-child-introduced")
            return known

    def _quote(self, name: str) -> str:
        if len(self._names) >= _MOST_NAMES:
            self._names.clear()
        quoted: str = encode_basestring_ascii(str(name))
        self._names[name] = quoted
        return quoted

    def _append(self, line: bytes) -> None:
        try:
            written = os.write(self._make_ready(), line)
        except OSError as error:
            self._recover(error, line)
            return
        if written != len(line):
            self._torn()

    def _recover(self, error: OSError, line: bytes) -> None:
        """Go on in a new file when the script has closed our descriptor; else say what is wrong."""
        if error.errno != errno.EBADF:
            raise self._in_words(error) from error
        with self._lock:
            with contextlib.suppress(OSError):
                size = os.stat(os.path.join(self._folder, f"{self._name}.jsonl")).st_size
                self._before.append((self._name, size))
            run, self._descriptor, self._ready = dict(self._runs), -1, -1
            descriptor = self._make_ready()
            again = "".join(f'["run",{number},{_dump(name)}]\n' for name, number in run.items() if number)
            self._write_all(descriptor, again.encode("ascii") + line)

    def _torn(self) -> None:
        self._ready = -1
        raise self._in_words(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def _write_all(self, descriptor: int, line: bytes) -> None:
        try:
            if os.write(descriptor, line) == len(line):
                return
        except OSError as error:
            raise self._in_words(error) from error
        self._torn()

    def _in_words(self, error: OSError) -> OSError:
        if error.errno == errno.ENOENT:
            advice = "The workspace was moved or deleted; submit the run again where it is now"
        else:
            advice = "Free some space there and log it again"
        return OSError(
            error.errno,
            f"The record was not written to the run's journal: {error.strerror}. What was logged before is kept. "
            f"{advice}",
            self._folder,
        )


_journals: dict[str, Journal] = {}
_lock = threading.Lock()


def _after_fork() -> None:
    global _lock  # noqa: PLW0603  # the parent's lock may be held by a thread that the child does not have
    _lock = threading.Lock()
    for journal in _journals.values():
        with contextlib.suppress(OSError):
            journal.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _new_file(folder: str, name: str) -> tuple[int, str]:
    """Make a file that nobody has; the same process comes twice when it has replaced its program (exec)."""
    number = 1
    while True:
        full = name if number == 1 else f"{name}-{number}"
        flags = os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        try:
            return os.open(os.path.join(folder, f"{full}.jsonl"), flags, 0o600), full
        except FileExistsError:
            number += 1


def host_name() -> str:
    """Return the machine's name in letters that are safe in a file name and a URL."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", os.uname().nodename)[:100] or "host"


def _text(value: Any) -> str:
    """Return the JSON of one value, quicker than `json.dumps` for the usual kinds."""
    if type(value) is not int or not -WHOLE <= value < WHOLE:
        value = encode_value(value)
    kind = type(value)
    if kind is int or kind is float:
        return repr(value)
    return encode_basestring_ascii(value) if kind is str else json.dumps(value)


def _dump(value: Any) -> str:
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps(plain(value), separators=(",", ":"))


def parse(data: bytes) -> tuple[list[Any], int, int]:
    """Read the whole lines of a part of a journal.

    Returns
    -------
    records : list
        The arrays, and the first line's object when it is in `data`.
    consumed : int
        Bytes up to the end of the last whole line.
    torn : int
        Lines that were left out, as they are not whole.
    """
    consumed = data.rfind(b"\n") + 1
    lines = [line for line in data[:consumed].split(b"\n") if line]
    try:
        # All at once is three times as quick. A torn line can't hide in it: it leaves a bracket or a quote open.
        records = json.loads(b"[" + b",".join(lines) + b"]")
    except ValueError:
        records = []
    if len(records) != len(lines):
        records = [record for record in map(_parse_line, lines) if record is not None]
    whole = [record for record in records if _is_record(record)]
    return whole, consumed, len(lines) - len(whole)


def _parse_line(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _is_record(record: Any) -> bool:
    if isinstance(record, dict):
        return "journal" in record
    return isinstance(record, list) and len(record) >= 3 and isinstance(record[0], str) and isinstance(record[1], int)
