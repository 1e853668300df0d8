"""A notebook's cells run one after the other in this process: what is left where no kernel is installed."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from stoker.porting.magics import as_python, split_cell_magic

__all__ = ["run_cells"]

_NAMED = re.compile(r"\$\$|\$([A-Za-z_]\w*)|\{([^{}]+)\}")
"""What IPython fills in from the notebook's names: `$folder`, `{folder}`, and `$$` for a dollar."""
_MEASURED = frozenset({"", "time", "timeit", "capture", "prun"})
"""Cell magics whose cell is code."""
_SHOWN = frozenset({"html", "HTML", "javascript", "js", "latex", "markdown", "svg", "SVG"})
"""Cell magics whose cell is something for a front end."""
_SHELLS = frozenset({"system", "sx", "!"})
_PROGRAMS = frozenset({"bash", "sh", "script"})
"""Cell magics whose cell goes to a program; the cell fails when that does."""


def run_cells(sources: list[str | None], timeout: float | None = None) -> Iterator[dict[str, Any] | None]:
    """Run cells until one fails.

    Parameters
    ----------
    sources : list of (str or None)
        The code of each cell; None for one that has none.
    timeout : float, optional
        Seconds that a cell may take.

    Yields
    ------
    dict or None
        For each cell that was run `outputs`, a list in the notebook format, and `count`, its number; None for a
        cell without code.
    """
    sys.path.insert(0, os.getcwd())
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        notebook = _Notebook(loop, timeout)
        for source in sources:
            outcome = None if source is None else notebook.run(source)
            yield outcome
            if outcome is not None and any(output["output_type"] == "error" for output in outcome["outputs"]):
                return


class _Notebook:
    """The names that cells share, and what lines of IPython's do with them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout: float | None) -> None:
        self.loop = loop
        self.timeout = timeout
        self.count = 0
        own = {"__shell__": self.shell, "__lines__": self.lines, "__magic__": self.magic}
        self.space: dict[str, Any] = {"__name__": "__main__", **own}

    def run(self, source: str) -> dict[str, Any]:
        self.count += 1
        written = io.StringIO()
        outputs: list[dict[str, Any]] = []
        value = None
        with contextlib.redirect_stdout(written), contextlib.redirect_stderr(written):
            try:
                with _at_most(self.timeout):
                    value = self.execute(source)
            except BaseException as failure:  # noqa: BLE001  # whatever the cell raises is the cell's
                outputs.append(_error(failure))
        if written.getvalue():
            outputs.insert(0, {"output_type": "stream", "name": "stdout", "text": written.getvalue()})
        if value is not None:
            data = {"text/plain": repr(value)}
            result = {"output_type": "execute_result", "execution_count": self.count, "metadata": {}, "data": data}
            outputs.append(result)
        return {"outputs": outputs, "count": self.count}

    def execute(self, source: str) -> Any:
        """Run a cell, and return the value of its last line when that is an expression."""
        magic, given, text = split_cell_magic(source)
        if magic in {"writefile", "file"}:
            return _write_file(self.filled(given), source.lstrip("\n").partition("\n")[2])
        if magic in _SHELLS:
            return self.shell(text, filled=False)
        if magic in _PROGRAMS:
            return self.program(shlex.split(given) if magic == "script" else [magic, *shlex.split(given)], text)
        if magic in _SHOWN:
            return None
        if magic not in _MEASURED:
            raise NotImplementedError(
                f"The cell magic %%{magic} needs IPython. Install stoker[notebook], and the notebook runs in a kernel."
            )
        tree = ast.parse(as_python(text), "<cell>")
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        self.evaluate(compile(tree, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
        if last is None:
            return None
        assert isinstance(last, ast.Expr)
        return self.evaluate(compile(ast.Expression(last.value), "<cell>", "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))

    def evaluate(self, code: Any) -> Any:
        value = eval(code, self.space)  # noqa: S307  # the user's own notebook
        # Code that waits at its top level is a coroutine; one that a cell merely made is its value.
        return self.loop.run_until_complete(value) if code.co_flags & inspect.CO_COROUTINE else value

    def filled(self, text: str) -> str:
        """Return a line with the notebook's names filled in; what can't be stays as it is."""

        def fill(match: re.Match[str]) -> str:
            if match[0] == "$$":
                return "$"
            try:
                return str(eval(match[1] or match[2], self.space))  # noqa: S307  # the same
            except Exception:  # noqa: BLE001  # a variable of the shell, or braces of its own
                return match[0]

        return _NAMED.sub(fill, text)

    def shell(self, command: str, *, filled: bool = True) -> None:
        text = self.filled(command) if filled else command
        _printed(subprocess.run(text, shell=True, capture_output=True, text=True, check=False))  # noqa: S602  # the same

    def program(self, words: list[str], text: str) -> None:
        given = text.removeprefix("\n")
        _printed(subprocess.run(words, input=given, capture_output=True, text=True, check=False)).check_returncode()

    def lines(self, command: str) -> list[str]:
        done = subprocess.run(self.filled(command), shell=True, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S602
        return done.stdout.splitlines()

    def magic(self, name: str, given: str) -> None:
        """Do what a line of magic says, where that matters without a front end."""
        text = self.filled(given).strip()
        if name == "pip":
            # For the interpreter that the cells run in.
            self.shell(f"{shlex.quote(sys.executable)} -m pip {text}")
        elif name in {"conda", "system", "sx"}:
            self.shell(f"conda {text}" if name == "conda" else text)
        elif name == "cd":
            os.chdir(os.path.expanduser(text or "~"))
        elif name in {"env", "set_env"} and text:
            key, _, value = text.partition("=") if "=" in text else text.partition(" ")
            os.environ[key.strip()] = value.strip()
        elif name == "run":
            path, *words = shlex.split(text)
            before, sys.argv = sys.argv, [path, *words]
            try:
                found = runpy.run_path(path, run_name="__main__")
                self.space.update({key: value for key, value in found.items() if not key.startswith("__")})
            finally:
                sys.argv = before


@contextlib.contextmanager
def _at_most(seconds: float | None) -> Iterator[None]:
    if seconds is None:
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError(f"The cell took longer than {seconds:g} s.")

    before: Callable[..., Any] | int | None = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _printed(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    print(done.stdout + done.stderr, end="")  # noqa: T201  # as IPython does
    return done


def _error(failure: BaseException) -> dict[str, Any]:
    place = failure.__traceback__
    while place is not None and place.tb_frame.f_code.co_filename == __file__:
        # How the cell came to be run is of no interest to who reads why it failed.
        place = place.tb_next
    shown = traceback.format_exception(type(failure), failure, place or failure.__traceback__)
    lines = "".join(shown).splitlines()
    return {"output_type": "error", "ename": type(failure).__name__, "evalue": str(failure), "traceback": lines}


def _write_file(given: str, text: str) -> None:
    words = shlex.split(given)
    adds, path = "-a" in words or "--append" in words, words[-1]
    print(f"{'Appending to' if adds else 'Overwriting' if os.path.exists(path) else 'Writing'} {path}")  # noqa: T201
    with open(path, "a" if adds else "w", encoding="utf-8") as file:
        file.write(text)
