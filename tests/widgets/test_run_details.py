from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from stoker.core import Experiment, Run, ScriptRunConfig, Workspace
from stoker.exceptions import UserErrorException
from stoker.testing.workspaces import TemporaryWorkspace
from stoker.widgets import RunDetails
from stoker.widgets._facts import text_of


@pytest.fixture(scope="module")
def run(live_workspace: TemporaryWorkspace) -> Run:
    experiment = Experiment(Workspace.from_config(str(live_workspace.root)), "widgets")
    with experiment.start_logging(snapshot_directory=None, display_name="<b>bold</b>") as made:
        for step in range(1000):
            made.log("loss", 1 / (step + 1), step=step)
        made.log_row("point", x=1, y=2)
        made.log("broken", float("nan"))
        with made.child_run("fold 1") as child:
            child.log("accuracy", 0.75)
    return made


def test_what_is_shown_is_all_of_a_run_at_a_glance(run: Run) -> None:
    facts = RunDetails(run).get_widget_data()
    metrics = {metric["name"]: metric for metric in facts["metrics"]}

    assert (facts["status"], facts["ended"], facts["name"]) == ("Completed", True, "<b>bold</b>")
    assert metrics["loss"]["last"] == pytest.approx(0.001)
    assert 100 <= len(metrics["loss"]["points"]) <= 400
    assert metrics["loss"]["points"][-1] == [999, pytest.approx(0.001)]
    assert {"point: x", "point: y"} <= set(metrics)
    assert metrics["broken"]["last"] == "nan"
    assert [(child["name"], child["metrics"]) for child in facts["children"]] == [("fold 1", {"accuracy": 0.75})]


def test_little_is_asked_of_a_run_that_is_large(
    live_workspace: TemporaryWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = Experiment(Workspace.from_config(str(live_workspace.root)), "widgets")
    with experiment.start_logging(snapshot_directory=None) as made:
        for step in range(50_000):
            made.log("loss", step, step=step)
        for number in range(60):
            made.log(f"name {number}", number)
        children = made.create_children(count=120)
        for child in children:
            child.complete()
    api, answers = made.experiment.workspace._api, []
    request = api.request

    def noted(*given: Any, **named: Any) -> Any:
        answers.append(request(*given, **named))
        return answers[-1]

    monkeypatch.setattr(api, "request", noted)

    facts = RunDetails(made).get_widget_data()

    assert [metric["last"] for metric in facts["metrics"]] == [49_999, *range(49)]
    assert (facts["more_metrics"], len(facts["children"]), facts["more_children"]) == (11, 100, 20)
    assert sum(len(answer.data) for answer in answers) < 100_000
    assert "  and 11 more" in text_of(facts).splitlines()


def test_a_run_is_waited_for_only_when_that_is_asked(
    live_workspace: TemporaryWorkspace, tmp_path: Path, capsys: Any
) -> None:
    flag = tmp_path / "flag"
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "wait.py").write_text(
        f"import os, time\nwhile not os.path.exists({str(flag)!r}):\n    time.sleep(0.02)\n"
    )
    experiment = Experiment(Workspace.from_config(str(live_workspace.root)), "widgets")
    made = experiment.submit(ScriptRunConfig(str(tmp_path / "source"), script="wait.py"))
    waiting = threading.Thread(target=RunDetails(made).show, kwargs={"widget_settings": {"block": True}})
    waiting.start()
    try:
        waiting.join(1)
        assert waiting.is_alive()
    finally:
        flag.touch()
    waiting.join(60)

    assert not waiting.is_alive()
    assert made.get_status() == "Completed"
    assert "(experiment widgets)" in capsys.readouterr().out


def test_without_a_front_end_a_plain_table_is_printed_at_once(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    RunDetails(run).show(render_lib="ignored", widget_settings={"debug": True})
    lines = capsys.readouterr().out.splitlines()

    assert lines[0] == "<b>bold</b>: Completed (experiment widgets)"
    assert any(line.split() == ["loss", "0.001"] for line in lines)
    assert any(line.split() == ["fold", "1", "Completed", "accuracy", "0.75"] for line in lines)


def test_a_run_that_goes_on_is_shown_without_waiting(live_workspace: TemporaryWorkspace, capsys: Any) -> None:
    experiment = Experiment(Workspace.from_config(str(live_workspace.root)), "widgets")
    made = experiment.start_logging(snapshot_directory=None)
    try:
        RunDetails(made).show()
        assert ": Running (experiment widgets)" in capsys.readouterr().out
    finally:
        made.complete()


@pytest.mark.parametrize("wrong", [None, 1, "run"])
def test_what_is_no_run_is_refused(wrong: Any) -> None:
    with pytest.raises(UserErrorException, match="RunDetails shows runs"):
        RunDetails(wrong)


def test_a_failure_is_part_of_the_table() -> None:
    facts = {
        "name": "a",
        "status": "Failed",
        "experiment": "e",
        "url": "u",
        "error": "why",
        "metrics": [],
        "more_metrics": 0,
        "children": [],
        "more_children": 0,
    }

    assert text_of(facts).splitlines() == ["a: Failed (experiment e)", "u", "  why"]


def test_importing_it_costs_no_widget_library() -> None:
    code = "import stoker.widgets, sys; assert not {'anywidget', 'IPython', 'traitlets'} & set(sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_picture_of_a_page_without_widgets_is_the_plain_table(run: Run, tmp_path: Path) -> None:
    code = (
        "from stoker.core import Run, Workspace\nfrom stoker.widgets import RunDetails\n"
        f"ws = Workspace.from_config({str(run.experiment.workspace._place)!r})\n"
        f"RunDetails(Run.get(ws, {run.id!r})).show()"
    )
    cell: dict[str, Any] = {"cell_type": "code", "source": code, "metadata": {}, "outputs": [], "execution_count": None}
    import json

    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    done = subprocess.run(
        [sys.executable, "-m", "stoker.cli", "azureml", "exec", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    outputs = json.loads((tmp_path / "a.executed.ipynb").read_text())["cells"][0]["outputs"]
    shown = outputs[-1]["data"]

    assert "application/vnd.jupyter.widget-view+json" in shown
    assert "<b>bold</b>: Completed" in "".join(shown["text/plain"])
