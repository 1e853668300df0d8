"""Models of MLflow's own client: logged, registered, found and loaded back; and autologging, unchanged."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
from tests.services.mlflow_client import NO_ADDRESS, logging_in, mlflow_python, run_client

from stoker.core import Environment, Experiment, Model, Run, ScriptRunConfig, Workspace
from stoker.testing.workspaces import TemporaryWorkspace

pytestmark = pytest.mark.xdist_group("mlflow")

BEGIN = """
import json, warnings, logging
import numpy as np
import mlflow
from mlflow import MlflowClient
logging.getLogger("mlflow").setLevel(logging.ERROR)
client = MlflowClient()
X, y = np.arange(40.0).reshape(20, 2), np.arange(20.0)
"""


def client(workspace: TemporaryWorkspace, code: str, folder: Path, **more: str) -> Any:
    out = run_client(workspace, BEGIN + textwrap.dedent(code), folder, **more)
    return json.loads(out.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def ws(live_workspace: TemporaryWorkspace) -> Workspace:
    return Workspace.from_config(str(live_workspace.root))


def test_a_model_is_logged_registered_and_loaded_back_by_every_address(
    live_workspace: TemporaryWorkspace, ws: Workspace, tmp_path: Path
) -> None:
    found = client(
        live_workspace,
        """
        from sklearn.linear_model import Ridge
        mlflow.set_experiment("models")
        with mlflow.start_run() as run:
            logged = mlflow.sklearn.log_model(Ridge().fit(X, y), name="model", registered_model_name="wine quality",
                                              params={"alpha": 1}, serialization_format="cloudpickle")
            mlflow.log_metric("rmse", 0.5, model_id=logged.model_id)
        version = mlflow.register_model(logged.model_uri, "wine quality", tags={"made": "twice"})
        client.set_registered_model_alias("wine quality", "champion", 1)
        client.transition_model_version_stage("wine quality", "2", "Staging")
        addresses = [f"runs:/{run.info.run_id}/model", logged.model_uri, "models:/wine quality/1",
                     "models:/wine quality@champion", "models:/wine quality/latest"]
        values = [round(float(mlflow.pyfunc.load_model(address).predict(X[:1])[0]), 3) for address in addresses]
        stages = [(v.version, v.current_stage) for v in client.get_latest_versions("wine quality")]
        by_search = [v.version for v in client.search_model_versions("name = 'wine quality' and tags.made = 'twice'")]
        names = [m.name for m in client.search_registered_models("name LIKE 'wine%'")]
        model = client.get_logged_model(logged.model_id)
        searched = client.search_logged_models([run.info.experiment_id], "metrics.rmse < 1 AND params.alpha = '1'")
        print(json.dumps([run.info.run_id, values, version.version, stages, by_search, names, model.status.value,
            [m.name for m in searched], [m.value for m in searched[0].metrics],
            client.get_model_version_by_alias("wine quality", "champion").version]))
        """,
        tmp_path,
    )
    run_id, values, version, stages, by_search, names, status, searched, metrics, champion = found

    assert len(set(values)) == 1
    assert (str(version), str(champion)) == ("2", "1")
    assert [[str(number), stage] for number, stage in stages] == [["1", "None"], ["2", "Staging"]]
    assert ([str(one) for one in by_search], names) == (["2"], ["wine quality"])
    assert (status, searched, metrics) == ("READY", ["model"], [0.5])
    record = live_workspace.api.get("/models/wine%20quality/1")
    assert record["run_id"] == run_id
    assert "model/MLmodel" in Run.get(ws, run_id).get_file_names()
    lineage = live_workspace.api.get(f"/runs/{run_id}/lineage")
    assert "wine quality:1" in {item["ref"] for item in lineage["outputs"]}


def test_a_model_of_our_sdk_loads_in_the_client_and_the_other_way_round(
    live_workspace: TemporaryWorkspace, ws: Workspace, tmp_path: Path
) -> None:
    client(
        live_workspace,
        """
        from sklearn.linear_model import Ridge
        mlflow.sklearn.save_model(Ridge().fit(X, y), "saved", serialization_format="cloudpickle")
        with mlflow.start_run():
            mlflow.sklearn.log_model(Ridge().fit(X, y), name="m", registered_model_name="theirs",
                                     serialization_format="cloudpickle")
        print(json.dumps(None))
        """,
        tmp_path,
    )
    ours = Model.register(ws, model_path=str(tmp_path / "saved"), model_name="ours")
    theirs = Model(ws, "theirs").download(str(tmp_path / "downloaded"))
    value = client(
        live_workspace,
        f"""
        models = [mlflow.pyfunc.load_model(address) for address in ("models:/ours/{ours.version}", {theirs!r})]
        print(json.dumps([round(float(model.predict(X[:1])[0]), 3) for model in models]))
        """,
        tmp_path,
    )

    assert len(set(value)) == 1


AUTOLOG = """
mlflow.autolog(silent=True)
with mlflow.start_run(run_name="ridge") as first:
    from sklearn.linear_model import Ridge
    Ridge(alpha=0.5).fit(X, y)
