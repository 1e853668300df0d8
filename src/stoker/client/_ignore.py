"""Which files stay out of a snapshot: rules in git's syntax, matched as git matches them.

Written by hand for speed: importing `pathspec` alone costs 60 ms, and a submit has 100 ms for everything. Most rules
are a plain name or `*.suffix`; those cost a look-up. The others are one regular expression per file of rules, asked
first; single rules are asked only when that one says yes. Names are compared byte for byte, as git does, by way of
Latin-1 text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable

__all__ = ["ALWAYS", "RULE_FILES", "Ignore", "RuleList"]

ALWAYS = frozenset({".git", ".hg", ".svn", ".stoker", ".venv", "__pycache__"})
"""Names left out wherever they stand: version control, workspaces, environments, byte code."""

RULE_FILES = (".stokerignore", ".amlignore")
"""Files of rules at the root of the source folder; the first one found replaces all others and `.gitignore`."""

_Test = Callable[[str], object]
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "\\x21-\\x7e",
    "lower": "a-z",
    "print": "\\x20-\\x7e",
    "punct": "\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e",
    "space": " \\t\\n\\r\\x0b\\x0c",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_SPECIAL = frozenset("*?[\\")
_NEVER = "(?!)"


class Ignore:
    """The rules in force inside one folder of the source tree.

    Parameters
    ----------
    lists : tuple of (int, RuleList)
        Rules, those of the deepest folder first; the number is the length of that folder's prefix in relative paths.
    nested : bool
        Whether a `.gitignore` of a sub-folder counts.
    """

    def __init__(self, lists: tuple[tuple[int, RuleList], ...], nested: bool) -> None:
        self._lists = lists
        self.nested = nested
        self.active = bool(lists)

    @classmethod
    def of_root(cls, folder: str) -> Ignore:
        """Return the rules of a source folder: `.stokerignore`, else `.amlignore`, else `.gitignore` files."""
        for name in RULE_FILES:
            data = _read(os.path.join(folder, name), follow=True)
            if data is not None:
                rules = RuleList(data)
                return cls(((0, rules),) if rules else (), nested=False)
        return cls((), nested=True)

    def enter(self, folder: str, prefix: str) -> Ignore:
        """Return the rules inside `folder`, which holds a `.gitignore` (`prefix`: its relative path and a slash)."""
        data = _read(os.path.join(folder, ".gitignore"), follow=False) if self.nested else None
        rules = RuleList(data) if data is not None else None
        if not rules:
            return self
        return Ignore(((len(os.fsencode(prefix)), rules), *self._lists), self.nested)

    def excludes(self, name: str, prefix: str, is_dir: bool) -> bool:
        """Whether the entry `name` of the folder `prefix` (empty, or ending in a slash) is left out."""
        path = prefix + name
        if not path.isascii():
            name, path = _bytewise(name), _bytewise(path)
        for skip, rules in self._lists:
            verdict = rules.verdict(name, path[skip:], is_dir)
            if verdict is not None:
                return verdict
        return False


class RuleList:
    """The rules of one file, in order; the last one that matches decides.

    Parameters
    ----------
    data : bytes
        The file's content.

    Examples
    --------
    >>> rules = RuleList(b"*.log" + bytes([10]) + b"!keep.log")
    >>> rules.verdict("a.log", "x/a.log", False), rules.verdict("keep.log", "keep.log", False)
    (True, False)
    """

    def __init__(self, data: bytes) -> None:
        self._rules = [rule for rule in map(_Rule.parse, _lines(data)) if rule is not None]
        self._rules.reverse()
        plain = [rule for rule in self._rules if not rule.is_path and not rule.is_glob]
        self._names = frozenset(rule.text for rule in plain if not rule.is_suffix)
        self._suffixes = tuple({rule.text for rule in plain if rule.is_suffix})
        self._by_name = _union(rule for rule in self._rules if not rule.is_path and rule.is_glob)
        self._by_path = _union(rule for rule in self._rules if rule.is_path)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def verdict(self, name: str, path: str, is_dir: bool) -> bool | None:
        """Return True (left out), False (a rule with `!` keeps it) or None (no rule speaks of it)."""
        if not (
            name in self._names
            or name.endswith(self._suffixes)
            or (self._by_name is not None and self._by_name(name))
            or (self._by_path is not None and self._by_path(path))
        ):
            return None
        for rule in self._rules:
            if (is_dir or not rule.only_dirs) and rule.matches(path if rule.is_path else name):
                return not rule.keeps
        return None


class _Rule:
    """One line: what it matches, and whether it leaves out or keeps."""

    def __init__(self, text: str, keeps: bool, only_dirs: bool) -> None:
        self.keeps = keeps
        self.only_dirs = only_dirs
        self.is_path = "/" in text
        rest = text[1:]
        self.is_suffix = not self.is_path and text.startswith("*") and not _SPECIAL.intersection(rest)
        self.is_glob = not self.is_suffix and bool(_SPECIAL.intersection(text))
        self.text = rest if self.is_suffix or text.startswith("/") else text
        self._test: _Test | None = None

    @classmethod
    def parse(cls, line: str) -> _Rule | None:
        """Return the rule of a line, or None for a line without one."""
        if line.startswith("#"):
            return None
        text = _without_trailing_spaces(line)
        keeps = text.startswith("!")
        text = text[1:] if keeps else text
        only_dirs = text.endswith("/")
        text = text[:-1] if only_dirs else text
        return cls(text, keeps, only_dirs) if text not in {"", "/"} else None

    @property
    def pattern(self) -> str:
        """The regular expression of the whole name or path."""
        return _translate(self.text, self.is_path)

    def matches(self, subject: str) -> bool:
        """Whether the rule speaks of this name, or path below the folder of the rules."""
        if self.is_suffix:
            return subject.endswith(self.text)
        if not self.is_glob:
            return subject == self.text
        if self._test is None:
            self._test = re.compile(self.pattern, re.DOTALL).fullmatch
        return self._test(subject) is not None


def _read(path: str, *, follow: bool) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
        with open(descriptor, "rb") as file:
            return file.read()
    except OSError:
        return None


def _lines(data: bytes) -> list[str]:
    text = data[3:] if data.startswith(b"\xef\xbb\xbf") else data
    return [line.removesuffix("\r") for line in text.decode("latin-1").split("\n")]


def _bytewise(text: str) -> str:
    return os.fsencode(text).decode("latin-1")


def _without_trailing_spaces(line: str) -> str:
    end, place = 0, 0
    while place < len(line):
        width = 2 if line[place] == "\\" else 1
        if line[place] != " ":
            end = place + width
        place += width
    return line[:end]


def _union(rules: Iterable[_Rule]) -> _Test | None:
    patterns = [rule.pattern for rule in rules]
    return re.compile("|".join(patterns), re.DOTALL).fullmatch if patterns else None


def _translate(glob: str, is_path: bool) -> str:
    """Return the regular expression for the whole of a git pattern without its leading and last slash."""
    parts: list[str] = []
    place = 0
    while place < len(glob):
        char = glob[place]
        if char == "*":
            part, place = _stars(glob, place, is_path)
        elif char == "[":
            part, place = _bracket(glob, place)
        elif char == "\\":
            part = re.escape(glob[place + 1]) if place + 1 < len(glob) else _NEVER
            place += 2
        else:
            part = "[^/]" if char == "?" else re.escape(char)
            place += 1
        parts.append(part)
    return "".join(parts)


def _stars(glob: str, start: int, is_path: bool) -> tuple[str, int]:
    """Translate one or more stars; two between slashes stand for any number of folders."""
    end = start
    while end < len(glob) and glob[end] == "*":
        end += 1
    before, rest = glob[:start], glob[end:]
    # Git compares what comes before the first special character by itself; the stars then count as the beginning.
    begins = before.endswith("/") or not _SPECIAL.intersection(before)
    alone = begins and (not rest or rest.startswith(("/", "\\/")))
    if end - start < 2 or not is_path or not alone:
        return "[^/]*", end
    return ("(?:.*/)?", end + 1) if rest.startswith("/") else (".*", end)


def _bracket(glob: str, start: int) -> tuple[str, int]:
    """Translate `[...]`; one that is never closed matches nothing."""
    place = start + 1
    negated = glob[place : place + 1] in {"!", "^"}
    place += negated
    items: list[str] = []
    previous = ""
    first = True
    while first or glob[place : place + 1] != "]":
        first = False
        item, previous, place = _bracket_item(glob, place, previous)
        if item is None:
            return _NEVER, len(glob)
        items.append(item)
    body = "".join(items)
    if negated:
        return f"[^/{body}]", place + 1
    return (f"(?!/)[{body}]" if body else _NEVER), place + 1


def _bracket_item(glob: str, place: int, previous: str) -> tuple[str | None, str, int]:
    """Return one member of a bracket as regular expression, the character a range may start from, the next place."""
    char = glob[place : place + 1]
    following = glob[place + 1 : place + 2]
    if char == "-" and previous and following and following != "]":
        escaped = following == "\\"
        last = glob[place + 2 : place + 3] if escaped else following
        if not last:
            return None, "", place
        return (f"{_code(previous)}-{_code(last)}" if previous <= last else ""), "", place + 2 + escaped
    if char == "[" and following == ":":
        end = glob.find("]", place + 2)
        if end < 0:
            return None, "", place
        if end > place + 2 and glob[end - 1] == ":":
            return _CLASSES.get(glob[place + 2 : end - 1]), "", end + 1
    if char == "\\":
        char, place = following, place + 1
    return (_code(char) if char else None), char, place + 1


def _code(char: str) -> str:
    return f"\\x{ord(char):02x}"
