"""Two ways to write down what a run says: a journal on this machine, or the service at once.

Both take the records of `stoker.base.journal`. Inside a run, and for an interactive run of a local workspace, the
journal is it: no call waits for a server. For a run that belongs to another process the service is asked, as its
folder may be gone at any time.
"""

from __future__ import annotations

import os
import time

from stoker.base.agent import poke
from stoker.base.journal import FORMAT, Journal, host_name, plain
from stoker.exceptions import StokerException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Union

    from stoker.client.http import Api

    Writer = Union["JournalWriter", "ServiceWriter"]

__all__ = ["JournalWriter", "ServiceWriter", "settle_all"]

_PART = 1 << 20
"""Bytes of a journal that go in one request."""
_KEPT_OPEN = 32
"""Journals of ended runs that stay open: a thread may be just about to write to one."""

_writers: dict[str, JournalWriter] = {}
_ended: list[JournalWriter] = []


def settle_all(home: str | None) -> None:
    """Return once the service has stored what this process wrote to any run of a workspace, as far as it can be."""
    for folder, writer in list(_writers.items()):
        if writer.home == home:
            try:
                writer.settle()
            except (StokerException, OSError):
                # It concerns a run that was not asked for, and whose end or next read says it.
                _writers.pop(folder, None)


class JournalWriter:
    """Writes to this process' journal in a run folder.

    Parameters
    ----------
    home : str
        The workspace's `.stoker` folder.
    folder : str
        The run folder.
    owner : str
        The run that the folder belongs to; records of its children go there too.
    connect : callable
        Gives the connection to the service, when something is read.
    """

    is_journal = True

    def __init__(self, home: str, folder: str, owner: str, connect: Callable[[], Api]) -> None:
        self.owner = owner
        self.home = home
        self._run_folder = folder
        self._folder = os.path.join(folder, "journal")
        self._journal = Journal.open(folder, owner)
        self._connect = connect
        self._stored: dict[str, int] = {}
        self.metric = self._journal.metric
        self.write = self._journal.write

    @classmethod
    def of(cls, home: str, folder: str, owner: str, connect: Callable[[], Api]) -> JournalWriter:
        """Return this process' writer for a run folder."""
        made = _writers.get(folder)
        return _writers.setdefault(folder, cls(home, folder, owner, connect)) if made is None else made

    def end(self) -> None:
        """Take note that the run has ended; later records of its children begin another file, some time."""
        _writers.pop(self._run_folder, None)
        _ended.append(self)
        while len(_ended) > _KEPT_OPEN:
            _ended.pop(0).close()

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def settle(self, *, everything: bool = False) -> list[str]:
        """Return once the service has stored what was written; nothing is asked when nothing is new.

        Parameters
        ----------
        everything : bool, default=False
            Whether to wait for the journals of other processes in the folder too.

        Returns
        -------
        list of str
            `journal:offset` of all that is stored now.
        """
        positions = dict(self._journal.positions)
        if everything:
            positions.update(self._on_disk())
        new = {name: end for name, end in positions.items() if self._stored.get(name, 0) < end}
        if new:
            if poke(self.home, self.owner):
                self._connect().get(f"/runs/{self.owner}", seen=[f"{name}:{end}" for name, end in new.items()])
            else:
                self._ship(new)
            self._stored.update(new)
        return [f"{name}:{end}" for name, end in positions.items()]

    def wake(self) -> None:
        """Have what was written stored soon; never waits."""
        poke(self.home, self.owner)

    def _on_disk(self) -> dict[str, int]:
        """Return where the last whole line of each journal in the folder ends."""
        try:
            names = [name for name in os.listdir(self._folder) if name.endswith(".jsonl")]
        except FileNotFoundError:
            return {}
        return {name[:-6]: _whole_lines(os.path.join(self._folder, name)) for name in names}

    def _ship(self, positions: dict[str, int]) -> None:
        """Send journals ourselves: no shipper runs, so nobody else does it soon. What is stored is skipped there."""
        for name, end in positions.items():
            start = self._stored.get(name, 0)
            with open(os.path.join(self._folder, f"{name}.jsonl"), "rb") as file:
                file.seek(start)
                while start < end:
                    part = _lines(file, min(_PART, end - start))
                    start += self._send(name, start, part)

    def _send(self, name: str, offset: int, part: bytes) -> int:
        params = {"journal": name, "offset": offset}
        self._connect().request("POST", f"/runs/{self.owner}/journal", raw=part, params=params)
        return len(part)


class ServiceWriter:
    """Writes by asking the service, which has stored the record when the call returns.

    Parameters
    ----------
    run_id : str
        The run that is written about.
    connect : callable
        Gives the connection to the service.
    """

    is_journal = False

    def __init__(self, run_id: str, connect: Callable[[], Api]) -> None:
        import threading

        self.owner = run_id
        self._connect = connect
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._name = f"{host_name()}-{self._pid}-{os.urandom(4).hex()}"
        self._offset = 0

    def metric(self, run_id: str, name: str, value: Any, step: Any = None) -> None:
        """Write one value of a metric."""
        self.write("m", run_id, name, value, step)

    def write(self, kind: str, run_id: str, *fields: Any) -> None:
        """Write a record of any kind about this run."""
        import json

        del run_id
        record = json.dumps([kind, 0, round(time.time(), 6), *plain(list(fields))], separators=(",", ":"))
        with self._lock:
            if self._pid != os.getpid():
                self._begin()
            head = {"journal": self._name, "format": FORMAT, "host": host_name(), "pid": self._pid}
            first = "" if self._offset else json.dumps({**head, "opened": time.time()}, separators=(",", ":")) + "\n"
            self._send(f"{first}{record}\n".encode("ascii"))

    def _send(self, lines: bytes) -> None:
        params = {"journal": self._name, "offset": self._offset}
        try:
            self._connect().request("POST", f"/runs/{self.owner}/journal", raw=lines, params=params)
        except BaseException:
            # Whether it was stored is unknown, so the next record begins a journal of its own.
            self._begin()
            raise
        self._offset += len(lines)

    def wake(self) -> None:
        """Do nothing: everything is stored already."""

    def end(self) -> None:
        """Do nothing: no file is open."""

    def settle(self, *, everything: bool = False) -> list[str]:
        """Return at once: everything is stored already."""
        del everything
        return []


def _whole_lines(path: str) -> int:
    with open(path, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0


def _lines(file: Any, size: int) -> bytes:
    """Return about `size` bytes that end with a line; a longer line comes whole."""
    part: bytes = file.read(size)
    if not part.endswith(b"\n"):
        part += file.readline()
    return part
