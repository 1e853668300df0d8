"""Run old code unchanged: scripts and notebooks for which `azureml` is Stoker."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stoker import azureml
from stoker.exceptions import UserErrorException

__all__ = ["Failure", "run_notebook", "run_script"]

_LONGEST_SOCKET = 90
"""Characters of a path that can name a socket; systems take 104 or 108, and five numbers stand behind it."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_IN_CHILD = (
    "import json, sys\nfrom stoker.porting.cells import run_cells\n"
    "sources, timeout = json.load(sys.stdin)\n"
    "with open(sys.argv[1], 'w') as file:\n"
    "    for outcome in run_cells(sources, timeout):\n"
    "        print(json.dumps(outcome), file=file, flush=True)\n"
)


@dataclass(frozen=True)
class Failure:
    """Why a notebook came to no end.

    Attributes
    ----------
    cell : int
        The cell that failed, from 1; text is counted too.
    why : str
        One line.
    traceback : str
        Where in the code, several lines; empty where the cell raised nothing.
    """

    cell: int
    why: str
    traceback: str = ""


def run_script(path: str, arguments: Sequence[str] = ()) -> int:
    """Run a script as `python FILE ARGS` would, with `azureml` meaning Stoker, and return its exit status.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is no such file.
    """
    _check(path)
    try:
        return subprocess.call([sys.executable, path, *arguments], env=_environment())
    except KeyboardInterrupt:
        # The script had it too.
        return 130


def run_notebook(path: str, output: str, timeout: float | None = None) -> Failure | None:
    """Run a notebook's cells in its own folder and keep it with what they gave.

    Parameters
    ----------
    path : str
    output : str
        Where the notebook goes that holds the outputs; written also when a cell fails.
    timeout : float, optional
        Seconds that a cell may take.

    Returns
    -------
    Failure or None
        The cell that failed and why, None when all went well.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is no such file, or it is no notebook.
    """
    _check(path)
    notebook = _load(path)
    folder = os.path.dirname(os.path.abspath(path))
    try:
        return _in_kernel(notebook, folder, timeout) if _has_kernel() else _in_process(notebook, folder, timeout)
    finally:
        _write(notebook, output)


def _check(path: str) -> None:
    if not os.path.isfile(path):
        raise UserErrorException(f"There is no file {path}. Give a Python script or a notebook.", target="file")


def _environment() -> dict[str, str]:
    """Return the variables of the code: `azureml` is Stoker, and `python` this interpreter, activated or not."""
    first = {"PYTHONPATH": azureml.PATH, "PATH": os.path.dirname(sys.executable)}
    found = {name: os.pathsep.join([own, *filter(None, [os.environ.get(name)])]) for name, own in first.items()}
    return {**os.environ, **found}


def _load(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            notebook = json.load(file)
        assert isinstance(notebook["cells"], list)
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise UserErrorException(
            f"{path} is no notebook of format 4: {error!r}. Open and save it in Jupyter, which brings it up to date.",
            target="file",
        ) from error
    found: dict[str, Any] = notebook
    return found


def _write(notebook: dict[str, Any], output: str) -> None:
    beside = f"{output}.part"
    with open(beside, "w", encoding="utf-8") as file:
        json.dump(notebook, file, indent=1, ensure_ascii=False)
        file.write("\n")
    os.replace(beside, output)


def _has_kernel() -> bool:
    import importlib.util

    return all(importlib.util.find_spec(name) is not None for name in ("nbclient", "nbformat", "ipykernel"))


def _in_kernel(notebook: dict[str, Any], folder: str, timeout: float | None) -> Failure | None:
    import tempfile

    import nbformat as untyped
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    nbformat: Any = untyped
    # Read as from its file: there a cell's source is a list of lines, and the client wants one text.
    made = nbformat.reads(json.dumps(notebook), as_version=4)
    nbformat.validator.normalize(made)
    begun = [0]
    try:
        with tempfile.TemporaryDirectory() as place:
            client = NotebookClient(
                made,
                km=_kernel(place),
                timeout=timeout,
                resources={"metadata": {"path": folder}},
                on_cell_execute=lambda cell_index, **_: begun.append(cell_index + 1),
            )
            client.execute(env=_environment())
    except CellExecutionError:
        return _failure(made["cells"][begun[-1] - 1].get("outputs") or [], begun[-1])
    except CellTimeoutError:
        return Failure(begun[-1], f"it took longer than {timeout:g} s. Give it more with --timeout.")
    except DeadKernelError:
        return Failure(begun[-1], "its process ended (for want of memory, by a crash or by `os._exit`).")
    finally:
        notebook.clear()
        notebook.update(json.loads(nbformat.writes(made)))
    return None


def _kernel(place: str) -> Any:
    """Return what starts a kernel of this interpreter, whatever kernel specifications the user has."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    path = os.path.join(place, "kernel")
    # Spoken to over files: a port that is free when it is chosen may be another program's when it is used.
    sockets: dict[str, Any] = {"transport": "ipc", "ip": path} if len(path) <= _LONGEST_SOCKET else {}
    manager = AsyncKernelManager(**sockets)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager._kernel_spec = KernelSpec(argv=command, display_name="stoker", language="python")  # noqa: SLF001  # no other way
    return manager


def _in_process(notebook: dict[str, Any], folder: str, timeout: float | None) -> Failure | None:
    """Run the cells in a child process that needs nothing but Python: text and the last value, no pictures."""
    import tempfile

    cells = notebook["cells"]
    with tempfile.TemporaryDirectory() as place:
        answer = os.path.join(place, "answer.jsonl")
        sources = [_source(cell) if cell.get("cell_type") == "code" else None for cell in cells]
        done = subprocess.run(
            [sys.executable, "-c", _IN_CHILD, answer],
            input=json.dumps([sources, timeout]),
            cwd=folder,
            env=_environment(),
            text=True,
            check=False,
        )
        outcomes = []
        if os.path.exists(answer):
            with open(answer, encoding="utf-8") as file:
                outcomes = [json.loads(line) for line in file if line.endswith("\n")]
    for cell, outcome in zip(cells, outcomes, strict=False):
        if outcome is not None:
            cell["outputs"], cell["execution_count"] = outcome["outputs"], outcome["count"]
    last = outcomes[-1]["outputs"] if outcomes and outcomes[-1] else []
    if any(one["output_type"] == "error" for one in last):
        return _failure(last, len(outcomes))
    if len(outcomes) < len(cells):
        return Failure(len(outcomes) + 1, f"its process ended (exit code {done.returncode}).")
    return None


def _failure(outputs: Sequence[Any], cell: int) -> Failure:
    """Make a failure of what a cell that raised has shown."""
    error = next(one for one in reversed(outputs) if one["output_type"] == "error")
    lines = _COLOURS.sub("", "\n".join(error["traceback"]))
    return Failure(cell, f"{error['ename']}: {error['evalue']}", lines)


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source") or ""
    return source if isinstance(source, str) else "".join(source)
