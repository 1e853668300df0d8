"""Run old code unchanged: scripts and notebooks for which `azureml` is Stoker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from stoker import azureml
from stoker.exceptions import UserErrorException

__all__ = ["run_notebook", "run_script"]


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


def run_notebook(path: str, output: str, timeout: float | None = None) -> str | None:
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
    str or None
        The error of the cell that failed, None when all went well.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is no such file, or it is no notebook.
    """
    _check(path)
    notebook = _load(path)
    folder = os.path.dirname(os.path.abspath(path))
    try:
        error = _in_kernel(notebook, folder, timeout) if _has_kernel() else _in_process(notebook, folder)
    finally:
        _write(notebook, output)
    return error


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


def _in_kernel(notebook: dict[str, Any], folder: str, timeout: float | None) -> str | None:
    import nbformat as untyped
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    nbformat: Any = untyped
    # Read as from its file: there a cell's source is a list of lines, and the client wants one text.
    made = nbformat.reads(json.dumps(notebook), as_version=4)
    nbformat.validator.normalize(made)
    manager = AsyncKernelManager()
    # The kernel of this interpreter, whatever kernel specifications the user has.
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager._kernel_spec = KernelSpec(argv=command, display_name="stoker", language="python")  # noqa: SLF001  # no other way
    client = NotebookClient(made, km=manager, timeout=timeout, resources={"metadata": {"path": folder}})
    try:
        client.execute(env=_environment())
    except CellExecutionError as error:
        return str(error)
    finally:
        notebook.clear()
        notebook.update(json.loads(nbformat.writes(made)))
    return None


def _in_process(notebook: dict[str, Any], folder: str) -> str | None:
    """Run the cells in a child process that needs nothing but Python: text and the last value, no pictures."""
    code = (
        "import json, sys\nfrom stoker.porting.cells import run_cells\n"
        "json.dump(run_cells(json.load(sys.stdin)), open(sys.argv[1], 'w'))"
    )
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        answer = os.path.join(place, "answer.json")
        sources = [_source(cell) if cell.get("cell_type") == "code" else None for cell in notebook["cells"]]
        done = subprocess.run(
            [sys.executable, "-c", code, answer],
            input=json.dumps(sources),
            cwd=folder,
            env=_environment(),
            text=True,
            check=False,
        )
        if not os.path.exists(answer):
            return f"The notebook ended its process (exit code {done.returncode})."
        with open(answer, encoding="utf-8") as file:
            outcome = json.load(file)
    for cell, outputs in zip(notebook["cells"], outcome["outputs"], strict=False):
        if outputs is not None:
            cell["outputs"], cell["execution_count"] = outputs, outcome["counts"].pop(0)
    error: str | None = outcome["error"]
    return error


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source") or ""
    return source if isinstance(source, str) else "".join(source)
