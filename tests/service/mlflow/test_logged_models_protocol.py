from __future__ import annotations

from typing import Any

import pytest
from tests.services.mlflow_protocol import Protocol, ProtocolError

from stoker.testing.workspaces import TemporaryWorkspace


@pytest.fixture(scope="module")
def owner(live_workspace: TemporaryWorkspace) -> Protocol:
    return Protocol(live_workspace)


def log(who: Protocol, name: str = "model", run_id: str | None = None, **facts: Any) -> Any:
    """Record a logged model and return its `info`."""
    answer = who.ask("POST", "logged-models", experiment_id="0", name=name, source_run_id=run_id, **facts)
    return answer["model"]["info"]


def upload(who: Protocol, info: Any, data: bytes = b"w") -> None:
    who.put_file(info["artifact_uri"], "MLmodel", b"flavors: {}\n")
    who.put_file(info["artifact_uri"], "data/weights", data)


def test_the_files_of_a_logged_model_are_the_run_s_files(owner: Protocol) -> None:
    run_id = owner.run()
    info = log(owner, "my model", run_id)
    upload(owner, info)

    done = owner.ask("PATCH", f"logged-models/{info['model_id']}", status="LOGGED_MODEL_READY")["model"]["info"]
    files = owner.workspace.api.get(f"/runs/{run_id}/files")["files"]
    top = owner.ask("GET", f"logged-models/{info['model_id']}/artifacts/directories")
    below = owner.ask("GET", f"logged-models/{info['model_id']}/artifacts/directories", artifact_directory_path="data")

    assert (info["status"], done["status"]) == ("LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY")
    assert {item["name"] for item in files} == {"my model/MLmodel", "my model/data/weights"}
    assert top["files"] == [{"path": "MLmodel", "is_dir": False, "file_size": 12}, {"path": "data", "is_dir": True}]
    assert below["files"] == [{"path": "data/weights", "is_dir": False, "file_size": 1}]


def test_a_logged_model_without_a_run_has_files_of_its_own(owner: Protocol) -> None:
    info = log(owner)
    upload(owner, info, b"alone")
    owner.ask("POST", "registered-models/create", name="alone")
    made = owner.ask(
        "POST",
        "model-versions/create",
        name="alone",
        source=f"models:/{info['model_id']}",
        model_id=info["model_id"],
    )["model_version"]
    uri = owner.ask("GET", "model-versions/get-download-uri", name="alone", version="1")["artifact_uri"]
    again = owner.ask("GET", f"logged-models/{info['model_id']}")["model"]["info"]

    assert owner.get_file(info["artifact_uri"], "data/weights") == b"alone"
    assert (made["run_id"], made["model_id"]) == ("", info["model_id"])
    assert owner.get_file(uri, "data/weights") == b"alone"
    assert again["registrations"] == [{"name": "alone", "version": "1"}]


def test_of_several_models_of_a_name_the_one_of_the_last_step_is_registered(owner: Protocol) -> None:
    run_id = owner.run()
    infos = [log(owner, "model", run_id) for _ in range(3)]
    for step, info in zip((0, 9, 5), infos, strict=True):
        upload(owner, info, str(step).encode())
        owner.ask("POST", "runs/outputs", run_id=run_id, models=[{"model_id": info["model_id"], "step": step}])
    owner.ask("POST", "registered-models/create", name="several")
    source = f"mlflow-artifacts:/runs/{run_id}/model"
    made = owner.ask("POST", "model-versions/create", name="several", source=source, run_id=run_id)["model_version"]
    uri = owner.ask("GET", "model-versions/get-download-uri", name="several", version="1")["artifact_uri"]
    exact = owner.ask("POST", "model-versions/create", name="several", source=infos[2]["artifact_uri"])

    assert len({info["artifact_uri"] for info in infos}) == 3
    assert made["model_id"] == infos[1]["model_id"]
    assert owner.get_file(uri, "data/weights") == b"9"
    assert exact["model_version"]["model_id"] == infos[2]["model_id"]


def test_what_is_measured_on_a_logged_model_is_with_it_and_with_the_run(owner: Protocol) -> None:
    run_id = owner.run()
    info = log(owner, run_id=run_id)
    values = [("acc", 0.5), ("odd", "NaN"), ("huge", "Infinity"), ("low", "-Infinity")]
    metrics = [
        {"key": key, "value": value, "timestamp": 1000, "step": 2, "model_id": info["model_id"], "dataset_name": "d"}
        for key, value in values
    ]
    owner.ask("POST", "runs/log-batch", run_id=run_id, metrics=metrics)

    kept = owner.ask("GET", f"logged-models/{info['model_id']}")["model"]["data"]["metrics"]
    of_run = owner.ask("GET", "runs/get", run_id=run_id)["run"]["data"]["metrics"]

    assert [(item["key"], item["value"]) for item in kept] == values
    assert kept[0] == {
        "key": "acc",
        "value": 0.5,
        "timestamp": 1000,
        "step": 2,
        "model_id": info["model_id"],
        "run_id": run_id,
        "dataset_name": "d",
    }
    assert {item["key"]: item["value"] for item in of_run} == dict(values)


