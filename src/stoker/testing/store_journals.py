"""What every store must do with what scripts wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stoker.base.states import RunStatus
from stoker.exceptions import NotFoundException
from stoker.service.store import IngestResult, Store
from stoker.testing.store_runs import end, make

__all__ = ["JournalContract", "lines", "take"]


def lines(*records: Any) -> bytes:
    """Return the records as a journal's lines."""
    return b"".join(json.dumps(record).encode("ascii") + b"\n" for record in records)


def take(store: Store, run_id: str, *records: Any, journal: str = "j", trusted: bool = False) -> IngestResult:
    """Add records to the end of a run's journal."""
    return store.journals.ingest(run_id, journal, None, lines(*records), trusted=trusted)


class JournalContract:
    """Part of `StoreContract`."""

    def test_a_piece_is_stored_once(self, store: Store) -> None:
        """Overlap is skipped, and only whole lines are taken."""
        make(store, "a")
        data = lines(["m", 0, 1.0, "x", 1, None], ["m", 0, 2.0, "x", 2, None])
        half = len(data) // 2 + 5

        first = store.journals.ingest("a", "j", 0, data[:half])
        assert first.stored == len(data) // 2 == store.journals.stored("a", "j")
        assert store.journals.ingest("a", "j", 0, data[:half]).stored == first.stored
        assert store.journals.ingest("a", "j", 3, data[3:]).stored == len(data)
        assert store.journals.ingest("a", "j", 0, data).stored == len(data)
        assert store.metrics.collapsed("a") == {"x": [1, 2]}

    def test_what_says_no_offset_goes_to_the_end(self, store: Store) -> None:
        """Of what is stored, also when that is nothing."""
        make(store, "a")
        data = lines(["m", 0, 1.0, "x", 1, None])

        assert store.journals.ingest("a", "j", None, data).stored == len(data)
        assert store.journals.ingest("a", "j", None, data).stored == 2 * len(data) == store.journals.stored("a", "j")
        assert store.metrics.collapsed("a") == {"x": [1, 1]}

    def test_what_comes_once_is_left_out_when_it_comes_again(self, store: Store) -> None:
        """Whatever came in between; other points of the same value stay."""
        make(store, "a")
        first = [["m", 0, 1.0, "x", 1, 0], ["m", 0, 2.0, "x", 1, 1], ["m", 0, 1.0, "y", {"$": "nan"}, 0]]
        second = [["m", 0, 3.0, "x", 1, 2], ["m", 0, 1.5, "x", 1, 0], ["m", 0, 1.5, "x", 1, 0]]

        for records in (first, second, first, second):
            store.journals.ingest("a", "j", None, lines(*records), once=True)
        assert store.metrics.collapsed("a") == {"x": [1] * 4, "y": {"$": "nan"}}

    @pytest.mark.parametrize("bad", [["m", 0, 2.0, "x", 1, 10**400], ["m", 0, 2.0, "\ud800", 1, 10**400]])
    def test_a_point_that_can_not_be_kept_keeps_no_other_from_being_stored(self, store: Store, bad: Any) -> None:
        """Behind good points of the same metric, too."""
        make(store, "a")
        data = lines(["m", 0, 1.0, "x", 1, 0], bad, ["m", 0, 3.0, "x", 3, 2])

        result = store.journals.ingest("a", "j", 0, data)

        assert (result.stored, result.torn) == (len(data), 1)
        assert store.metrics.collapsed("a")["x"] == [1, 3]

    def test_a_gap_takes_nothing(self, store: Store) -> None:
        """And says where to go on."""
        make(store, "a")
        result = store.journals.ingest("a", "j", 100, lines(["m", 0, 1.0, "x", 1, None]))

        assert result == IngestResult(0, gap=True)
        assert store.metrics.collapsed("a") == {}

    def test_the_last_line_may_be_torn(self, store: Store) -> None:
        """A final piece is stored to its last byte."""
        make(store, "a")
        data = lines(["m", 0, 1.0, "x", 1, None]) + b'["m",0,2.'

        assert store.journals.ingest("a", "j", 0, data).torn == 0
        result = store.journals.ingest("a", "j", 0, data, final=True)
        assert (result.stored, result.torn) == (len(data), 1)
        assert "can't be read" in store.runs.get("a")["warnings"][0]

    @pytest.mark.parametrize(
        "line",
        [
            b"nonsense",
            b'["m",0,1.',
            b'{"no":"record"}',
            b"17",
            b"null",
            b'["m"]',
            b'["m",0,"now","x",1,null]',
            b'["m",0,1.0,7,1,null]',
            b'["m","0",1.0,"x",1,null]',
            b'["m",true,1.0,"x",1,null]',
            b'["unheard",0,1.0,"x"]',
            b'["l",0,1.0,"x",5]',
            b'["t",0,1.0,"x",{"a":5}]',
            b'["tag",0,1.0,["x"]]',
            b'["end",0,1.0,"Running",null]',
            b'["child",0,1.0,{}]',
            b'["run",0,"b"]',
            b"\xff\xfe",
            b"[" * 5000,
        ],
    )
    def test_a_line_that_says_nothing_is_skipped_and_counted(self, store: Store, line: bytes) -> None:
        """Those beside it are taken, and the run has a warning, once."""
        make(store, "a")
        good = lines(["m", 0, 1.0, "y", 1, None])
        result = store.journals.ingest("a", "j", 0, good + line + b"\n" + good)
        again = store.journals.ingest("a", "j", result.stored, line + b"\n\n")

        assert (result.torn, again.torn) == (1, 1)
        assert store.metrics.collapsed("a") == {"y": [1, 1]}
        assert len(store.runs.get("a")["warnings"]) == 1
        assert result.changed_run_ids == ("a",)

    def test_odd_text_is_kept_as_far_as_it_can_be(self, store: Store) -> None:
        """A lone half of a character becomes a question mark."""
        make(store, "a")
        store.journals.ingest("a", "j", 0, b'["m",0,1.0,"\\udc80","\\ud83d\\ude00",null]\n["m",0,1.0,"n",NaN,null]\n')

        found = store.metrics.collapsed("a")
        assert found == {"?": "\U0001f600", "n": {"$": "nan"}}

    def test_tags_properties_and_names_are_written(self, store: Store) -> None:
        """As the script said them, in order."""
        make(store, "a", properties={"p": "1"})
        result = take(
            store,
            "a",
            ["tag", 0, 1.0, {"x": "1", "y": None}],
            ["untag", 0, 2.0, ["x"]],
            ["prop", 0, 3.0, {"q": "2", "p": "1"}],
            ["set", 0, 4.0, {"display_name": "n", "description": None}],
        )

        run = store.runs.get("a")
        assert (run["tags"], run["properties"], run["display_name"]) == ({"y": None}, {"p": "1", "q": "2"}, "n")
        assert (run["version"], run["warnings"]) == (2, [])
        assert result.changed_run_ids == ("a",)

    def test_a_changed_property_is_a_warning_and_the_first_stays(self, store: Store) -> None:
        """What is logged can't be refused any more."""
        make(store, "a")
        take(store, "a", ["prop", 0, 1.0, {"p": "1"}], ["prop", 0, 1.0, {"p": "2"}])

        run = store.runs.get("a")
        assert run["properties"] == {"p": "1"}
        assert "'p'" in run["warnings"][0]

    def test_children_are_made_written_to_and_ended(self, store: Store) -> None:
        """By the journal of their parent."""
        make(store, "a", kind="submitted", target="local")
        take(
            store,
            "a",
            ["child", 0, 5.0, {"id": "b", "name": "fold", "tags": {"n": 1}, "status": "Running"}],
            ["run", 1, "b"],
            ["m", 1, 6.0, "x", 1, None],
            ["child", 1, 7.0, {"id": "c", "name": None, "tags": {}, "status": "NotStarted"}],
            ["end", 1, 8.0, "Failed", {"code": "X", "message": "m"}],
        )

        child = store.runs.get("b")
        facts = [child[name] for name in ("kind", "display_name", "tags", "target")]
        assert facts == ["child", "fold", {"n": "1"}, "local"]
        assert (child["status"], child["error"]) == ("Failed", {"code": "X", "message": "m"})
        assert (child["started"][14:19], child["ended"][14:19]) == ("00:05", "00:08")
        assert store.metrics.collapsed("b") == {"x": 1}
        grandchild = store.runs.get("c")
        assert (grandchild["parent_id"], grandchild["root_id"], grandchild["status"]) == ("b", "a", "NotStarted")

    def test_references_outlive_the_piece(self, store: Store) -> None:
        """A later piece knows the runs that an earlier one named."""
        make(store, "a")
        make(store, "b", parent_id="a", kind="child")
        take(store, "a", ["run", 1, "b"])
        result = take(store, "a", ["m", 1, 1.0, "x", 1, None])

        assert result.touched_metrics == (("b", "x"),)

    def test_a_child_may_be_named_before_its_makers_record_comes(self, store: Store) -> None:
        """Journals of several processes come in any order; nothing is lost."""
        make(store, "a")
        take(store, "a", ["run", 1, "b"], ["m", 1, 9.0, "x", 1, None], ["tag", 1, 9.0, {"k": "new"}], journal="worker")
        assert store.runs.get("b")["parent_id"] == "a"
        take(
            store,
            "a",
            ["child", 0, 1.0, {"id": "p", "name": "p", "tags": {}, "status": "Running"}],
            ["run", 1, "p"],
            ["child", 1, 5.0, {"id": "b", "name": "fold", "tags": {"k": "old", "l": "1"}, "status": "Running"}],
            journal="maker",
        )

        child = store.runs.get("b")
        assert (child["parent_id"], child["root_id"], child["display_name"]) == ("p", "a", "fold")
        assert child["tags"] == {"k": "new", "l": "1"}
        assert child["started"].startswith("1970-01-01T00:00:05")
        assert store.metrics.collapsed("b") == {"x": 1}

    def test_the_same_child_twice_is_one(self, store: Store) -> None:
        """Several ranks may run the same lines."""
        make(store, "a")
        record = ["child", 0, 1.0, {"id": "b", "name": "n", "tags": {}, "status": "Running"}]
        take(store, "a", record, record)

        assert len(store.runs.children("a")) == 1
        assert store.runs.get("a")["warnings"] == []

    def test_runs_of_another_tree_are_out_of_reach(self, store: Store) -> None:
        """What names them is skipped with a warning."""
        make(store, "a")
        make(store, "stranger")
        result = take(
            store,
            "a",
            ["run", 1, "stranger"],
            ["m", 1, 1.0, "x", 1, None],
            ["tag", 1, 1.0, {"hacked": "yes"}],
            ["end", 1, 1.0, "Failed", None],
            ["m", 2, 1.0, "x", 1, None],
            ["child", 0, 1.0, {"id": "stranger", "name": None, "tags": {}}],
            ["m", 0, 1.0, "mine", 1, None],
        )

        assert store.metrics.collapsed("stranger") == {}
        assert (store.runs.get("stranger")["version"], store.runs.get("stranger")["tags"]) == (1, {})
        warnings = " ".join(store.runs.get("a")["warnings"])
        assert "stranger" in warnings
        assert "does not name" in warnings
        assert store.metrics.collapsed("a") == {"mine": 1}
        assert result.torn == 0

    def test_the_runs_above_are_within_reach(self, store: Store) -> None:
        """A trial of a sweep logs to its parent."""
        make(store, "a")
        make(store, "b", parent_id="a", kind="submitted")
        take(store, "b", ["run", 1, "a"], ["m", 1, 1.0, "x", 1, None])

        assert store.metrics.collapsed("a") == {"x": 1}

    def test_a_script_does_not_end_its_own_submitted_run(self, store: Store) -> None:
        """How its process ends decides."""
        make(store, "a", kind="submitted")
        make(store, "b", kind="interactive")
        take(store, "a", ["end", 0, 1.0, "Completed", None])
        take(store, "b", ["end", 0, 1.0, "Completed", None])

        assert (store.runs.get("a")["status"], store.runs.get("b")["status"]) == ("NotStarted", "Completed")

    def test_states_count_only_when_trusted(self, store: Store) -> None:
        """They are the supervisor's."""
        make(store, "a", kind="submitted")
        running = ["status", 0, 5.0, "Running", {"pid": 1}]
        take(store, "a", running)
        assert store.runs.get("a")["status"] == "NotStarted"
        take(store, "a", running, ["status", 0, 6.0, "Finalizing", {"exit": {"code": 1}}], trusted=True)

        run = store.runs.get("a")
        assert (run["status"], run["exit"], run["started"][17:19]) == ("Finalizing", {"code": 1}, "05")

    def test_an_ended_run_still_takes_what_was_logged(self, store: Store) -> None:
        """But stays ended."""
        make(store, "a")
        end(store, "a", RunStatus.CANCELED)
        take(store, "a", ["m", 0, 1.0, "x", 1, None], ["tag", 0, 1.0, {"k": "v"}], ["end", 0, 1.0, "Completed", None])

        assert store.metrics.collapsed("a") == {"x": 1}
        assert (store.runs.get("a")["status"], store.runs.get("a")["tags"]) == ("Canceled", {"k": "v"})

    def test_warnings_of_the_supervisor_are_kept(self, store: Store) -> None:
        """On the run."""
        make(store, "a")
        take(store, "a", ["warn", 0, 1.0, "low on disk"])

        assert store.runs.get("a")["warnings"] == ["low on disk"]

    def test_a_journal_of_no_run_is_refused(self, store: Store) -> None:
        """Nothing is stored."""
        with pytest.raises(NotFoundException):
            take(store, "nobody", ["m", 0, 1.0, "x", 1, None])
        assert store.journals.stored("nobody", "j") == 0
