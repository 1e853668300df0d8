"""What every store must do with secrets, datastores and data sets."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store import Store
from stoker.service.store.base_data import REGISTERED
from stoker.testing.store_runs import end, make

__all__ = ["DataContract", "definition"]


def definition(path: str = "data/diabetes.csv", **fields: Any) -> dict[str, Any]:
    """Return the definition of a data set of one path of the workspace's own datastore."""
    source = {"type": "delimited_files", "paths": [{"datastore": "workspaceblobstore", "path": path}]}
    return {"format": 1, "kind": "Tabular", "source": source, "steps": [], **fields}


class DataContract:
    """Part of `StoreContract`."""

    def test_a_secret_reads_as_it_was_set(self, store: Store) -> None:
        """And the list has its name only."""
        store.secrets.set("password", "sword\nfish ä")
        store.secrets.set("password", "trout")
        store.secrets.set("empty", "")

        assert (store.secrets.get("password"), store.secrets.get("empty")) == ("trout", "")
        assert [record["name"] for record in store.secrets.list()] == ["empty", "password"]
        assert all(record.keys() == {"name", "created", "modified"} for record in store.secrets.list())

    @pytest.mark.parametrize(("name", "value"), [("", "x"), ("n" * 256, "x"), ("\ud800", "x"), ("n", "\ud800")])
    def test_a_secret_that_is_no_text_is_refused_without_a_word_of_it(
        self, store: Store, name: str, value: str
    ) -> None:
        """A name or a value."""
        with pytest.raises(UserErrorException) as caught:
            store.secrets.set(name, f"hidden{value}")
        assert "hidden" not in str(caught.value)
        assert store.secrets.list() == []

    def test_a_wrong_secret_suggests_the_nearest(self, store: Store) -> None:
        """To read, and to delete."""
        store.secrets.set("database-password", "x")

        with pytest.raises(NotFoundException, match="'database-password'"):
            store.secrets.get("database-pasword")
        with pytest.raises(NotFoundException, match="'database-password'"):
            store.secrets.delete("database-pasword")

    def test_two_datastores_are_there_from_the_start(self, store: Store) -> None:
        """With the types that v1 gives them."""
        names = {record["name"]: (record["type"], record["is_default"]) for record in store.datastores.list()}

        assert names == {"workspaceblobstore": ("AzureBlob", True), "workspacefilestore": ("AzureFile", False)}
        assert store.datastores.default()["name"] == "workspaceblobstore"

    def test_threads_that_come_first_at_once_make_them_once(self, store: Store) -> None:
        """None of them fails."""
        errors: list[BaseException] = []

        def ask() -> None:
            try:
                assert len(store.datastores.list()) == 2
            except BaseException as error:  # noqa: BLE001  # told to the test's own thread
                errors.append(error)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert errors == []

    def test_they_are_there_again_after_a_transaction_was_taken_back(self, store: Store) -> None:
        """That which made them."""

        def fail() -> None:
            with store.write():
                store.datastores.default()
                raise KeyError

        with pytest.raises(KeyError):
            fail()
        assert store.datastores.default()["name"] == "workspaceblobstore"

    def test_a_datastore_is_found_whatever_the_letters_case(self, store: Store) -> None:
        """And keeps the case that it was registered with."""
        store.datastores.register("Archive", "LocalFolder", "folder", {"path": "/data/archive"})

        assert store.datastores.get("ARCHIVE")["name"] == "Archive"
        assert store.datastores.get("archive")["root"] == "/data/archive"
        with pytest.raises(ConflictException, match="already exists"):
            store.datastores.register("archive", "LocalFolder", "folder", {"path": "/other"})

    def test_to_overwrite_a_datastore_replaces_its_secret_too(self, store: Store) -> None:
        """All of it."""
        place = ("S3", "fsspec", {"url": "s3://bucket/prefix"})
        store.datastores.register("s3", *place, {"access_key_id": "AKIA", "secret_access_key": "hidden"})
        assert store.datastores.secret("S3") == {"access_key_id": "AKIA", "secret_access_key": "hidden"}

        record = store.datastores.register("S3", *place, overwrite=True)

        assert (record["has_secret"], store.datastores.secret("s3")) == (False, {})

    def test_no_record_of_a_datastore_has_its_secret(self, store: Store) -> None:
        """Only that there is one."""
        secret = {"sas_token": "hidden"}
        made = store.datastores.register("az", "AzureBlob", "fsspec", {"url": "az://container"}, secret)

        assert made["has_secret"] is True
        assert "hidden" not in repr([made, store.datastores.get("az"), *store.datastores.list()])

    @pytest.mark.parametrize(
        ("kind", "config"),
        [
            ("fsspec", {"url": "s3://me:hidden@bucket"}),
            ("fsspec", {"url": "https://a.blob.core.windows.net/c?sv=2020&sig=hidden"}),
            ("fsspec", {"url": "az://c", "options": {"account_key": "hidden"}}),
            ("fsspec", {"url": "az://c", "options": {"nested": [{"connection_string": "hidden"}]}}),
            ("sql", {"url": "postgresql://me:hidden@host/db"}),
        ],
    )
    def test_a_secret_in_the_config_is_refused(self, store: Store, kind: str, config: dict[str, Any]) -> None:
        """Configs are shown; the refusal is without a word of it."""
        with pytest.raises(UserErrorException, match="secret") as caught:
            store.datastores.register("x", "Fsspec", kind, config)
        assert "hidden" not in str(caught.value)

    @pytest.mark.parametrize("path", ["", "relative", "datastores", "datastores/../key", "datastores//x", "a\0b", None])
    def test_a_folder_that_is_not_absolute_is_refused(self, store: Store, path: object) -> None:
        """Save those of the workspace's own datastores."""
        with pytest.raises(UserErrorException):
            store.datastores.register("x", "LocalFolder", "folder", {"path": path})

    @pytest.mark.parametrize("name", ["", "a b", "a-b", "a/b", "..", "ä", "n" * 256, "default", "a\n"])
    def test_a_datastore_s_name_has_letters_digits_and_underscores(self, store: Store, name: str) -> None:
        """At most 255."""
        with pytest.raises(UserErrorException, match="name"):
            store.datastores.register(name, "LocalFolder", "folder", {"path": "/data"})

    def test_a_datastore_of_no_known_type_or_kind_is_refused(self, store: Store) -> None:
        """The nearest is suggested."""
        with pytest.raises(UserErrorException, match="'AzureBlob'"):
            store.datastores.register("x", "AzureBlobb", "fsspec", {"url": "az://c"})
        with pytest.raises(UserErrorException, match="'folder'"):
            store.datastores.register("x", "AzureBlob", "foldr", {"path": "/data"})
        with pytest.raises(UserErrorException, match="address"):
            store.datastores.register("x", "AzureBlob", "fsspec", {})

    def test_the_default_can_be_another_datastore(self, store: Store) -> None:
        """Then that one can't be deleted."""
        store.datastores.register("mine", "LocalFolder", "folder", {"path": "/data"})
        assert store.datastores.set_default("MINE")["is_default"] is True

        assert [record["name"] for record in store.datastores.list() if record["is_default"]] == ["mine"]
        with pytest.raises(ConflictException, match="default"):
            store.datastores.delete("mine")
        store.datastores.set_default("workspacefilestore")
        store.datastores.delete("mine")
        assert store.datastores.find("mine") is None
        with pytest.raises(ConflictException, match="can't be unregistered"):
            store.datastores.delete("workspaceblobstore")

    def test_a_definition_is_saved_once(self, store: Store) -> None:
        """The same one, whatever the order of its keys."""
        first = store.datasets.save(definition())
        second = store.datasets.save(dict(reversed(definition().items())))
        other = store.datasets.save(definition("b.csv"))

        assert first["id"] == second["id"] != other["id"]
        assert (first["name"], first["version"], first["is_latest"]) == (None, None, False)
        assert store.datasets.list() == []

    def test_a_saved_definition_keeps_its_id_when_it_gets_a_name(self, store: Store) -> None:
        """What used it before is lineage of the name."""
        saved = store.datasets.save(definition())
        named = store.datasets.register("diabetes", definition())
        other = store.datasets.register("sugar", definition())

        assert named["id"] == saved["id"] != other["id"]
        assert store.datasets.save(definition())["id"] in {named["id"], other["id"]}

    def test_versions_count_from_one_and_same_definitions_are_one_version(self, store: Store) -> None:
        """Another definition wants to be asked for."""
        first = store.datasets.register("diabetes", definition(), description="one", tags={"a": "1"})
        again = store.datasets.register("diabetes", definition(), create_new_version=True)
        with pytest.raises(ConflictException, match="create_new_version=True"):
            store.datasets.register("diabetes", definition("b.csv"))
        second = store.datasets.register("diabetes", definition("b.csv"), create_new_version=True)
        third = store.datasets.register("diabetes", definition(), create_new_version=True)

        assert (first["version"], again, second["version"], third["version"]) == (1, first, 2, 3)
        assert third["id"] != first["id"]
        assert [record["version"] for record in store.datasets.versions("diabetes")] == [3, 2, 1]
        assert store.datasets.get("diabetes")["is_latest"] is True
        for wanted in (2, "2"):
            assert store.datasets.get("diabetes", wanted)["definition"] == definition("b.csv")
        assert store.datasets.get("diabetes", 1)["is_latest"] is False
        with pytest.raises(NotFoundException, match="1, 2, 3"):
            store.datasets.get("diabetes", 9)

    def test_a_number_is_not_given_again(self, store: Store) -> None:
        """Nor does an id go when its name goes."""
        first = store.datasets.register("diabetes", definition())
        store.datasets.delete("diabetes")

        assert store.datasets.list() == []
        assert store.datasets.by_id(first["id"])["unregistered"] is not None
        assert store.datasets.register("diabetes", definition())["version"] == 2
        with pytest.raises(NotFoundException, match="'diabetes'"):
            store.datasets.get("diabets")

    def test_a_wrong_name_of_a_data_set_is_said_as_v1_says_it(self, store: Store) -> None:
        """People look for that sentence."""
        with pytest.raises(NotFoundException, match="Cannot find dataset registered with name 'x'"):
            store.datasets.get("x")
        with pytest.raises(NotFoundException, match="Cannot find"):
            store.datasets.delete("x")
        with pytest.raises(NotFoundException, match="'none'"):
            store.datasets.by_id("none")
        assert store.datasets.find("none") is None

    @pytest.mark.parametrize("name", ["", "  ", "n" * 256, "a/versions"])
    def test_a_name_that_can_not_be_looked_up_is_refused(self, store: Store, name: str) -> None:
        """Before anything is stored."""
        with pytest.raises(UserErrorException, match="name"):
            store.datasets.register(name, definition())

    @pytest.mark.parametrize("wrong", [{}, {"kind": "Tabular"}, {"kind": "Graph", "source": {}}])
    def test_what_is_no_definition_is_refused(self, store: Store, wrong: dict[str, Any]) -> None:
        """In words."""
        with pytest.raises(UserErrorException, match="definition"):
            store.datasets.save(wrong)

    def test_data_sets_are_listed_by_tags(self, store: Store) -> None:
        """Each with its latest version only."""
        store.datasets.register("a", definition("1"), tags={"k": "1"})
        store.datasets.register("a", definition("2"), tags={"k": "2"}, create_new_version=True)
        store.datasets.register("b", definition("3"), tags={"k": None})

        assert [(record["name"], record["version"]) for record in store.datasets.list()] == [("a", 2), ("b", 1)]
        assert [record["name"] for record in store.datasets.list(["k"])] == ["a", "b"]
        assert [record["name"] for record in store.datasets.list(["k=2"])] == ["a"]
        assert store.datasets.list(["k=1"]) == []

    def test_what_is_said_about_a_data_set_changes(self, store: Store) -> None:
        """Its definition never."""
        made = store.datasets.register("a", definition(), tags={"a": "1"})

        store.datasets.update(made["id"], add_tags={"b": "2"}, remove_tags=["a"], description="new")
        assert store.datasets.get("a")["tags"] == {"b": "2"}
        changed = store.datasets.update(made["id"], tags={"c": None}, state="deprecated")

        assert (changed["tags"], changed["description"], changed["state"]) == ({"c": None}, "new", "deprecated")
        assert changed["definition"] == definition()
        with pytest.raises(UserErrorException, match="'archived'"):
            store.datasets.update(made["id"], state="archive")

    def test_a_fingerprint_s_files_come_when_asked_for(self, store: Store) -> None:
        """Records are small."""
        files = [["ä/\udcff.csv", 3, "m" * 64]]
        summary = {"files": 1, "bytes": 3, "digest": "d" * 64, "truncated": False}
        made = store.datasets.register("a", definition(), fingerprint={**summary, "entries": files})

        assert made["fingerprint"] == store.datasets.get("a")["fingerprint"] == summary
        assert store.datasets.by_id(made["id"], entries=True)["fingerprint"] == {**summary, "entries": files}
        assert store.datasets.update(made["id"], fingerprint={**summary, "files": 2})["fingerprint"]["files"] == 2
        assert "entries" not in store.datasets.by_id(made["id"], entries=True)["fingerprint"]

    def test_a_data_set_outlives_the_run_that_made_it(self, store: Store) -> None:
        """And names no run after that."""
        make(store, "a")
        made = store.datasets.register("d", definition(), run_id="a")
        store.lineage.add("a", "output", "dataset", made["id"], "d", mechanism=REGISTERED)
        assert made["run_id"] == "a"
        end(store, "a")
        store.runs.delete("a")
        make(store, "b")

        assert store.datasets.get("d")["run_id"] is None
        assert store.lineage.of_run("b") == {"inputs": [], "outputs": []}
        assert store.lineage.tree("dataset", made["id"])["by"] == []
