from __future__ import annotations

from typing import Any

import pytest
from tests.services.mlflow_protocol import Protocol, ProtocolError

from stoker.testing.workspaces import TemporaryWorkspace

FOR_EVER = 9_000_000_000_000_000_000


@pytest.fixture(scope="module")
def owner(live_workspace: TemporaryWorkspace) -> Protocol:
    return Protocol(live_workspace)


def refused(who: Protocol, method: str, path: str, **parameters: Any) -> tuple[int, str, str]:
    with pytest.raises(ProtocolError) as caught:
        who.ask(method, path, **parameters)
    return caught.value.status, caught.value.code, str(caught.value)


def runs_of(owner: Protocol) -> list[str]:
    return [run["id"] for run in owner.workspace.api.get("/runs", children=True, limit=1000)["runs"]]


@pytest.mark.parametrize("when", [FOR_EVER, -FOR_EVER, 253_402_300_800_000])
def test_a_time_that_no_calendar_has_makes_no_run(owner: Protocol, when: int) -> None:
    before = runs_of(owner)

    status, code, message = refused(owner, "POST", "runs/create", experiment_id="0", start_time=when)

    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "start_time" in message
    assert runs_of(owner) == before


def test_a_time_that_no_calendar_has_ends_no_run(owner: Protocol) -> None:
    run = owner.run()

    status, _, message = refused(owner, "POST", "runs/update", run_id=run, status="FINISHED", end_time=FOR_EVER)

    assert status == 400
    assert "end_time" in message
    assert owner.workspace.api.get(f"/runs/{run}")["status"] == "Running"


def test_the_times_that_a_client_gives_are_the_run_s(owner: Protocol) -> None:
    made = owner.ask("POST", "runs/create", experiment_id="0", start_time=1_700_000_000_123)["run"]["info"]
    owner.ask("POST", "runs/update", run_id=made["run_id"], status="FINISHED", end_time=1_700_000_060_123)

    info = owner.ask("GET", "runs/get", run_id=made["run_id"])["run"]["info"]
    assert (info["start_time"], info["end_time"], info["status"]) == (1_700_000_000_123, 1_700_000_060_123, "FINISHED")
    found = owner.ask("POST", "runs/search", experiment_ids=["0"], filter="duration = 60")["runs"]
    assert [run["info"]["run_id"] for run in found] == [made["run_id"]]


@pytest.mark.parametrize("path", ["runs/log-metric", "runs/log-parameter", "runs/set-tag"])
def test_what_is_logged_has_a_name(owner: Protocol, path: str) -> None:
    run = owner.run()

    status, code, _ = refused(owner, "POST", path, run_id=run, key="", value="1", timestamp=1, step=0)

    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")


def test_a_batch_is_stored_as_a_whole_or_not_at_all(owner: Protocol) -> None:
    run = owner.run()
    owner.ask("POST", "runs/log-parameter", run_id=run, key="lr", value="1")

    status, code, message = refused(
        owner,
        "POST",
        "runs/log-batch",
        run_id=run,
        metrics=[{"key": "loss", "value": 1, "timestamp": 1, "step": 0}],
        params=[{"key": "new", "value": "1"}, {"key": "lr", "value": "2"}],
        tags=[{"key": "team", "value": "blue"}],
    )

    data = owner.ask("GET", "runs/get", run_id=run)["run"]["data"]
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "'lr'" in message
    assert data["params"] == [{"key": "lr", "value": "1"}]
    assert (data["metrics"], [tag["key"] for tag in data["tags"]]) == ([], ["mlflow.runName"])


def test_each_model_of_an_older_client_stays_in_the_history(owner: Protocol) -> None:
    run = owner.run()

    for name in ("first", "second"):
        owner.ask("POST", "runs/log-model", run_id=run, model_json=f'{{"artifact_path": "{name}"}}')

    tags = {tag["key"]: tag["value"] for tag in owner.ask("GET", "runs/get", run_id=run)["run"]["data"]["tags"]}
    assert tags["mlflow.log-model.history"] == '[{"artifact_path":"first"},{"artifact_path":"second"}]'
    assert refused(owner, "POST", "runs/log-model", run_id=run, model_json="{")[0] == 400


