"""Text for terminals: width in cells, colour, and nothing that a name could smuggle in."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from typing import TextIO

__all__ = ["STATUS_COLOURS", "clean", "clip", "coloured", "colours", "pad", "terminal_width", "width", "wrap"]

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}

STATUS_COLOURS = {
    "Completed": "green",
    "Failed": "red",
    "Canceled": "yellow",
    "CancelRequested": "yellow",
    "NotResponding": "red",
    "Running": "cyan",
    "Finalizing": "cyan",
}
"""The colour of a run's status; the others have none."""


def colours(stream: TextIO) -> bool:
    """Whether `stream` wants colours: a terminal, without `NO_COLOR` and `--no-color`."""
    from stoker.cli.session import SESSION

    if SESSION.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def coloured(text: str, colour: str | None, *, on: bool) -> str:
    """Return `text` in a colour, if colours are on."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if on and colour else text


def terminal_width(stream: TextIO | None = None) -> int | None:
    """Return the columns of the terminal, or None when `stream` is none and COLUMNS is not set."""
    stated = os.environ.get("COLUMNS", "")
    if stated.isdecimal() and int(stated) > 0:
        return int(stated)
    target = sys.stdout if stream is None else stream
    try:
        return os.get_terminal_size(target.fileno()).columns or None
    except (OSError, ValueError):
        return None


def clean(text: str, keep: str = "") -> str:
    r"""Return `text` with control characters shown as escapes, so that no name can move the cursor.

    Examples
    --------
    >>> clean("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def width(text: str) -> int:
    """Return how many cells `text` takes.

    Examples
    --------
    >>> width("日本")
    4
    """
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def clip(text: str, cells: int) -> str:
    """Return `text` cut to `cells`, with an ellipsis where something is missing.

    Examples
    --------
    >>> clip("experiment", 6)
    'exper…'
    """
    if width(text) <= cells:
        return text
    kept, used = [], 0
    for character in text:
        used += _cells(character)
        if used > cells - 1:
            break
        kept.append(character)
    return "".join(kept) + "…"


def pad(text: str, cells: int, *, right: bool = False) -> str:
    """Return `text` filled with spaces to `cells`."""
    space = " " * max(0, cells - width(text))
    return space + text if right else text + space


def wrap(text: str, cells: int, indent: str = "", first: str | None = None) -> str:
    """Return `text` broken at spaces into lines of at most `cells`; a longer word stays whole."""
    lines, line = [], indent if first is None else first
    empty = True
    for word in re.split(r"\s+", text.strip()):
        if not empty and width(line) + 1 + width(word) > cells:
            lines.append(line)
            line, empty = indent, True
        line += word if empty else f" {word}"
        empty = False
    return "\n".join([*lines, line])
