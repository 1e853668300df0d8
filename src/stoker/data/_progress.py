"""How far a transfer is: a line that is redrawn at a terminal, and one sentence at its end."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

__all__ = ["Line", "megabytes", "shown"]

_EVERY = 0.1


@contextlib.contextmanager
def shown(doing: str, done: str, files: int, *, show: bool = True) -> Iterator[Line]:
    """Show progress while the block runs; gives what is called with the files and bytes done.

    Parameters
    ----------
    doing, done : str
        As "Uploading to images" and "Uploaded to images".
    files : int
        How many there will be.
    show : bool, default=True
    """
    line = Line(doing, files, show=show)
    try:
        yield line
    finally:
        line.clear()
    if show:
        print(f"{done}: {line.summary}.")  # noqa: T201  # v1 prints here; show_progress=False ends it


class Line:
    """A line on a terminal's stderr that is redrawn; nothing elsewhere.

    Attributes
    ----------
    files, size : int
        What was done.
    skipped : int
        How many of the files were there already; set by who knows.
    """

    def __init__(self, doing: str, files: int, *, show: bool = True) -> None:
        self.files = 0
        self.size = 0
        self.skipped = 0
        self._doing = doing
        self._of = files
        self._next = time.monotonic() + 2 * _EVERY
        self._lock = threading.Lock()
        at_terminal = show and sys.stderr is not None and sys.stderr.isatty()
        self._out: Any = sys.stderr if at_terminal else None
        self._width = 0

    def __call__(self, files: int, size: int) -> None:
        """Count what was done, from whatever thread."""
        with self._lock:
            self.files += files
            self.size += size
            if self._out is not None and time.monotonic() >= self._next:
                self._next = time.monotonic() + _EVERY
                self._draw(f"{self._doing}: {self.files:,} of {self._of:,} files, {megabytes(self.size)}")

    @property
    def summary(self) -> str:
        """What was done, in words."""
        more = f"; {_number(self.skipped)} already there" if self.skipped else ""
        return f"{_number(self.files - self.skipped)}, {megabytes(self.size)}{more}"

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            self._draw("")
            self._out.write("\r")
            self._out.flush()

    def _draw(self, text: str) -> None:
        self._out.write("\r" + text.ljust(self._width))
        self._out.flush()
        self._width = len(text)


def megabytes(size: int) -> str:
    """Return a size in words.

    Examples
    --------
    >>> megabytes(1_500_000)
    '1.4 MB'
    """
    return f"{size / (1 << 20):,.1f} MB" if size >= 100_000 else f"{size:,} bytes"


def _number(files: int) -> str:
    return "1 file" if files == 1 else f"{files:,} files"
