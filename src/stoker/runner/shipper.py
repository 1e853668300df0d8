"""The shipper of an agent: `python -m stoker.runner.shipper HOME ZYGOTE_PID`.

It moves what runs produce to the service, as it comes: journals, logs, samples, files, and last the word that all is
there. It is disposable: the folders hold everything that the next one needs.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import threading
import time

from stoker.base.locks import acquire
from stoker.base.paths import WorkspacePaths
from stoker.base.sockets import bind
from stoker.exceptions import StokerException
from stoker.runner.control import ensure_agent
from stoker.runner.link import AwayError, Link, say
from stoker.runner.outputs import Uploader
from stoker.runner.shipped import ShippedFolder
from stoker.runner.wakeup import Wakeup
from stoker.runner.zygote import NOTHING_TO_DO

__all__ = ["Shipper", "main"]

_LONGEST_WAIT = 0.5
_TEND = 0.5


class Syncer:
    """A thread that brings grown journals to the disk, once a second."""

    def __init__(self, period: float = 1.0) -> None:
        self._period = period
        self._paths: set[str] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._loop, name="sync", daemon=True).start()

    def add(self, path: str) -> None:
        """Have the file on the disk within a second or so."""
        with self._lock:
            self._paths.add(path)

    def _loop(self) -> None:
        while True:
            time.sleep(self._period)
            with self._lock:
                paths, self._paths = self._paths, set()
            for path in paths:
                with contextlib.suppress(OSError):
                    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                    try:
                        os.fsync(descriptor)
                    finally:
                        os.close(descriptor)


class Shipper:
    """Looks after every open run folder of one workspace.

    Parameters
    ----------
    home : str
    parent : int
        The zygote's pid; the shipper leaves when that is no longer its parent.
    """

    def __init__(self, home: str, parent: int) -> None:
        self._paths = WorkspacePaths(home)
        self._parent = parent
        self._link = Link(home)
        self._folders: dict[str, ShippedFolder] = {}
        self._closed: set[str] = set()
        self._door = bind(os.path.join(self._paths.agent, "shipper.sock"), socket.SOCK_DGRAM)
        self._door.setblocking(False)
        self._wakeup = Wakeup()
        self._uploader = Uploader(self._wakeup.knock)
        self._syncer = Syncer()
        self._stopping = False
        self._tend_at = 0.0
        self._upload_done = False

    def stop(self, *_: object) -> None:
        """Leave at the next occasion."""
        self._stopping = True
        self._wakeup.knock()

    def serve(self) -> int:
        """Stay until told to stop, the zygote is gone, or nothing is left to do; return the exit code."""
        while not self._stopping and os.getppid() == self._parent:
            poked = self._wait()
            if not os.path.isdir(self._paths.runs):
                return NOTHING_TO_DO
            self._find_folders(poked)
            self._ship(poked)
            if self._tend():
                return NOTHING_TO_DO
        for folder in self._folders.values():
            folder.save()
        if not self._stopping and any(folder.holds for folder in self._folders.values()):
            # The zygote was killed; should the service be too, nobody else would look after what runs.
            ensure_agent(self._paths.home)
        return 0

    def _wait(self) -> set[str]:
        """Wait for a poke, a finished upload or the next folder's time; return the run ids that were poked."""
        now = time.monotonic()
        until = min([folder.due_at for folder in self._folders.values()], default=now + _LONGEST_WAIT)
        wait = min(max(0.0, until - now, self._link.rests), _LONGEST_WAIT)
        ready, _, _ = select.select([self._door.fileno(), self._wakeup.fileno()], [], [], wait)
        if self._wakeup.fileno() in ready:
            self._upload_done = True
            self._wakeup.drain()
        poked: set[str] = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                poked.add(self._door.recv(4096).decode("utf-8", "replace"))
        return poked

    def _find_folders(self, poked: set[str]) -> None:
        with contextlib.suppress(OSError):
            names = set(os.listdir(self._paths.runs))
            self._closed &= names
            # A run id may come again when its ended folder was removed and the run is tried once more.
            self._closed -= poked
            for name in names - set(self._folders) - self._closed:
                folder = os.path.join(self._paths.runs, name)
                if os.path.exists(os.path.join(folder, "ended")) or not os.path.isdir(folder):
                    self._closed.add(name)
                else:
                    self._folders[name] = ShippedFolder(folder, self._uploader, self._syncer.add)

    def _ship(self, poked: set[str]) -> None:
        now = time.monotonic()
        first = [self._folders[name] for name in poked if name in self._folders]
        others = [folder for name, folder in self._folders.items() if name not in poked]
        due = [folder for folder in others if folder.due_at <= now or self._upload_done]
        self._upload_done = False
        for folder in first + due:
            try:
                folder.turn(self._link)
            except AwayError:
                # Each folder still looks after its own: a lost supervisor's processes end without the service.
                continue
            if folder.closed:
                self._closed.add(folder.run_id)
                self._folders.pop(folder.run_id, None)

    def _tend(self) -> bool:
        """Look after the service twice a second; return whether the agent may leave."""
        now = time.monotonic()
        if now < self._tend_at:
            return False
        self._tend_at = now + _TEND
        folders = self._folders.values()
        left = self._link.tend(any(folder.needs_service for folder in folders))
        return left and not any(folder.holds for folder in folders)


def main(argv: list[str]) -> int:
    """Become the shipper of the workspace `argv[1]` as soon as no other is; leave with the process `argv[2]`."""
    home = argv[1]
    parent = int(argv[2])
    path = os.path.join(WorkspacePaths(home).agent, "shipper.lock")
    lock = None
    while lock is None:
        if os.getppid() != parent:
            return 0
        lock = acquire(path, timeout=0.5)
    shipper = Shipper(home, parent)
    signal.signal(signal.SIGTERM, shipper.stop)
    try:
        return shipper.serve()
    except (OSError, StokerException) as error:
        say(f"it leaves: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
