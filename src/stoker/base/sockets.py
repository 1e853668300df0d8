"""Unix sockets under paths of any length."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

__all__ = ["address", "bind", "connect"]

_LONGEST = 100
"""Bytes that a socket's path may have on every system we know (Linux: 107, macOS: 103)."""


@contextlib.contextmanager
def address(path: str) -> Iterator[str]:
    """Give a short name of the socket at `path`, valid inside the block."""
    if len(os.fsencode(path)) <= _LONGEST:
        yield path
        return
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(path)}"
    finally:
        os.close(folder)


def bind(path: str, kind: socket.SocketKind) -> socket.socket:
    """Return a socket that is bound to `path`, readable by this user only; an old one there is replaced."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    made = socket.socket(socket.AF_UNIX, kind)
    try:
        with address(path) as name:
            made.bind(name)
        os.chmod(path, 0o600)
    except BaseException:
        made.close()
        raise
    return made


def connect(path: str, kind: socket.SocketKind, timeout: float | None = None) -> socket.socket:
    """Return a socket that is connected to the one at `path`.

    Raises
    ------
    OSError
        Nobody listens there.
    """
    made = socket.socket(socket.AF_UNIX, kind)
    try:
        made.settimeout(timeout)
        with address(path) as name:
            made.connect(name)
    except BaseException:
        made.close()
        raise
    return made
