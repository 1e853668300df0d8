"""The folders of built environments: who may write, who uses them, what can go."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import time
from collections.abc import Callable, Collection, Iterator

from stoker.service.environments.base import EnvironmentCanceled, Log, Removed

__all__ = ["Cache"]

_PAUSE = 0.05
_MARK = ".stoker.json"


class Cache:
    """Paths and kernel locks below one cache folder.

    A lock is on a file beside the environment's folder: exclusive for who builds or removes it, shared for who uses
    it. It goes with the processes that hold it, however they end.

    Parameters
    ----------
    root : str
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.environments = os.path.join(root, "environments")
        self.locks = os.path.join(root, "locks")
        self.interpreters = os.path.join(root, "interpreters")

    def make(self) -> None:
        """Make the folders, for the user only."""
        for folder in (self.environments, self.locks):
            os.makedirs(folder, mode=0o700, exist_ok=True)

    def folder(self, key: str) -> str:
        """Return the path of an environment."""
        return os.path.join(self.environments, key)

    def guard(self, key: str) -> str:
        """Return the path of an environment's lock."""
        return os.path.join(self.environments, f"{key}.lock")

    def lock_file(self, digest: str) -> str:
        """Return the path of a request's stored lock."""
        return os.path.join(self.locks, f"{digest}.txt")

    @staticmethod
    def mark(folder: str) -> str:
        """Return the path of the file that says that an environment is complete."""
        return os.path.join(folder, _MARK)

    def touch(self, key: str) -> None:
        """Note that the environment is used now."""
        with contextlib.suppress(OSError):
            os.utime(self.mark(self.folder(key)))

    @contextlib.contextmanager
    def alone(self, path: str, wait: str, log: Log, cancelled: Callable[[], bool]) -> Iterator[int]:
        """Hold the lock alone while the block runs; yields its descriptor, for child processes to hold too.

        Raises
        ------
        EnvironmentCanceled
            While waiting for another holder.
        """
        descriptor = _open(path)
        try:
            if not _lock(descriptor, fcntl.LOCK_EX):
                log(wait)
                while not _lock(descriptor, fcntl.LOCK_EX):
                    if cancelled():
                        raise EnvironmentCanceled("The wait for the environment was canceled.")
                    time.sleep(_PAUSE)
            yield descriptor
        finally:
            # Unlocked by name: a stray child that still has the descriptor must not keep the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def share(self, key: str) -> Callable[[], None] | None:
        """Hold an environment against removal; None when it is not there (any more)."""
        if not os.path.exists(self.mark(self.folder(key))):
            return None
        descriptor = _open(self.guard(key))
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if not os.path.exists(self.mark(self.folder(key))):
            os.close(descriptor)
            return None
        self.touch(key)

        def release() -> None:
            self.touch(key)
            os.close(descriptor)

        return release

    def collect(self, in_use: Collection[str], *, dry_run: bool, unused_for: float) -> list[Removed]:
        """Remove what is not in use; see `EnvironmentBuilder.gc`."""
        try:
            names = sorted(os.listdir(self.environments))
        except OSError:
            return []
        inhabited = _virtual_environments()
        removed = []
        for key in names:
            folder = self.folder(key)
            if key in in_use or folder in inhabited or not os.path.isdir(folder) or os.path.islink(folder):
                continue
            one = self._remove(key, dry_run=dry_run, unused_for=unused_for)
            if one is not None:
                removed.append(one)
        return removed

    def _remove(self, key: str, *, dry_run: bool, unused_for: float) -> Removed | None:
        folder = self.folder(key)
        descriptor = _open(self.guard(key))
        try:
            if not _lock(descriptor, fcntl.LOCK_EX) or self._is_fresh(folder, unused_for):
                return None
            size = _own_bytes(folder)
            if not dry_run:
                # The mark first: a removal that is interrupted leaves no environment that looks complete.
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.mark(folder))
                shutil.rmtree(folder, ignore_errors=True)
            return Removed(key, folder, size)
        finally:
            os.close(descriptor)

    def _is_fresh(self, folder: str, seconds: float) -> bool:
        """Tell whether a complete environment was used lately; a broken one is never fresh."""
        try:
            return time.time() - os.stat(self.mark(folder)).st_mtime < seconds
        except OSError:
            return False


def _open(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _virtual_environments() -> set[str]:
    """Return the virtual environments that living processes run in, as far as this user may see."""
    found: set[str] = set()
    try:
        processes = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return found
    for name in processes:
        with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
            values = (one for one in file.read().split(b"\0") if one.startswith(b"VIRTUAL_ENV="))
            found.update(os.fsdecode(value.partition(b"=")[2]) for value in values)
    return found


def _own_bytes(folder: str) -> int:
    """Return the bytes of a folder's files that no other folder shares by a hard link."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(place, name))
                if status.st_nlink == 1 and stat.S_ISREG(status.st_mode):
                    total += status.st_blocks * 512
    return total
