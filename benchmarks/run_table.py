"""Pages of a table of 1,000,000 runs, by the REST interface and by the store alone."""

from __future__ import annotations

import base64
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.many_runs import cache, database_of
from benchmarks.measure import Row, percentile, show
from benchmarks.theirs import beside
from stoker.service.store import Store
from stoker.testing.workspaces import TemporaryWorkspace

PAGE = 100
SORTS = ("created", "duration", "status", "metrics.loss", "metrics.accuracy", "metrics.score")
FILTERS: dict[str, dict[str, str]] = {
    "all": {},
    "a tag of a tenth": {"tag": "team=team3"},
    "a rare tag": {"tag": "best"},
    "an experiment": {"experiment": "experiment7"},
}


class _Question(NamedTuple):
    """One page."""

    sort: str
    filter: str
    page: str
    params: dict[str, Any]


class _Answer(NamedTuple):
    """The milliseconds that a page took, each time that it was asked for."""

    question: _Question
    times: list[float]


def rows(*, quick: bool = False) -> list[Row]:
    """Measure the first, the middle and the last page in each order and with each filter."""
    count, rounds = (100_000, 3) if quick else (1_000_000, 5)
    path = database_of(count)
    questions = _questions(path)
    with (
        tempfile.TemporaryDirectory(dir=cache()) as folder,
        TemporaryWorkspace(Path(folder) / "workspace", database=path) as workspace,
    ):
        by_rest = _ask(questions, rounds, lambda params: workspace.api.get("/runs", **params))
        store = Store.open(workspace.paths.database)
        by_store = _ask(questions, rounds, lambda params: store.runs.list(**_arguments(params)))
        store.close()
    theirs = beside("table", cache() / f"mlflow-{count}.db", count, 1 if quick else 3) or {}
    result = [_row(f"{count:,} runs, all these pages together", by_rest, by_store, None)]
    for word, names in (("sorted", SORTS), ("filtered", [name for name in FILTERS if name != "all"])):
        for name in names:
            here, there = ([answer for answer in side if name in answer.question[:2]] for side in (by_rest, by_store))
            result.append(_row(f"{count:,} runs {word} by {name}", here, there, theirs.get(_THEIRS.get(name, ""))))
    return result


_THEIRS = {"created": "created", "status": "status", "metrics.loss": "metric", "a tag of a tenth": "tag"}
"""MLflow's names for the same; it can't sort by duration, and has no cursor to a middle page."""


def _questions(path: Path) -> list[_Question]:
    database = sqlite3.connect(path)
    try:
        return [
            _Question(sort, name, page, {**given, "sort": sort, "order": "desc", "limit": PAGE, **_after(cursor)})
            for sort in SORTS
            for name, given in FILTERS.items()
            for page, cursor in _cursors(database, sort, given).items()
        ]
    finally:
        database.close()


def _after(cursor: str | None) -> dict[str, str]:
    return {} if cursor is None else {"after": cursor}


def _cursors(database: sqlite3.Connection, sort: str, given: dict[str, str]) -> dict[str, str | None]:
    """Return the cursors of the three pages, found by counting off all runs: nobody wants to turn 9,000 pages."""
    metric = sort.partition("metrics.")[2]
    value = "s.last" if metric else ("NULL" if sort == "created" else f"r.{sort}")
    joined = f"LEFT JOIN series s ON s.run = r.pk AND s.name = '{metric}'" if metric else ""
    wheres = ["r.top = 1"]
    if "experiment" in given:
        wheres.append(f"r.experiment = (SELECT pk FROM experiments WHERE name = '{given['experiment']}')")
    if "tag" in given:
        key, _, wanted = given["tag"].partition("=")
        wheres.append(
            f"r.pk IN (SELECT run FROM run_tags WHERE key = '{key}'" + (f" AND value = '{wanted}')" if wanted else ")")
        )
    sql = f"SELECT {value}, r.pk FROM runs r {joined} WHERE {' AND '.join(wheres)} ORDER BY 1 DESC, 2 DESC"
    places = database.execute(sql).fetchall()
    cursors: dict[str, str | None] = {"first": None}
    for page, number in (("middle", len(places) // 2), ("last", len(places) - PAGE)):
        text = json.dumps([sort, "desc", *places[number - 1]])
        cursors[page] = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return cursors


def _arguments(params: dict[str, Any]) -> dict[str, Any]:
    tag = params.get("tag")
    rest = {name: value for name, value in params.items() if name != "tag"}
    return rest if tag is None else {**rest, "tags": [tag]}


def _ask(questions: list[_Question], rounds: int, ask: Callable[[dict[str, Any]], Any]) -> list[_Answer]:
    """Ask all questions in turn; the first time is not counted."""
    answers = [_Answer(question, []) for question in questions]
    for turn in range(rounds + 1):
        for question, times in answers:
            began = time.perf_counter()
            found = ask(question.params)
            spent = (time.perf_counter() - began) * 1000
            assert len(found["runs"]) == PAGE, f"{question} gave {len(found['runs'])} runs"
            if turn:
                times.append(spent)
    return answers


def _row(what: str, by_rest: list[_Answer], by_store: list[_Answer], theirs: float | None) -> Row:
    rest, store = (percentile([t for answer in side for t in answer.times], 95) for side in (by_rest, by_store))
    slowest = max(by_rest, key=lambda answer: median(answer.times))
    asked = slowest.question
    where = f"slowest: {asked.page} page by {asked.sort} of {asked.filter}, {median(slowest.times):.0f} ms"
    mlflow = "" if theirs is None else f"; MLflow's first page {theirs:,.0f} ms"
    return Row(f"{what}, 95th percentile", rest, "ms", 100, f"store alone {store:.0f} ms; {where}{mlflow}")


if __name__ == "__main__":
    show(rows())
