"""MLflow's own client against the service: what it logs is in our records, and it reads back what is in them."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
from tests.services.mlflow_client import NO_ADDRESS, logging_in, mlflow_python, run_client, skinny_python

from stoker.core import Environment, Experiment, Run, ScriptRunConfig, Workspace
from stoker.testing.workspaces import TemporaryWorkspace

pytestmark = pytest.mark.xdist_group("mlflow")

BEGIN = "import json, math, mlflow\nfrom mlflow import MlflowClient\nclient = MlflowClient()\n"


def client(workspace: TemporaryWorkspace, code: str, folder: Path, python: str | None = None, **more: str) -> Any:
    """Run code whose last line prints JSON, and return that."""
    out = run_client(workspace, BEGIN + textwrap.dedent(code), folder, python, **more)
    return json.loads(out.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def ws(live_workspace: TemporaryWorkspace) -> Workspace:
    return Workspace.from_config(str(live_workspace.root))


def test_a_run_of_a_notebook_is_one_of_ours(live_workspace: TemporaryWorkspace, ws: Workspace, tmp_path: Path) -> None:
    run_id = client(
        live_workspace,
        """
        mlflow.set_experiment("First steps")
        with mlflow.start_run(run_name="one", tags={"team": "blue"}, description="why") as run:
            mlflow.log_param("depth", 3)
            mlflow.log_params({"model": "ridge", "alpha": 0.5})
            for step in range(3):
                mlflow.log_metric("loss", 1 / (step + 1), step=step)
            mlflow.log_metrics({"accuracy": 0.75, "broken": float("nan"), "huge": float("inf")})
            mlflow.log_text("hello", "notes/a b.txt")
            mlflow.log_dict({"a": 1}, "facts.json")
            with mlflow.start_run(nested=True, run_name="fold"):
                mlflow.log_metric("loss", 0.1)
        print(json.dumps(run.info.run_id))
        """,
        tmp_path,
    )
    run = Run.get(ws, run_id)
    metrics = run.get_metrics()

    assert (run.status, run.display_name, run.experiment.name) == ("Completed", "one", "First steps")
    assert metrics["loss"] == [1.0, 0.5, pytest.approx(1 / 3)]
    assert (metrics["accuracy"], metrics["huge"]) == (0.75, float("inf"))
    assert metrics["broken"] != metrics["broken"]
    assert run.get_tags()["team"] == "blue"
    assert {"notes/a b.txt", "facts.json"} <= set(run.get_file_names())
    assert [child.display_name for child in run.get_children()] == ["fold"]
    assert live_workspace.api.get(f"/runs/{run_id}/params")["params"] == {
        "alpha": "0.5",
        "depth": "3",
        "model": "ridge",
    }


def test_the_client_reads_back_what_it_and_we_have_logged(
    live_workspace: TemporaryWorkspace, ws: Workspace, tmp_path: Path
) -> None:
    with Experiment(ws, "ours").start_logging(snapshot_directory=None, display_name="sdk") as run:
        run.log("loss", 0.5)
        run.log("loss", 0.25)
        run.tag("made", "here")
        run.upload_file("outputs/a.txt", str(_file(tmp_path, "a")))
    found = client(
        live_workspace,
        f"""
        run = client.get_run({run.id!r})
        history = [(m.step, m.value) for m in client.get_metric_history({run.id!r}, "loss")]
        files = [f.path for f in client.list_artifacts({run.id!r})]
        below = [f.path for f in client.list_artifacts({run.id!r}, "outputs")]
        text = mlflow.artifacts.load_text(run.info.artifact_uri + "/outputs/a.txt")
        print(json.dumps([run.info.status, run.info.run_name, run.data.metrics, run.data.tags["made"], history, files,
            below, text]))
        """,
        tmp_path,
    )

    assert found == [
        "FINISHED",
        "sdk",
        {"loss": 0.25},
        "here",
        [[0, 0.5], [0, 0.25]],
        ["outputs"],
        ["outputs/a.txt"],
        "a",
    ]


def _file(folder: Path, text: str) -> Path:
    (folder / "made.txt").write_text(text)
    return folder / "made.txt"


SEARCHES = {
    "metrics.loss < 0.5": ["b", "c"],
    "metrics.loss >= 0.5 and params.model = 'ridge'": ["a"],
    "params.model LIKE 'r%' AND metrics.loss < 0.9": ["a", "c"],
    "params.model ILIKE 'RIDGE'": ["a", "c"],
    "tags.team = 'blue'": ["a", "b"],
    "tags.team != 'blue'": ["c"],
    "tags.missing IS NULL": ["a", "b", "c"],
    "attributes.run_name = 'b'": ["b"],
    "attributes.status = 'FAILED'": ["c"],
    "attributes.status IN ('FINISHED', 'RUNNING')": ["a", "b"],
    "run_name IN ('a', 'c')": ["a", "c"],
    "dataset.name = 'wine'": ["b"],
    "": ["a", "b", "c"],
}


def test_searches_filter_sort_and_page(live_workspace: TemporaryWorkspace, tmp_path: Path) -> None:
    found = client(
        live_workspace,
        f"""
        from mlflow.data.http_dataset_source import HTTPDatasetSource
        from mlflow.data.meta_dataset import MetaDataset
        experiment = client.create_experiment("searched", tags={{"kind": "test"}})
        for name, loss, model, team in (("a", 0.5, "ridge", "blue"), ("b", 0.25, "forest", "blue"),
                                        ("c", 0.1, "ridge", "red")):
            with mlflow.start_run(experiment_id=experiment, run_name=name):
                mlflow.log_metric("loss", loss)
                mlflow.log_param("model", model)
                mlflow.set_tag("team", team)
                if name == "b":
                    source = HTTPDatasetSource("http://example.invalid/wine.csv")
                    mlflow.log_input(MetaDataset(source, name="wine"), context="training")
        failed = client.search_runs([experiment], "run_name = 'c'")[0].info.run_id
        client.set_terminated(failed, "FAILED")
        answers = {{query: sorted(r.info.run_name for r in client.search_runs([experiment], query))
                   for query in {list(SEARCHES)!r}}}
        ordered = [[r.info.run_name for r in client.search_runs([experiment], "", order_by=order)]
                   for order in (["metrics.loss ASC"], ["metrics.loss DESC"], ["params.model ASC", "run_name DESC"],
                                 ["attributes.start_time ASC"])]
        first = client.search_runs([experiment], "", max_results=2)
        second = client.search_runs([experiment], "", max_results=2, page_token=first.token)
        inputs = client.search_runs([experiment], "run_name = 'b'")[0].inputs.dataset_inputs
        print(json.dumps([answers, ordered, [len(first), len(second), second.token],
            [i.dataset.name for i in inputs], [t.value for t in inputs[0].tags]]))
        """,
        tmp_path,
    )
    answers, ordered, pages, inputs, contexts = found

    # A run that has ended stays as it ended.
    assert answers == {
        **SEARCHES,
        "attributes.status = 'FAILED'": [],
        "attributes.status IN ('FINISHED', 'RUNNING')": ["a", "b", "c"],
    }
    assert ordered[0] == ["c", "b", "a"]
    assert ordered[1] == ["a", "b", "c"]
    assert ordered[2] == ["b", "c", "a"]
    assert ordered[3] == ["a", "b", "c"]
    assert pages == [2, 1, None]
    assert (inputs, contexts) == (["wine"], ["training"])


def test_what_goes_wrong_is_told_in_the_clients_own_errors(live_workspace: TemporaryWorkspace, tmp_path: Path) -> None:
    errors = client(
        live_workspace,
        """
        errors = []
        def tried(call, *arguments, **more):
            try:
                call(*arguments, **more)
                errors.append(None)
            except mlflow.exceptions.MlflowException as error:
                errors.append(error.error_code)
        with mlflow.start_run() as run:
            mlflow.log_param("a", 1)
            tried(mlflow.log_param, "a", 1)
            tried(client.log_param, run.info.run_id, "a", 2)
        tried(client.get_run, "nothing")
        tried(client.get_experiment, "nothing")
        tried(client.search_runs, ["0"], "metrics.loss <")
        tried(client.search_runs, ["0"], "colour = 'red'")
        tried(client.create_experiment, "Default")
        tried(client.create_experiment, "a\\nb")
        tried(client.get_registered_model, "nothing")
        tried(client.delete_tag, run.info.run_id, "nothing")
        client.delete_run(run.info.run_id)
        tried(client.log_metric, run.info.run_id, "x", 1)
        client.restore_run(run.info.run_id)
        tried(client.log_metric, run.info.run_id, "x", 1)
        tried(client.create_webhook, "hook", "https://example.invalid", [])
        print(json.dumps(errors))
        """,
        tmp_path,
    )

    assert errors[:2] == [None, "INVALID_PARAMETER_VALUE"]
    assert errors[2:4] == ["RESOURCE_DOES_NOT_EXIST"] * 2
    assert errors[4:6] == ["INVALID_PARAMETER_VALUE"] * 2
    assert errors[6:8] == ["RESOURCE_ALREADY_EXISTS", "INVALID_PARAMETER_VALUE"]
    assert errors[8:10] == ["RESOURCE_DOES_NOT_EXIST"] * 2
    assert errors[10:12] == ["INVALID_PARAMETER_VALUE", None]
    assert errors[12] is not None


def test_a_wrong_token_is_told_so(live_workspace: TemporaryWorkspace, tmp_path: Path) -> None:
    code = """
    try:
        client.search_experiments()
    except mlflow.exceptions.MlflowException as error:
        print(json.dumps(str(error)))
    """

    assert "token" in client(live_workspace, code, tmp_path, MLFLOW_TRACKING_TOKEN="wrong")


def test_experiments_are_found_renamed_deleted_and_restored(live_workspace: TemporaryWorkspace, tmp_path: Path) -> None:
    found = client(
        live_workspace,
        """
        made = client.create_experiment("to be renamed", tags={"colour": "red"})
        client.rename_experiment(made, "renamed")
        client.set_experiment_tag(made, "size", "small")
        tagged = [e.name for e in client.search_experiments(filter_string="tags.colour = 'red'")]
        like = [e.name for e in client.search_experiments(filter_string="name LIKE 'rena%'", order_by=["name ASC"])]
        client.delete_experiment(made)
        stage = client.get_experiment(made).lifecycle_stage
        gone = client.search_experiments(filter_string="name = 'renamed'")
        client.restore_experiment(made)
        back = client.get_experiment_by_name("renamed")
        print(json.dumps([tagged, like, stage, len(gone), back.experiment_id == made, back.tags]))
        """,
        tmp_path,
    )

    assert found == [["renamed"], ["renamed"], "deleted", 0, True, {"colour": "red", "size": "small"}]


SCRIPT = """
import os, mlflow
from stoker.core import Run

