"""Times, sizes and parameters of runs, as a person reads them."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from typing import Any

from stoker.base.arguments import shown_arguments
from stoker.base.times import from_iso

__all__ = ["ago", "duration", "number", "parameters", "run_seconds", "size", "span"]


def size(count: float | None) -> str:
    """Return a number of bytes in words.

    Examples
    --------
    >>> size(1536), size(None)
    ('1.5 KiB', '')
    """
    if count is None:
        return ""
    if count < 1024:
        return f"{count:.0f} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1023.95 or unit == "TiB":
            break
    return f"{value:.1f} {unit}"


def span(seconds: float | None) -> str:
    """Return a time span in words.

    Examples
    --------
    >>> span(0.25), span(75), span(7265), span(200000)
    ('0.2 s', '1 m 15 s', '2 h 1 m', '2 d 7 h')
    """
    if seconds is None:
        return ""
    whole = int(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} m"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def ago(text: str | None) -> str:
    """Return how long ago a recorded time was."""
    return f"{span(max(0.0, time.time() - from_iso(text)))} ago" if text else ""


def run_seconds(run: Mapping[str, Any]) -> float | None:
    """Return how many seconds a run has taken, until now if it has not ended; None before it started."""
    if not run.get("started"):
        return None
    end = from_iso(run["ended"]) if run.get("ended") else time.time()
    return max(0.0, end - from_iso(run["started"]))


def duration(run: Mapping[str, Any]) -> str:
    """Return a run's duration in words."""
    return span(run_seconds(run))


def number(value: Any) -> float | None:
    """Return a metric's value as a number, or None when it is text or missing."""
    if isinstance(value, Mapping):
        value = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}.get(str(value.get("$")))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value)


_OPTION = re.compile(r"--?[A-Za-z_]")


def parameters(run: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters in a run's arguments: `--name value`, `--name=value`, flags as `true`, the rest by place.

    Examples
    --------
    >>> parameters({"definition": {"arguments": ["--alpha", 0.1, "-n=3", "data", "--fast"]}})
    {'alpha': '0.1', 'n': '3', 'argument 1': 'data', 'fast': 'true'}
    """
    definition = run.get("definition") or {}
    words = shown_arguments(definition)
    found: dict[str, str] = {}
    place, count = 0, 0
    while place < len(words):
        word = words[place]
        place += 1
        if not _OPTION.match(word):
            count += 1
            found[f"argument {count}"] = word
        elif "=" in word:
            name, value = word.lstrip("-").split("=", 1)
            found[name] = value
        elif place < len(words) and not _OPTION.match(words[place]):
            found[word.lstrip("-")] = words[place]
            place += 1
        else:
            found[word.lstrip("-")] = "true"
    if definition.get("command"):
        command = definition["command"]
        found["command"] = command if isinstance(command, str) else " ".join(str(part) for part in command)
    return found
