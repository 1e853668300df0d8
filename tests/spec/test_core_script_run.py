"""Sections 4.3 to 4.5 and 4.12: a submitted script as its reader sees it, and what the script itself has."""

from __future__ import annotations

import json
import re
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stoker.core import Environment, Experiment, Run, ScriptRunConfig, Workspace
from stoker.exceptions import ActivityFailedException
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

Config = Callable[..., ScriptRunConfig]

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"

INSIDE = """
    import json, multiprocessing, os, subprocess, sys, time

    from stoker.core import Run, ScriptRun
    from stoker.core.run import Run as SameRun, _OfflineRun

    began = time.time()
    run = Run.get_context()
    facts = {
        "id": run.id,
        "same object": run is Run.get_context() is SameRun.get_context() is Run.get_submitted_run(),
        "offline": isinstance(run, _OfflineRun),
        "experiment": run.experiment.name,
        "workspace": run.experiment.workspace.name,
        "workspace id": run.experiment.workspace.get_details()["workspaceid"],
        "status": run.get_status(),
        "inputs": dict(run.input_datasets),
        "outputs": dict(run.output_datasets),
        "parent": run.parent,
        "has": hasattr(run, "experiment"),
        "environment": dict(os.environ),
        "folders": [os.path.isdir("outputs"), os.path.isdir("logs")],
        "cwd": os.getcwd(),
        "arguments": sys.argv[1:],
    }
    run.log("mine", 1)
    run.tag("inside", "yes")
    facts["reads its own writes"] = [run.get_metrics(), run.get_tags()]

    def forked(number):
        Run.get_context().log("forked", number)

    workers = [multiprocessing.get_context("fork").Process(target=forked, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    spawned = "from stoker.core import Run; run = Run.get_context(); run.log('spawned', 1); print(run.id)"
    facts["spawned"] = subprocess.run([sys.executable, "-c", spawned], capture_output=True, text=True).stdout.strip()
    with open("outputs/facts.json", "w") as file:
        json.dump(facts, file)
    run.wait_for_completion()
    print("out")
    print("err", file=sys.stderr)
    run.complete()
    print("after complete")
"""

V1_VARIABLES = {
    "AZUREML_RUN_ID",
    "AZUREML_EXPERIMENT_ID",
    "AZUREML_ARM_SUBSCRIPTION",
    "AZUREML_ARM_RESOURCEGROUP",
    "AZUREML_ARM_WORKSPACE_NAME",
    "AZUREML_ARM_PROJECT_NAME",
    "AZUREML_WORKSPACE_ID",
    "AZUREML_SERVICE_ENDPOINT",
    "AZUREML_DISCOVERY_SERVICE_ENDPOINT",
    "AZUREML_RUN_TOKEN",
    "AZUREML_RUN_TOKEN_EXPIRY",
    "AZUREML_OUTPUT_DIRECTORY",
    "AZUREML_LOG_DIR",
    "AZUREML_SCRIPT_DIRECTORY_NAME",
}


@pytest.fixture(scope="module")
def script_run(experiment: Experiment, config_of: Config) -> Run:
    environment = Environment("mine")
    environment.environment_variables = {"BOTH": "environment", "ONE": "environment"}
    config = config_of(INSIDE, arguments=["--alpha", 0.5, 7, True, "with space"], environment=environment)
    config.run_config.environment_variables = {"BOTH": "run configuration"}
    run = experiment.submit(config)
    run.wait_for_completion()
    return run


