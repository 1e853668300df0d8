"""Uses of v1's command line: `az ml ...` in shell scripts, CI files and notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from stoker.porting.findings import Finding, Verdict

__all__ = ["Commands", "read_commands"]

Commands = Mapping[str, tuple[Verdict, str]]
"""Command of v1's without `az ml` -> what becomes of it, and what is said of that."""

_COMMAND = re.compile(r"(?<![\w./-])az\s+ml\s+((?:[a-z][a-z0-9-]*\s+){0,3}[a-z][a-z0-9-]*)")
_CONTINUED = re.compile(r"[ \t]*[\\`^][ \t]*$")
"""What at the end of a line says that the command goes on in the next: of bash, PowerShell and cmd."""
_COMMENT = re.compile(r"\s*(?:#|::|rem\s)", re.IGNORECASE)
_FENCE = re.compile(r"\s*(?:```|~~~)")
_SPAN = re.compile(r"`([^`]+)`")
_ESCAPED = re.compile(r"\s*(?:\w+\s*=\s*)?!")
"""A line of a notebook that the shell carries out: `!az ml run list`, `runs = !az ml run list`."""
_BEGINS = re.compile(r"(?:^|[;&|(`:]|\b(?:if|then|do|else|sudo|time))\s*[-$>!@]?\s*$")
"""What stands before a word that is a command, and not one in a sentence."""
_UNKNOWN = "It is no command of v1's extension azure-cli-ml that Stoker knows. `stoker az ml -h` lists those it has."


def read_commands(text: str, file: str, commands: Commands, *, cell: int | None = None) -> list[Finding]:
    """Return the `az ml` commands in a text.

    Parameters
    ----------
    text : str
    file : str
        Its name, for the report.
    commands : mapping
        Command -> its verdict and a sentence; those of three and four words too, as
        `computetarget create amlcompute`.
    cell : int, optional
        The notebook's cell, where only lines that begin with `!` or belong to `%%bash` count.

    Examples
    --------
    >>> [found.name for found in read_commands("az ml run list --last 3", "ci.sh", {"run list": (Verdict.WORKS, "")})]
    ['az ml run list']
    """
    found = []
    for number, line in _lines(text, file):
        if "az" not in line or (cell is not None and not _is_shell(line, text)):
            continue
        for match in _COMMAND.finditer(line):
            words = match.group(1).split()
            known = (" ".join(words[:count]) for count in (4, 3, 2, 1))
            name = next((item for item in known if item in commands), None)
            if name is None and not _BEGINS.search(line[: match.start()]):
                continue
            name = name or " ".join(words[:2])
            verdict, why = commands.get(name, (Verdict.MISSING, _UNKNOWN))
            found.append(Finding(file, number, f"az ml {name}", verdict, why, cell))
    return found


def _lines(text: str, file: str) -> Iterator[tuple[int, str]]:
    """Yield the number and the text of each line that may hold commands, with those that go on in it."""
    is_prose, in_code = file.endswith(".md"), False
    begun: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if is_prose and _FENCE.match(line):
            in_code = not in_code
        elif is_prose and not in_code:
            yield from ((number, span) for span in _SPAN.findall(line))
        elif begun or not _COMMENT.match(line):
            begun.append(_CONTINUED.sub(" ", line))
            if not _CONTINUED.search(line):
                yield number - len(begun) + 1, "".join(begun)
                begun = []
    if begun:
        yield number - len(begun) + 1, "".join(begun)


def _is_shell(line: str, text: str) -> bool:
    return _ESCAPED.match(line) is not None or text.startswith(("%%bash", "%%sh", "%%cmd"))
