from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from stoker.exceptions import UserErrorException
from stoker.porting.code_base import check
from stoker.porting.findings import Finding, Report, Verdict
from stoker.porting.page import page


def cell(*lines: str, kind: str = "code") -> dict[str, Any]:
    source = [line + "\n" for line in lines]
    return {"cell_type": kind, "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def notebook(path: Path, *cells: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 2}))
    return path


def works(*names: str) -> dict[str, tuple[Verdict, str]]:
    return dict.fromkeys(names, (Verdict.WORKS, ""))


def stoker(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stoker.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_notebook_s_cells_know_what_the_earlier_ones_named(tmp_path: Path) -> None:
    notebook(
        tmp_path / "a.ipynb",
        cell("from azureml.core import Run", "%matplotlib inline"),
        cell("text", kind="markdown"),
        cell("run = Run.get_context()", "!pip list", "run.log('a', 1)"),
        cell("this is no python"),
    )
    report = check(str(tmp_path), {})

    assert [(use.name, use.cell, use.line) for use in report.findings] == [
        ("azureml.core.Run.get_context", 3, 1),
        ("azureml.core.Run.log", 3, 3),
    ]
    assert report.unread == [("a.ipynb: cell 4", "it is not Python 3: invalid syntax (line 1)")]


def test_code_that_only_looks_like_magic_is_read(tmp_path: Path) -> None:
    notebook(
        tmp_path / "a.ipynb",
        cell("from azureml.core import Run", "run = Run.get_context()"),
        cell("run.log('a', (7", "% 2))", "text = '''", "!ls", "'''", "%time run.complete()"),
    )
    report = check(str(tmp_path), {})

    assert [(use.name, use.line) for use in report.findings] == [
        ("azureml.core.Run.get_context", 2),
        ("azureml.core.Run.log", 1),
        ("azureml.core.Run.complete", 6),
    ]
    assert report.unread == []


def test_a_notebook_in_another_language_is_said(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", cell("SELECT 1"))
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "metadata": {"kernelspec": {"language": "sql"}}}))

    assert check(str(tmp_path), {}).unread == [("a.ipynb", "its cells are sql, not Python")]


def test_a_script_that_a_cell_writes_is_read_by_itself(tmp_path: Path) -> None:
    notebook(
        tmp_path / "a.ipynb",
        cell("from azureml.core import Run"),
        cell("%%writefile $folder/train.py", "import azureml.core.run as r", "r.Run.get_context().log('a', 1)"),
        cell("%%writefile conda.yml", "name: x"),
    )
    report = check(str(tmp_path), {})

    assert [(use.name, use.line) for use in report.findings] == [
        ("azureml.core.run.Run.get_context", 3),
        ("azureml.core.Run.log", 3),
    ]


def test_commands_in_scripts_and_cells_are_found(tmp_path: Path) -> None:
    (tmp_path / "ci.sh").write_text("# train\naz ml run submit-script -c local train.py && az ml model deploy\n")
    (tmp_path / "pipeline.yml").write_text("steps:\n- script: az ml job create -f job.yml\n")
    (tmp_path / "Makefile").write_text("train:\n\t@az ml nothing\n")
    notebook(
        tmp_path / "a.ipynb", cell("!az ml run list --last 3", "text = 'az ml run show'", "runs = !az ml run list")
    )
    report = check(
        str(tmp_path), {**works("run submit-script", "run list"), "model deploy": (Verdict.CLOUD, "Use mlflow.")}
    )

    assert [(use.name, use.verdict.value) for use in report.findings] == [
        ("az ml nothing", "missing"),
        ("az ml run list", "works"),
        ("az ml run list", "works"),
        ("az ml run submit-script", "works"),
        ("az ml model deploy", "cloud"),
        ("az ml job create", "missing"),
    ]


def test_a_command_over_several_lines_is_one_and_what_is_only_spoken_of_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text(
        "# az ml run list comes next\necho 'we use az ml workspaces'\naz ml \\\n  run list \\\n  --last 3\n"
        "RUN=$(az ml run show)\naz \\\n  ml nothing\naz ml run list \\"
    )
    (tmp_path / "b.ps1").write_text("az ml run submit-script `\n  -c local train.py\n")
    (tmp_path / "c.md").write_text(
        "The az ml run list of `az ml`; try `az ml run list`.\n```\n# az ml run show\naz ml run show\n```\n"
    )
    report = check(str(tmp_path), works("run list", "run show", "run submit-script"))

    assert [(use.file, use.line, use.name) for use in report.findings] == [
        ("a.sh", 3, "az ml run list"),
        ("a.sh", 6, "az ml run show"),
        ("a.sh", 7, "az ml nothing"),
        ("a.sh", 9, "az ml run list"),
        ("b.ps1", 1, "az ml run submit-script"),
        ("c.md", 1, "az ml run list"),
        ("c.md", 4, "az ml run show"),
    ]