def test_a_metric_of_an_unknown_model_is_refused_and_nothing_is_stored(owner: Protocol) -> None:
    run_id = owner.run()
    metrics = [{"key": "acc", "value": 1.0, "timestamp": 1, "step": 0, "model_id": "m-none"}]

    with pytest.raises(ProtocolError) as caught:
        owner.ask("POST", "runs/log-batch", run_id=run_id, metrics=metrics)

    assert caught.value.code == "RESOURCE_DOES_NOT_EXIST"
    assert owner.ask("GET", "runs/get", run_id=run_id)["run"]["data"]["metrics"] == []


def test_tags_and_parameters_of_a_logged_model_are_written(owner: Protocol) -> None:
    info = log(owner, tags=[{"key": "a", "value": "1"}], params=[{"key": "depth", "value": "3"}])
    path = f"logged-models/{info['model_id']}"
    owner.ask("PATCH", f"{path}/tags", tags=[{"key": "b b", "value": "2"}])
    owner.ask("DELETE", f"{path}/tags/a")
    owner.ask("POST", f"{path}/params", params=[{"key": "rate", "value": "0.1"}])

    with pytest.raises(ProtocolError) as changed:
        owner.ask("POST", f"{path}/params", params=[{"key": "depth", "value": "4"}])
    with pytest.raises(ProtocolError) as gone:
        owner.ask("DELETE", f"{path}/tags/a")

    model = owner.ask("GET", path)["model"]
    assert model["info"]["tags"] == [{"key": "b b", "value": "2"}]
    assert model["data"]["params"] == [{"key": "depth", "value": "3"}, {"key": "rate", "value": "0.1"}]
    assert (changed.value.code, gone.value.code) == ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST")


def test_a_deleted_logged_model_is_found_on_request_only(owner: Protocol) -> None:
    info = log(owner)
    path = f"logged-models/{info['model_id']}"
    owner.ask("DELETE", path)

    with pytest.raises(ProtocolError, match="no logged model"):
        owner.ask("GET", path)

    assert owner.ask("GET", path, allow_deleted="true")["model"]["info"]["model_id"] == info["model_id"]


def test_logged_models_are_found_sorted_and_in_pages(owner: Protocol) -> None:
    experiment = owner.ask("POST", "experiments/create", name="searched")["experiment_id"]
    run_id = owner.ask("POST", "runs/create", experiment_id=experiment)["run"]["info"]["run_id"]
    for place, name in enumerate(("a", "b", "c")):
        info = owner.ask(
            "POST",
            "logged-models",
            experiment_id=experiment,
            name=name,
            source_run_id=run_id,
            params=[{"key": "depth", "value": str(place)}],
        )["model"]["info"]
        metric = {"key": "val.acc", "value": float(-place), "timestamp": 1, "step": 0, "model_id": info["model_id"]}
        if name != "c":
            owner.ask("POST", "runs/log-batch", run_id=run_id, metrics=[metric])

    def names(filter_: str | None = None, **more: Any) -> list[str]:
        answer = owner.ask("POST", "logged-models/search", experiment_ids=[experiment], filter=filter_, **more)
        return [item["info"]["name"] for item in answer["models"]]

    page = owner.ask("POST", "logged-models/search", experiment_ids=[experiment], max_results=2)
    rest = names(max_results=2, page_token=page["next_page_token"])

    assert [item["info"]["name"] for item in page["models"]] + rest == ["c", "b", "a"]
    assert names("name = 'a' AND params.depth = '0'") == ["a"]
    assert names("metrics.`val.acc` < -0.5") == ["b"]
    assert names(f"source_run_id = '{run_id}' AND name != 'c'") == ["b", "a"]
    assert names("status = 'PENDING' AND creation_timestamp > 1", max_results=1) == ["c"]
    assert names("name LIKE 'A%'") == []
    assert names(order_by=[{"field_name": "metrics.val.acc", "ascending": True}]) == ["b", "a", "c"]
    assert names(order_by=[{"field_name": "metrics.val.acc", "ascending": False}]) == ["a", "b", "c"]
    assert names(order_by=[{"field_name": "name"}]) == ["a", "b", "c"]
    assert names(datasets=[{"dataset_name": "none"}]) == []
    for wrong in ({"field_name": "params.depth"}, {"field_name": "name", "dataset_digest": "x"}, {"field_name": "no"}):
        with pytest.raises(ProtocolError) as caught:
            names(order_by=[wrong])
        assert caught.value.code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize(
    ("method", "path", "parameters", "code"),
    [
        ("GET", "logged-models/m-none", {}, "RESOURCE_DOES_NOT_EXIST"),
        ("PATCH", "logged-models/m-none", {"status": "LOGGED_MODEL_READY"}, "RESOURCE_DOES_NOT_EXIST"),
        ("PATCH", "logged-models/m-none", {"status": "DONE"}, "INVALID_PARAMETER_VALUE"),
        ("POST", "logged-models", {"experiment_id": "none", "name": "a"}, "RESOURCE_DOES_NOT_EXIST"),
        ("POST", "logged-models", {"experiment_id": "0", "source_run_id": "none"}, "RESOURCE_DOES_NOT_EXIST"),
        ("POST", "logged-models", {"experiment_id": "0", "name": "a/b"}, "INVALID_PARAMETER_VALUE"),
        ("POST", "logged-models", {"experiment_id": "0", "tags": "x"}, "INVALID_PARAMETER_VALUE"),
        ("POST", "logged-models/search", {"experiment_ids": ["0"], "filter": "x"}, "INVALID_PARAMETER_VALUE"),
        ("POST", "runs/outputs", {"run_id": "none", "models": []}, "RESOURCE_DOES_NOT_EXIST"),
        ("GET", "logged-models/m-none/artifacts/directories", {}, "RESOURCE_DOES_NOT_EXIST"),
    ],
)
def test_a_wrong_request_for_a_logged_model_is_answered_in_the_protocol_s_form(
    owner: Protocol, method: str, path: str, parameters: dict[str, Any], code: str
) -> None:
    with pytest.raises(ProtocolError) as caught:
        owner.ask(method, path, **parameters)

    assert caught.value.code == code


