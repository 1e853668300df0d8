"""Errors as a person reads them, in three lines, and as a program does; and the exit status of each."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from stoker.cli.session import SESSION, UsageProblem
from stoker.cli.text import clean, coloured, colours
from stoker.exceptions import StokerException

__all__ = ["lines", "report"]


_SPOKEN = (
    ("another target_dir, or pass exist_ok=True", "another `--directory`, or add `--overwrite`"),
    ("pass overwrite=True", "add `--overwrite`"),
    (
        "say which one it has, as encoding='latin1'",
        'describe it in a file (`-f`; `--show-template` writes one) with "encoding": "latin1" in its parameters',
    ),
    ("pass validate=False", "add `--skip-validation`"),
    ("pass create_if_not_exists=True", "make the folder"),
)
"""What the SDK advises in words of Python, and what a command line has for it."""


def report(error: BaseException) -> int:
    """Write the error and return the exit status."""
    if isinstance(error, StokerException):
        return _write(error.error_code, _spoken(error.message), error.target, error.details, error)
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        message = f"The system said: {error.strerror or error}{where}. Mend that and try again."
        return _write("SystemError", message, None, {}, error)
    message = (
        f"Stoker met an error that it did not expect: {type(error).__name__}: {error}. This is a fault in Stoker. "
        "Run the command again with `--debug` and report what it prints."
    )
    return _write("Internal", message, None, {}, error)


def _spoken(message: str) -> str:
    for words, typed in _SPOKEN:
        message = message.replace(words, typed)
        message = message.replace(words[0].upper() + words[1:], typed[0].upper() + typed[1:])
    return message


def _write(code: str, message: str, target: str | None, details: dict[str, Any], error: BaseException) -> int:
    if SESSION.output in {"json", "jsonl"}:
        body = {"error": {"code": code, "message": message, "target": target, "details": details}}
        indent = 2 if SESSION.output == "json" else None
        text = json.dumps(body, indent=indent, default=str)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    on = colours(sys.stderr)
    first, *others = lines(message)
    sys.stderr.write(coloured("Error: ", "red", on=on) + first + "\n")
    for other in others:
        sys.stderr.write(f"  {other}\n")
    if SESSION.debug:
        import traceback

        traceback.print_exception(error)
    sys.stderr.flush()
    return 2 if isinstance(error, UsageProblem) else 1


def lines(message: str) -> list[str]:
    """Return a message as its lines: what happened, why, what to do; further lines (a log's tail) as they are.

    Examples
    --------
    >>> lines("No run 'x'. There are two. Did you mean 'y'?")
    ["No run 'x'.", 'There are two.', "Did you mean 'y'?"]
    """
    head, *tail = message.strip().split("\n")
    parts = [part for part in re.split(r"(?<=[.!?])\s+(?=[A-Z`'\"])", clean(head)) if part]
    if len(parts) > 3:
        parts = [parts[0], " ".join(parts[1:-1]), parts[-1]]
    return [*(parts or ["Something failed."]), *(clean(line, keep="\t") for line in tail)]
