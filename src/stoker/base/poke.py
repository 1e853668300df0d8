"""Wake the shipper of a workspace: one datagram, never an error, never a wait."""

from __future__ import annotations

import os

__all__ = ["poke"]

_LONGEST = 100
"""Bytes that a socket's path may have on every system we know (Linux: 107, macOS: 103)."""


def poke(home: str, run_id: str) -> bool:
    """Tell the shipper that the run has something new; return whether it is there to hear it.

    Parameters
    ----------
    home : str
        The workspace's `.stoker` folder.
    run_id : str
        The run whose folder holds the journal.
    """
    import socket

    folder = os.path.join(home, "agent")
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        path = os.path.join(folder, "shipper.sock")
        short = path if len(os.fsencode(path)) <= _LONGEST else f"/proc/self/fd/{descriptor}/shipper.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.setblocking(False)
            door.sendto(run_id.encode(), short)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