def test_run_configurations_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.runconfig").write_text("script: train.py\nframework: Python\ntarget: local\n")
    (tmp_path / "b.runconfig").write_text("script: [\n")
    verdicts = [use.verdict for use in check(str(tmp_path), {}).findings]

    assert verdicts == [Verdict.WORKS, Verdict.DIFFERS]


def test_pipelines_and_sweeps_in_yaml_are_found_wherever_they_begin(tmp_path: Path) -> None:
    (tmp_path / "sweep.yml").write_text(
        "run_config: train\nsampling:\n    type: random\n    parameter_space: []\npolicy: {type: none}\n"
    )
    (tmp_path / "steps.yaml").write_text("# nightly\npipeline:\n    name: nightly\n    steps: {}\n")
    (tmp_path / "ci.yml").write_text("pipeline:\n- build\nsampling: 3\n")

    assert [(use.file, use.line, use.name) for use in check(str(tmp_path), {}).findings] == [
        ("steps.yaml", 2, "pipeline in YAML"),
        ("sweep.yml", 2, "sampling in YAML"),
    ]


def test_what_can_not_be_read_is_said_and_hides_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("print 'Python 2'\n")
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "good.py").write_text("from azureml.core import Run\nRun.get_context()\n")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "other.py").write_text("from azureml.core import Run\nRun.get_context()\n")
    report = check(str(tmp_path), {})

    assert (report.files, len(report.findings), report.share) == (1, 1, 1.0)
    assert [file for file, _ in report.unread] == ["broken.ipynb", "old.py"]
    assert "not Python 3" in report.unread[1][1]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deep.py", "x = " + "-" * 200_000 + "1"),
        ("chain.py", "x = run" + ".a" * 50_000),
        ("list.ipynb", "[1]"),
        ("odd.ipynb", '{"cells": [{"cell_type": "code", "source": 5}]}'),
        ("deep.ipynb", '{"cells": ' + "[" * 100_000),
    ],
)
def test_a_hostile_file_hides_nothing_of_the_others(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "z.py").write_text("from azureml.core import Run\nRun.get_context()\n")
    report = check(str(tmp_path), {})

    assert [file for file, _ in report.unread] == [name]
    assert [use.file for use in report.findings] == ["z.py"]


def test_nothing_at_the_path_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserErrorException, match="nothing at"):
        check(str(tmp_path / "none"), {})


def test_the_page_shows_names_as_text() -> None:
    report = Report(1, [Finding("<b>.py", 1, "azureml.<script>", Verdict.MISSING, "<i>", None)])

    assert "<script>" not in page(report, "<x>")
    assert "<i>" not in page(report, "<x>")
    assert "0 %" in page(report, "x")


def test_the_command_prints_a_table_json_and_a_page(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from azureml.core import Run\nRun.get_context()\nimport azureml.train.dnn\n")
    out = stoker("azureml", "check", str(tmp_path), "--html", str(tmp_path / "report.html"))
    facts = json.loads(stoker("azureml", "check", str(tmp_path), "-o", "json").stdout)

    assert "50 % of 2 uses of v1 in 1 file work here" in out.stdout
    assert "a.py:2" in out.stdout
    assert (facts["share"], facts["files"]) == (0.5, 1)
    assert set(facts["calls"][0]) == {"name", "file", "line", "verdict", "instead"}
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_a_folder_without_v1_has_no_share_to_boast_of(tmp_path: Path) -> None:
    out = stoker("azureml", "check", str(tmp_path), "--html", str(tmp_path / "report.html"))

    assert "No use of v1 was found in 0 files." in out.stdout
    assert "100 %" not in out.stdout + (tmp_path / "report.html").read_text()


def test_the_public_notebooks_of_v1_are_read(shared: Path) -> None:
    """It prints the figure; how long it takes is in the benchmarks."""
    sys.path.insert(0, str(shared / "notebooks"))
    try:
        import corpus  # type: ignore[import-not-found]  # it lies beside the checkout
    finally:
        sys.path.remove(str(shared / "notebooks"))
    found = subprocess.run(
        [sys.executable, corpus.__file__, str(shared / "notebooks")], capture_output=True, text=True, check=False
    )
    if found.returncode == 3:
        pytest.skip("no copy of the notebooks' repository: fetch Azure/MachineLearningNotebooks first")
    began = time.perf_counter()
    report = check(found.stdout.strip().splitlines()[-1], {})
    print(f"{report.share:.2f} of {len(report.findings)} uses work; {time.perf_counter() - began:.1f} s")  # noqa: T201  # the figure of the day

    assert report.files > 20
    assert 0.2 < report.share <= 1