def test_a_run_may_change_the_logged_models_of_its_own_tree_only(owner: Protocol) -> None:
    run_id, other = owner.run(), log(owner, run_id=owner.run())
    run = owner.as_run(run_id)
    own = log(run, run_id=run_id)
    run.put_file(own["artifact_uri"], "MLmodel", b"x")
    run.ask("PATCH", f"logged-models/{own['model_id']}", status="LOGGED_MODEL_READY")

    for method, path, parameters in (
        ("PATCH", f"logged-models/{other['model_id']}", {"status": "LOGGED_MODEL_READY"}),
        ("DELETE", f"logged-models/{other['model_id']}", {}),
        ("PATCH", f"logged-models/{other['model_id']}/tags", {"tags": []}),
    ):
        with pytest.raises(ProtocolError) as caught:
            run.ask(method, path, **parameters)
        assert caught.value.code == "PERMISSION_DENIED"
    with pytest.raises(ProtocolError):
        run.put_file(other["artifact_uri"], "MLmodel", b"x")


def test_sources_of_versions_are_found_wherever_they_are(owner: Protocol) -> None:
    run_id = owner.run()
    owner.put_file(f"mlflow-artifacts:/runs/{run_id}", "outputs/m/w", b"w")
    owner.put_file(f"mlflow-artifacts:/runs/{run_id}", "one.pkl", b"one")
    owner.ask("POST", "registered-models/create", name="sources")
    served = f"{owner.workspace.api.url}/api/2.0/mlflow-artifacts/artifacts/runs/{run_id}/outputs/m"
    owner_run = {"run_id": run_id}

    def make(source: str, **facts: Any) -> tuple[str, str]:
        made = owner.ask("POST", "model-versions/create", name="sources", source=source, **facts)["model_version"]
        answer = owner.ask("GET", "model-versions/get-download-uri", name="sources", version=made["version"])
        return made["run_id"], answer["artifact_uri"]

    places = [make(source) for source in (f"runs:/{run_id}/outputs/m", f"mlflow-artifacts:/runs/{run_id}/outputs/m")]
    owner.ask("POST", "registered-models/alias", name="sources", alias="best", version="1")
    places += [
        make(source) for source in (served, "models:/sources/1", "models:/sources@best", "models:/sources/latest")
    ]
    single = make(f"runs:/{run_id}/one.pkl")
    remote = make("s3://bucket/model", **owner_run)

    assert {found for found, _ in places} == {run_id}
    assert [owner.get_file(uri, "w") for _, uri in places] == [b"w"] * 6
    assert owner.get_file(single[1], "one.pkl") == b"one"
    assert remote == (run_id, "s3://bucket/model")


@pytest.mark.parametrize(
    "source",
    [
        *("/home/me/model", "file:///home/me/model", "C:\\model", "model", "", "runs:/none/model", "models:/none/1"),
        *("models:/m-none", "mlflow-artifacts:/elsewhere/x", "runs:/", "models:/", "mlflow-artifacts:/"),
    ],
)
def test_a_source_without_files_is_refused_in_words(owner: Protocol, source: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        owner.ask("POST", "model-versions/create", name="sources", source=source)

    assert caught.value.code in {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}
