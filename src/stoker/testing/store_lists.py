"""What every store must do when runs are looked for."""

from __future__ import annotations

from typing import Any

import pytest

from stoker.base.states import RunStatus
from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store import Record, Store
from stoker.testing.store_runs import end, make

__all__ = ["ListContract", "all_pages"]


def all_pages(store: Store, **query: Any) -> list[Record]:
    """Return the runs of all pages, looking at each page's size and total."""
    runs: list[Record] = []
    after = None
    while True:
        page = store.runs.list(**query, after=after)
        runs += page["runs"]
        after = page["next"]
        assert len(page["runs"]) <= query.get("limit", 100)
        if after is None:
            assert page["total"] == len(runs)
            return runs


def _ids(page: Record) -> list[str]:
    return [run["id"] for run in page["runs"]]


def _fill(store: Store) -> None:
    make(store, "apple", tags={"fruit": "yes", "n": "1"}, type="t1", target="local", properties={"p": "1"})
    make(store, "bread", tags={"fruit": "no", "n": None}, display_name="Daily Bread", description="white")
    make(store, "cherry", tags={"fruit": "yes"}, experiment="other", kind="submitted", target="pool")
    make(store, "date", parent_id="apple", tags={"fruit": "yes"}, kind="child")
    end(store, "bread", RunStatus.FAILED)


