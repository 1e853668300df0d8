from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from stoker.core import Experiment, Run, ScriptRunConfig, Workspace
from stoker.core.compute import AmlCompute, ComputeTarget
from stoker.core.runconfig import RunConfiguration
from stoker.exceptions import ActivityCanceledException, ActivityFailedException, UserErrorException
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

Config = Callable[..., ScriptRunConfig]

TRAIN = """
    import argparse, os, sys
    from stoker.core import Run
    parser = argparse.ArgumentParser()
    parser.add_argument("--alpha", type=float)
    alpha = parser.parse_args().alpha
    run = Run.get_context()
    run.log("alpha", alpha)
    for step in range(3):
        run.log("loss", 1 / (step + 1))
    run.log("bad", float("nan"))
    run.log_row("row", x=1, y=2.5)
    run.log_table("table", {"a": [1, 2], "b": [3, 4]})
    run.log_list("list", [1, 2, 3])
    run.tag("kind", "ridge")
    run.add_properties({"p": "1"})
    assert run.get_metrics("alpha") == {"alpha": alpha}, run.get_metrics()
    with open("outputs/model.txt", "w") as file:
        file.write("weights")
    print("training with", alpha)
    print("a warning", file=sys.stderr)
"""


def test_a_script_s_run_has_everything_on_record(
    experiment: Experiment, config_of: Config, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = experiment.submit(config_of(TRAIN, arguments=["--alpha", 0.5]), tags={"a": "b"})
    details = run.wait_for_completion(show_output=True)

    printed = capsys.readouterr().out
    assert "training with 0.5\na warning\n" in printed
    assert run.id in printed
    assert details["status"] == run.get_status() == "Completed"
    metrics = run.get_metrics()
    assert math.isnan(metrics.pop("bad"))
    assert metrics == {
        "alpha": 0.5,
        "loss": [1.0, 0.5, 1 / 3],
        "row": {"x": 1, "y": 2.5},
        "table": {"a": [1, 2], "b": [3, 4]},
        "list": [1, 2, 3],
    }
    assert run.get_tags() == {"a": "b", "kind": "ridge"}
    assert run.get_properties()["p"] == "1"
    assert {"outputs/model.txt", "user_logs/std_log.txt"} <= set(run.get_file_names())
    run.download_file("outputs/model.txt", str(tmp_path / "copy" / "model.txt"))
    assert (tmp_path / "copy" / "model.txt").read_text() == "weights"
    assert details["runDefinition"]["arguments"] == ["--alpha", "0.5"]
    assert run.number
    assert run.get_environment().name


def test_the_log_of_a_silent_script_is_empty_and_not_missing(
    experiment: Experiment, config_of: Config, live_workspace: TemporaryWorkspace
) -> None:
    run = experiment.submit(config_of("pass"))
    run.wait_for_completion()

    assert "user_logs/std_log.txt" in run.get_file_names()
    assert live_workspace.api.request("GET", f"/runs/{run.id}/logs/user_logs/std_log.txt").data == b""


def test_a_failing_script_raises_with_the_tail_of_its_log(experiment: Experiment, config_of: Config) -> None:
    run = experiment.submit(config_of("print('before')\nraise ValueError('the data is gone')"))

    with pytest.raises(ActivityFailedException, match="the data is gone") as caught:
        run.wait_for_completion()

    assert "before" in caught.value.message
    assert run.get_status() == "Failed"
    assert "ValueError" in run.get_details()["error"]["error"]["message"]


def test_a_run_works_on_a_copy_of_its_source(experiment: Experiment, config_of: Config, source: Path) -> None:
    (source / "data.txt").write_text("first")
    run = experiment.submit(config_of("import time; time.sleep(0.5); print(open('data.txt').read())"))
    (source / "data.txt").write_text("second")
    run.wait_for_completion()

    assert run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"] == "first\n"
    assert (source / "outputs").exists() is False


def test_cancel_ends_a_running_script_and_wait_says_so(experiment: Experiment, config_of: Config) -> None:
    run = experiment.submit(config_of("import time\nprint('up', flush=True)\ntime.sleep(100)"))
    wait_until(lambda: run.get_status() == "Running", what="the run's start")
    run.cancel()

    with pytest.raises(ActivityCanceledException):
        run.wait_for_completion()
    assert run.get_status() == "Canceled"


def test_the_time_limit_cancels_with_a_message(experiment: Experiment, config_of: Config) -> None:
    run = experiment.submit(config_of("import time; time.sleep(100)", max_run_duration_seconds=1))

    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == "Canceled"
    assert "1" in run.get_details()["error"]["error"]["message"]


def test_children_of_a_script_are_on_record(experiment: Experiment, config_of: Config) -> None:
    code = """
    from stoker.core import Run
    run = Run.get_context()
    for n in range(3):
        with run.child_run(name=f"child {n}") as child:
            child.log("n", n)
    open_child = run.child_run(name="left open")
    assert len(list(run.get_children())) == 4
    """
    run = experiment.submit(config_of(code))
    run.wait_for_completion()
    children = list(run.get_children())

    assert [child.display_name for child in children] == ["left open", "child 2", "child 1", "child 0"]
    assert [child.get_status() for child in children] == ["Failed", "Completed", "Completed", "Completed"]
    assert children[3].get_metrics() == {"n": 0}
    parent = children[0].parent
    assert parent is not None
    assert parent.id == run.id


def test_a_command_runs_in_a_shell(experiment: Experiment, source: Path) -> None:
    (source / "x.txt").write_text("x")
    run = experiment.submit(ScriptRunConfig(source_directory=str(source), command="cat x.txt && echo $STOKER_RUN_ID"))
    run.wait_for_completion()

    assert run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"] == f"x{run.id}\n"


def test_bad_submissions_say_what_to_do(experiment: Experiment, source: Path) -> None:
    (source / "train.py").write_text("")
    with pytest.raises(UserErrorException, match=r"trian\.py"):
        experiment.submit(ScriptRunConfig(source_directory=str(source), script="trian.py"))
    with pytest.raises(UserErrorException, match="nowhere"):
        experiment.submit(ScriptRunConfig(source_directory=str(source / "nowhere"), script="train.py"))
    with pytest.raises(Exception, match=r"'no-such-pool' is unknown in this workspace"):
        experiment.submit(
            ScriptRunConfig(source_directory=str(source), script="train.py", compute_target="no-such-pool")
        )


def test_only_the_target_changes_where_a_run_goes(ws: Workspace, experiment: Experiment, config_of: Config) -> None:
    config = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=2)
    pool = ComputeTarget.create(ws, "small-pool", config)
    pool.wait_for_completion(show_output=True)
    code = "import os; print(os.environ['STOKER_NODE_RANK'], os.environ['STOKER_NODE_COUNT'])"
    setting = config_of(code, compute_target=pool)
    setting.run_config.node_count = 2
    run = experiment.submit(setting)
    run.wait_for_completion()

    logs = run.get_details_with_logs()["logFiles"]
    assert [logs[f"user_logs/std_log_process_{n}.txt"] for n in (0, 1)] == ["0 2\n", "1 2\n"]
    found = AmlCompute(ws, "small-pool").get_status()
    assert found is not None
    status = found.serialize()
    assert status["scaleSettings"]["maxNodeCount"] == 2
    assert status["nodeStateCounts"]["idleNodeCount"] == 2


