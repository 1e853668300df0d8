"""What every store must do with lineage."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from stoker.exceptions import NotFoundException, UserErrorException
from stoker.service.store import Store
from stoker.service.store.base_data import REGISTERED
from stoker.testing.store_data import definition
from stoker.testing.store_runs import make

__all__ = ["LineageContract"]


def chain(store: Store, *names: str) -> dict[str, str]:
    """Have each data set be made by a run out of the one before, and return their ids: runs are `run-<name>`."""
    made = {name: store.datasets.register(name, definition(name))["id"] for name in names}
    for before, name in itertools.pairwise(names):
        make(store, f"run-{name}")
        store.lineage.add(f"run-{name}", "input", "dataset", made[before], "source", mechanism="mount")
        store.lineage.add(f"run-{name}", "output", "dataset", made[name], "result", mechanism="upload")
    return made


def labels(nodes: list[dict[str, Any]]) -> list[str]:
    """Return the labels of nodes."""
    return [node["label"] for node in nodes]


class LineageContract:
    """Part of `StoreContract`."""

    def test_an_item_is_kept_once_and_its_details_are_merged(self, store: Store) -> None:
        """A mechanism that is not given again stays."""
        make(store, "a")
        data = store.datasets.register("diabetes", definition())
        item = ("a", "input", "dataset", data["id"], "train")
        store.lineage.add(*item, mechanism="mount", details={"x": 1, "y": 1})
        store.lineage.add(*item, details={"y": 2})

        found = store.lineage.of_run("a")["inputs"]
        assert len(found) == 1
        assert (found[0]["mechanism"], found[0]["details"]) == ("mount", {"x": 1, "y": 2})
        assert (found[0]["label"], found[0]["record"]["version"]) == ("diabetes:1", 1)

    def test_items_come_in_the_order_of_being_noted(self, store: Store) -> None:
        """Inputs and outputs apart."""
        make(store, "a")
        for name in ("z", "a", "m"):
            store.lineage.add("a", "output", "path", f"/workspaceblobstore/{name}/", name)

        assert [item["ref"] for item in store.lineage.of_run("a")["outputs"]] == [
            "workspaceblobstore/z",
            "workspaceblobstore/a",
            "workspaceblobstore/m",
        ]
        assert store.lineage.of_run("a")["inputs"] == []

    def test_what_the_service_noted_gives_way_to_what_is_said(self, store: Store) -> None:
        """One output, under the name that the run has for it."""
        make(store, "a")
        data = store.datasets.register("diabetes", definition(), run_id="a")
        store.lineage.add("a", "output", "dataset", data["id"], "diabetes", mechanism=REGISTERED)
        store.lineage.add("a", "output", "dataset", data["id"], "prepared", mechanism="upload")

        assert [item["name"] for item in store.lineage.of_run("a")["outputs"]] == ["prepared"]

    def test_an_mlflow_client_s_data_set_has_the_name_that_it_gave(self, store: Store) -> None:
        """Nothing of it is here."""
        make(store, "a")
        item = store.lineage.add("a", "input", "mlflow_dataset", "abc123", "train", details={"name": "wine"})

        assert (item["label"], item["record"]) == ("wine", None)

    @pytest.mark.parametrize(("kind", "ref"), [("dataset", "none"), ("model", "none:1"), ("model", "none")])
    def test_what_is_not_there_can_not_be_noted(self, store: Store, kind: str, ref: str) -> None:
        """Nor can its tree be asked for."""
        make(store, "a")
        with pytest.raises(NotFoundException, match="'none"):
            store.lineage.add("a", "input", kind, ref, "x")
        with pytest.raises(NotFoundException, match="'none"):
            store.lineage.tree(kind, ref)

    def test_words_that_are_not_known_are_refused(self, store: Store) -> None:
        """The nearest is suggested."""
        make(store, "a")
        with pytest.raises(UserErrorException, match="'input'"):
            store.lineage.add("a", "inputs", "path", "x/y", "x")
        with pytest.raises(UserErrorException, match="'dataset'"):
            store.lineage.add("a", "input", "datasets", "x/y", "x")
        with pytest.raises(UserErrorException, match="'up'"):
            store.lineage.tree("run", "a", direction="upp")
        with pytest.raises(NotFoundException, match="'none'"):
            store.lineage.add("none", "input", "path", "x/y", "x")

    def test_a_tree_leads_up_to_what_a_thing_came_of(self, store: Store) -> None:
        """From run to run."""
        made = chain(store, "raw", "clean", "features")
        tree = store.lineage.tree("dataset", made["features"], direction="up")

        assert tree["node"] == {"kind": "dataset", "ref": made["features"], "label": "features:1"}
        assert "used_by" not in tree
        (maker,) = tree["by"]
        assert (maker["run"]["id"], maker["name"], maker["mechanism"]) == ("run-features", "result", "upload")
        (clean,) = maker["inputs"]
        assert clean["label"] == "clean:1"
        assert labels(clean["by"][0]["inputs"]) == ["raw:1"]
        assert clean["by"][0]["inputs"][0]["by"] == []

    def test_a_tree_leads_down_to_what_came_of_it(self, store: Store) -> None:
        """And of a run both ways."""
        made = chain(store, "raw", "clean", "features")
        (user,) = store.lineage.tree("dataset", made["raw"], direction="down")["used_by"]
        assert (user["run"]["id"], user["name"]) == ("run-clean", "source")
        assert labels(user["outputs"][0]["used_by"][0]["outputs"]) == ["features:1"]

        tree = store.lineage.tree("run", "run-clean")
        assert tree["node"]["kind"] == "run"
        assert (labels(tree["inputs"]), labels(tree["outputs"])) == (["raw:1"], ["clean:1"])
        assert labels(tree["outputs"][0]["used_by"][0]["outputs"]) == ["features:1"]

    def test_a_run_that_has_a_thing_twice_has_it_under_both_names(self, store: Store) -> None:
        """Each with the way in which it was given."""
        made = chain(store, "raw", "clean")
        for name, mechanism in (("table", "direct"), ("copy", "download")):
            store.lineage.add("run-clean", "input", "dataset", made["raw"], name, mechanism=mechanism)

        (shown,) = store.lineage.tree("run", "run-clean")["inputs"]
        assert [role["name"] for role in shown["roles"]] == ["source", "table", "copy"]
        assert [role["mechanism"] for role in shown["roles"]][1:] == ["direct", "download"]
        assert shown["name"] == "source, table, copy"
        (user,) = store.lineage.tree("dataset", made["raw"], direction="down")["used_by"]
        assert user["roles"] == shown["roles"]

    def test_a_circle_is_cut(self, store: Store) -> None:
        """A run that writes what it reads."""
        made = chain(store, "a", "b")
        store.lineage.add("run-b", "output", "dataset", made["a"], "back")

        (maker,) = store.lineage.tree("dataset", made["a"], direction="up")["by"]
        assert [(node["label"], node["cut"]) for node in maker["inputs"]] == [("a:1", True)]

    def test_what_is_shared_is_followed_once(self, store: Store) -> None:
        """Or twenty diamonds, one on the other, would be a million leaves."""
        made = chain(store, *(f"d{number}" for number in range(21)))
        for number in range(1, 21):
            make(store, f"other-{number}")
            store.lineage.add(f"other-{number}", "input", "dataset", made[f"d{number - 1}"], "x")
            store.lineage.add(f"other-{number}", "output", "dataset", made[f"d{number}"], "y")

        text = repr(store.lineage.tree("dataset", made["d20"], direction="up"))

        assert text.count("'shown'") == 19
        assert text.count("'other-") == 20

    def test_a_tree_ends_at_its_depth_and_says_so(self, store: Store) -> None:
        """Not where there is no more."""
        made = chain(store, "a", "b", "c")
        (maker,) = store.lineage.tree("dataset", made["c"], direction="up", depth=1)["by"]
        assert [(node["label"], node["cut"], node["reason"]) for node in maker["inputs"]] == [("b:1", True, "depth")]

        (maker,) = store.lineage.tree("dataset", made["b"], direction="up", depth=1)["by"]
        assert [(node["label"], node.get("cut")) for node in maker["inputs"]] == [("a:1", None)]

    def test_a_data_set_is_made_by_the_run_that_wrote_its_files(self, store: Store) -> None:
        """Before it was registered, not after."""
        for name in ("before", "after", "elsewhere"):
            make(store, name)
        store.lineage.add("before", "output", "path", "workspaceblobstore/out/run1", "out")
        store.lineage.add("elsewhere", "output", "path", "workspaceblobstore/out/run10", "out")
        data = store.datasets.register("later", definition("out/run1/*.csv"))
        store.lineage.add("after", "output", "path", "workspaceblobstore/out/run1", "out")

        tree = store.lineage.tree("dataset", data["id"], direction="up")
        assert [entry["run"]["id"] for entry in tree["by"]] == ["before"]
        make(store, "reader")
        store.lineage.add("reader", "input", "dataset", data["id"], "x")
        down = store.lineage.tree("run", "before", direction="down")["outputs"][0]
        assert [entry["run"]["id"] for entry in down["used_by"]] == ["reader"]

    def test_a_thing_without_lineage_is_a_node_alone(self, store: Store) -> None:
        """A data set without a name is called by what it reads."""
        data = store.datasets.save(definition("a/b.csv"))

        assert store.lineage.tree("dataset", data["id"]) == {
            "node": {"kind": "dataset", "ref": data["id"], "label": "Tabular of workspaceblobstore/a/b.csv"},
            "by": [],
            "used_by": [],
        }

    def test_lineage_stays_when_a_name_goes(self, store: Store) -> None:
        """The label says that it is gone."""
        made = chain(store, "raw", "clean")
        store.datasets.delete("raw")

        assert labels(store.lineage.of_run("run-clean")["inputs"]) == ["raw:1 (unregistered)"]
        assert store.lineage.tree("dataset", made["raw"])["used_by"][0]["run"]["id"] == "run-clean"
