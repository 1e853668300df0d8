"""What every store must do with everything but runs."""

from __future__ import annotations

import io
import threading
import zipfile
from typing import Any

import pytest

from stoker.exceptions import (
    ComputeTargetException,
    ConflictException,
    NotFoundException,
    UserErrorException,
)
from stoker.service.store import FolderArtifactStore, Store
from stoker.service.store.manifests import archive
from stoker.testing.store_journals import take
from stoker.testing.store_runs import end, make

__all__ = ["RecordContract"]

HASH = "a" * 64


class RecordContract:
    """Part of `StoreContract`."""

    def test_a_block_is_one_transaction(self, store: Store) -> None:
        """An exception takes all of it back."""
        make(store, "a")

        def both() -> None:
            with store.write():
                store.runs.update("a", tags={"k": "v"})
                take(store, "a", ["m", 0, 1.0, "x", 1, None])
                assert store.runs.get("a")["tags"] == {"k": "v"}
                raise KeyError

        with pytest.raises(KeyError):
            both()
        assert store.runs.get("a")["tags"] == {}
        assert store.metrics.collapsed("a") == {}
        take(store, "a", ["m", 0, 1.0, "x", 2, None])
        assert store.metrics.collapsed("a") == {"x": 2}

    def test_a_failure_inside_a_block_takes_back_itself_only(self, store: Store) -> None:
        """What is caught does not spoil the rest."""
        make(store, "a", properties={"p": "1"})
        with store.write():
            store.runs.update("a", tags={"k": "v"})
            with pytest.raises(ConflictException):
                store.runs.update("a", properties={"p": "2", "q": "3"})

        assert (store.runs.get("a")["tags"], store.runs.get("a")["properties"]) == ({"k": "v"}, {"p": "1"})

    def test_many_threads_write_and_read(self, store: Store) -> None:
        """Each piece of work happens as a whole."""
        errors: list[BaseException] = []

        def work(number: int) -> None:
            try:
                make(store, f"r{number}")
                for place in range(5):
                    take(store, f"r{number}", ["m", 0, float(place), "x", place, None])
                    assert store.metrics.collapsed(f"r{number}")
                end(store, f"r{number}")
            except BaseException as error:  # noqa: BLE001  # told to the test's own thread
                errors.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert errors == []
        assert store.runs.list(status=["Completed"])["total"] == 8
        assert sorted(run["number"] for run in store.runs.list()["runs"]) == list(range(1, 9))

    def test_each_start_of_the_service_gets_a_number(self, store: Store) -> None:
        """Counting from 1."""
        assert [store.next_incarnation() for _ in range(3)] == [1, 2, 3]

    def test_facts_of_the_workspace_are_kept(self, store: Store) -> None:
        """Each by its name."""
        assert store.workspace.get() == {}
        store.workspace.update(tags={"a": None}, description="d")

        assert store.workspace.update(description="e") == {"tags": {"a": None}, "description": "e"}

    def test_an_experiment_is_made_once(self, store: Store) -> None:
        """And knows its runs."""
        first = store.experiments.get_or_create("train")
        assert first == store.experiments.get_or_create("train") == store.experiments.get(first["id"])
        make(store, "a")
        make(store, "b", parent_id="a")

        found = store.experiments.get("train")
        assert (found["id"], found["run_count"], found["last_run"]["id"]) == (first["id"], 1, "a")
        with pytest.raises(UserErrorException, match="experiment name"):
            store.experiments.get_or_create("a line\nbreak")
        with pytest.raises(NotFoundException, match="Did you mean 'train'"):
            store.experiments.get("trian")

    def test_experiments_are_tagged_archived_and_listed(self, store: Store) -> None:
        """Newest first."""
        for name in ("a", "b", "c"):
            store.experiments.get_or_create(name)
        store.experiments.update("a", tags={"k": "v", "l": None}, description="d")
        store.experiments.update("b", archived=True)

        assert [item["name"] for item in store.experiments.list()] == ["c", "a"]
        assert [item["name"] for item in store.experiments.list("archived")] == ["b"]
        assert [item["name"] for item in store.experiments.list("all", tags=["k=v", "l"])] == ["a"]
        assert store.experiments.update("a", remove_tags=["k"])["tags"] == {"l": None}
        assert store.experiments.update("b", archived=False)["archived"] is None
        with pytest.raises(UserErrorException, match="view"):
            store.experiments.list("some")

    def test_an_experiment_with_runs_is_not_deleted(self, store: Store) -> None:
        """One without is."""
        make(store, "a")
        with pytest.raises(ConflictException, match="1 runs"):
            store.experiments.delete("train")
        end(store, "a")
        store.runs.delete("a")
        store.experiments.delete("train")

        assert store.experiments.list("all") == []

    def test_samples_are_stored_once_and_thinned(self, store: Store) -> None:
        """By time and node."""
        make(store, "a")
        samples: list[dict[str, Any]] = [{"t": float(n), "cpu": n} for n in range(10)]

        assert store.resources.add("a", samples) == 10
        assert store.resources.add("a", [*samples, {"t": 0.0, "node": 1}, {"no": "time"}]) == 1
        assert [sample["t"] for sample in store.resources.samples("a")] == [0.0, 0.0, *map(float, range(1, 10))]
        assert len(store.resources.samples("a", limit=4)) == 4

    def test_logs_grow_and_end(self, store: Store) -> None:
        """A smaller size is old news."""
        make(store, "a")
        assert store.logs.record("a", "user_logs/std_log.txt", 5)
        assert not store.logs.record("a", "user_logs/std_log.txt", 3)
        assert not store.logs.record("a", "user_logs/std_log.txt", 5)
        assert store.logs.record("a", "b\udcff", 1)
        store.logs.finish("a")

        assert store.logs.list("a") == [
            {"name": "user_logs/std_log.txt", "size": 5, "live": False},
            {"name": "b\udcff", "size": 1, "live": False},
        ]

    def test_files_are_added_found_and_removed(self, store: Store) -> None:
        """Whatever their names."""
        make(store, "a")
        names = ["outputs/model.pkl", "a b\n\udcff.txt"]
        for name in names:
            store.artifacts.add("a", name, HASH, 3)

        assert [item["name"] for item in store.artifacts.list("a")] == sorted(names)
        assert [item["name"] for item in store.artifacts.list("a", "outputs/")] == ["outputs/model.pkl"]
        found = store.artifacts.get("a", names[0])
        assert found.pop("created").endswith("Z")
        assert found == {"name": names[0], "size": 3, "sha256": HASH, "live": False}
        assert store.artifacts.referenced([HASH, "b" * 64]) == {HASH}
        store.artifacts.delete("a", names[0])
        store.artifacts.delete("a", names[0])
        assert store.artifacts.find("a", names[0]) is None
        with pytest.raises(NotFoundException, match="no file"):
            store.artifacts.get("a", names[0])

    def test_many_files_are_added_at_once(self, store: Store) -> None:
        """Over those that are there; what has no hash must be there, and stays but for `live`."""
        make(store, "a")
        store.artifacts.add("a", "old", HASH, 1, request_id="r")
        files = [("old", "b" * 64, 2), ("new \udcff", HASH, 3), ("never", None, 0)]

        assert store.artifacts.add_many("a", files, live=True) == ["never"]
        found = {item["name"]: item for item in store.artifacts.list("a")}
        assert {name: (item["sha256"], item["size"], item["live"]) for name, item in found.items()} == {
            "old": ("b" * 64, 2, True),
            "new \udcff": (HASH, 3, True),
        }
        assert store.artifacts.add_many("a", [("old", None, 0)]) == []
        assert store.artifacts.get("a", "old") == {**found["old"], "live": False}
        with pytest.raises(UserErrorException):
            store.artifacts.add_many("a", [("good", HASH, 1), ("../x", HASH, 1)])
        assert store.artifacts.find("a", "good") is None
        assert store.artifacts.add_many("a", []) == []

    def test_a_taken_name_is_a_conflict(self, store: Store) -> None:
        """Unless it is to be overwritten, or is live, or the request comes again."""
        make(store, "a")
        first = store.artifacts.add("a", "f", HASH, 1, live=True)
        second = store.artifacts.add("a", "f", "b" * 64, 2, request_id="r1")
        assert (first["live"], second["live"], second["size"]) == (True, False, 2)
        with pytest.raises(ConflictException, match="'f' already"):
            store.artifacts.add("a", "f", HASH, 1)

        assert store.artifacts.add("a", "f", "b" * 64, 2, request_id="r1") == second
        assert store.artifacts.add("a", "f", HASH, 1, overwrite=True)["sha256"] == HASH

    @pytest.mark.parametrize("name", ["", "/abs", "../up", "a/../b", "a//b", "nul\0"])
    def test_a_file_name_that_leads_elsewhere_is_refused(self, store: Store, name: str) -> None:
        """Nothing is stored."""
        make(store, "a")
        with pytest.raises(UserErrorException, match="file name"):
            store.artifacts.add("a", name, HASH, 1)
        with pytest.raises(UserErrorException, match="file name"):
            store.logs.record("a", name, 1)

    def test_a_snapshot_is_kept_once_its_files_are_there(self, store: Store, tmp_path: Any) -> None:
        """And comes out as a zip archive."""
        objects = FolderArtifactStore(str(tmp_path / "objects"))
        stored = objects.put_bytes(b"print(1)\n")
        manifest: dict[str, Any] = {
            "format": 1,
            "files": [["train.py", stored.sha256, 9, 0o755], ["x/\udcff.py", stored.sha256, 9, 0o644]],
            "links": [["link", "x/y"]],
            "dirs": ["empty"],
        }
        with pytest.raises(NotFoundException) as caught:
            store.snapshots.put({**manifest, "files": [["f", HASH, 1, 0o644]]}, objects)
        assert caught.value.details == {"missing": [HASH]}
        key = store.snapshots.put(manifest, objects)

        assert key == store.snapshots.put(manifest, objects)
        assert store.snapshots.get(key) == manifest
        assert (store.snapshots.exists(key), store.snapshots.exists("other")) == (True, False)
        with zipfile.ZipFile(io.BytesIO(b"".join(archive(manifest, objects)))) as zipped:
            assert zipped.testzip() is None
            assert zipped.read("train.py") == b"print(1)\n"
            assert zipped.read("link") == b"x/y"
            assert zipped.getinfo("train.py").external_attr >> 16 == 0o100755
            assert "empty/" in zipped.namelist()
        with pytest.raises(NotFoundException, match="no snapshot"):
            store.snapshots.get("other")

    def test_environments_have_versions(self, store: Store) -> None:
        """The same content is the same version."""
        first = store.environments.register({"name": "e", "python": {"pip": ["a"]}})
        second = store.environments.register({"name": "e", "python": {"pip": ["b"]}})
        again = store.environments.register({"name": "e", "version": "9", "python": {"pip": ["a"]}})

        assert (first["version"], second["version"], again) == ("1", "2", first)
        assert first["definition"] == {"name": "e", "version": "1", "python": {"pip": ["a"]}}
        assert store.environments.get("e") == second
        assert store.environments.get("e", "1") == first
        assert [item["version"] for item in store.environments.versions("e")] == ["2", "1"]
        store.environments.register({"name": "d"})
        assert [(item["name"], item["version"]) for item in store.environments.list()] == [("d", "1"), ("e", "2")]

    def test_a_deleted_version_is_not_given_again(self, store: Store) -> None:
        """Versions never change their meaning."""
        for content in ("a", "b"):
            store.environments.register({"name": "e", "x": content})
        store.environments.delete("e", "2")
        with pytest.raises(NotFoundException, match="it has 1"):
            store.environments.get("e", "2")
        assert store.environments.register({"name": "e", "x": "c"})["version"] == "3"
        store.environments.delete("e")

        with pytest.raises(NotFoundException, match="no environment 'e'"):
            store.environments.get("e")
        with pytest.raises(UserErrorException, match="no name"):
            store.environments.register({})

    def test_compute_targets_are_kept(self, store: Store) -> None:
        """A second put changes what is there."""
        made = store.compute.put("pool", "AmlCompute", {"max_nodes": 4}, {"t": None})
        assert (
            made == store.compute.get("pool") == store.compute.put("pool", "AmlCompute", {"max_nodes": 4}, {"t": None})
        )
        changed = store.compute.put("pool", "AmlCompute", {"max_nodes": 2}, {})
        store.compute.set_nodes("pool", [{"nodeId": "n1", "state": "idle"}], currentNodeCount=1)
        store.compute.set_nodes("nobody", [])

        found = store.compute.get("pool")
        assert (changed["config"], found["nodes"]) == ({"max_nodes": 2}, [{"nodeId": "n1", "state": "idle"}])
        facts = [found[name] for name in ("status", "provisioning_state", "errors")]
        assert facts == [{"currentNodeCount": 1}, "Succeeded", []]
        assert store.compute.update("pool", provisioning_state="Failed")["provisioning_state"] == "Failed"
        with pytest.raises(TypeError):
            store.compute.update("pool", colour="red")
        assert [item["name"] for item in store.compute.list()] == ["pool"]
        store.compute.delete("pool")
        assert store.compute.find("pool") is None

    def test_wrong_compute_targets_are_refused(self, store: Store) -> None:
        """Another type, an illegal name, a wrong name."""
        store.compute.put("pool", "AmlCompute", {}, {})

        with pytest.raises(ConflictException, match="type AmlCompute"):
            store.compute.put("pool", "Remote", {}, {})
        with pytest.raises(ComputeTargetException):
            store.compute.put("1", "AmlCompute", {}, {})
        for call in (store.compute.get, store.compute.delete, store.compute.update):
            with pytest.raises(NotFoundException, match="Did you mean 'pool'"):
                call("poool")
