"""What every store must do for MLflow's clients: parameters, hidden runs, searches."""

# ruff: noqa: D102  # a test's name is its sentence

from __future__ import annotations

import json
from typing import Any

import pytest

from stoker.base.states import RunStatus
from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store import Store
from stoker.testing.store_runs import end, make

__all__ = ["MlflowContract"]


def _log(store: Store, run_id: str, *points: tuple[str, Any, int]) -> None:
    lines = [["m", 0, 1000.0 + step, name, value, step] for name, value, step in points]
    data = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    store.journals.ingest(run_id, "mlflow", None, data)


def _fill(store: Store) -> str:
    """Make four runs and return the id of their experiment."""
    make(store, "apple", tags={"fruit": "Yes", "a.b": "it's"}, display_name="Red Apple")
    make(store, "bread", tags={"fruit": "no"}, submitted_by="ann")
    make(store, "cherry", parent_id="apple", kind="child")
    make(store, "date", type="grid", description="sweet")
    _log(store, "apple", ("loss", 0.5, 1), ("loss", 0.25, 2), ("only", 1.0, 0))
    _log(store, "bread", ("loss", 2.0, 0))
    _log(store, "cherry", ("loss", {"$": "nan"}, 0))
    store.params.add("apple", {"lr": "0.1", "net": "cnn"})
    store.params.add("bread", {"lr": "0.2"})
    details = {"name": "iris", "digest": "d1", "context": "training"}
    store.lineage.add("bread", "input", "mlflow_dataset", "iris:d1", "iris", details=details)
    end(store, "bread", RunStatus.FAILED)
    end(store, "date", RunStatus.COMPLETED)
    return str(store.experiments.get("train")["id"])


def _found(store: Store, filter_: str = "", order: list[str] | None = None, **rest: Any) -> str:
    experiment = store.experiments.get("train")["id"]
    runs = store.mlflow_runs.search([experiment], filter_, order or ["run_id"], **rest)
    return " ".join(run["id"] for run in runs)


