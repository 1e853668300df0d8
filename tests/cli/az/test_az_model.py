from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stoker.core import Dataset, Experiment, Workspace


@pytest.fixture
def run_id(ws: Workspace, tmp_path: Path) -> str:
    (tmp_path / "m.pkl").write_bytes(b"weights")
    with Experiment(ws, "models").start_logging(outputs=False, snapshot_directory=None) as run:
        run.upload_file("outputs/m.pkl", str(tmp_path / "m.pkl"))
    return str(run.id)


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "local.bin").write_bytes(b"local")
    return "local.bin"


def test_a_local_file_is_registered_with_what_is_said_of_it(az: Any, file: str, tmp_path: Path) -> None:
    facts = ("--model-framework", "Onnx", "--model-framework-version", "1.2", "--description", "small")
    words = ("--tag", "a=b", "--tag", "c=d", "--property", "p=1", "--cc", "0.5", "--gb", "2", "--gc", "0", *facts)
    done = az("model register", "-n", "local", "-p", file, *words, "-t", "model.json")

    shown = done.json
    assert shown["id"] == f"local:{shown['version']}"
    assert (shown["tags"], shown["properties"]) == ({"a": "b", "c": "d"}, {"p": "1"})
    assert (shown["framework"], shown["frameworkVersion"], shown["description"]) == ("Onnx", "1.2", "small")
    assert shown["resourceConfiguration"] == {"cpu": 0.5, "gpu": 0, "memoryInGB": 2.0}
    assert json.loads((tmp_path / "model.json").read_text()) == {**shown, "modelId": shown["id"]}
    assert az("model show", "-i", shown["id"]).json == shown


def test_a_model_of_a_run_is_registered_by_the_file_of_its_submission(az: Any, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("open('outputs/m.pkl', 'w').write('w')\n")
    run = az("run submit-script", "-e", "models", "-t", "run.json", "train.py").json["run_id"]

    shown = az("model register", "-n", "trained", "--asset-path", "outputs/m.pkl", "-f", "run.json").json
    assert (shown["runId"], shown["experimentName"]) == (run, "models")
    assert az("model download", "-i", shown["id"], "-t", "to").json == {"downloadTo": "to/m.pkl"}
    assert (tmp_path / "to" / "m.pkl").read_text() == "w"


def test_a_model_of_a_run_is_registered_by_the_runs_id(az: Any, run_id: str, ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("d")
    data = Dataset.File.from_files(str(tmp_path / "d.txt")).register(ws, "sample", create_new_version=True)
    words = ("--sample-input-dataset-id", data.id, "--sample-output-dataset-id", data.id)

    shown = az("model register", "-n", "by-id", "--asset-path", "outputs", "--run-id", run_id, "-e", "models", *words)

    assert (shown.json["runId"], shown.json["sampleInputDatasetId"]) == (run_id, data.id)
    assert [row["id"] for row in az("model list", "--run-id", run_id).json] == [shown.json["id"]]
    assert az("model show", "-n", "by-id", "--run-id", run_id).json == [shown.json]


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("-n", "x"), 2, "-p PATH"),
        (("-p", "local.bin"), 2, "--name"),
        (("-n", "x", "-p", "a", "--asset-path", "b"), 2, "Give one of the two"),
        (("-n", "x", "--asset-path", "b"), 2, "no run was named"),
        (("-n", "x", "--asset-path", "b", "-f", "f", "--run-id", "r"), 2, "both were given"),
        (("-n", "x", "--asset-path", "b", "-f", "none.json"), 2, "names no run"),
        (("-n", "x", "--asset-path", "b", "-f", "local.bin"), 2, "names no run"),
        (("-n", "x", "--asset-path", "b", "--run-id", "none"), 1, "none"),
        (("-n", "x", "-p", "none.bin"), 1, "none.bin"),
        (("-n", "no spaces", "-p", "local.bin"), 1, "model name"),
        (("-n", "x", "-p", "local.bin", "--cc", "many"), 2, "no number"),
    ],
)
def test_what_can_not_be_registered_is_said(az: Any, file: str, words: Any, status: int, says: str) -> None:
    del file
    done = az("model register", *words)

    assert (done.status, done.out) == (status, "")
    assert says in done.err


def test_models_are_listed_and_narrowed(az: Any, file: str) -> None:
    for tag in ("a=1", "a=2"):
        az("model register", "-n", "listed", "-p", file, "--tag", tag, "--property", "p=q")

    def ids(*words: str) -> list[str]:
        return [row["id"] for row in az("model list", *words).json]

    assert ids("-n", "listed") == ["listed:2", "listed:1"]
    assert ids("-n", "listed", "--latest") == ["listed:2"]
    assert ids("--tag", "a=1") == ["listed:1"]
    assert set(ids("--property", "p", "--model-name", "listed")) == {"listed:1", "listed:2"}
    assert ids("--dataset-id", "none") == []
    assert {"listed:1", "listed:2"} <= set(ids())


def test_a_model_is_shown_by_id_or_name(az: Any, file: str) -> None:
    az("model register", "-n", "shown", "-p", file)
    az("model register", "-n", "shown", "-p", file)

    assert az("model show", "-n", "shown").json["version"] == 2
    assert az("model show", "-n", "shown", "--version", "1").json["id"] == "shown:1"
    assert az("model show", "-i", "shown:1").json["id"] == "shown:1"
    assert az("model show", "-i", "shown:9").status == 1
    assert az("model show").status == 2
    assert az("model show", "-i", "shown:1", "-n", "shown").status == 2


def test_a_model_is_changed_downloaded_and_deleted(az: Any, file: str, tmp_path: Path) -> None:
    model = az("model register", "-n", "changed", "-p", file, "--tag", "a=1", "--tag", "b=2").json["id"]

    words = ("--add-tag", "c=3", "--remove-tag", "a", "--add-property", "p=1", "--description", "new", "--cc", "1")
    changed = az("model update", "-i", model, *words).json
    assert (changed["tags"], changed["properties"], changed["description"]) == ({"b": "2", "c": "3"}, {"p": "1"}, "new")
    assert changed["resourceConfiguration"]["cpu"] == 1.0
    assert az("model update", "-i", model).status == 2

    assert az("model download", "-i", model, "-t", "to").json == {"downloadTo": f"to/{file}"}
    assert az("model download", "-i", model, "-t", "to").status == 1
    assert az("model download", "-i", model, "-t", "to", "--overwrite").status == 0
    assert (tmp_path / "to" / file).read_bytes() == b"local"

    assert az("model delete", "-i", model).out == ""
    assert az("model delete", "-i", model).status == 1