class ListContract:
    """Part of `StoreContract`."""

    @pytest.mark.parametrize(
        ("query", "wanted"),
        [
            ({}, "cherry bread apple"),
            ({"children": True}, "date cherry bread apple"),
            ({"experiment": "other"}, "cherry"),
            ({"experiment": "nothing"}, ""),
            ({"type": "t1"}, "apple"),
            ({"status": ["Failed"]}, "bread"),
            ({"status": ["Failed", "NotStarted"]}, "cherry bread"),
            ({"tags": ["fruit"]}, "cherry bread apple"),
            ({"tags": ["fruit=yes"]}, "cherry apple"),
            ({"tags": ["fruit=yes"], "children": True}, "date cherry apple"),
            ({"tags": ["fruit=yes"], "experiment": "train"}, "apple"),
            ({"tags": ["fruit=yes", "n=1"]}, "apple"),
            ({"tags": ["n"]}, "bread apple"),
            ({"properties": ["p=1"]}, "apple"),
            ({"properties": ["p=2"]}, ""),
            ({"parent": "apple"}, "date"),
            ({"parent": "nobody"}, ""),
            ({"root": "apple"}, "date apple"),
            ({"target": "pool"}, "cherry"),
            ({"search": "BREAD"}, "bread"),
            ({"search": "hit"}, "bread"),
            ({"search": "100%"}, ""),
            ({"order": "asc"}, "apple bread cherry"),
        ],
    )
    def test_conditions_choose_runs(self, store: Store, query: dict[str, Any], wanted: str) -> None:
        """Newest first, and the total is theirs."""
        _fill(store)
        page = store.runs.list(**query)

        assert " ".join(_ids(page)) == wanted
        assert page["total"] == len(page["runs"])
        assert page["next"] is None

    def test_a_brief_list_leaves_the_large_fields_out(self, store: Store) -> None:
        """They are None then."""
        make(store, "a", definition={"script": "x"}, tags={"k": "v"})

        brief, full = (store.runs.list(select=select)["runs"][0] for select in ("brief", "full"))
        assert brief == {**full, "definition": None}
        assert full["definition"] == {"script": "x"}

    @pytest.mark.parametrize("order", ["asc", "desc"])
    @pytest.mark.parametrize("sort", ["created", "started", "ended", "duration", "status", "number", "metrics.loss"])
    def test_pages_follow_each_other_in_any_order(self, store: Store, sort: str, order: str) -> None:
        """Equal and missing values included; those without a value come last."""
        for number in range(12):
            run_id = f"r{number}"
            make(store, run_id, kind="submitted", experiment=f"e{number % 2}")
            if number % 3:
                store.runs.transition(run_id, RunStatus.RUNNING, started=float(number % 4))
                line = b'["m",0,1.0,"loss",%d,null]\n' % (number % 2)
                store.journals.ingest(run_id, "j", 0, line)
            if number % 3 == 1:
                end(store, run_id, ended=float(10 - number % 5))

        whole = store.runs.list(sort=sort, order=order)["runs"]
        assert len(whole) == 12
        assert all_pages(store, sort=sort, order=order, limit=5) == whole
        if not sort.startswith("metrics"):
            keys = [_key(run, sort) for run in whole]
            there = [key for key in keys if key is not None]
            assert there == sorted(there, reverse=order == "desc")
            assert keys == there + [None] * (len(keys) - len(there))

    def test_a_metric_sorts_by_its_last_value(self, store: Store) -> None:
        """The last step counts, where there are steps, and numbers only."""
        lines = {
            "a": b'["m",0,1.0,"x",5.0,2]\n["m",0,2.0,"x",9.0,1]\n',
            "b": b'["m",0,1.0,"x",9.0,null]\n["m",0,2.0,"x",7,null]\n',
            "c": b'["m",0,1.0,"x","high",null]\n',
            "d": b'["m",0,1.0,"x",{"$":"inf"},null]\n["m",0,2.0,"x",6.0,null]\n',
        }
        for run_id, data in lines.items():
            make(store, run_id)
            store.journals.ingest(run_id, "j", 0, data)

        assert _ids(store.runs.list(sort="metrics.x")) == ["b", "d", "a", "c"]
        assert _ids(store.runs.list(sort="metrics.x", order="asc")) == ["a", "d", "b", "c"]

    @pytest.mark.parametrize(
        ("query", "word"),
        [
            ({"sort": "colour"}, "sorted by 'colour'"),
            ({"sort": "metrics."}, "sorted by"),
            ({"order": "up"}, "order"),
            ({"limit": 0}, "limit"),
            ({"limit": 1001}, "limit"),
            ({"after": "nonsense!"}, "cursor"),
            ({"after": "e30"}, "cursor"),
            ({"status": ["Complete"]}, "Did you mean 'Completed'"),
        ],
    )
    def test_a_wrong_question_is_said(self, store: Store, query: dict[str, Any], word: str) -> None:
        """In a sentence that names what is wrong."""
        make(store, "a")
        with pytest.raises(UserErrorException, match=word):
            store.runs.list(**query)

    def test_a_cursor_of_another_sort_is_refused(self, store: Store) -> None:
        """It would skip runs."""
        make(store, "a")
        make(store, "b")
        cursor = store.runs.list(limit=1)["next"]

        with pytest.raises(UserErrorException, match="cursor"):
            store.runs.list(sort="started", after=cursor)

    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("train_1_aa", "train_1_aa"),
            ("train_2", "train_2_bb"),
            ("Best", "train_1_aa"),
            ("@last", "other_3_cc"),
            ("@last-failed", "train_2_bb"),
        ],
    )
    def test_a_run_is_found_by_what_a_person_writes(self, store: Store, name: str, wanted: str) -> None:
        """Id, beginning of an id, display name, or one of two words."""
        _three(store)

        assert store.runs.resolve(name)["id"] == wanted

    def test_within_an_experiment_a_number_is_enough(self, store: Store) -> None:
        """And the words mean its runs."""
        _three(store)

        assert store.runs.resolve("2", experiment="train")["id"] == "train_2_bb"
        assert store.runs.resolve("#1", experiment="train")["id"] == "train_1_aa"
        assert store.runs.resolve("@last", experiment="train")["id"] == "train_2_bb"

    def test_what_may_be_several_runs_is_a_conflict_that_lists_them(self, store: Store) -> None:
        """By id and by display name."""
        _three(store)
        make(store, "x", display_name="Best")

        with pytest.raises(ConflictException) as caught:
            store.runs.resolve("train_")
        assert caught.value.details == {"candidates": ["train_2_bb", "train_1_aa"]}
        with pytest.raises(ConflictException, match="several"):
            store.runs.resolve("Best")

    @pytest.mark.parametrize("name", ["nothing", "@lost", "@last-failed", "", "%", "t"])
    def test_what_is_no_run_is_not_found(self, store: Store, name: str) -> None:
        """With a hint."""
        make(store, "train_1_aa")

        with pytest.raises(NotFoundException):
            store.runs.resolve(name)
        with pytest.raises(NotFoundException, match="no experiment"):
            store.runs.resolve(name, experiment="nowhere")


def _three(store: Store) -> None:
    make(store, "train_1_aa", display_name="Best")
    make(store, "train_2_bb")
    make(store, "child", parent_id="train_2_bb")
    make(store, "other_3_cc", experiment="other")
    end(store, "train_2_bb", RunStatus.FAILED)


def _key(run: Record, sort: str) -> Any:
    if sort != "duration":
        return run[sort] if run[sort] is not None else None
    if run["ended"] is None:
        return None
    return float(run["ended"][17:26]) - float(run["started"][17:26])