mlflow.autolog()
with mlflow.start_run() as run:
    mlflow.log_metric("from_mlflow", 1)
    mlflow.log_text("x", "made/by.txt")
ours = Run.get_context()
ours.log("from_stoker", 2)
assert run.info.run_id == ours.id == os.environ["STOKER_RUN_ID"]
with mlflow.start_run(run_name="later") as later:
    mlflow.log_metric("loss", 0.5)
assert later.info.run_id != ours.id
mlflow.MlflowClient().set_terminated(ours.id, "FAILED")
print("went on")
"""


def test_a_script_of_a_run_logs_to_that_run_and_does_not_end_it(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    environment = Environment("client")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = mlflow_python()
    run = Experiment(ws, "scripts").submit(ScriptRunConfig(str(tmp_path), "train.py", environment=environment))
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert run.get_metrics() == {"from_mlflow": 1.0, "from_stoker": 2}
    assert "made/by.txt" in run.get_file_names()
    (later,) = run.get_children()
    assert (later.display_name, later.get_status(), later.get_metrics()) == ("later", "Completed", {"loss": 0.5})


def test_the_workspace_gives_its_address_and_lets_the_client_in(
    live_workspace: TemporaryWorkspace, tmp_path: Path
) -> None:
    code = """
    with mlflow.start_run() as run:
        mlflow.log_metric("x", 1)
    print(json.dumps(ws.get_run(run.info.run_id).get_metrics()))
    """

    found = client(live_workspace, logging_in(live_workspace) + textwrap.dedent(code), tmp_path, **NO_ADDRESS)
    assert found == {"x": 1.0}


def test_the_small_package_logs_searches_and_registers_too(
    live_workspace: TemporaryWorkspace, ws: Workspace, tmp_path: Path
) -> None:
    run_id, found = client(
        live_workspace,
        """
        mlflow.set_experiment("small")
        with mlflow.start_run(run_name="outer") as run:
            mlflow.log_params({"depth": 3})
            mlflow.log_metrics({"loss": 0.5}, step=1)
            mlflow.log_text("hello", "notes.txt")
            with mlflow.start_run(nested=True, run_name="inner"):
                mlflow.log_metric("loss", 0.1)
        class Doubled(mlflow.pyfunc.PythonModel):
            def predict(self, context, model_input, params=None):
                return [2 * value for value in model_input]
        logged = mlflow.pyfunc.log_model(name="model", python_model=Doubled(), registered_model_name="small")
        client.set_registered_model_alias("small", "best", 1)
        runs = client.search_runs([run.info.experiment_id], "metrics.loss > 0.2", order_by=["metrics.loss DESC"])
        model = mlflow.pyfunc.load_model("models:/small@best").unwrap_python_model()
        text = mlflow.artifacts.load_text(run.info.artifact_uri + "/notes.txt")
        print(json.dumps([run.info.run_id, [[found.info.run_name for found in runs], model.predict(None, [4]), text]]))
        """,
        tmp_path,
        skinny_python(),
    )

    assert found == [["outer"], [8], "hello"]
    assert Run.get(ws, run_id).get_metrics() == {"loss": 0.5}
