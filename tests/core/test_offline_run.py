from __future__ import annotations

import os
import subprocess
import sys

import pytest

from stoker.core import Run
from stoker.core.run import _OfflineRun
from stoker.exceptions import RunEnvironmentException


@pytest.fixture(autouse=True)
def no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STOKER_RUN_ID", raising=False)


@pytest.fixture
def run() -> _OfflineRun:
    made = Run.get_context()
    assert isinstance(made, _OfflineRun)
    return made


def test_outside_a_run_the_context_is_an_offline_run(run: _OfflineRun) -> None:
    assert run.id.startswith("OfflineRun_")
    assert len(run.id) == len("OfflineRun_") + 36
    assert run.id != Run.get_context().id


def test_an_offline_run_can_be_refused() -> None:
    with pytest.raises(RunEnvironmentException, match="start_logging"):
        Run.get_context(allow_offline=False)
    with pytest.raises(RunEnvironmentException):
        Run.get_submitted_run()


@pytest.mark.parametrize(
    ("call", "printed"),
    [
        (lambda run: run.log("a", 1, step=3), "Attempted to log scalar metric a:\n1\n"),
        (lambda run: run.log("a", float("nan"), description="x"), "Attempted to log scalar metric a:\nnan\n"),
        (lambda run: run.log_list("a", [1, 2]), "Attempted to log list metric a:\n[1, 2]\n"),
        (lambda run: run.log_row("a", x=1, y=2), "Attempted to log row metric a:\n{'x': 1, 'y': 2}\n"),
        (lambda run: run.log_table("a", {"x": [1]}), "Attempted to log table metric a:\n{'x': [1]}\n"),
        (lambda run: run.log_image("a", path="no-such.png"), "Attempted to log image metric a:\nno-such.png\n"),
        (lambda run: run.log_image("a", plot=3), "Attempted to log image metric a:\n3\n"),
        (lambda run: run.log_confusion_matrix("a", {}), "Attempted to log confusion_matrix metric a:\n{}\n"),
        (lambda run: run.log_accuracy_table("a", {}), "Attempted to log accuracy_table metric a:\n{}\n"),
        (lambda run: run.log_predictions("a", {}), "Attempted to log predictions metric a:\n{}\n"),
        (lambda run: run.log_residuals("a", {}), "Attempted to log residual metric a:\n{}\n"),
        (lambda run: run.upload_file("n", "no-such"), "Attempted to track file n at no-such\n"),
        (lambda run: run.upload_files(["n"], ["p"]), "Attempted to track files ['n'] at ['p']\n"),
        (lambda run: run.upload_folder("n", "p"), "Attempted to track folder n at p\n"),
        (lambda run: run.tag("k"), "Attempted to add tag k with value None\n"),
        (lambda run: run.tag("k", "v"), "Attempted to add tag k with value v\n"),
        (lambda run: run.set_tags({"k": "v"}), "Attempted to set tags {'k': 'v'}\n"),
        (lambda run: run.add_properties({"k": "v"}), "Attempted to add properties {'k': 'v'}\n"),
        (lambda run: run.fail("x"), "Run failed with error code None:\nx\n"),
        (lambda run: run.complete(), ""),
        (lambda run: run.cancel(), ""),
    ],
)
def test_each_call_prints_what_it_would_record(
    run: _OfflineRun, call: object, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(call)

    assert call(run) is None

    assert capsys.readouterr().out == printed


@pytest.mark.parametrize(
    "name", ["experiment", "parent", "get_metrics", "input_datasets", "get_tags", "register_model", "status", "tags"]
)
def test_what_needs_a_workspace_is_absent(run: _OfflineRun, name: str) -> None:
    assert not hasattr(run, name)


def test_a_child_of_an_offline_run_is_another_one(run: _OfflineRun) -> None:
    child = run.child_run("kid")

    assert isinstance(child, _OfflineRun)
    assert child.id != run.id


def test_an_offline_run_is_a_context_manager_that_lets_errors_through(
    run: _OfflineRun, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        with run as same:
            assert same is run
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        work()

    assert capsys.readouterr().out == f"[START] Run {run.id} context\n[STOP] Run {run.id} context\n"


def test_getting_the_context_imports_nothing_heavy() -> None:
    heavy = {"json", "re", "uuid", "http.client", "inspect", "dataclasses", "subprocess", "logging", "asyncio"}
    code = "import sys; from stoker.core import Run; Run.get_context(); print(*sys.modules)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STOKER_")}
    command = [sys.executable, "-c", code]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split())

    # `typing` brings `re`; it is for the package's root to say whether it is worth it.
    assert not loaded & (heavy - ({"re"} if "typing" in loaded else set()))
