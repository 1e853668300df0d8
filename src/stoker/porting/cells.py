"""A notebook's cells run one after the other in this process: what is left where no kernel is installed."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import subprocess
import sys
import traceback
from typing import Any

__all__ = ["run_cells"]

_SHELL = re.compile(r"^(\s*)!(.*)$", re.MULTILINE)
_MAGIC = re.compile(r"^(\s*)%(?!%).*$", re.MULTILINE)


def run_cells(sources: list[str | None]) -> dict[str, Any]:
    """Run cells until one fails.

    Parameters
    ----------
    sources : list of (str or None)
        The code of each cell; None for one that has none.

    Returns
    -------
    dict
        `outputs`: for each cell that was run a list in the notebook format, else None; `counts`; `error`.
    """
    space: dict[str, Any] = {"__name__": "__main__", "__shell__": _shell}
    sys.path.insert(0, os.getcwd())
    outputs: list[list[dict[str, Any]] | None] = []
    count = 0
    error = None
    for source in sources:
        if source is None or error is not None:
            outputs.append(None)
            continue
        count += 1
        found, error = _run(source, space, count)
        outputs.append(found)
    return {"outputs": outputs, "counts": list(range(1, count + 1)), "error": error}


def _run(source: str, space: dict[str, Any], count: int) -> tuple[list[dict[str, Any]], str | None]:
    written = io.StringIO()
    outputs: list[dict[str, Any]] = []
    error, value = None, None
    with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
        try:
            value = _execute(source, space)
        except BaseException as failure:  # noqa: BLE001  # whatever the cell raises is the cell's
            error = "".join(traceback.format_exception_only(type(failure), failure)).strip()
            lines = traceback.format_exc().splitlines()
            outputs.append(
                {"output_type": "error", "ename": type(failure).__name__, "evalue": str(failure), "traceback": lines}
            )
    if written.getvalue():
        outputs.insert(0, {"output_type": "stream", "name": "stdout", "text": written.getvalue()})
    if value is not None:
        data = {"text/plain": repr(value)}
        outputs.append({"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": data})
    return outputs, error


def _execute(source: str, space: dict[str, Any]) -> Any:
    """Run a cell, and return the value of its last line when that is an expression."""
    first, _, rest = source.partition("\n")
    if first.startswith(("%%writefile", "%%file")):
        return _write_file(first, rest)
    if first.startswith(("%%bash", "%%sh")):
        return _shell(rest)
    text = rest if first.startswith("%%") else source
    text = _MAGIC.sub(r"\1pass", _SHELL.sub(lambda match: f"{match[1]}__shell__({match[2]!r})", text))
    tree = ast.parse(text, "<cell>")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), space)  # noqa: S102  # the user's own notebook
    if last is None:
        return None
    assert isinstance(last, ast.Expr)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), space)  # noqa: S307  # the same


def _write_file(first: str, text: str) -> None:
    words = first.split()[1:]
    mode = "a" if "-a" in words else "w"
    with open(words[-1], mode, encoding="utf-8") as file:
        file.write(text)
    print(f"Writing {words[-1]}")  # noqa: T201  # as IPython does


def _shell(command: str) -> None:
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)  # noqa: S602  # the same
    print(done.stdout + done.stderr, end="")  # noqa: T201  # as IPython does
