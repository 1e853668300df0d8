"""A folder of v1 code, read file by file: Python, notebooks, shell and CI files, run configurations."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

from stoker.exceptions import UserErrorException
from stoker.porting.commands import Commands, read_commands
from stoker.porting.configurations import read_configuration
from stoker.porting.findings import Finding, Report
from stoker.porting.magics import as_python, split_cell_magic
from stoker.porting.python_code import Scope, read_python

__all__ = ["check"]

_PASSED_OVER = frozenset(
    {".git", ".hg", ".svn", ".stoker", ".venv", "venv", "__pycache__", "node_modules", ".ipynb_checkpoints", ".tox"}
)
_SHELL = (".sh", ".bash", ".cmd", ".bat", ".ps1", ".yml", ".yaml", ".md", "Dockerfile", "Makefile", "Jenkinsfile")
_CONFIGURATIONS = (".runconfig", ".yml", ".yaml")
_MOST_BYTES = 20 << 20
_MEASURED = frozenset({"", "time", "timeit", "capture", "prun"})
"""Cell magics whose cell is code."""


def check(path: str, commands: Commands, progress: Callable[[str], None] | None = None) -> Report:
    """Read a code base without running it, and say what of v1 it uses and what of that works here.

    Parameters
    ----------
    path : str
        A folder, or one file.
    commands : mapping
        v1's commands -> verdict and sentence, as `{"run submit-script": (Verdict.WORKS, "")}`.
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
            report.add(_read(file, name, commands, report.unread))
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


def _read(file: str, name: str, commands: Commands, unread: list[tuple[str, str]]) -> list[Finding]:
    if os.path.getsize(file) > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES >> 20} MiB")
    with open(file, encoding="utf-8-sig", errors="replace") as opened:
        text = opened.read()
    if name.endswith(".py"):
        return [*read_python(as_python(text), name)]
    if name.endswith(".ipynb"):
        return _notebook(text, name, commands, unread)
    found = read_commands(text, name, commands) if name.endswith(_SHELL) else []
    if name.endswith(_CONFIGURATIONS):
        found += read_configuration(text, file, name)
    return found


def _notebook(text: str, name: str, commands: Commands, unread: list[tuple[str, str]]) -> list[Finding]:
    notebook = json.loads(text)
    language = _language(notebook)
    if "python" not in language.lower():
        unread.append((name, f"its cells are {language}, not Python"))
        return []
    cells = notebook.get("cells") or []
    found: list[Finding] = []
    scope: Scope = {}
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        text = _source(cell)
        found += read_commands(text, name, commands, cell=number)
        try:
            found += _cell(text, name, number, scope)
        except SyntaxError as error:
            # One cell that is not Python hides nothing of the others.
            unread.append((f"{name}: cell {number}", _why(error)))
    return found


def _language(notebook: dict[str, Any]) -> str:
    metadata = notebook.get("metadata") or {}
    told = (metadata.get("language_info") or {}).get("name") or (metadata.get("kernelspec") or {}).get("language")
    return str(told or "python")


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source") or ""
    return source if isinstance(source, str) else "".join(source)


def _cell(text: str, name: str, number: int, scope: Scope) -> list[Finding]:
    magic, given, text = split_cell_magic(text)
    if magic in {"writefile", "file"}:
        # The file that the cell writes knows nothing of the notebook's names.
        return read_python(text, name, cell=number) if given.strip("'\"").endswith(".py") else []
    return read_python(as_python(text), name, cell=number, scope=scope) if magic in _MEASURED else []