def test_a_note_that_is_taken_away_is_gone(owner: Protocol) -> None:
    run = owner.run()
    owner.ask("POST", "runs/set-tag", run_id=run, key="mlflow.note.content", value="a note")
    owner.ask("POST", "runs/delete-tag", run_id=run, key="mlflow.note.content")

    data = owner.ask("GET", "runs/get", run_id=run)["run"]["data"]
    assert [tag["key"] for tag in data["tags"]] == ["mlflow.runName"]


def test_a_search_shows_what_each_run_was_given(owner: Protocol) -> None:
    run = owner.run()
    dataset = {"name": "iris", "digest": "d1", "source_type": "local", "source": "{}"}
    tags = [{"key": "mlflow.data.context", "value": "training"}]
    owner.ask("POST", "runs/log-inputs", run_id=run, datasets=[{"dataset": dataset, "tags": tags}])

    (found,) = owner.ask("POST", "runs/search", experiment_ids=["0"], filter="dataset.context = 'training'")["runs"]

    assert found == owner.ask("GET", "runs/get", run_id=run)["run"]
    assert found["inputs"]["dataset_inputs"] == [{"tags": tags, "dataset": dataset}]


def test_the_token_of_a_run_writes_to_its_own_tree_alone(owner: Protocol) -> None:
    mine, other = owner.run(), owner.run()
    script = owner.as_run(mine)

    child = script.ask("POST", "runs/create", experiment_id="0")["run"]["info"]["run_id"]
    script.ask("POST", "runs/set-tag", run_id=child, key="k", value="v")

    assert owner.workspace.api.get(f"/runs/{child}")["parent_id"] == mine
    for path in ("runs/log-metric", "runs/log-parameter", "runs/set-tag"):
        status, code, _ = refused(script, "POST", path, run_id=other, key="k", value="1", timestamp=1, step=0)
        assert (status, code) == (403, "PERMISSION_DENIED")
    parent = [{"key": "mlflow.parentRunId", "value": other}]
    assert refused(script, "POST", "runs/create", experiment_id="0", tags=parent)[1] == "PERMISSION_DENIED"


@pytest.mark.parametrize("path", ["/api/2.0/mlflow/no/such", "/api/3.0/mlflow/traces", "/api/2.0/mlflow-artifacts/x"])
def test_no_answer_below_the_protocol_has_another_form(owner: Protocol, path: str) -> None:
    for who in (owner, Protocol(owner.workspace, "wrong")):
        status, body = who.raw("GET", path)
        assert status in {401, 404, 501}
        assert body.startswith(b'{"error_code":"')


def test_the_run_s_page_and_our_interface_show_the_parameters(owner: Protocol) -> None:
    run = owner.run()
    owner.ask("POST", "runs/log-parameter", run_id=run, key="learning <rate>", value="0.125")

    assert owner.workspace.api.get(f"/runs/{run}/params") == {"params": {"learning <rate>": "0.125"}}
    status, page = owner.raw("GET", f"/runs/{run}")
    assert status == 200
    assert b"learning &lt;rate&gt;" in page
    assert b"0.125" in page


def test_a_parameter_with_two_values_in_one_request_is_refused_and_nothing_is_kept(owner: Protocol) -> None:
    run = owner.run()
    twice = [{"key": "lr", "value": "1"}, {"key": "lr", "value": "2"}]

    status, code, message = refused(owner, "POST", "runs/log-batch", run_id=run, params=twice)

    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "twice" in message
    assert owner.ask("GET", "runs/get", run_id=run)["run"]["data"]["params"] == []


def test_a_deleted_run_keeps_its_name_and_state(owner: Protocol) -> None:
    run = owner.run("before")
    owner.ask("POST", "runs/delete", run_id=run)

    for change in ({"run_name": "after"}, {"status": "FAILED"}):
        assert refused(owner, "POST", "runs/update", run_id=run, **change)[1] == "INVALID_PARAMETER_VALUE"
    info = owner.ask("GET", "runs/get", run_id=run)["run"]["info"]
    assert (info["run_name"], info["status"]) == ("before", "RUNNING")