def test_a_waiting_parent_gives_its_only_node_to_its_child(
    ws: Workspace, experiment: Experiment, config_of: Config
) -> None:
    ComputeTarget.create(ws, "one-node", AmlCompute.provisioning_configuration(vm_size="x", max_nodes=1))
    code = """
    import sys
    from stoker.core import Run, ScriptRunConfig
    run = Run.get_context()
    if len(sys.argv) == 1:
        child = run.submit_child(ScriptRunConfig(".", "train.py", arguments=["child"], compute_target="one-node"))
        child.wait_for_completion(show_output=False)
        print("child was", child.get_status(), child.parent.id == run.id)
    """
    run = experiment.submit(config_of(code, compute_target="one-node"))
    run.wait_for_completion()

    assert "child was Completed True" in run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"]


def test_a_loop_of_submissions_of_one_config_is_independent(experiment: Experiment, config_of: Config) -> None:
    config = config_of("import sys; from stoker.core import Run; Run.get_context().log('n', int(sys.argv[1]))")
    runs = []
    for n in range(4):
        config.arguments = [n]
        config.run_config.arguments = [n]
        runs.append(experiment.submit(config))
    for run in runs:
        run.wait_for_completion()

    assert [run.get_metrics()["n"] for run in runs] == [0, 1, 2, 3]
    assert len({run.id for run in runs}) == 4
    assert next(iter(experiment.get_runs())).id == runs[-1].id


def test_an_interactive_run_and_its_children(ws: Workspace, experiment: Experiment, tmp_path: Path) -> None:
    run = experiment.start_logging(snapshot_directory=None, outputs=None)
    assert run.get_status() == "Running"
    run.log("x", 1)
    run.log("x", 2)
    (tmp_path / "note.txt").write_text("hello")
    run.upload_file("notes/note.txt", str(tmp_path / "note.txt"))
    with run.child_run("kid") as kid:
        kid.log("y", 3)
    run.complete()

    again = Run(experiment, run.id)
    assert again.get_status() == "Completed"
    assert again.get_metrics(recursive=True) == {run.id: {"x": [1, 2]}, kid.id: {"y": 3}}
    assert again.get_file_names() == ["notes/note.txt"]
    parent = ws.get_run(kid.id).parent
    assert parent is not None
    assert parent.id == run.id


def test_a_run_outlives_its_service(
    live_workspace: TemporaryWorkspace, experiment: Experiment, config_of: Config
) -> None:
    code = """
    import time
    from stoker.core import Run
    run = Run.get_context()
    for n in range(20):
        run.log("n", n)
        time.sleep(0.05)
    """
    run = experiment.submit(config_of(code))
    wait_until(lambda: run.get_status() == "Running", what="the run's start")
    service = live_workspace.service
    assert service is not None
    import os
    import signal

    os.kill(service.pid, signal.SIGKILL)
    run.wait_for_completion()

    assert run.get_metrics() == {"n": list(range(20))}
    assert live_workspace.service != service


def test_a_runconfig_file_is_what_is_run(experiment: Experiment, source: Path) -> None:
    (source / "train.py").write_text("import os; print(os.environ['COLOUR'])")
    config = RunConfiguration()
    config.script = "train.py"
    config.environment_variables = {"COLOUR": "blue"}
    config.save(str(source), "blue")
    loaded = RunConfiguration.load(str(source), "blue")
    run = experiment.submit(ScriptRunConfig(source_directory=str(source), run_config=loaded))
    run.wait_for_completion()

    assert run.get_details_with_logs()["logFiles"]["user_logs/std_log.txt"] == "blue\n"
