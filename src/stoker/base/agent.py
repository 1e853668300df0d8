"""The two doors of a workspace's agent: ask the zygote, wake the shipper."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["PATIENCE", "ask", "poke"]

PATIENCE = 20.0
"""Seconds in which the zygote must answer."""


def ask(home: str, request: dict[str, Any], timeout: float = PATIENCE) -> dict[str, Any] | None:
    """Return the zygote's answer to a request, or None when there is no zygote or it went away.

    Parameters
    ----------
    home : str
        The workspace's `.stoker` folder.
    request : dict
        `{"op": "start", "folder"}`, `{"op": "spawn", "argv", "log"}`, `{"op": "ping"}` or `{"op": "stop"}`.
    timeout : float, default=PATIENCE
        Seconds.
    """
    import json
    import socket

    from stoker.base.sockets import connect

    path = os.path.join(home, "agent", "zygote.sock")
    try:
        with connect(path, socket.SOCK_STREAM, timeout) as door, door.makefile("rb") as answers:
            door.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(answers.readline())
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


def poke(home: str, run_id: str) -> bool:
    """Tell the shipper that the run has something new; return whether it is there to hear it. Never raises or waits.

    Parameters
    ----------
    home : str
        The workspace's `.stoker` folder.
    run_id : str
        The run whose folder holds the journal.
    """
    import socket

    from stoker.base.sockets import address

    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.setblocking(False)
            with address(os.path.join(home, "agent", "shipper.sock")) as name:
                door.sendto(run_id.encode(), name)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True
