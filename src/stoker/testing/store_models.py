"""What every store must do with models."""

from __future__ import annotations

from typing import Any

import pytest

from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store import Store
from stoker.service.store.base_models import Condition, Order
from stoker.testing.store_runs import end, make

__all__ = ["ModelContract"]

A, B = "a" * 64, "b" * 64
FILE = [("model.pkl", A, 7)]


def _names(records: Any) -> list[str]:
    return [record.get("id", record["name"]) for record in records]


class ModelContract:
    """Part of `StoreContract`."""

    def test_a_model_is_numbered_from_one_and_never_deduplicated(self, store: Store) -> None:
        """The same files are another version."""
        first = store.models.create("diabetes", FILE, is_file=True, tags={"k": None}, created_by="me")
        second = store.models.create("diabetes", FILE, is_file=True)

        assert (first["id"], second["id"]) == ("diabetes:1", "diabetes:2")
        assert (first["files"], first["size"], first["is_file"], first["tags"]) == (1, 7, True, {"k": None})
        assert (first["stage"], first["aliases"], first["created_by"], first["run_id"]) == ("None", [], "me", None)
        assert store.models.get("diabetes")["version"] == 2
        assert store.models.get("diabetes", "1") == store.models.get("diabetes", 1) == first

    def test_the_files_of_a_model_are_listed_by_path(self, store: Store) -> None:
        """Any name, also one that is not UTF-8."""
        store.models.create("m", [("b\udcff", B, 2), ("a/ü", A, 1)])

        assert store.models.files("m") == [
            {"path": "a/ü", "sha256": A, "size": 1},
            {"path": "b\udcff", "sha256": B, "size": 2},
        ]
        assert store.models.referenced([A, "c" * 64]) == {A}

    @pytest.mark.parametrize("name", ["", " ", "a/b", "a:1", "..", "a\0b", "x" * 256, "\ud800"])
    def test_a_model_name_that_can_be_no_part_of_an_address_is_refused(self, store: Store, name: str) -> None:
        """With the rule."""
        with pytest.raises(UserErrorException, match="model name"):
            store.models.create(name, FILE)

    def test_any_other_unicode_is_a_model_name(self, store: Store) -> None:
        """Spaces too."""
        assert store.models.create("größtes Modell 📈", FILE)["id"] == "größtes Modell 📈:1"

    def test_files_that_lead_elsewhere_or_clash_are_refused(self, store: Store) -> None:
        """And no number is spent."""
        for files in ([("../x", A, 1)], [("x", A, 1), ("x", B, 1)], [("x", "nohash", 1)]):
            with pytest.raises(UserErrorException):
                store.models.create("m", files)
        with pytest.raises(UserErrorException, match="has one, not 2"):
            store.models.create("m", [("x", A, 1), ("y", A, 1)], is_file=True)

        assert store.models.create("m", FILE)["version"] == 1

    def test_a_model_keeps_its_run_when_that_is_deleted(self, store: Store) -> None:
        """And a later run is not taken for it."""
        make(store, "r1")
        store.models.create("m", FILE, run_id="r1")
        with pytest.raises(NotFoundException, match="r9"):
            store.models.create("m", FILE, run_id="r9")
        end(store, "r1")
        store.runs.delete("r1")
        make(store, "r2")

        assert (store.models.get("m")["run_id"], store.models.get("m")["experiment"]) == ("r1", "train")
        assert _names(store.models.list(run_id="r1")) == ["m:1"]
        assert store.models.list(run_id="r2") == []

    def test_models_are_listed_newest_first_and_filtered(self, store: Store) -> None:
        """All conditions must hold."""
        make(store, "r1")
        store.models.create("a", FILE, tags={"area": "x", "only": None}, run_id="r1")
        store.models.create("b", FILE, tags={"area": "y"}, properties={"p": "1"}, datasets=[("training", "d1")])
        store.models.create("a", FILE, tags={"area": "y"})
        of = store.models.list

        assert _names(of()) == ["a:2", "b:1", "a:1"]
        assert _names(of(latest=True)) == ["a:2", "b:1"]
        assert _names(of(name="a")) == ["a:2", "a:1"]
        assert _names(of(tags=["area=y"])) == ["a:2", "b:1"]
        assert _names(of(tags=["area", "only"])) == ["a:1"]
        assert _names(of(tags=["area=x"], latest=True)) == []
        assert _names(of(properties=["p=1"])) == _names(of(dataset_id="d1")) == ["b:1"]
        assert _names(of(run_id="r1")) == ["a:1"]
        assert _names(of(limit=1)) == ["a:2"]

    def test_what_is_said_about_a_version_can_be_changed(self, store: Store) -> None:
        """Tags merge or are replaced, datasets are added once."""
        store.models.create("m", FILE, tags={"a": "1", "b": "2"}, details={"keep": 1, "drop": 2})
        store.models.update("m", "1", add_tags={"c": None}, remove_tags=["a"], description="d", stage="production")
        found = store.models.update(
            "m", 1, add_datasets=[("training", "d1"), ("training", "d1")], details={"drop": None}
        )

        assert found["tags"] == {"b": "2", "c": None}
        assert (found["description"], found["stage"]) == ("d", "Production")
        assert (found["datasets"], found["details"]) == ([["training", "d1"]], {"keep": 1})
        assert found["modified"] > found["created"]
        assert store.models.update("m", 1, tags={})["tags"] == {}
        with pytest.raises(UserErrorException, match="Staging"):
            store.models.update("m", 1, stage="shelf")

    def test_a_property_of_a_model_never_changes(self, store: Store) -> None:
        """The same value again is no change."""
        store.models.create("m", FILE, properties={"p": "1"})
        store.models.update("m", 1, add_properties={"p": "1", "q": None})

        with pytest.raises(ConflictException, match="'p'"):
            store.models.update("m", 1, add_properties={"r": "x", "p": "2"})
        assert store.models.get("m")["properties"] == {"p": "1", "q": None}

    def test_a_number_is_not_given_again(self, store: Store) -> None:
        """Neither after a version nor after the name is gone."""
        for _ in range(2):
            store.models.create("m", FILE)
        store.models.delete("m", 2)
        assert store.models.get("m")["version"] == 1
        assert store.models.create("m", FILE)["version"] == 3
        store.models.delete_registered("m")
        with pytest.raises(NotFoundException, match="ModelNotFound"):
            store.models.get("m")
        assert store.models.referenced([A]) == set()

        assert store.models.create("m", FILE)["version"] == 4

    def test_a_wrong_name_or_version_says_what_there_is(self, store: Store) -> None:
        """The nearest name, the versions."""
        store.models.create("diabetes", FILE)
        with pytest.raises(NotFoundException, match="Did you mean 'diabetes'"):
            store.models.get("diabetse")
        for version in (7, "7", "x", "-1", "9" * 40):
            with pytest.raises(NotFoundException, match="it has 1"):
                store.models.get("diabetes", version)
        store.models.delete("diabetes", 1)
        with pytest.raises(NotFoundException, match="it has none yet"):
            store.models.get("diabetes")
        assert store.models.find("diabetes") is None

    def test_a_name_is_registered_described_and_renamed(self, store: Store) -> None:
        """Its versions and aliases come along."""
        made = store.models.register("a", description="d", tags={"k": "v"})
        with pytest.raises(ConflictException, match="exists"):
            store.models.register("a")
        store.models.create("a", FILE)
        store.models.set_alias("a", "best", 1)
        store.models.update_registered("a", add_tags={"l": "w"}, remove_tags=["k"], description="e")
        store.models.create("taken", FILE)
        with pytest.raises(ConflictException, match="taken"):
            store.models.rename("a", "taken")

        found = store.models.rename("a", "b")
        assert (found["tags"], found["description"], found["aliases"]) == ({"l": "w"}, "e", {"best": 1})
        assert (made["last_version"], found["last_version"], found["created"]) == (0, 1, made["created"])
        assert store.models.by_alias("b", "best")["id"] == "b:1"
        assert store.models.find("a") is None

    def test_lineage_follows_a_new_name(self, store: Store) -> None:
        """And no other model whose name begins alike."""
        make(store, "r1")
        for name in ("a", "ab"):
            store.models.create(name, FILE)
            store.lineage.add("r1", "output", "model", f"{name}:1", name)
        store.models.rename("a", "new")

        assert [item["ref"] for item in store.lineage.of_run("r1")["outputs"]] == ["new:1", "ab:1"]
        assert store.lineage.tree("model", "new:1")["by"][0]["run"]["id"] == "r1"

    def test_an_alias_names_one_version(self, store: Store) -> None:
        """Until it is moved or taken away, or the version goes."""
        for _ in range(3):
            store.models.create("m", FILE)
        store.models.set_alias("m", "best", 1)
        store.models.set_alias("m", "best", "2")
        assert store.models.get("m", 1)["aliases"] == []
        assert store.models.get("m", 2)["aliases"] == ["best"]
        store.models.delete("m", 2)
        assert store.models.registered("m")["aliases"] == {}
        store.models.set_alias("m", "x", 3)
        store.models.delete_alias("m", "x")
        store.models.delete_alias("m", "x")
        with pytest.raises(NotFoundException, match="no alias 'x'"):
            store.models.by_alias("m", "x")
        with pytest.raises(NotFoundException, match="no version 9"):
            store.models.set_alias("m", "x", 9)

    def test_a_stage_can_be_cleared_of_others(self, store: Store) -> None:
        """They become Archived."""
        for _ in range(2):
            store.models.create("m", FILE)
        store.models.set_stage("m", 1, "Production")
        store.models.set_stage("m", 2, "production", archive_others=True)

        assert [item["stage"] for item in store.models.list(name="m")] == ["Production", "Archived"]
        store.models.create("m", FILE)
        store.models.create("m", FILE)
        latest = store.models.latest_of_stages(["m", "nobody"])
        assert [(item["version"], item["stage"]) for item in latest] == [
            (1, "Archived"),
            (2, "Production"),
            (4, "None"),
        ]

    def test_versions_are_searched_and_sorted(self, store: Store) -> None:
        """By fields and tags."""
        make(store, "r1")
        store.models.create("tree_a", FILE, tags={"k": "Yes"}, run_id="r1")
        store.models.create("treeXa", FILE, tags={"k": "no"})
        store.models.create("treeXa", FILE)

        def found(key: str, operator: str, value: Any) -> list[str]:
            return sorted(_names(store.models.search_versions([Condition(key, operator, value)])))

        assert found("name", "LIKE", "tree\\_a%") == []
        assert found("name", "LIKE", "TREE%") == []
        assert found("name", "ILIKE", "TREE%a") == ["treeXa:1", "treeXa:2", "tree_a:1"]
        assert found("tags.k", "=", "Yes") == ["tree_a:1"]
        assert found("tags.k", "!=", "Yes") == ["treeXa:1"]
        assert found("run_id", "IN", ("r1", "r2")) == ["tree_a:1"]
        assert found("version", ">", 1) == ["treeXa:2"]
        by_version = store.models.search_versions([], [Order("version", descending=True), Order("name")], limit=2)
        assert _names(by_version) == ["treeXa:2", "treeXa:1"]
        assert _names(store.models.search_versions([], [Order("name"), Order("version")], offset=1, limit=1)) == [
            "treeXa:2"
        ]

    def test_names_are_searched_and_sorted(self, store: Store) -> None:
        """Those without versions too."""
        store.models.register("b", tags={"k": "v"})
        store.models.create("a", FILE)
        store.models.register("[c]*")

        assert _names(store.models.search_registered()) == ["[c]*", "a", "b"]
        assert _names(store.models.search_registered([], [Order("name", descending=True)])) == ["b", "a", "[c]*"]
        assert _names(store.models.search_registered([Condition("tags.k", "LIKE", "_")])) == ["b"]
        assert _names(store.models.search_registered([Condition("name", "LIKE", "[c]*%")])) == ["[c]*"]
        with pytest.raises(UserErrorException, match=r"tags\.NAME"):
            store.models.search_registered([Condition("size", "=", 1)])
        with pytest.raises(UserErrorException, match="LIKE"):
            store.models.search_registered([Condition("name", "LIK", 1)])
