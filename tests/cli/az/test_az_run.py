from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from stoker.core import Experiment, RunConfiguration, Workspace

SCRIPT = """
import sys
from stoker.core import Run

run = Run.get_context()
run.log("words", len(sys.argv) - 1)
print("said", *sys.argv[1:])
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


@pytest.fixture
def run_id(ws: Workspace, tmp_path: Path) -> str:
    (tmp_path / "m.txt").write_text("m")
    with Experiment(ws, "made").start_logging(outputs=False, snapshot_directory=None) as run:
        run.upload_file("outputs/m.txt", str(tmp_path / "m.txt"))
        run.tag("area", "health")
    return str(run.id)


def test_a_script_is_submitted_and_its_log_followed(az: Any, script: Path, tmp_path: Path) -> None:
    RunConfiguration().save(str(tmp_path), name="local.runconfig")
    words = ("-c", "local", "-e", "t", "-t", "run.json", "--ct", "local", script.name, "--alpha", "0.1", "-o", "tsv")

    done = az("run submit-script", *words)

    shown = done.json
    assert (shown["status"], shown["_experiment_name"], shown["target"]) == ("Completed", "t", "local")
    assert shown["run_definition"]["arguments"] == ["--alpha", "0.1", "-o", "tsv"]
    assert "said --alpha 0.1 -o tsv" in done.err
    made = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert (made["runId"], made["experimentName"], made["runNumber"]) == (shown["run_id"], "t", shown["run_number"])
    assert {key: made[key] for key in shown} == shown


def test_a_script_that_is_not_waited_for_gives_its_run_at_once(az: Any, script: Path, ws: Workspace) -> None:
    done = az("run submit-script", "--async", "-e", "t", "--userscript-arguments", "--beta 'two words'", script.name)

    shown = done.json
    assert shown["run_definition"]["arguments"] == ["--beta", "two words"]
    assert "said" not in done.err
    ws.get_run(shown["run_id"]).wait_for_completion()
    assert az("run show", "-r", shown["run_id"]).json["status"] == "Completed"


def test_configuration_packages_and_source_come_from_where_the_options_say(az: Any, tmp_path: Path) -> None:
    project, source = tmp_path / "project", tmp_path / "source"
    (project / "aml_config").mkdir(parents=True)
    source.mkdir()
    (source / "train.py").write_text("print('from the source')")
    (tmp_path / "conda.yml").write_text("dependencies: [python, {pip: [azureml-defaults]}]\n")
    config = RunConfiguration()
    config.script, config.arguments = "train.py", ["--kept"]
    config.save(str(project / "aml_config" / "cpu.runconfig"))
    where = ("--path", project, "-c", "cpu", "--source-directory", source, "-d", "conda.yml")

    shown = az("run submit-script", "-e", "t", *where).json
    assert shown["run_definition"]["arguments"] == ["--kept"]
    packages = shown["run_definition"]["environment"]["python"]["condaDependencies"]["dependencies"]
    assert packages == ["python", {"pip": ["azureml-defaults"]}]

    by_file = ("-r", project / "aml_config" / "cpu.runconfig", "--source-directory", source)
    assert az("run submit-script", "-e", "t", *by_file, "train.py", "--other").json["script_name"] == "train.py"


def test_a_failed_script_is_exit_status_1(az: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("raise SystemExit(3)")

    done = az("run submit-script", "-e", "t", "bad.py")

    assert done.status == 1
    assert json.loads(done.out)["status"] == "Failed"
    assert "error" in json.loads(done.out)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("-e", "t"), 2, "There is nothing to run"),
        (("-e", "t", "-c", "a", "-r", "b", "x.py"), 2, "both were given"),
        (("-e", "t", "-c", "none", "x.py"), 1, "none"),
        (("-e", "t", "none.py"), 1, "none.py"),
        (("-e", "t", "--target", "none", "train.py"), 1, "none"),
        (("-e", "no spaces", "train.py"), 1, "no spaces"),
    ],
)
def test_what_can_not_be_submitted_is_said(az: Any, script: Path, words: Any, status: int, says: str) -> None:
    del script
    done = az("run submit-script", *words)

    assert (done.status, done.out) == (status, "")
    assert says in done.err


def test_runs_are_listed_under_the_names_of_v1(az: Any, run_id: str) -> None:
    first = az("run list", "-e", "made", "--last", "1").json[0]

    assert first["run_id"] == run_id
    assert first["tags"] == {"area": "health"}
    assert {"status", "run_number", "created_utc", "start_time_utc", "end_time_utc", "_experiment_name"} <= set(first)
    assert "run_definition" not in first
    assert az("run list", "--last", "1", "-o", "tsv", "--query", "[0].run_id").out.strip() == run_id


def test_a_list_of_runs_is_narrowed(az: Any, ws: Workspace, run_id: str) -> None:
    with Experiment(ws, "parents").start_logging(outputs=False, snapshot_directory=None) as run:
        children = {run.child_run().id for _ in range(3)}
        for child in run.get_children():
            child.complete()

    def ids(*words: str) -> list[str]:
        return [item["run_id"] for item in az("run list", *words).json]

    assert set(ids("--parent-run-id", run.id)) == children
    assert ids("-e", "parents") == [run.id]
    assert len(ids("-e", "parents", "--parent-run-id", run.id, "--last", "2")) == 2
    assert run_id in ids("--tags", "area=health")
    assert ids("--tags", "area=none") == []
    assert run_id in ids("--status", "completed", "-e", "made")
    assert ids("--status", "Failed", "-e", "made") == []
    assert ids("--compute-target-name", "none") == []


def test_a_minimal_list_has_the_columns_of_v1(az: Any, run_id: str) -> None:
    row = az("run list", "--minimal", "--last", "1").json[0]

    assert row["RunId"] == run_id
    assert list(row) == sorted(["RunId", "RunType", "Status", "StartTime", "EndTime", "Target", "Tags"])


def test_wrong_words_of_a_list_say_what_to_do(az: Any) -> None:
    assert az("run list", "--status", "Compleet").status == 2
    assert az("run list", "--last", "0").status == 2
    assert az("run list", "--last", "many").status == 2
    assert "later version" in az("run list", "--pipeline-run-id", "x").err
    assert az("run list", "--parent-run-id", "none").status == 1


def test_a_run_is_shown_tagged_and_found_in_its_experiment_only(az: Any, run_id: str) -> None:
    assert az("run show", "--run", run_id, "-e", "made").json["run_id"] == run_id
    assert az("run show", "-r", run_id, "-e", "another").status == 1
    assert az("run show", "-r", "none").status == 1
    assert az("run show").status == 2
    tagged = az("run update", "-r", run_id, "--add-tag", "k=v=w").json
    assert tagged["tags"] == {"area": "health", "k": "v=w"}
    assert az("run update", "-r", run_id).status == 2


def test_a_run_is_canceled(az: Any, ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("import time\ntime.sleep(600)\n")
    run = az("run submit-script", "--async", "-e", "t", "long.py").json["run_id"]

    done = az("run cancel", "-r", run)

    assert (done.status, done.out) == (0, "")
    assert run in done.err
    ws.get_run(run).wait_for_completion(raise_on_error=False)
    assert az("run show", "-r", run).json["status"] == "Canceled"
    again = az("run cancel", "-r", run).err
    assert "ended before" in again
    assert "Canceled" not in again
    assert az("run cancel", "-r", "none").status == 1


def test_logs_are_shown_to_the_end_and_downloaded(az: Any, script: Path, tmp_path: Path) -> None:
    run = az("run submit-script", "--async", "-e", "t", script.name, "one").json["run_id"]

    done = az("run monitor-logs", "-r", run)
    assert done.status == 0
    log, _, record = done.out.partition("{")
    assert "said one" in log
    assert json.loads("{" + record)["status"] == "Completed"

    got = az("run download-logs", "-r", run, "-d", "logs")
    assert (got.status, got.out) == (0, "")
    assert "said one" in (tmp_path / "logs" / "user_logs" / "std_log.txt").read_text()


def test_watching_a_run_that_fails_is_exit_status_1(az: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("print('about to fail')\nraise SystemExit(3)")
    run = az("run submit-script", "--async", "-e", "t", "bad.py").json["run_id"]

    done = az("run monitor-logs", "-r", run)

    assert done.status == 1
    assert "about to fail" in done.out


def test_experiments_are_listed_under_the_names_of_v1(az: Any, run_id: str) -> None:
    del run_id
    found = {row["name"]: row for row in az("experiment list").json}

    assert set(found["made"]) == {"experimentId", "name", "description", "createdUtc", "archivedTime", "tags"}


@pytest.mark.skipif(find_spec("tensorboard") is not None, reason="tensorboard is installed here")
def test_tensorboard_says_what_it_needs(az: Any, run_id: str) -> None:
    done = az("run monitor-tensorboard", "-r", run_id)

    assert (done.status, done.out) == (1, "")
    assert "pip install tensorboard" in done.err
    assert az("run monitor-tensorboard", "-r", "none").status == 1
