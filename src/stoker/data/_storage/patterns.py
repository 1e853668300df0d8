"""Patterns of paths: `*` and `?` within a name, `**` over folders."""

from __future__ import annotations

import functools
import re

from stoker.data._storage.paths import check_path

__all__ = ["Pattern", "has_magic"]


def has_magic(path: str) -> bool:
    """Whether a path is a pattern.

    Examples
    --------
    >>> has_magic("a/*.csv"), has_magic("a/[1].csv")
    (True, False)
    """
    return "*" in path or "?" in path


class Pattern:
    """A pattern of files below a storage.

    Parameters
    ----------
    text : str

    Attributes
    ----------
    text : str
        In its one spelling.
    base : str
        The path that holds all matches: without `*` and `?` the path itself.
    recursive : bool
        Whether matches may lie in folders below `base`.

    Examples
    --------
    >>> Pattern("a/**/b?.csv").matches("a/x/y/b1.csv")
    True
    >>> Pattern("a/*.csv").matches("a/x/1.csv")
    False
    """

    def __init__(self, text: str) -> None:
        clean = check_path(text)
        if has_magic(clean) and str(text).endswith("/"):
            clean += "/**"
        self.text = clean
        parts = clean.split("/")
        plain = next((place for place, part in enumerate(parts) if has_magic(part)), len(parts))
        self.base = "/".join(parts[:plain])
        self.magic = plain < len(parts)
        rest = parts[plain:]
        self.recursive = not self.magic or len(rest) > 1 or "**" in rest[0]
        self._regex = _compiled(clean) if self.magic else None

    @property
    def folder(self) -> str:
        """The folder below which relative paths begin, when `base` is a folder."""
        return self.base

    def matches(self, path: str) -> bool:
        """Whether a file's path is one of the pattern's; without `*` and `?` whether it is the path or below it."""
        if self._regex is not None:
            return self._regex.match(path) is not None
        return not self.base or path == self.base or path.startswith(self.base + "/")


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    pieces = []
    parts = pattern.split("/")
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        if part == "**":
            pieces.append(".*" if last else "(?:[^/]+/)*")
        else:
            pieces.append(_name(part) + ("" if last else "/"))
    return re.compile("".join(pieces) + r"\Z", re.DOTALL)


def _name(part: str) -> str:
    """Return the expression of one name; `**` beside other characters is as `*`."""
    made = re.sub(r"\*+", "*", part)
    return "".join({"*": "[^/]*", "?": "[^/]"}.get(character) or re.escape(character) for character in made)