class MlflowContract:
    """Part of `StoreContract`."""

    def test_a_parameter_is_set_once(self, store: Store) -> None:
        make(store, "r")
        store.params.add("r", {"b": "2", "a": "1"})
        store.params.add("r", {"b": "2", "c": ""})

        assert list(store.params.get("r").items()) == [("a", "1"), ("b", "2"), ("c", "")]
        with pytest.raises(ConflictException, match=r"'b'.*'2'") as caught:
            store.params.add("r", {"d": "4", "b": "3"})
        assert caught.value.details == {"known": {"b": "2"}}
        assert "d" not in store.params.get("r")

    def test_parameters_of_no_run_are_an_error(self, store: Store) -> None:
        with pytest.raises(NotFoundException, match="nobody"):
            store.params.get("nobody")
        with pytest.raises(NotFoundException, match="nobody"):
            store.params.add("nobody", {"a": "1"})

    def test_parameters_go_with_their_run(self, store: Store) -> None:
        make(store, "r")
        store.params.add("r", {"a": "1"})
        store.mlflow_runs.hide("r")
        end(store, "r")
        store.runs.delete("r")
        make(store, "r")

        assert store.params.get("r") == {}
        assert not store.mlflow_runs.facts("r").hidden

    def test_facts_tell_the_topmost_run_and_the_state(self, store: Store) -> None:
        experiment = _fill(store)

        facts = store.mlflow_runs.facts("cherry")
        assert facts == ("cherry", "apple", experiment, "child", "Running", False)
        with pytest.raises(NotFoundException, match="nobody"):
            store.mlflow_runs.facts("nobody")

    def test_a_hidden_run_is_found_among_the_deleted_until_it_is_restored(self, store: Store) -> None:
        _fill(store)
        store.mlflow_runs.hide("bread")
        store.mlflow_runs.hide("bread")

        assert store.mlflow_runs.facts("bread").hidden
        assert _found(store) == "apple cherry date"
        assert _found(store, view="deleted") == "bread"
        assert _found(store, view="all") == "apple bread cherry date"
        assert [run["hidden"] for run in store.mlflow_runs.get_many(["bread", "none", "apple"])] == [True, False]
        store.mlflow_runs.restore("bread")
        assert _found(store) == "apple bread cherry date"

    def test_runs_of_an_archived_experiment_count_as_deleted(self, store: Store) -> None:
        experiment = _fill(store)
        store.experiments.update(experiment, archived=True)

        assert _found(store) == ""
        assert _found(store, view="deleted") == "apple bread cherry date"
        assert store.mlflow_runs.facts("apple").hidden

    def test_an_experiment_gets_another_name_that_is_free(self, store: Store) -> None:
        experiment = _fill(store)
        make(store, "other", experiment="taken")

        store.mlflow_runs.rename_experiment(experiment, "trained")
        store.mlflow_runs.rename_experiment(experiment, "trained")
        assert store.experiments.get(experiment)["name"] == "trained"
        assert store.runs.get("apple")["experiment"] == "trained"
        with pytest.raises(ConflictException, match="'taken'"):
            store.mlflow_runs.rename_experiment(experiment, "taken")

    def test_the_last_value_is_that_of_the_largest_step(self, store: Store) -> None:
        _fill(store)
        _log(store, "apple", ("loss", 9.0, 0))

        apple, cherry = store.mlflow_runs.get_many(["apple", "cherry"])
        assert apple["latest"] == [
            {"name": "loss", "value": 0.25, "t": 1002.0, "step": 2},
            {"name": "only", "value": 1.0, "t": 1000.0, "step": 0},
        ]
        assert cherry["latest"] == [{"name": "loss", "value": {"$": "nan"}, "t": 1000.0, "step": 0}]
        assert apple["params"] == {"lr": "0.1", "net": "cnn"}

    def test_what_a_run_was_given_comes_with_its_record(self, store: Store) -> None:
        _fill(store)

        (bread,) = store.mlflow_runs.get_many(["bread"])
        assert [(item["direction"], item["kind"], item["name"]) for item in bread["given"]] == [
            ("input", "mlflow_dataset", "iris")
        ]

    @pytest.mark.parametrize(
        ("filter_", "wanted"),
        [
            ("metrics.loss < 1", "apple"),
            ("metrics.loss >= 0.25 AND metrics.loss != 2", "apple"),
            ("params.lr = '0.1'", "apple"),
            ("params.lr != '0.1'", "bread"),
            ("params.lr IS NOT NULL", "apple bread"),
            ("params.lr IS NULL and status = 'FINISHED'", "date"),
            ("tags.fruit = 'yes'", ""),
            ("tags.fruit LIKE 'Y%'", "apple"),
            ("tags.fruit LIKE 'y%'", ""),
            ("tags.fruit ILIKE 'y_s'", "apple"),
            ("tags.`a.b` = 'it''s'", "apple"),
            ('tags.a.b = "it\'s"', "apple"),
            ("tags.mlflow.parentRunId = 'apple'", "cherry"),
            ("tags.mlflow.parentRunId IS NULL", "apple bread date"),
            ("tags.mlflow.runName = 'Red Apple'", "apple"),
            ("tags.mlflow.runName = 'bread'", "bread"),
            ("attributes.status = 'RUNNING'", "apple cherry"),
            ("status IN ('FAILED', 'Completed')", "bread date"),
            ("status != 'FINISHED' and status NOT IN ('Failed')", "apple cherry"),
            ("run_id IN ('apple', 'date')", "apple date"),
            ("run_name ILIKE 'red%'", "apple"),
            ("run_name = 'date'", "date"),
            ("user_id = 'ann'", "bread"),
            ("start_time > 0", "apple bread cherry date"),
            ("end_time > 0", "bread date"),
            ("type = 'grid'", "date"),
            ("experiment = 'train' and target = 'sdk'", "apple bread cherry date"),
            ("artifact_uri LIKE '%/apple'", "apple"),
            ("dataset.name = 'iris' and datasets.context = 'training'", "bread"),
            ("dataset.digest = 'other'", ""),
        ],
    )
    def test_a_filter_finds(self, store: Store, filter_: str, wanted: str) -> None:
        _fill(store)

        assert _found(store, filter_) == wanted

    @pytest.mark.parametrize("filter_", ["params.lr = '0.1' and tags.fruit = 'Yes'", "metrics.loss < 1"])
    def test_our_own_list_knows_the_same_filters(self, store: Store, filter_: str) -> None:
        _fill(store)

        page = store.runs.list(filter=filter_)
        assert ([run["id"] for run in page["runs"]], page["total"]) == (["apple"], 1)

    @pytest.mark.parametrize(
        ("order", "wanted"),
        [
            (["metrics.loss ASC", "run_id"], "apple bread cherry date"),
            (["metrics.loss DESC", "run_id"], "bread apple cherry date"),
            (["params.lr DESC", "run_id DESC"], "bread apple date cherry"),
            (["tags.fruit", "run_id"], "apple bread cherry date"),
            (["attributes.status", "run_id"], "date bread apple cherry"),
            (["dataset.name", "run_id DESC"], "bread date cherry apple"),
            (["start_time DESC"], "date cherry bread apple"),
        ],
    )
    def test_an_order_sorts_and_those_without_a_value_come_last(
        self, store: Store, order: list[str], wanted: str
    ) -> None:
        _fill(store)

        assert _found(store, order=order) == wanted

    def test_a_search_comes_in_pages(self, store: Store) -> None:
        _fill(store)

        assert _found(store, limit=2) == "apple bread"
        assert _found(store, limit=2, offset=2) == "cherry date"
        assert store.mlflow_runs.search([]) == []

    @pytest.mark.parametrize("filter_", ["metrics.loss", "nothing = 'x'", "metrics.a LIKE 'x'", "status = 'x' OR 1"])
    def test_a_wrong_filter_is_told(self, store: Store, filter_: str) -> None:
        _fill(store)

        with pytest.raises(UserErrorException):
            _found(store, filter_)