with mlflow.start_run(run_name="lightgbm") as second:
    import lightgbm
    lightgbm.train({"verbose": -1, "min_data_in_leaf": 1}, lightgbm.Dataset(X, y, free_raw_data=False), 3)
with mlflow.start_run(run_name="xgboost") as third:
    import xgboost
    xgboost.train({"verbosity": 0}, xgboost.DMatrix(X, y), 3)
ids = [run.info.run_id for run in (first, second, third)]
"""


def _looks_logged(live_workspace: TemporaryWorkspace, ws: Workspace, run_id: str, param: str) -> None:
    run = Run.get(ws, run_id)
    assert run.get_status() == "Completed"
    assert param in live_workspace.api.get(f"/runs/{run_id}/params")["params"]
    assert "model/MLmodel" in run.get_file_names()


def test_autologging_needs_the_address_only(live_workspace: TemporaryWorkspace, ws: Workspace, tmp_path: Path) -> None:
    code = """
    versions = [mlflow.register_model(f"runs:/{run_id}/model", f"auto{place}") for place, run_id in enumerate(ids)]
    values = [len(mlflow.pyfunc.load_model(f"models:/auto{place}/1").predict(X)) for place in range(3)]
    print(json.dumps([ids, values]))
    """
    whole = logging_in(live_workspace) + AUTOLOG + textwrap.dedent(code)
    ids, values = client(live_workspace, whole, tmp_path, **NO_ADDRESS)

    assert values == [20, 20, 20]
    for run_id, param in zip(ids, ("alpha", "min_data_in_leaf", "verbosity"), strict=True):
        _looks_logged(live_workspace, ws, run_id, param)
    assert "training_score" in Run.get(ws, ids[0]).get_metrics()


def test_an_autologging_script_runs_unchanged_as_a_run(
    live_workspace: TemporaryWorkspace, ws: Workspace, tmp_path: Path
) -> None:
    script = "\nimport numpy as np, mlflow\nX, y = np.arange(40.0).reshape(20, 2), np.arange(20.0)\n"
    script += "mlflow.autolog(silent=True)\nfrom sklearn.linear_model import Ridge\nRidge(alpha=0.5).fit(X, y)\n"
    (tmp_path / "train.py").write_text(script)
    environment = Environment("client")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = mlflow_python()
    run = Experiment(ws, "scripts").submit(ScriptRunConfig(str(tmp_path), "train.py", environment=environment))
    run.wait_for_completion()

    _looks_logged(live_workspace, ws, run.id, "alpha")
    model = run.register_model("from_script", model_path="model")
    assert (model.run_id, model.version) == (run.id, 1)
    loaded = client(
        live_workspace, 'print(json.dumps(len(mlflow.pyfunc.load_model("models:/from_script/1").predict(X))))', tmp_path
    )
    assert loaded == 20


def test_names_tags_and_versions_are_changed_and_deleted(live_workspace: TemporaryWorkspace, tmp_path: Path) -> None:
    found = client(
        live_workspace,
        """
        client.create_registered_model("kept", tags={"a": "1"}, description="first")
        client.update_registered_model("kept", description="second")
        client.set_registered_model_tag("kept", "b", "2")
        client.delete_registered_model_tag("kept", "a")
        client.rename_registered_model("kept", "renamed")
        model = client.get_registered_model("renamed")
        with mlflow.start_run() as run:
            mlflow.log_text("weights", "model/w.txt")
        version = client.create_model_version("renamed", f"runs:/{run.info.run_id}/model", run.info.run_id)
        client.set_model_version_tag("renamed", version.version, "c", "3")
        client.update_model_version("renamed", version.version, description="of it")
        again = client.get_model_version("renamed", version.version)
        place = client.get_model_version_download_uri("renamed", version.version)
        text = mlflow.artifacts.load_text(place + "/w.txt")
        client.delete_model_version("renamed", version.version)
        left = client.search_model_versions("name = 'renamed'")
        client.delete_registered_model("renamed")
        gone = client.search_registered_models("name = 'renamed'")
        print(json.dumps([model.description, model.tags, again.tags, again.description, text, len(left), len(gone)]))
        """,
        tmp_path,
    )

    assert found == ["second", {"b": "2"}, {"c": "3"}, "of it", "weights", 0, 0]


def test_logged_models_live_with_and_without_a_run(live_workspace: TemporaryWorkspace, tmp_path: Path) -> None:
    found = client(
        live_workspace,
        """
        from sklearn.linear_model import Ridge
        def save(name, height, **more):
            return mlflow.sklearn.log_model(Ridge().fit(X, y + height), name=name,
                                            serialization_format="cloudpickle", **more)
        def value(address):
            return round(float(mlflow.pyfunc.load_model(address).predict(X[:1])[0]))
        mlflow.set_experiment("logged")
        alone = save("alone", 100)
        with mlflow.start_run() as run:
            twice = [save("model", height, step=step) for step, height in enumerate((200, 300))]
        registered = [mlflow.register_model(f"runs:/{run.info.run_id}/model", "logged"),
                      mlflow.register_model(alone.model_uri, "logged")]
        copied = client.copy_model_version("models:/logged/1", "copied")
        model = mlflow.initialize_logged_model(name="outside", params={"a": "b"}, tags={"c": "d"}, model_type="agent")
        client.finalize_logged_model(model.model_id, "READY")
        client.set_logged_model_tags(model.model_id, {"e": "f"})
        client.delete_logged_model_tag(model.model_id, "c")
        outside = client.get_logged_model(model.model_id)
        client.delete_logged_model(model.model_id)
        left = mlflow.search_logged_models(output_format="list", order_by=[{"field_name": "creation_timestamp"}])
        print(json.dumps([
            [value(address) for address in (alone.model_uri, *(one.model_uri for one in twice))],
            value(f"runs:/{run.info.run_id}/model"),
            [value(f"models:/logged/{one.version}") for one in registered],
            [str(copied.version), value("models:/copied/1"), copied.run_id == run.info.run_id],
            [outside.status.value, {key: outside.tags.get(key) for key in ("c", "e")}, outside.params,
             outside.model_type],
            [one.name for one in left],
            [[one.model_id for one in client.get_run(run.info.run_id).outputs.model_outputs],
             [one.model_id for one in twice]],
        ]))
        """,
        tmp_path,
    )
    values, of_run, registered, copied, outside, left, (outputs, logged) = found

    assert values == [100, 200, 300]
    assert (of_run, registered) == (300, [300, 100])
    assert copied == ["1", 300, True]
    assert outside == ["READY", {"c": None, "e": "f"}, {"a": "b"}, "agent"]
    assert left == ["alone", "model", "model"]
    assert outputs == logged


def test_a_script_of_a_run_registers_and_names_its_model(
    live_workspace: TemporaryWorkspace, ws: Workspace, tmp_path: Path
) -> None:
    script = """
    import mlflow, numpy as np
    from sklearn.linear_model import Ridge
    X, y = np.arange(40.0).reshape(20, 2), np.arange(20.0)
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(Ridge().fit(X, y), name="model", registered_model_name="of a script",
                                        serialization_format="cloudpickle")
        mlflow.MlflowClient().set_registered_model_alias("of a script", "champion", info.registered_model_version)
        print(mlflow.pyfunc.load_model("models:/of a script@champion").predict(X[:1]))
    """
    (tmp_path / "train.py").write_text(textwrap.dedent(script))
    environment = Environment("client")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = mlflow_python()
    run = Experiment(ws, "scripts").submit(ScriptRunConfig(str(tmp_path), "train.py", environment=environment))
    run.wait_for_completion()

    model = Model(ws, "of a script")
    assert model.run_id == run.id
    assert live_workspace.api.get("/models/of%20a%20script/1")["aliases"] == ["champion"]
    tree = live_workspace.api.get("/lineage", model="of a script:1")
    assert [item["run"]["id"] for item in tree["by"]] == [run.id]


def test_what_is_not_served_raises_the_client_s_own_error_with_advice(
    live_workspace: TemporaryWorkspace, tmp_path: Path
) -> None:
    found = client(
        live_workspace,
        """
        from mlflow.exceptions import MlflowException
        def refused(call):
            try:
                call()
            except MlflowException as error:
                return [error.error_code, error.message]
        import mlflow.genai
        print(json.dumps([
            refused(lambda: mlflow.genai.register_prompt("p", "text {{x}}")),
            refused(lambda: client.list_webhooks()),
            refused(lambda: client.search_traces(experiment_ids=["0"])),
            refused(lambda: mlflow.genai.create_dataset(name="d", experiment_id="0")),
            refused(lambda: mlflow.pyfunc.load_model("models:/nobody/1")),
        ]))
        """,
        tmp_path,
    )
    *refused, unknown = found

    assert [code for code, _ in refused] == ["NOT_IMPLEMENTED"] * 4
    assert all("Stoker" in message for _, message in refused)
    assert unknown[0] == "RESOURCE_DOES_NOT_EXIST"
    assert "no model 'nobody'" in unknown[1]
