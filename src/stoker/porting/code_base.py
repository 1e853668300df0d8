"""A folder of v1 code, read file by file: Python, notebooks, shell and CI files, run configurations."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stoker.exceptions import UserErrorException
from stoker.porting.commands import read_commands
from stoker.porting.configurations import read_configuration
from stoker.porting.findings import Finding, Report
from stoker.porting.python_code import Scope, read_python

__all__ = ["check"]

_PASSED_OVER = frozenset(
    {".git", ".hg", ".svn", ".stoker", ".venv", "venv", "__pycache__", "node_modules", ".ipynb_checkpoints", ".tox"}
)
_SHELL = (".sh", ".bash", ".cmd", ".bat", ".ps1", ".yml", ".yaml", ".md", "Dockerfile", "Makefile", "Jenkinsfile")
_CONFIGURATIONS = (".runconfig", ".yml", ".yaml")
_MOST_BYTES = 20 << 20
_MAGIC = re.compile(r"^(\s*)([!%?].*|.*[^\w\s]\?|[\w.]+\?+)$")
_WRITE_FILE = re.compile(r"^%%(?:writefile|file)\s+(?:-a\s+)?(\S.*)$")


def check(path: str, commands: Mapping[str, str | None], progress: Callable[[str], None] | None = None) -> Report:
    """Read a code base without running it, and say what of v1 it uses and what of that works here.

    Parameters
    ----------
    path : str
        A folder, or one file.
    commands : mapping
        `az ml` commands that work (`"run submit-script"` -> None), and what is said of others.
    progress : callable, optional
        Called with each file's name.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is nothing at the path.

    Examples
    --------
    >>> check("src", {}).share  # doctest: +SKIP
    0.93
    """
    if not os.path.exists(path):
        raise UserErrorException(f"There is nothing at {path}. Give a folder with v1 code, or a file.", target="path")
    report = Report()
    for file in _files(path):
        name = os.path.relpath(file, path) if os.path.isdir(path) else os.path.basename(file)
        if progress is not None:
            progress(name)
        try:
            report.add(_read(file, name, commands))
        except Exception as error:  # noqa: BLE001  # whatever one file holds, the others are read
            report.unread.append((name, _why(error)))
            continue
        report.files += 1
    return report


def _why(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"it is not Python 3: {error.msg} (line {error.lineno})"
    if isinstance(error, OSError):
        return f"it can't be read: {error.strerror}"
    if isinstance(error, (MemoryError, RecursionError)):
        return "it can't be read: too much stands inside one another"
    return f"it can't be read: {error}"


def _files(path: str) -> Iterator[str]:
    if os.path.isfile(path):
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER)
        for name in sorted(names):
            file = os.path.join(folder, name)
            if name.endswith((".py", ".ipynb", *_SHELL, *_CONFIGURATIONS)) and os.path.isfile(file):
                yield file


def _read(file: str, name: str, commands: Mapping[str, str | None]) -> list[Finding]:
    if os.path.getsize(file) > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES >> 20} MiB")
    with open(file, encoding="utf-8-sig", errors="replace") as opened:
        text = opened.read()
    if name.endswith(".py"):
        return [*read_python(_without_magic(text) if "get_ipython" in text else text, name)]
    if name.endswith(".ipynb"):
        return _notebook(text, name, commands)
    found = read_commands(text, name, commands) if name.endswith(_SHELL) else []
    if name.endswith(_CONFIGURATIONS):
        found += read_configuration(text, file, name)
    return found


def _notebook(text: str, name: str, commands: Mapping[str, str | None]) -> list[Finding]:
    cells = json.loads(text).get("cells") or []
    found: list[Finding] = []
    scope: Scope = {}
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            found += _cell(_source(cell), name, number, scope, commands)
    return found


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source") or ""
    return source if isinstance(source, str) else "".join(source)


def _cell(text: str, name: str, number: int, scope: Scope, commands: Mapping[str, str | None]) -> list[Finding]:
    first, _, rest = text.partition("\n")
    found = read_commands(text, name, commands, cell=number)
    written = _WRITE_FILE.match(first.strip())
    if written:
        if not written.group(1).strip().endswith(".py"):
            return found
        # The file that the cell writes knows nothing of the notebook's names.
        text, scope = "\n" + rest, {}
    elif first.startswith("%%") and first.split()[0] not in {"%%time", "%%timeit", "%%capture"}:
        return found
    try:
        found += read_python(_without_magic(text), name, cell=number, scope=scope)
    except SyntaxError:
        # One cell that is not Python hides nothing of the others.
        return found
    return found


def _without_magic(text: str) -> str:
    """Return the text with IPython's own lines made empty statements, so that line numbers stay."""
    return "\n".join(_MAGIC.sub(r"\1pass", line) for line in text.split("\n"))