def test_a_tag_that_an_experiment_has_not_is_not_taken_away(owner: Protocol) -> None:
    made = owner.ask("POST", "experiments/create", name="tagged")["experiment_id"]

    status, code, _ = refused(owner, "POST", "experiments/delete-experiment-tag", experiment_id=made, key="no")

    assert (status, code) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_the_token_of_a_run_tags_the_runs_own_experiment_alone(owner: Protocol) -> None:
    other = owner.ask("POST", "experiments/create", name="of others", tags=[{"key": "k", "value": "old"}])
    script = owner.as_run(owner.run())

    script.ask("POST", "experiments/set-experiment-tag", experiment_id="0", key="k", value="new")
    script.ask("POST", "experiments/delete-experiment-tag", experiment_id="0", key="k")

    for path in ("set-experiment-tag", "delete-experiment-tag"):
        assert refused(script, "POST", f"experiments/{path}", **other, key="k", value="new")[0] == 403
    assert owner.ask("GET", "experiments/get", **other)["experiment"]["tags"] == [{"key": "k", "value": "old"}]


LONG: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "runs/search", {"experiment_ids": ["0"], "order_by": [f"metrics.m{i}" for i in range(2001)]}),
    ("POST", "runs/search", {"experiment_ids": [str(i) for i in range(40_000)]}),
    ("POST", "experiments/search", {"order_by": ["name"] * 2001}),
    ("GET", "model-versions/search", {"order_by": ["name"] * 2001}),
    ("POST", "logged-models/search", {"experiment_ids": ["0"], "datasets": [{"dataset_name": "x"}] * 2001}),
    ("POST", "logged-models/search", {"experiment_ids": ["0"], "order_by": [{"field_name": "name"}] * 2001}),
]


@pytest.mark.parametrize(("method", "path", "parameters"), LONG)
def test_a_search_that_no_statement_can_hold_is_refused_at_once(
    owner: Protocol, method: str, path: str, parameters: dict[str, Any]
) -> None:
    # Clients send a request again and again that is answered with 503.
    status, code, message = refused(owner, method, path, **parameters)

    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "at most" in message


def test_a_search_in_many_experiments_that_are_not_there_finds_nothing(owner: Protocol) -> None:
    ids = [f"no-{i}" for i in range(20_000)]

    assert owner.ask("POST", "runs/search", experiment_ids=ids) == {"runs": []}
    assert owner.ask("POST", "logged-models/search", experiment_ids=ids) == {"models": []}


def test_a_hostile_pattern_does_not_keep_the_service_busy(owner: Protocol) -> None:
    owner.ask("POST", "experiments/create", name="a" * 250)

    for filter_ in ("name LIKE '" + "%a" * 60 + "%b'", "name ILIKE '" + "%_A" * 60 + "%b'"):
        assert owner.ask("POST", "experiments/search", filter=filter_) == {"experiments": []}


def history(owner: Protocol, run: str, key: str) -> list[tuple[int, int, float]]:
    points = owner.ask("GET", "metrics/get-history", run_id=run, metric_key=key)["metrics"]
    return [(point["step"], point["timestamp"], point["value"]) for point in points]


def test_what_is_sent_again_after_a_lost_answer_is_stored_once(owner: Protocol) -> None:
    run = owner.run()
    batch = [{"key": "loss", "value": 1 / (1 + step), "timestamp": 1_000 + step, "step": step} for step in range(5)]
    point = {"key": "loss", "value": 0.5, "timestamp": 1_000, "step": 0}

    for _ in range(2):
        owner.ask("POST", "runs/log-batch", run_id=run, metrics=[*batch, *batch])
    owner.ask("POST", "runs/log-metric", run_id=run, **point)
    owner.ask("POST", "runs/log-metric", run_id=run, **point)

    expected = [(0, 1_000, 0.5), *((step, 1_000 + step, 1 / (1 + step)) for step in range(5))]
    assert sorted(history(owner, run, "loss")) == sorted(expected)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_a_value_that_is_not_finite_is_sent_again_like_any_other(owner: Protocol, value: str) -> None:
    run = owner.run()

    for _ in range(2):
        owner.ask("POST", "runs/log-metric", run_id=run, key="loss", value=value, timestamp=5, step=0)

    assert len(history(owner, run, "loss")) == 1


def test_equal_values_of_other_steps_or_times_are_points_of_their_own(owner: Protocol) -> None:
    run = owner.run()
    places = [(3, 10), (3, 11), (1, 10), (1, 12)]

    for step, timestamp in places:
        owner.ask("POST", "runs/log-metric", run_id=run, key="loss", value=1.0, timestamp=timestamp, step=step)

    assert sorted(place[:2] for place in history(owner, run, "loss")) == sorted(places)
