"""What every store must do with runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from stoker.base.states import RunStatus
from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store import Record, Store

__all__ = ["RunContract", "end", "make"]


def make(store: Store, run_id: str, **fields: Any) -> Record:
    """Record a run of the experiment `train`, unless `fields` say otherwise, and return it."""
    if "parent_id" not in fields:
        fields.setdefault("experiment", "train")
    return store.runs.create(id=run_id, **fields)[0]


def end(store: Store, run_id: str, status: RunStatus = RunStatus.COMPLETED, **fields: Any) -> Record:
    """End a run and return it."""
    record = store.runs.transition(run_id, status, **fields)
    assert record is not None
    return record


def _ids(records: Any) -> list[str]:
    return [record["id"] for record in records]


class RunContract:
    """Part of `StoreContract`."""

    def test_the_same_request_gives_the_same_run(self, store: Store) -> None:
        """A client may repeat a request that it got no answer to."""
        first, new = store.runs.create(id="a", experiment="train", tags={"k": "v"})
        again, newer = store.runs.create(id="a", experiment="train", tags={"k": "v"})

        assert (new, newer) == (True, False)
        assert first == again == store.runs.get("a")

    def test_another_request_with_the_same_id_is_a_conflict(self, store: Store) -> None:
        """An id names one run only."""
        make(store, "a")

        with pytest.raises(ConflictException, match="'a' is taken"):
            make(store, "a", display_name="other")

    def test_a_record_has_all_fields(self, store: Store) -> None:
        """What was given comes back."""
        facts: dict[str, Any] = {
            "type": "azureml.scriptrun",
            "display_name": "n",
            "description": "d",
            "tags": {"a": "1", "b": None},
            "properties": {"p": "q"},
            "definition": {"script": "train.py", "arguments": ["é", 1.5, None]},
            "snapshot_id": "s",
            "environment": {"name": "e", "version": "1"},
            "target": "local",
            "node_count": 2,
            "priority": 3,
            "submitted_by": "me",
            "warnings": ["w"],
        }
        run = make(store, "a", kind="submitted", submission={"python": "/bin/python"}, **facts)

        assert {name: run[name] for name in facts} == facts
        assert run["status"] == "NotStarted"
        assert (run["number"], run["version"], run["root_id"], run["parent_id"]) == (1, 1, "a", None)
        assert run["created"].endswith("Z")
        assert all(run[name] is None for name in ("queued", "started", "ended", "error", "exit", "resolved"))
        assert store.runs.submission("a") == {"python": "/bin/python"}

    def test_numbers_count_within_an_experiment(self, store: Store) -> None:
        """Children count too."""
        numbers = [make(store, "a")["number"], make(store, "b", parent_id="a")["number"], make(store, "c")["number"]]

        assert numbers == [1, 2, 3]
        assert make(store, "d", experiment="other")["number"] == 1

    def test_a_child_is_of_its_parents_tree_and_experiment(self, store: Store) -> None:
        """The topmost run is the root of all."""
        make(store, "a", target="local")
        make(store, "b", parent_id="a", kind="child")
        run = make(store, "c", parent_id="b", kind="child")

        assert (run["parent_id"], run["root_id"], run["experiment"], run["target"]) == ("b", "a", "train", "local")
        assert (run["status"], run["started"] is None) == ("Running", False)
        assert list(store.runs.ancestors("c")) == ["b", "a"]
        assert store.runs.is_within("c", "a")
        assert not store.runs.is_within("a", "c")

    def test_wrong_requests_make_nothing(self, store: Store) -> None:
        """An unknown parent, an illegal id or name, no experiment."""
        with pytest.raises(NotFoundException, match="parent run 'nobody'"):
            make(store, "a", parent_id="nobody")
        with pytest.raises(UserErrorException, match="run id"):
            make(store, "../a")
        with pytest.raises(UserErrorException, match="experiment name"):
            make(store, "a", experiment=" x")
        with pytest.raises(UserErrorException, match="neither an experiment"):
            store.runs.create(id="a")

        assert store.runs.find("a") is None
        assert store.experiments.list() == []

    def test_a_run_that_is_not_there_is_not_found(self, store: Store) -> None:
        """Everywhere."""
        for call in (
            store.runs.get,
            store.runs.submission,
            store.runs.handle,
            store.runs.ancestors,
            store.runs.unfinished_descendants,
            store.runs.delete,
            store.runs.children,
            store.metrics.collapsed,
            store.artifacts.list,
        ):
            with pytest.raises(NotFoundException, match="nobody"):
                call("nobody")
        with pytest.raises(NotFoundException):
            store.runs.transition("nobody", RunStatus.RUNNING)

    def test_states_follow_each_other_and_times_are_kept(self, store: Store) -> None:
        """Each time is taken once."""
        make(store, "a", kind="submitted")
        for status in (RunStatus.PREPARING, RunStatus.QUEUED, RunStatus.STARTING):
            assert store.runs.transition("a", status) is not None
        store.runs.transition("a", RunStatus.RUNNING, started=1000.0)
        run = end(store, "a", exit={"code": 0}, ended=1001.5)

        assert run["status"] == "Completed"
        assert run["queued"] is not None
        assert (run["started"], run["ended"]) == ("1970-01-01T00:16:40.000000Z", "1970-01-01T00:16:41.500000Z")
        assert run["exit"] == {"code": 0}

    def test_a_state_never_goes_back(self, store: Store) -> None:
        """What is not allowed writes nothing."""
        make(store, "a")
        end(store, "a", RunStatus.FAILED, error={"code": "X", "message": "m"})
        before = store.runs.get("a")

        assert store.runs.transition("a", RunStatus.RUNNING) is None
        assert store.runs.transition("a", RunStatus.COMPLETED, error=None) is None
        assert store.runs.get("a") == before

    def test_an_expected_state_guards_the_transition(self, store: Store) -> None:
        """A worker that comes late changes nothing."""
        make(store, "a", kind="submitted")

        assert store.runs.transition("a", RunStatus.STARTING, expected={RunStatus.QUEUED}) is None
        assert store.runs.transition("a", RunStatus.QUEUED, expected={RunStatus.NOT_STARTED}) is not None

    def test_of_two_that_end_a_run_one_wins(self, store: Store) -> None:
        """Also when they come at the same time."""
        make(store, "a")
        ends = [RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED] * 5
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda status: store.runs.transition("a", status), ends))

        winners = [result for result in results if result is not None]
        assert len(winners) == 1
        assert store.runs.get("a") == winners[0]

    def test_a_transition_adds_warnings_and_facts(self, store: Store) -> None:
        """All in one change."""
        make(store, "a", kind="submitted", warnings=["first"])
        run = store.runs.transition("a", RunStatus.QUEUED, resolved={"kind": "uv"}, add_warnings=["second", "first"])

        assert run is not None
        assert (run["warnings"], run["resolved"], run["version"]) == (["first", "second"], {"kind": "uv"}, 2)

    def test_facts_are_recorded_and_unknown_ones_refused(self, store: Store) -> None:
        """A wrong field is a mistake in the program."""
        make(store, "a")
        run = store.runs.record("a", resources={"cpu_seconds": 1.5}, status_reason="why", node_count=4)

        assert (run["resources"], run["status_reason"], run["node_count"]) == ({"cpu_seconds": 1.5}, "why", 4)
        with pytest.raises(TypeError, match="colour"):
            store.runs.record("a", colour="red")

    def test_every_change_is_numbered(self, store: Store) -> None:
        """Who follows the numbers misses nothing."""
        make(store, "a")
        make(store, "b")
        seen = store.runs.sequence()
        store.runs.warn("a", "careful")
        store.runs.warn("a", "careful")
        store.runs.update("b", tags={"k": "v"})

        changes = list(store.runs.changed_since(seen))
        assert [record["id"] for _, record in changes] == ["a", "b"]
        assert [record["version"] for _, record in changes] == [2, 2]
        assert changes[-1][0] == store.runs.sequence() > seen
        assert list(store.runs.changed_since(store.runs.sequence())) == []
        assert _ids(record for _, record in store.runs.changed_since(0, limit=1)) == ["a"]

    def test_tags_are_merged_removed_and_made_text(self, store: Store) -> None:
        """Ended runs can be tagged too."""
        make(store, "a", tags={"x": "1", "y": "2"})
        end(store, "a")
        tags: Any = {"y": 3, "z": None}
        run = store.runs.update("a", tags=tags, remove_tags=["x", "never"], display_name="n", description="d")

        assert run["tags"] == {"y": "3", "z": None}
        assert (run["display_name"], run["description"]) == ("n", "d")

    def test_a_property_never_changes(self, store: Store) -> None:
        """The same value again is fine; with another one nothing at all is written."""
        make(store, "a", properties={"p": "1"})
        store.runs.update("a", properties={"p": "1", "q": "2"})
        before = store.runs.get("a")

        with pytest.raises(ConflictException, match="'p'"):
            store.runs.update("a", properties={"r": "3", "p": "2"}, tags={"t": "u"})
        assert store.runs.get("a") == before
        assert before["properties"] == {"p": "1", "q": "2"}

    def test_children_are_listed_newest_first(self, store: Store) -> None:
        """With and without those further down."""
        for run_id, parent in (("a", None), ("b", "a"), ("c", "a"), ("d", "b")):
            make(store, run_id, parent_id=parent, experiment="train", tags={"n": run_id}, type=f"type-{run_id}")
        end(store, "c")

        assert _ids(store.runs.children("a")) == ["c", "b"]
        assert _ids(store.runs.children("a", recursive=True)) == ["d", "c", "b"]
        assert _ids(store.runs.children("a", recursive=True, tags=["n=d"])) == ["d"]
        assert _ids(store.runs.children("a", status=["Completed"])) == ["c"]
        assert _ids(store.runs.children("a", type="type-b")) == ["b"]
        assert _ids(store.runs.children("b", recursive=True)) == ["d"]

    def test_the_queue_has_the_most_urgent_first(self, store: Store) -> None:
        """Then the oldest."""
        for run_id, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
            make(store, run_id, kind="submitted", priority=priority, target="pool")
        for run_id in "dcba":
            store.runs.transition(run_id, RunStatus.QUEUED)

        assert _ids(store.runs.queued()) == ["b", "d", "a", "c"]
        assert _ids(store.runs.queued(limit=1)) == ["b"]
        store.runs.transition("b", RunStatus.STARTING)
        assert _ids(store.runs.queued()) == ["d", "a", "c"]
        assert _ids(store.runs.holding("pool")) == ["b"]
        assert _ids(store.runs.holding("local")) == []

    def test_unfinished_runs_are_known_by_kind(self, store: Store) -> None:
        """Interactive ones don't keep a service alive."""
        make(store, "a", kind="submitted")
        make(store, "b", kind="interactive")
        make(store, "c", kind="submitted")
        end(store, "a", RunStatus.CANCELED)

        assert _ids(store.runs.unfinished()) == ["c"]
        assert _ids(store.runs.unfinished(None)) == ["b", "c"]

    def test_what_a_queue_looks_at_agrees_with_the_record(self, store: Store) -> None:
        """It is read all the time, so it is no more than that."""
        fields = ("id", "experiment", "status", "target", "node_count", "started", "status_reason")
        make(store, "a", kind="submitted", target="pool", node_count=3, tags={"k": "v"})
        store.runs.transition("a", RunStatus.QUEUED)
        queued = store.runs.queued()
        assert queued == [{name: store.runs.get("a")[name] for name in fields}]

        store.runs.transition("a", RunStatus.RUNNING)
        store.runs.transition("a", RunStatus.CANCEL_REQUESTED, status_reason="enough")
        assert store.runs.holding("pool") == [{name: store.runs.get("a")[name] for name in fields}]
        assert store.runs.unfinished() == store.runs.holding("pool") != queued

    def test_unfinished_descendants_come_deepest_first(self, store: Store) -> None:
        """So that children end before their parents."""
        for run_id, parent in (("a", None), ("b", "a"), ("c", "b"), ("d", "a")):
            make(store, run_id, parent_id=parent, experiment="train")
        end(store, "d")

        assert _ids(store.runs.unfinished_descendants("a")) == ["c", "b"]

    def test_handles_and_submissions_are_kept_apart_from_the_record(self, store: Store) -> None:
        """Writing them is no change of the run."""
        make(store, "a", kind="submitted", submission={"python": "p"})
        before = store.runs.get("a")
        store.runs.set_handle("a", {"pid": 1})
        store.runs.set_submission("a", forced_end={"status": "Failed"})

        assert store.runs.handle("a") == {"pid": 1}
        assert store.runs.submission("a") == {"python": "p", "forced_end": {"status": "Failed"}}
        assert store.runs.get("a") == before
        store.runs.set_handle("a", None)
        assert store.runs.handle("a") is None

    def test_deleting_takes_the_tree(self, store: Store) -> None:
        """Only when all of it has ended."""
        make(store, "a", tags={"k": "v"})
        make(store, "b", parent_id="a")
        end(store, "a")
        with pytest.raises(ConflictException, match="b has not ended"):
            store.runs.delete("a")
        end(store, "b")
        store.journals.ingest("a", "j", 0, b'["m",0,1.0,"x",1.0,null]\n')
        store.artifacts.add("a", "f", "0" * 64, 1)

        assert sorted(store.runs.delete("a")) == ["a", "b"]
        assert store.runs.find("b") is None
        assert store.experiments.get("train")["run_count"] == 0
        make(store, "a")
        assert store.metrics.collapsed("a") == {}
        assert store.artifacts.list("a") == []
        assert store.runs.get("a")["tags"] == {}
        assert store.journals.stored("a", "j") == 0
