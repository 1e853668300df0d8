from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from stoker.base.states import RunStatus
from stoker.service.store.sql.run_conditions import Conditions
from stoker.service.store.sql.run_list import list_runs
from stoker.service.store.sql.store import SqlStore
from stoker.testing.store_runs import make

SORTS = ["created", "started", "ended", "duration", "status", "number", "metrics.loss", "metrics.all", "metrics.none"]
QUERIES: list[dict[str, Any]] = [
    {},
    {"children": True},
    {"experiment": "e1"},
    {"experiment": "e1", "children": True},
    {"tags": ["model=m1"]},
    {"tags": ["model"], "properties": ["p=1"]},
    {"status": ["Completed", "Running"]},
    {"tags": ["model=m0"], "experiment": "e0", "children": True},
    {"tags": ["model=m1"], "properties": ["p=1"], "status": ["Completed", "Running"]},
    {"root": "r0"},
]


@pytest.fixture(scope="module")
def store() -> Iterator[SqlStore]:
    opened = SqlStore("sqlite://")
    chance = random.Random(7)
    for number in range(60):
        parent = f"r{chance.randrange(number)}" if number > 5 and chance.random() < 0.4 else None
        _run(opened, chance, f"r{number}", parent)
    yield opened
    opened.close()


def _run(store: SqlStore, chance: random.Random, run_id: str, parent: str | None) -> None:
    tags = {"model": f"m{chance.randrange(3)}"} if chance.random() < 0.8 else {}
    properties = {"p": "1"} if chance.random() < 0.5 else {}
    experiment = f"e{chance.randrange(2)}"
    make(store, run_id, experiment=experiment, parent_id=parent, kind="submitted", tags=tags, properties=properties)
    if chance.random() < 0.8:
        store.runs.transition(run_id, RunStatus.RUNNING, started=float(chance.randrange(5)))
    if chance.random() < 0.6:
        end = chance.choice([RunStatus.COMPLETED, RunStatus.FAILED])
        store.runs.transition(run_id, end, ended=float(10 + chance.randrange(3)))
    store.journals.ingest(run_id, "i", 0, b'["m",0,1.0,"all",%d,null]\n' % chance.randrange(4))
    if chance.random() < 0.7:
        store.journals.ingest(run_id, "j", 0, b'["m",0,1.0,"loss",%d,null]\n' % chance.randrange(4))


@pytest.mark.parametrize("query", QUERIES, ids=str)
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", SORTS)
def test_both_ways_to_a_page_give_the_same_runs(store: SqlStore, sort: str, order: str, query: dict[str, Any]) -> None:
    few, many = (_pages(store, query, sort, order, few=few) for few in (10_000, 0))

    assert many == few
    assert len(set(few)) == len(few)


def _pages(store: SqlStore, query: dict[str, Any], sort: str, order: str, few: int) -> list[str]:
    ids: list[str] = []
    after = None
    while True:
        with store.database.read() as connection:
            page = list_runs(
                connection, Conditions(**query), sort=sort, order=order, limit=7, after=after, full=False, few=few
            )
        ids += [run["id"] for run in page["runs"]]
        after = page["next"]
        if after is None:
            assert page["total"] == len(ids)
            return ids


@pytest.mark.parametrize(
    ("query", "sort"),
    [
        ({}, "created"),
        ({}, "duration"),
        ({"experiment": "e1"}, "ended"),
        ({}, "metrics.loss"),
        ({"tags": ["model=m1"]}, "started"),
        ({"tags": ["model=m1"]}, "metrics.loss"),
        ({"tags": ["model=m1"], "status": ["Failed", "Completed"]}, "metrics.none"),
        ({"status": ["Failed", "Completed"]}, "status"),
    ],
)
def test_no_page_of_many_runs_is_sorted_in_memory(store: SqlStore, query: dict[str, Any], sort: str) -> None:
    plans = _plans(store, query, sort)

    assert not [step for step in plans if "TEMP B-TREE" in step], plans


def _plans(store: SqlStore, query: dict[str, Any], sort: str) -> list[str]:
    """Return SQLite's plans of all statements that look for the page's runs."""
    statements: list[str] = []
    with store.database.read() as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_trace_callback(statements.append)
        list_runs(connection, Conditions(**query), sort=sort, order="desc", limit=7, after=None, full=False, few=0)
        driver.set_trace_callback(None)
        ordered = [text for text in statements if "ORDER BY" in text]
        assert ordered
        return [row[3] for text in ordered for row in driver.execute(f"EXPLAIN QUERY PLAN {text}")]
