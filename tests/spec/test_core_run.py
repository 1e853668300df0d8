"""Sections 4.1, 4.2, 4.4 and 4.7: who a run is, its states, its end, its tags and properties."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stoker.base.processes import carrying
from stoker.core import Experiment, Run, ScriptRun, ScriptRunConfig, Workspace, _rehydrate
from stoker.exceptions import ActivityCanceledException, UserErrorException
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

Config = Callable[..., ScriptRunConfig]
GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
STATES = {
    "NotStarted",
    "Queued",
    "Preparing",
    "Provisioning",
    "Starting",
    "Running",
    "Finalizing",
    "CancelRequested",
    "Canceled",
    "Completed",
    "Failed",
    "NotResponding",
    "Unapproved",
    "Pausing",
    "Paused",
}


@pytest.fixture(scope="module")
def script_run(experiment: Experiment, config_of: Config) -> Run:
    run = experiment.submit(config_of("print('done')"))
    run.wait_for_completion()
    return run


def test_ids_are_v1s(script_run: Run, run: Run) -> None:
    assert re.fullmatch(r"spec_\d{10}_[0-9a-f]{8}", script_run.id)
    assert re.fullmatch(GUID, run.id)
    assert re.fullmatch(GUID, run.child_run("child").id)
    assert run.child_run(run_id="given-id").id == "given-id"
    run.complete()


def test_a_run_is_fetched_by_its_id(ws: Workspace, experiment: Experiment, script_run: Run) -> None:
    assert Run(experiment, script_run.id).get_status() == "Completed"
    assert Run(experiment=experiment, run_id=script_run.id).id == script_run.id
    assert isinstance(Run.get(ws, script_run.id), ScriptRun)
    assert isinstance(ScriptRun(experiment, script_run.id, directory=None), Run)
    assert script_run.id in {run.id for run in Run.list(experiment, type="azureml.scriptrun", status="Completed")}
    with pytest.raises(UserErrorException, match="nowhere"):
        Run(experiment, "nowhere")
    with pytest.raises(UserErrorException, match="nowhere"):
        Run.get(ws, "nowhere")


def test_a_process_reads_its_own_writes_through_whichever_object(ws: Workspace, run: Run) -> None:
    run.log("a", 1)
    run.tag("b", "c")
    child = run.child_run("child")
    child.log("d", 2)

    found = Run.get(ws, child.id)
    assert found.get_metrics() == {"d": 2}
    assert found.display_name == "child"
    run.log("a", 2)
    again = Run(run.experiment, run.id)
    assert (again.get_metrics(), again.get_tags()) == ({"a": [1, 2]}, {"b": "c"})
    run.tag("e")
    assert [item.id for item in run.experiment.get_runs(tags="e")] == [run.id]
    run.complete()


def test_runs_are_listed_by_state(experiment: Experiment, script_run: Run, run: Run) -> None:
    running = [found.id for found in Run.list(experiment, status="Running")]
    ended = [found.id for found in Run.list(experiment, status=["Completed", "Failed"])]

    assert run.id in running
    assert script_run.id not in running
    assert script_run.id in ended
    run.complete()


def test_other_packages_say_which_class_a_type_is(ws: Workspace, experiment: Experiment, script_run: Run) -> None:
    class Special(ScriptRun):
        pass

    Run.add_type_provider("azureml.scriptrun", lambda owner, record: Special(owner, record["id"]))
    try:
        assert type(Run.get(ws, script_run.id)) is Special
        assert type(next(Run.list(experiment, type="azureml.scriptrun"))) is Special
    finally:
        _rehydrate._factories.pop("azureml.scriptrun")


def test_what_a_run_says_of_itself(experiment: Experiment, script_run: Run, run: Run) -> None:
    assert script_run.type == ScriptRun.RUN_TYPE == "azureml.scriptrun"
    assert run.type in {None, "sdk"}
    assert isinstance(script_run.number, int)
    assert run.number is not None
    assert run.number > script_run.number >= 1
    assert script_run.experiment.name == experiment.name
    assert script_run.parent is None
    assert script_run.display_name == script_run.id
    run.display_name = "seen by people"
    run.description = "what it is about"
    fetched = Run(experiment, run.id)
    run.complete()

    assert (fetched.display_name, fetched.name, fetched.description) == (
        "seen by people",
        "seen by people",
        "what it is about",
    )


def test_a_run_passes_only_through_known_states_to_a_terminal_one(experiment: Experiment, config_of: Config) -> None:
    run = experiment.submit(config_of("import time; time.sleep(0.3)"))
    seen = [run.status]
    wait_until(lambda: seen.append(run.get_status()) or seen[-1] in {"Completed", "Failed", "Canceled"})  # type: ignore[func-returns-value]  # it is None

    assert seen[0] in {"NotStarted", "Starting", "Preparing", "Queued", "Running"}
    assert set(seen) <= STATES
    assert "Running" in seen
    assert seen[-1] == "Completed"
    assert run.status == "Completed"


def test_the_detailed_status_is_a_dict(script_run: Run) -> None:
    assert script_run.get_detailed_status()["status"] == "Completed"
    assert "details" in script_run.get_detailed_status()


def test_an_interactive_run_is_running_at_once_and_ends_by_a_call(experiment: Experiment) -> None:
    ends: dict[str, Callable[[Run], None]] = {
        "Completed": Run.complete,
        "Failed": lambda run: run.fail(error_details="no data", error_code="NoData"),
        "Canceled": Run.cancel,
    }
    for status, end in ends.items():
        run = experiment.start_logging(outputs=False, snapshot_directory=None)
        assert run.get_status() == "Running"
        end(run)
        assert run.status == run.get_status() == Run(experiment, run.id).status == status
        if status == "Failed":
            assert run.get_details()["error"]["error"]["message"] == "no data"
            assert run.get_details()["error"]["error"]["code"] == "NoData"


def test_a_block_ends_its_run_and_lets_the_error_through(experiment: Experiment) -> None:
    with experiment.start_logging(outputs=False, snapshot_directory=None) as good:
        good.log("a", 1)
    with (
        pytest.raises(ZeroDivisionError),
        experiment.start_logging(outputs=False, snapshot_directory=None) as bad,
        bad.child_run("child") as child,
    ):
        _ = 1 / 0

    assert good.get_status() == "Completed"
    assert [bad.get_status(), child.get_status()] == ["Failed", "Failed"]
    assert "ZeroDivisionError" in bad.get_details()["error"]["error"]["message"]
    assert "Traceback" in str(bad.get_details()["error"])


def test_an_ended_run_still_takes_tags_metrics_and_files(script_run: Run, tmp_path: Path) -> None:
    (tmp_path / "late.txt").write_text("late")
    script_run.tag("late", "yes")
    script_run.set_tags({"more": "m"})
    script_run.add_properties({"late": "property"})
    script_run.upload_file("late.txt", str(tmp_path / "late.txt"))
    script_run.log("late", 1)
    script_run.log("late", 2)

    assert script_run.get_metrics() == {"late": [1, 2]}
    assert "late.txt" in script_run.get_file_names()
    assert script_run.get_tags() == {"late": "yes", "more": "m"}
    assert script_run.get_status() == "Completed"


def test_cancel_at_once_is_a_canceled_run(experiment: Experiment, config_of: Config) -> None:
    run = experiment.submit(config_of("import time; time.sleep(100)"))
    run.cancel()

    assert run.get_status() in {"CancelRequested", "Canceled"}
    with pytest.raises(ActivityCanceledException, match=run.id):
        run.wait_for_completion()
    assert run.get_status() == "Canceled"
    run.cancel()
    assert run.get_status() == "Canceled"


def test_fail_from_outside_ends_a_submitted_run(experiment: Experiment, config_of: Config) -> None:
    run = experiment.submit(config_of("import time; time.sleep(100)"))
    wait_until(lambda: run.get_status() == "Running", what="the run's start")
    run.fail("stopped by its reader")
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Failed"
    assert run.get_details()["error"]["error"]["message"] == "stopped by its reader"


def test_fail_at_once_ends_a_submitted_run_that_has_not_started(experiment: Experiment, config_of: Config) -> None:
    run = experiment.submit(config_of("import time; time.sleep(100)"))
    run.fail("never wanted")
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Failed"
    assert run.get_detailed_status() == {"status": "Failed", "details": "never wanted"}


def test_fail_at_any_moment_of_a_start_leaves_no_process(experiment: Experiment, config_of: Config) -> None:
    config = config_of("import time; time.sleep(100)")
    for moment in range(8):
        run = experiment.submit(config)
        time.sleep(moment * 0.005)
        run.fail("not wanted any more")
        run.wait_for_completion(raise_on_error=False)

        assert run.get_status() == "Failed"
        wait_until(lambda run=run: not carrying(run.id), what="the end of the run's processes")  # type: ignore[misc]


def test_tags_are_merged_and_may_be_none_or_of_any_type(experiment: Experiment, run: Run) -> None:
    run.tag("simple")
    run.tag(key="Rank", value=1)
    run.set_tags({"score": 0.5, "flag": True})
    run.set_tags("single")
    run.tag("Rank", "2")
    run.remove_tags(["flag", "never-there"])
    expected = {"simple": None, "Rank": "2", "score": "0.5", "single": None}
    tags = run.get_tags()
    fetched = Run(experiment, run.id)
    fetched.tag("by another", None)
    run.complete()

    assert tags == expected
    assert fetched.tags == fetched.get_tags() == run.get_tags() == {**expected, "by another": None}


def test_a_dict_of_tags_is_a_copy(run: Run) -> None:
    run.tag("a", "b")
    run.get_tags()["a"] = "changed"
    run.tags["a"] = "changed"
    run.complete()

    assert run.get_tags() == {"a": "b"}


def test_properties_do_not_change(experiment: Experiment, run: Run) -> None:
    run.add_properties({"a": 1})
    run.add_properties({"a": "1", "b": "x"})
    for same in (run, Run(experiment, run.id)):
        with pytest.raises(UserErrorException, match="'a'"):
            same.add_properties({"a": "2"})
    run.complete()

    assert {key: run.get_properties()[key] for key in ("a", "b")} == {"a": "1", "b": "x"}
    assert run.properties["a"] == "1"


def test_git_and_snapshot_are_properties(experiment: Experiment, tmp_path: Path) -> None:
    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    (tmp_path / "train.py").write_text("print()")
    git("init", "-b", "trunk")
    git("remote", "add", "origin", "https://user:secret@example.com/project.git")
    git("add", ".")
    git("commit", "-m", "first")
    (tmp_path / "train.py").write_text("print(1)")
    run = experiment.submit(ScriptRunConfig(str(tmp_path), "train.py"))
    run.cancel()
    properties = run.get_properties()

    assert properties["azureml.git.commit"] == properties["mlflow.source.git.commit"] == git("rev-parse", "HEAD")
    assert properties["azureml.git.branch"] == properties["mlflow.source.git.branch"] == "trunk"
    assert properties["azureml.git.dirty"] == "True"
    assert properties["azureml.git.repository_uri"] == "https://example.com/project.git"
    assert properties["mlflow.source.git.repoURL"] == "https://example.com/project.git"
    assert properties["ContentSnapshotId"] == run.get_snapshot_id()
    assert properties["_azureml.ComputeTargetType"] == "local"


def test_no_git_no_properties_of_git(script_run: Run) -> None:
    assert not [name for name in script_run.get_properties() if ".git." in name]


def test_an_interactive_run_whose_process_died_stays_running(
    live_workspace: TemporaryWorkspace, experiment: Experiment
) -> None:
    code = (
        "from stoker.core import *\n"
        f"ws = Workspace.from_config({str(live_workspace.root)!r})\n"
        "run = Experiment(ws, 'spec').start_logging(outputs=False, snapshot_directory=None)\n"
        "run.log('a', 1)\nprint(run.id)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    run = Run(experiment, done.stdout.strip())
    wait_until(lambda: run.get_metrics() == {"a": 1}, what="what the dead process wrote")

    assert run.get_status() == "Running"
    run.cancel()
    assert run.get_status() == "Canceled"


def test_representations_for_a_shell_and_a_notebook(script_run: Run) -> None:
    shown = f"Run(Experiment: spec,\nId: {script_run.id},\nType: azureml.scriptrun,\nStatus: Completed)"
    table = script_run._repr_html_()

    assert repr(script_run) == shown
    for heading in ("Experiment", "Id", "Type", "Status", "Details Page", "Docs Page"):
        assert heading in table
    assert script_run.get_portal_url() in table
