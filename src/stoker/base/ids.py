"""Ids of runs and records; made by the client, so that a request can be repeated."""

from __future__ import annotations

import os
import time
import uuid

__all__ = ["new_guid", "script_run_id"]


def new_guid() -> str:
    """Return a random GUID in its usual text form."""
    return str(uuid.UUID(bytes=os.urandom(16), version=4))


def script_run_id(experiment: str) -> str:
    """Return an id for a submitted script, as v1 forms it.

    Examples
    --------
    >>> script_run_id("diabetes").startswith("diabetes_")
    True
    """
    return f"{experiment}_{int(time.time())}_{os.urandom(4).hex()}"
