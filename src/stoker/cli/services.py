"""Stop a workspace's service, and tell what it does."""

from __future__ import annotations

import os
import time
from typing import Any

from stoker.base.locks import acquire, release
from stoker.base.paths import WorkspacePaths
from stoker.base.processes import Identity, is_alive
from stoker.client import connect_running
from stoker.client.discovery import living_service
from stoker.exceptions import ServiceException

__all__ = ["PATIENCE", "stop_service"]

PATIENCE = 60.0
"""Seconds in which a service that was asked to must have left."""
_AGENT_SECONDS = 5.0


def stop_service(home: str, mode: str | None, patience: float = PATIENCE) -> dict[str, Any] | None:
    """Stop the service of `home` and wait until it is gone; return what it was, or None when none ran.

    Raises
    ------
    stoker.exceptions.ConflictException
        Runs are unfinished and no mode says what becomes of them.
    stoker.exceptions.ServiceException
        It did not leave in time.
    """
    facts, api = living_service(home), connect_running(home)
    if facts is None or api is None:
        return None
    api.post("/service/stop", {"mode": mode})
    api.close()
    identity = Identity(facts["pid"], facts["start"], facts["boot"])
    until = time.monotonic() + patience
    while is_alive(identity):
        if time.monotonic() > until:
            raise ServiceException(
                f"The service {facts['url']} (process {facts['pid']}) has not left within {patience:g} s. It may wait "
                "for runs that end slowly. Look at .stoker/logs/service.log, and at `stoker server status`."
            )
        time.sleep(0.02)
    if mode != "detach":
        _wait_for_agent(home)
    return facts


def _wait_for_agent(home: str) -> None:
    """Wait until the agent, which the service has told to leave, is gone too: both its processes hold a lock."""
    for name in ("lock", "shipper.lock"):
        path = os.path.join(WorkspacePaths(home).agent, name)
        lock = acquire(path, timeout=_AGENT_SECONDS) if os.path.exists(path) else None
        if lock is not None:
            release(lock)
