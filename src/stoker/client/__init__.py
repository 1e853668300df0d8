"""Talk to a workspace's service: find it, start it, ask it. Standard library only."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.client.connection import connect, connect_running, from_environment
    from stoker.client.http import Api, Event, Response

__all__ = ["Api", "Event", "Response", "connect", "connect_running", "from_environment"]

_HOME = {
    "Api": "http",
    "Event": "http",
    "Response": "http",
    "connect": "connection",
    "connect_running": "connection",
    "from_environment": "connection",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        import importlib

        return getattr(importlib.import_module(f"stoker.client.{_HOME[name]}"), name)
    raise AttributeError(f"module 'stoker.client' has no attribute {name!r}")
