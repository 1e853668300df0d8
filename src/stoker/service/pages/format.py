"""How numbers, sizes, times and names look on a page."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from stoker.base.times import from_iso

__all__ = [
    "as_bytes",
    "clean",
    "duration",
    "file_url",
    "moment",
    "number",
    "parameters",
    "run_seconds",
    "size",
    "to_float",
    "visible",
]

LONGEST_VALUE = 300
"""Characters of a metric's value that are shown; a script may log a whole book."""

_SPECIAL = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_UNITS = ("kB", "MB", "GB", "TB", "PB")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NOT_ONE_LINE = re.compile(r"[\t\n\r]")
_OPTION = re.compile(r"--?[A-Za-z_]")


def clean(text: str) -> str:
    r"""Return `text` so that it can be sent as UTF-8: undecodable bytes as ``\xNN``, control characters as pictures.

    Examples
    --------
    >>> print(clean("a\udcffb"))
    a\xffb
    """
    return _UNSENDABLE.sub(_picture, text)


def visible(name: str) -> str:
    r"""Return a name for one line of a page: line breaks and tabs are pictures too.

    Examples
    --------
    >>> visible("two\nlines")
    'two␊lines'
    """
    return _NOT_ONE_LINE.sub(_picture, clean(name))


def _picture(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code >= 0xD800:
        return "\ufffd"
    return "\u2421" if code == 0x7F else chr(0x2400 + code)


def file_url(run_id: str, name: str) -> str:
    """Return the path of a run's file on this service, percent-encoded byte by byte.

    Examples
    --------
    >>> file_url("r1", "outputs/a b.txt")
    '/runs/r1/files/outputs/a%20b.txt'
    """
    return f"/runs/{quote(as_bytes(run_id), safe='')}/files/{quote(as_bytes(name), safe='/')}"


def as_bytes(text: str) -> bytes:
    """Return the bytes of a name as the file system has them, for an address."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def size(count: float | None) -> str:
    """Return a count of bytes in words.

    Examples
    --------
    >>> size(1536), size(None)
    ('1.5 kB', '')
    """
    if count is None:
        return ""
    if count < 1000:
        return f"{count:.0f} B"
    value, unit = float(count), ""
    for name in _UNITS:
        value, unit = value / 1000, name
        if value < 999.95:
            break
    return f"{value:.1f} {unit}"


def duration(seconds: float | None) -> str:
    """Return a time span in words.

    Examples
    --------
    >>> duration(0.25), duration(75), duration(7265)
    ('0.25 s', '1 m 15 s', '2 h 1 m')
    """
    if seconds is None or not math.isfinite(seconds):
        return ""
    seconds = max(seconds, 0.0)
    if seconds < 10:
        return f"{seconds:.2f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} m"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def run_seconds(run: dict[str, Any], now: float) -> float | None:
    """Return how long the run's code ran, or has run until `now` (Unix seconds); None before it started."""
    started = run.get("started")
    if not started:
        return None
    return (from_iso(run["ended"]) if run.get("ended") else now) - from_iso(started)


def moment(text: str | None) -> str:
    """Return an ISO time as people read it.

    Examples
    --------
    >>> moment("2026-01-02T03:04:05.678Z")
    '2026-01-02 03:04:05 UTC'
    """
    return f"{text[:10]} {text[11:19]} UTC" if text else ""


def number(value: Any) -> str:
    """Return a metric's value, short.

    Examples
    --------
    >>> number(0.1 + 0.2), number(True), number({"$": "nan"}), number(None)
    ('0.3', 'True', 'NaN', 'None')
    """
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict) and set(value) == {"$"}:
        return _SPECIAL.get(str(value["$"]), str(value["$"]))
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def to_float(value: Any) -> float | None:
    """Return a value that can be drawn as a float; NaN for one that is a number and can't; None for text and the like.

    Examples
    --------
    >>> to_float(3), to_float("3"), to_float({"$": "inf"})
    (3.0, None, nan)
    """
    if type(value) is float:
        return value if math.isfinite(value) else math.nan
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, dict) and set(value) == {"$"}:
        return math.nan
    if not isinstance(value, (int, float)):
        return None
    try:
        real = float(value)
    except OverflowError:
        return math.nan
    return real if math.isfinite(real) else math.nan


def parameters(arguments: Sequence[Any]) -> list[tuple[str, str]]:
    """Return a script's arguments as rows of name and value; a positional one has no name.

    Examples
    --------
    >>> parameters(["--alpha", 0.1, "--fast", "--n=3", "data.csv"])
    [('--alpha', '0.1'), ('--fast', ''), ('--n', '3'), ('', 'data.csv')]
    """
    rows: list[tuple[str, str]] = []
    items = [str(item) for item in arguments]
    place = 0
    while place < len(items):
        item = items[place]
        place += 1
        if not _OPTION.match(item):
            rows.append(("", item))
        elif item.startswith("--") and "=" in item:
            name, _, value = item.partition("=")
            rows.append((name, value))
        elif place < len(items) and not _OPTION.match(items[place]):
            rows.append((item, items[place]))
            place += 1
        else:
            rows.append((item, ""))
    return rows
