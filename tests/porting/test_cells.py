from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from stoker.porting.cells import run_cells


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def shown(*sources: str | None, timeout: float | None = None) -> list[Any]:
    """Run cells, and return what each one shows: its text, its value, its error."""
    return [
        None
        if outcome is None
        else [one.get("text") or one.get("evalue") or one["data"]["text/plain"] for one in outcome["outputs"]]
        for outcome in run_cells(list(sources), timeout)
    ]


def test_cells_share_their_names_and_show_the_last_value() -> None:
    assert shown("x = 2", None, "print(x)\nx + 1", "x;") == [[], None, ["2\n", "3"], ["2"]]


def test_the_first_error_is_the_last_cell() -> None:
    outcomes = list(run_cells(["x = 1", "1 / 0", "x = 2"]))

    assert [outcome and outcome["count"] for outcome in outcomes] == [1, 2]
    assert outcomes[-1] is not None
    error = outcomes[-1]["outputs"][0]
    assert (error["ename"], error["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert 'File "<cell>", line 1' in "\n".join(error["traceback"])


def test_a_traceback_begins_in_the_cell() -> None:
    (outcome,) = run_cells(["def work():\n    return 1 / 0\nwork()"])
    assert outcome is not None
    lines = outcome["outputs"][-1]["traceback"]

    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].lstrip().startswith('File "<cell>", line 3')
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_a_file_goes_into_a_folder_that_a_variable_names(elsewhere: Path) -> None:
    found = shown(
        "import os\nfolder = 'made here'\nos.makedirs(folder)",
        "%%writefile '$folder/train.py'\n\nx = '$folder'\n",
        "%%writefile -a '{os.path.join(folder, \"train.py\")}'\ny = 1",
    )

    assert found[1:] == [["Writing made here/train.py\n"], ["Appending to made here/train.py\n"]]
    assert (elsewhere / "made here/train.py").read_text() == "\nx = '$folder'\ny = 1"


def test_the_shell_knows_the_notebook_s_names_and_gives_its_lines_back() -> None:
    found = shown(
        "x = 7",
        "!echo {x + 1} $x $$HOME {nothing} | awk '{print $1, $2}'",
        "lines = !printf 'a\\nb\\n'\nlines",
        "%%bash\nx=3\necho $x {x}",
        "!echo one \\\n  two",
    )

    assert found[1:] == [["8 7\n"], ["['a', 'b']"], ["3 {x}\n"], ["one two\n"]]


def test_a_cell_for_a_program_is_that_program_s_and_fails_with_it() -> None:
    found = shown("%%bash\n[[ a == a ]] && echo yes", "%%script cat -\n$x", "%%sh\necho before\nexit 3", "1")

    assert found[:2] == [["yes\n"], ["$x"]]
    assert found[2][0] == "before\n"
    assert "returned non-zero exit status 3" in found[2][1]
    assert len(found) == 3


def test_lines_of_magic_do_what_matters_without_a_front_end(elsewhere: Path) -> None:
    (elsewhere / "made").mkdir()
    (elsewhere / "made/other.py").write_text("import sys\nname = sys.argv[1:]\n")
    found = shown(
        "%matplotlib inline\n%load_ext autoreload\n%cd made\nimport os\nos.path.basename(os.getcwd())",
        "%env STOKER_TEST_WORD=a b\nos.environ.pop('STOKER_TEST_WORD')",
        "%run other.py 1 'x y'\nname",
        "%time 1 + 1",
        "%%html\n<b>x</b>",
        "%pip --version",
    )

    assert found[:5] == [["'made'"], ["'a b'"], ["['1', 'x y']"], ["2"], []]
    assert "pip" in found[5][0]


def test_a_cell_may_wait_at_its_top_level() -> None:
    found = shown(
        "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 5", "x = await f()\nx", "await f()"
    )

    assert found == [[], ["5"], ["5"]]


def test_a_magic_that_needs_ipython_is_said() -> None:
    assert shown("%%cython\nx")[0][0].startswith("The cell magic %%cython needs IPython. Install stoker[notebook]")


def test_a_cell_that_takes_too_long_is_stopped() -> None:
    found = shown("import time\nprint('begun')\ntime.sleep(60)", "1", timeout=0.2)

    assert found == [["begun\n", "The cell took longer than 0.2 s."]]
