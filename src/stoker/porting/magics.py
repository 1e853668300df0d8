"""What IPython adds to Python, made Python: lines of magic, of the shell and of help become calls."""

from __future__ import annotations

import ast
import re

__all__ = ["as_python", "split_cell_magic"]

_CELL = re.compile(r"(\n*)%%(\S+)[ \t]*(.*)")
_STATEMENTS = (
    (re.compile(r"(\s*)!!?(.*)"), "{0}__shell__({1!r})"),
    (re.compile(r"(\s*)%(\w+)\s*(.*)"), "{0}__magic__({1!r}, {2!r})"),
    (re.compile(r"(\s*)(.+?)\s*=\s*!(.*)"), "{0}{1} = __lines__({2!r})"),
    (re.compile(r"(\s*)(.+?)\s*=\s*%(\w+)\s*(.*)"), "{0}{1} = __magic__({2!r}, {3!r})"),
    (re.compile(r"(\s*)\?{1,2}[\w.*%]+\s*;?$|(\s*)[\w.*%]+(?:\[\d+\])?\s*\?{1,2}\s*;?$"), "{0}pass"),
)
"""How a statement looks that only IPython knows, and what it becomes."""
_TIMED = re.compile(r"(\s*)%time(?:it)?\s+(?:-\S+\s+(?:\d+\s+)?)*(?=\S)(.*)")
"""A measured statement is code of its own."""
_CONTINUED = re.compile(r"\s*\\\n\s*")


def split_cell_magic(text: str) -> tuple[str, str, str]:
    r"""Return a cell's magic, what it is given, and the lines below it.

    Parameters
    ----------
    text : str
        The code of a cell.

    Returns
    -------
    tuple of (str, str, str)
        The magic's name without its signs, empty where the cell has none; the rest of its line; the cell's other
        lines, below an empty one so that their numbers stay.

    Examples
    --------
    >>> split_cell_magic("%%writefile train.py\nprint(1)")
    ('writefile', 'train.py', '\nprint(1)')
    """
    match = _CELL.match(text)
    if match is None:
        return "", "", text
    empty, name, given = match.groups()
    return name, given.strip(), empty + text[match.end() :]


def as_python(text: str) -> str:
    r"""Return a cell's code as Python; line numbers stay.

    Lines that Python doesn't know become calls of `__shell__` (`!ls`), `__lines__` (`files = !ls`) and
    `__magic__` (`%cd out`), or nothing (`help?`). What is Python already stays as it is, also where a line of it
    begins with such a sign.

    Parameters
    ----------
    text : str
        Without its cell magic.

    Returns
    -------
    str
        Code that the parser takes, or what is nearest to it.

    Examples
    --------
    >>> as_python("x = 1\n!ls\nx = (7\n% 2)")
    "x = 1\n__shell__('ls')\nx = (7\n% 2)"
    """
    lines = text.split("\n")
    indent = re.match(r"\s*?([ \t]*)(?=\S)", text)
    if indent and indent[1]:
        # A cell may stand indented as a whole, as copied.
        lines = [line.removeprefix(indent[1]) for line in lines]
    for _ in range(len(lines)):
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            # Where the parser stops a statement began that isn't Python: lines within others are passed over.
            number = (error.lineno or 0) - 1
            if not 0 <= number < len(lines) or not _replace(lines, number):
                break
        except ValueError:  # a NUL
            break
        else:
            break
    return "\n".join(lines)


def _replace(lines: list[str], number: int) -> bool:
    """Make one line of IPython's a call, with the lines that it goes on in; say whether it was one."""
    last = number
    while lines[last].endswith("\\") and last + 1 < len(lines):
        last += 1
    whole = _CONTINUED.sub(" ", "\n".join(lines[number : last + 1])).removesuffix("\\")
    found = _call(whole)
    if found is None:
        return False
    lines[number : last + 1] = [found, *[""] * (last - number)]
    return True


def _call(line: str) -> str | None:
    timed = _TIMED.match(line)
    if timed:
        return timed[1] + timed[2]
    for pattern, form in _STATEMENTS:
        match = pattern.match(line)
        if match:
            return form.format(*(group or "" for group in match.groups()))
    return None
