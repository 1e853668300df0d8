"""Uses of v1's command line: `az ml ...` in shell scripts, CI files and notebooks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from stoker.porting.findings import Finding, Verdict

__all__ = ["read_commands"]

_COMMAND = re.compile(r"(?<![\w./-])az\s+ml\s+((?:[a-z][a-z0-9-]*\s+){0,3}[a-z][a-z0-9-]*)")
_LATER = "a later version"
"""What a sentence says of a command that Stoker has not yet."""
_UNKNOWN = "It is no command of v1's extension azure-cli-ml that Stoker knows. `stoker az ml -h` lists those it has."


def read_commands(
    text: str, file: str, commands: Mapping[str, str | None], *, cell: int | None = None
) -> list[Finding]:
    """Return the `az ml` commands in a text.

    Parameters
    ----------
    text : str
    file : str
        Its name, for the report.
    commands : mapping
        Command -> None where it works, else a sentence; those of three and four words too, as
        `computetarget create amlcompute`.
    cell : int, optional
        The notebook's cell, where only lines that begin with `!` or belong to `%%bash` count.

    Examples
    --------
    >>> [found.name for found in read_commands("az ml run list --last 3", "ci.sh", {"run list": None})]
    ['az ml run list']
    """
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if "az" not in line or (cell is not None and not _is_shell(line, text)):
            continue
        for match in _COMMAND.finditer(line):
            words = match.group(1).split()
            name = next(
                (" ".join(words[:count]) for count in (4, 3, 2, 1) if " ".join(words[:count]) in commands),
                " ".join(words[:2]),
            )
            why = commands.get(name, _UNKNOWN)
            verdict = _verdict(why, known=name in commands)
            found.append(Finding(file, number, f"az ml {name}", verdict, why or "", cell))
    return found


def _verdict(why: str | None, *, known: bool) -> Verdict:
    if why is None:
        return Verdict.WORKS
    return Verdict.CLOUD if known and _LATER not in why else Verdict.MISSING


def _is_shell(line: str, text: str) -> bool:
    return line.lstrip().startswith("!") or text.startswith(("%%bash", "%%sh", "%%cmd"))