@pytest.fixture(scope="module")
def facts(script_run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("facts") / "facts.json"
    script_run.download_file("outputs/facts.json", str(path))
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.fixture(scope="module")
def failed_run(experiment: Experiment, config_of: Config) -> Run:
    code = """
    import os, sys
    print("before")
    open("outputs/partial.txt", "w").write("kept")
    raise ValueError("the data is gone")
    """
    run = experiment.submit(config_of(code))
    run.wait_for_completion(raise_on_error=False)
    return run


def test_the_context_in_a_script_is_its_run(script_run: Run, ws: Workspace, facts: dict[str, Any]) -> None:
    assert facts["id"] == script_run.id
    assert facts["same object"]
    assert not facts["offline"]
    assert facts["has"]
    assert (facts["experiment"], facts["workspace"]) == ("spec", ws.name)
    assert facts["workspace id"] == ws.get_details()["workspaceid"]
    assert facts["status"] in {"Starting", "Running"}
    assert facts["parent"] is None
    assert (facts["inputs"], facts["outputs"]) == ({}, {})


def test_a_script_reads_its_own_writes(facts: dict[str, Any]) -> None:
    assert facts["reads its own writes"] == [{"mine": 1}, {"inside": "yes"}]


def test_forked_and_spawned_processes_log_to_the_same_run(script_run: Run, facts: dict[str, Any]) -> None:
    metrics = script_run.get_metrics()

    assert facts["spawned"] == script_run.id
    assert metrics["spawned"] == 1
    assert sorted(metrics["forked"]) == [0, 1, 2, 3]


def test_a_script_finds_v1s_variables(script_run: Run, ws: Workspace, facts: dict[str, Any]) -> None:
    found = facts["environment"]

    assert set(found) >= V1_VARIABLES
    assert [name for name in V1_VARIABLES if not found[name]] == []
    assert found["AZUREML_RUN_ID"] == script_run.id
    assert found["AZUREML_ARM_WORKSPACE_NAME"] == ws.name
    assert found["AZUREML_ARM_PROJECT_NAME"] == "spec"
    assert found["AZUREML_EXPERIMENT_ID"] == script_run.experiment.id
    assert found["AZUREML_ARM_SUBSCRIPTION"] == ws.subscription_id
    assert float(found["AZUREML_RUN_TOKEN_EXPIRY"]) > time.time()
    assert found["AZUREML_OUTPUT_DIRECTORY"] == facts["cwd"] + "/outputs"
    assert found["AZUREML_LOG_DIR"] == facts["cwd"] + "/logs"


def test_variables_of_the_run_configuration_win_over_the_environments(facts: dict[str, Any]) -> None:
    assert (facts["environment"]["BOTH"], facts["environment"]["ONE"]) == ("run configuration", "environment")


def test_arguments_are_texts_in_order(facts: dict[str, Any]) -> None:
    assert facts["arguments"] == ["--alpha", "0.5", "7", "True", "with space"]
    assert facts["folders"] == [True, True]


def test_complete_in_a_script_is_harmless_and_so_is_waiting_for_itself(
    script_run: Run, log_of: Callable[[Run], str]
) -> None:
    assert script_run.get_status() == "Completed"
    assert log_of(script_run).endswith("out\nerr\nafter complete\n")


def test_no_token_is_on_record(script_run: Run, facts: dict[str, Any]) -> None:
    token = facts["environment"]["AZUREML_RUN_TOKEN"]

    assert token not in json.dumps(script_run.get_details_with_logs())
    assert token not in json.dumps(script_run.get_properties())


def test_the_details_have_v1s_keys(script_run: Run) -> None:
    details = script_run.get_details()

    assert details["runId"] == script_run.id
    assert (details["target"], details["status"]) == ("local", "Completed")
    assert re.fullmatch(TIME, details["startTimeUtc"])
    assert re.fullmatch(TIME, details["endTimeUtc"])
    assert (details["inputDatasets"], details["outputDatasets"]) == ([], [])
    assert isinstance(details["submittedBy"], str)
    assert "error" not in details
    assert details["properties"] == script_run.get_properties()
    assert all(isinstance(address, str) for address in details["logFiles"].values())
    json.dumps(details)


def test_the_run_definition_has_v1s_keys(script_run: Run) -> None:
    definition = script_run.get_details()["runDefinition"]

    assert set(definition) >= {
        "script",
        "arguments",
        "command",
        "useAbsolutePath",
        "sourceDirectoryDataStore",
        "framework",
        "communicator",
        "target",
        "dataReferences",
        "data",
        "outputData",
        "jobName",
        "maxRunDurationSeconds",
        "nodeCount",
        "priority",
        "environment",
        "history",
        "spark",
        "tensorflow",
        "mpi",
        "pytorch",
        "hdi",
        "docker",
    }
    assert (definition["script"], definition["target"], definition["framework"]) == ("train.py", "local", "Python")
    assert (definition["nodeCount"], definition["maxRunDurationSeconds"]) == (1, 30 * 24 * 3600)
    environment = definition["environment"]
    assert environment["name"] == "mine"
    assert environment["version"]
    assert set(environment) >= {"python", "environmentVariables", "docker", "spark"}
    assert set(environment["python"]) >= {"interpreterPath", "userManagedDependencies", "condaDependencies"}
    assert environment["python"]["condaDependencies"]["dependencies"]


def test_the_end_is_absent_while_a_run_goes_on(experiment: Experiment, config_of: Config) -> None:
    run = experiment.submit(config_of("import time; time.sleep(100)"))
    wait_until(lambda: run.get_status() == "Running", what="the run's start")
    details = run.get_details()
    run.cancel()

    assert "startTimeUtc" in details
    assert "endTimeUtc" not in details


def test_waiting_prints_as_v1_does(
    experiment: Experiment, config_of: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    run = experiment.submit(config_of("import sys\nprint('first')\nprint('second', file=sys.stderr)\nprint('third')"))
    details = run.wait_for_completion(True)
    printed = capsys.readouterr().out

    assert printed.startswith(f"RunId: {run.id}\nWeb View: {run.get_portal_url()}\n")
    assert "Streaming user_logs/std_log.txt\n===============================\n" in printed
    assert "first\nsecond\nthird\n" in printed
    assert f"Execution Summary\n=================\nRunId: {run.id}\nWeb View: {run.get_portal_url()}\n" in printed
    assert details["status"] == run.status == "Completed"
    assert set(run.get_details()) == set(details)


def test_a_failed_run_raises_with_its_error(failed_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ActivityFailedException, match="the data is gone") as caught:
        failed_run.wait_for_completion(show_output=True)

    assert '"error"' in caught.value.message
    assert "before" in caught.value.message
    assert "the data is gone" in capsys.readouterr().out
    assert failed_run.get_details()["status"] == "Failed"
    assert "ValueError" in failed_run.get_details()["error"]["error"]["message"]
    assert failed_run.wait_for_completion(raise_on_error=False, wait_post_processing=True)["status"] == "Failed"


def test_outputs_of_a_failed_run_are_kept(failed_run: Run) -> None:
    assert "outputs/partial.txt" in failed_run.get_file_names()


def test_an_exit_code_decides(experiment: Experiment, config_of: Config) -> None:
    good = experiment.submit(config_of("import sys; sys.exit(0)"))
    bad = experiment.submit(config_of("import sys; sys.exit(3)"))

    assert good.wait_for_completion()["status"] == "Completed"
    with pytest.raises(ActivityFailedException, match="3"):
        bad.wait_for_completion()


def test_logs_are_read_and_copied(script_run: Run, in_folder: Path) -> None:
    texts = script_run.get_details_with_logs()["logFiles"]
    copied = script_run.get_all_logs()
    elsewhere = script_run.get_all_logs(destination="there")

    assert "out\nerr\n" in texts["user_logs/std_log.txt"]
    assert (in_folder / script_run.id / "user_logs" / "std_log.txt").read_text() == texts["user_logs/std_log.txt"]
    assert len(copied) == len(elsewhere) == len(texts)
    assert all(Path(path).is_file() for path in [*copied, *elsewhere])
    assert set(texts) <= set(script_run.get_file_names())


def test_the_page_s_address_has_no_token(script_run: Run, live_workspace: TemporaryWorkspace) -> None:
    url = script_run.get_portal_url()

    assert script_run.id in url
    assert "token" not in url
    assert (live_workspace.root / ".stoker" / "token").read_text().strip() not in url


def test_the_environment_of_a_run_is_on_record(script_run: Run) -> None:
    found = script_run.get_environment()

    assert (found.name, found.version) == ("mine", script_run.get_details()["runDefinition"]["environment"]["version"])
    assert found.environment_variables == {"BOTH": "environment", "ONE": "environment"}


def test_ctrl_c_ends_the_waiting_and_not_the_run(
    live_workspace: TemporaryWorkspace, experiment: Experiment, config_of: Config, tmp_path: Path
) -> None:
    import signal
    import subprocess
    import sys

    run = experiment.submit(config_of("import time\nprint('up', flush=True)\ntime.sleep(100)"))
    code = f"""
    from stoker.core import Run, Workspace
    Run.get(Workspace.from_config({str(live_workspace.root)!r}), {run.id!r}).wait_for_completion(show_output=True)
    """
    out = tmp_path / "out.txt"
    with out.open("w") as file:
        waiting = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=file, stderr=file)
    wait_until(lambda: "up" in out.read_text(), what="the run's output")
    waiting.send_signal(signal.SIGINT)
    waiting.wait(timeout=30)

    assert "goes on" in out.read_text()
    assert run.get_status() == "Running"
    run.cancel()
