"""Times on record are UTC, ISO 8601, microseconds, with Z."""

from __future__ import annotations

import time
from datetime import datetime, timezone

__all__ = ["from_iso", "iso", "now_iso"]


def iso(seconds: float) -> str:
    """Return the UTC text of a Unix time in seconds.

    Examples
    --------
    >>> iso(0.5)
    '1970-01-01T00:00:00.500000Z'
    """
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def now_iso() -> str:
    """Return the present time as text."""
    return iso(time.time())


def from_iso(text: str) -> float:
    """Return the Unix time in seconds of `text`.

    Examples
    --------
    >>> from_iso("1970-01-01T00:00:01Z")
    1.0
    """
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
