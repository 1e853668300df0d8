"""What every store must do with logged models."""

from __future__ import annotations

import math
from typing import Any

import pytest

from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store import Store
from stoker.service.store.base_logged_models import LoggedOrder, ModelMetric
from stoker.service.store.base_models import Condition
from stoker.testing.store_runs import end, make

__all__ = ["LoggedModelContract"]


def log(store: Store, name: str | None = "model", run_id: str | None = "a", **facts: Any) -> Any:
    """Record a logged model of the run `run_id`, made when it is not there."""
    if run_id is None:
        return store.logged_models.create(store.experiments.get_or_create("e")["id"], name=name, **facts)
    run = store.runs.find(run_id) or make(store, run_id)
    return store.logged_models.create(run["experiment_id"], name=name, run_id=run_id, **facts)


class LoggedModelContract:
    """Part of `StoreContract`."""

    def test_a_logged_model_is_pending_until_it_is_finalized(self, store: Store) -> None:
        """And keeps what it was made with."""
        made = log(store, type="sklearn", tags={"k": "v"}, params={"depth": "3"})

        done = store.logged_models.finalize(made["id"], "READY")

        assert made["status"] == "PENDING"
        assert (done["status"], done["tags"], done["params"]) == ("READY", {"k": "v"}, {"depth": "3"})
        assert (done["run_id"], done["type"], done["path"]) == ("a", "sklearn", "model")
        assert store.logged_models.get(made["id"]) == done
        with pytest.raises(UserErrorException, match="READY"):
            store.logged_models.finalize(made["id"], "REDAY")

    def test_logged_models_of_the_same_name_have_their_own_folders(self, store: Store) -> None:
        """The first of a run has the folder of that name, also when it is deleted."""
        first, second, third = log(store), log(store), log(store)
        other = log(store, run_id="b")
        store.logged_models.delete(first["id"])

        paths = [record["path"] for record in store.logged_models.of_run("a")]

        assert (first["path"], other["path"]) == ("model", "model")
        assert paths == [second["path"], third["path"]]
        assert len({"model", *paths}) == 3

    def test_a_logged_model_needs_a_name_that_an_address_can_have(self, store: Store) -> None:
        """One without a name gets one."""
        assert log(store, name=None)["name"]
        for name in ("", " ", "a/b", "a:b", "a.b", "50%", "it's", 'say "x"', "a\nb"):
            with pytest.raises(UserErrorException, match="can't be used"):
                log(store, name=name)

    def test_an_unknown_logged_model_is_said(self, store: Store) -> None:
        """Deleted ones are found on request only."""
        with pytest.raises(NotFoundException, match="no logged model 'm-1'"):
            store.logged_models.get("m-1")
        made = log(store)
        store.logged_models.delete(made["id"])
        with pytest.raises(NotFoundException):
            store.logged_models.get(made["id"])
        assert store.logged_models.get(made["id"], deleted=True)["deleted"]
        with pytest.raises(NotFoundException):
            store.logged_models.create("not an experiment", name="x")
        with pytest.raises(NotFoundException):
            store.logged_models.create(made["experiment_id"], name="x", run_id="nobody")

    def test_tags_of_a_logged_model_change_and_parameters_stay(self, store: Store) -> None:
        """A parameter that would change takes all of the request back."""
        made = log(store, tags={"k": "v", "x": "y"}, params={"depth": "3"})

        store.logged_models.set_tags(made["id"], {"k": "w", "größe": "9"})
        store.logged_models.delete_tag(made["id"], "x")
        store.logged_models.log_params(made["id"], {"depth": "3", "rate": "0.1"})
        with pytest.raises(ConflictException, match=r"'depth'.*'3'"):
            store.logged_models.log_params(made["id"], {"new": "1", "depth": "4"})
        with pytest.raises(NotFoundException, match="no tag 'x'"):
            store.logged_models.delete_tag(made["id"], "x")

        record = store.logged_models.get(made["id"])
        assert record["tags"] == {"k": "w", "größe": "9"}
        assert record["params"] == {"depth": "3", "rate": "0.1"}

    def test_metrics_of_a_logged_model_are_kept_once(self, store: Store) -> None:
        """NaN and infinity pass, and the same request again changes nothing."""
        made = log(store)
        metrics = [
            ModelMetric(made["id"], "loss", 0.5, 1.0, 0, "iris", "d1"),
            ModelMetric(made["id"], "loss", math.nan, 2.0, 1),
            ModelMetric(made["id"], "loss", math.inf, 3.0, 2),
        ]

        store.logged_models.log_metrics("a", metrics)
        store.logged_models.log_metrics("a", metrics)
        with pytest.raises(NotFoundException, match="m-0"):
            store.logged_models.log_metrics("a", [ModelMetric("m-0", "loss", 1.0, 1.0)])

        kept = store.logged_models.get(made["id"])["metrics"]
        assert [item["value"] for item in kept] == [0.5, None, math.inf]
        assert kept[0] == {
            "name": "loss",
            "value": 0.5,
            "t": 1.0,
            "step": 0,
            "dataset": "iris",
            "dataset_digest": "d1",
            "run_id": "a",
        }

    def test_a_search_for_logged_models_keeps_all_conditions(self, store: Store) -> None:
        """Fields, metrics, parameters and tags, in one experiment or several."""
        good = log(store, "good", tags={"k.ey": "v'1", "Größe": "weiß [1]"}, params={"depth": "3"})
        bad = log(store, "Bad", params={"depth": "4"})
        store.logged_models.finalize(good["id"], "READY")
        store.logged_models.log_metrics("a", [ModelMetric(good["id"], "acc", 0.9, 1.0, 0, "iris", "d1")])
        store.logged_models.log_metrics("a", [ModelMetric(bad["id"], "acc", 0.4, 1.0, 0, "iris", "d2")])

        def found(*conditions: tuple[str, str, Any], datasets: Any = ()) -> set[str]:
            wanted = [Condition(*item) for item in conditions]
            experiments = [good["experiment_id"]]
            return {item["name"] for item in store.logged_models.search(experiments, wanted, datasets=datasets)}

        assert found() == {"good", "Bad"}
        assert store.logged_models.search([]) == []
        assert found(("name", "=", "good")) == {"good"}
        assert found(("name", "LIKE", "b%")) == set()
        assert found(("name", "ILIKE", "b%")) == {"Bad"}
        assert found(("name", "LIKE", "g__d")) == {"good"}
        assert found(("tags.Größe", "ILIKE", "WEIß%")) == {"good"}
        assert found(("tags.Größe", "LIKE", "WEIß%")) == set()
        assert found(("name", "IN", ("good", "x"))) == {"good"}
        assert found(("name", "NOT IN", ("good", "x"))) == {"Bad"}
        assert found(("status", "=", "READY"), ("run_id", "=", "a")) == {"good"}
        assert found(("metrics.acc", ">", 0.5)) == {"good"}
        assert found(("params.depth", "!=", "3")) == {"Bad"}
        assert found(("tags.k.ey", "=", "v'1")) == {"good"}
        assert found(datasets=[("iris", None)]) == {"good", "Bad"}
        assert found(("metrics.acc", ">", 0.1), datasets=[("iris", "d2")]) == {"Bad"}
        with pytest.raises(UserErrorException, match="pattern"):
            found(("name", "LIKE", "%" * 100_000))
        for wrong in (("nmae", "=", "x"), ("name", ">", "x"), ("metrics.acc", "LIKE", "x"), ("created", "IN", ("1",))):
            with pytest.raises(UserErrorException):
                found(wrong)

    def test_logged_models_are_sorted_and_come_in_pages(self, store: Store) -> None:
        """Of a metric the latest value counts; those without one come last, in either direction."""
        made = {name: log(store, name)["id"] for name in ("a1", "b2", "c3")}
        points = [("a1", 9.0, 0), ("a1", 1.0, 1), ("b2", 5.0, 0)]
        store.logged_models.log_metrics(
            "a", [ModelMetric(made[name], "loss", value, float(step), step) for name, value, step in points]
        )

        def names(key: str, *, descending: bool = False, limit: int = 100, offset: int = 0) -> list[str]:
            order = [LoggedOrder(key, descending)]
            experiments = [store.logged_models.get(made["a1"])["experiment_id"]]
            page = store.logged_models.search(experiments, order=order, limit=limit, offset=offset)
            return [item["name"] for item in page]

        assert names("metrics.loss") == ["a1", "b2", "c3"]
        assert names("metrics.loss", descending=True) == ["b2", "a1", "c3"]
        assert names("name", limit=2) + names("name", limit=2, offset=2) == ["a1", "b2", "c3"]
        with pytest.raises(UserErrorException, match="sorted"):
            names("params.depth")

    def test_files_of_a_logged_model_without_a_run_are_its_own(self, store: Store) -> None:
        """One with a run has its files among the run's."""
        alone, owned = log(store, run_id=None), log(store)

        store.artifacts.add(alone["id"], "MLmodel", "a" * 64, 3)

        assert [item["name"] for item in store.artifacts.list(alone["id"])] == ["MLmodel"]
        assert store.artifacts.referenced(["a" * 64]) == {"a" * 64}
        assert store.artifacts.list("a") == []
        store.logged_models.delete(alone["id"])
        assert store.artifacts.referenced(["a" * 64]) == set()
        with pytest.raises(NotFoundException):
            store.artifacts.list(owned["id"])

    def test_a_deleted_run_takes_its_logged_models_along(self, store: Store) -> None:
        """With their metrics."""
        made, other = log(store), log(store, run_id="b")
        store.logged_models.log_metrics("a", [ModelMetric(other["id"], "acc", 1.0, 1.0)])
        end(store, "a")

        store.runs.delete("a")

        assert [item["id"] for item in store.logged_models.get_many([made["id"], other["id"]])] == [other["id"]]
        assert store.logged_models.get(other["id"])["metrics"] == []
