from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stoker.exceptions import UserErrorException
from stoker.porting import execute


def notebook(path: Path, *sources: str) -> Path:
    empty: dict[str, Any] = {"metadata": {}, "outputs": [], "execution_count": None}
    cells = [{"cell_type": "code", "source": text, **empty} for text in sources]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    return path


def outputs(path: Path) -> list[Any]:
    return [cell["outputs"] for cell in json.loads(path.read_text())["cells"]]


def test_a_script_of_v1_runs_with_its_arguments_and_its_exit_status(tmp_path: Path) -> None:
    script = tmp_path / "old.py"
    script.write_text(
        "import subprocess, sys\nimport azureml.core\nfrom helper import name\n"
        "print(azureml.core.Run.__module__, name, sys.argv[1:])\n"
        "sys.stdout.flush()\nsubprocess.run([sys.executable, '-c', 'import azureml.core'], check=True)\nsys.exit(3)\n"
    )
    (tmp_path / "helper.py").write_text("name = 'helped'\n")
    done = subprocess.run(
        [sys.executable, "-m", "stoker.cli", "azureml", "exec", str(script), "--alpha", "1"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.strip()) == (3, "stoker.core.run helped ['--alpha', '1']"), done.stderr


def test_a_program_named_python_is_the_interpreter_that_runs_the_script(tmp_path: Path) -> None:
    script = tmp_path / "old.py"
    script.write_text("import subprocess\nsubprocess.run(['python', '-c', 'import azureml.core'], check=True)\n")
    command = [sys.executable, "-m", "stoker.cli", "azureml", "exec", str(script)]
    done = subprocess.run(command, env={**os.environ, "PATH": os.defpath}, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def stoker(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stoker.cli", "azureml", "exec", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_notebook_runs_in_a_kernel_and_its_outputs_are_kept(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", "import azureml.core\nx = 2", "print(azureml.core.Run.__module__)\nx + 1")
    done = stoker(str(path))

    assert done.returncode == 0, done.stderr
    printed, value = outputs(tmp_path / "a.executed.ipynb")[1]
    assert "".join(printed["text"]).strip() == "stoker.core.run"
    assert "".join(value["data"]["text/plain"]) == "3"
    assert outputs(path) == [[], []]


def test_a_notebook_as_jupyter_saves_it_runs(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", "")
    saved = json.loads(path.read_text())
    saved["cells"][0]["source"] = ["import azureml.core\n", "x = 2\n", "print(x + 1)"]
    path.write_text(json.dumps(saved))
    done = stoker(str(path))

    assert done.returncode == 0, done.stderr
    assert "".join(outputs(tmp_path / "a.executed.ipynb")[0][0]["text"]) == "3\n"


def test_a_cell_that_fails_is_said_and_what_ran_is_kept(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", "print('one')", "1 / 0", "print('three')")
    done = stoker("--keep", str(tmp_path / "out.ipynb"), str(path))
    kept = outputs(tmp_path / "out.ipynb")

    assert done.returncode == 1
    assert "Cell 2 failed: ZeroDivisionError: division by zero" in done.stderr
    assert "1 / 0" in done.stderr
    assert "".join(kept[0][0]["text"]).strip() == "one"
    assert kept[1][0]["ename"] == "ZeroDivisionError"
    assert kept[2] == []


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where neither nbclient nor ipykernel is installed."""
    monkeypatch.setattr(execute, "_has_kernel", lambda: False)


@pytest.mark.usefixtures("no_kernel")
def test_without_a_kernel_the_cells_run_in_a_plain_process(tmp_path: Path) -> None:
    sources = [
        "import azureml.core\nprint(azureml.core.Run.__module__)",
        "%%writefile made.py\nx = 1\n",
        "!cat made.py",
        "%matplotlib inline\nfrom made import x\nx + 1",
    ]
    kept = tmp_path / "out.ipynb"
    failure = execute.run_notebook(str(notebook(tmp_path / "a.ipynb", *sources)), str(kept))
    texts = [[one.get("text") or one["data"]["text/plain"] for one in found] for found in outputs(kept)]

    assert failure is None
    assert texts == [["stoker.core.run\n"], ["Writing made.py\n"], ["x = 1\n"], ["2"]]


@pytest.mark.usefixtures("no_kernel")
@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import os; os._exit(3)", "its process ended (exit code 3)."),
        ("import time; time.sleep(60)", "TimeoutError: The cell took longer than 1 s."),
    ],
)
def test_a_plain_process_keeps_what_ran_before_a_failure(tmp_path: Path, code: str, why: str) -> None:
    kept = tmp_path / "out.ipynb"
    failure = execute.run_notebook(str(notebook(tmp_path / "a.ipynb", "print(1)", code, "2")), str(kept), timeout=1)

    assert failure is not None
    assert (failure.cell, failure.why) == (2, why)
    assert outputs(kept)[0][0]["text"] == "1\n"
    assert outputs(kept)[2] == []


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os; os._exit(3)", "its process ended"),
        ("import time; time.sleep(60)", "it took longer than 2 s. Give it more with --timeout."),
    ],
)
def test_a_kernel_s_end_names_the_cell_and_keeps_what_ran(tmp_path: Path, code: str, why: str) -> None:
    path = notebook(tmp_path / "a.ipynb", "print(1)", code)
    done = stoker("--timeout", "2", str(path))

    assert done.returncode == 1
    assert f"Cell 2 failed: {why}" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert "".join(outputs(tmp_path / "a.executed.ipynb")[0][0]["text"]) == "1\n"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 1}'])
def test_what_is_no_notebook_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text)

    with pytest.raises(UserErrorException, match="no notebook"):
        execute.run_notebook(str(path), str(tmp_path / "out.ipynb"))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserErrorException, match="There is no file"):
        execute.run_script(str(tmp_path / "none.py"))
