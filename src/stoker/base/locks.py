"""Kernel locks on files: they go with the process that holds them, however it ends."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

__all__ = ["acquire", "held", "release"]


def acquire(path: str, timeout: float | None = None) -> int | None:
    """Lock the file and return its descriptor, or None when another holds it for `timeout` seconds.

    Parameters
    ----------
    path : str
        Made when absent; stays after the release.
    timeout : float, optional
        Seconds to try; None waits without end, 0 tries once.
    """
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if timeout is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor
    until = time.monotonic() + timeout
    while not _try(descriptor):
        if time.monotonic() >= until:
            os.close(descriptor)
            return None
        time.sleep(0.01)
    return descriptor


def _try(descriptor: int) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def release(descriptor: int) -> None:
    """Give the lock back."""
    os.close(descriptor)


@contextlib.contextmanager
def held(path: str) -> Iterator[None]:
    """Hold the lock while the block runs."""
    descriptor = acquire(path)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
