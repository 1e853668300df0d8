"""The other side: MLflow's own SQLite store at the same work. Run by the Python that has MLflow; prints JSON."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

from mlflow.entities import Metric, ViewType
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

BATCH = 1000
"""The most that `log_batch` takes."""


def points(one_by_one: str, batched: str) -> dict[str, float]:
    """Log points of one run and read them; points a second by `log_metric` and by `log_batch`."""
    with tempfile.TemporaryDirectory() as folder:
        store, run = _store_with_run(folder)
        singles, batches = int(one_by_one), int(batched)
        began = time.perf_counter()
        for number in range(singles):
            store.log_metric(run, Metric("single", number * 0.5, 1_700_000_000_000 + number, number))
        _all_of(store, run, "single", singles)
        single = singles / (time.perf_counter() - began)
        began = time.perf_counter()
        _log_batches(store, run, "batched", batches)
        _all_of(store, run, "batched", batches)
        return {"single": single, "batched": batches / (time.perf_counter() - began)}


def second(before: str, rounds: str) -> dict[str, float]:
    """Log one more point of a run that has many and of one that has none; milliseconds each."""
    with tempfile.TemporaryDirectory() as folder:
        store, run = _store_with_run(folder)
        empty = store.create_run("0", "bench", 1_700_000_000_000, [], "empty").info.run_id
        count = int(before)
        rows = [("loss", n * 0.5, 1_700_000_000_000 + n, run, n, 0) for n in range(count)]
        with sqlite3.connect(_path(folder)) as database:
            columns = "key, value, timestamp, run_uuid, step, is_nan"
            database.executemany(f"INSERT INTO metrics ({columns}) VALUES (?, ?, ?, ?, ?, ?)", rows)
        times: dict[str, list[float]] = {run: [], empty: []}
        for number in range(count, count + int(rounds)):
            for where, found in times.items():
                began = time.perf_counter()
                store.log_metric(where, Metric("loss", 0.5, 1_700_000_000_000 + number, number))
                found.append((time.perf_counter() - began) * 1000)
        return {"full": statistics.median(times[run]), "empty": statistics.median(times[empty])}


def table(path: str, count: str, rounds: str) -> dict[str, float]:
    """Search pages of many runs; milliseconds of first pages by what they are sorted or filtered by."""
    total = int(count)
    if not os.path.exists(path):
        beside = f"{path}.part"
        _remove(beside)
        SqlAlchemyStore(f"sqlite:///{beside}", os.path.dirname(path)).engine.dispose()
        _fill(beside, total)
        os.replace(beside, path)
    store = SqlAlchemyStore(f"sqlite:///{path}", os.path.dirname(path))
    searches: dict[str, dict[str, Any]] = {
        "created": {"order_by": ["attributes.start_time DESC"]},
        "status": {"order_by": ["attributes.status ASC"]},
        "metric": {"order_by": ["metrics.loss ASC"]},
        "tag": {"filter_string": "tags.team = 'team3'"},
    }
    return {name: _median(lambda how=how: _search(store, how), int(rounds)) for name, how in searches.items()}  # type: ignore[misc]


def _search(store: Any, how: dict[str, Any]) -> None:
    found = store.search_runs(["0"], how.get("filter_string", ""), ViewType.ACTIVE_ONLY, 100, how.get("order_by"))
    assert len(found) == 100


def _median(call: Callable[[], None], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _fill(path: str, total: int) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -1000000")
        chance = random.Random(1)
        runs = ", ".join("?" * 10)
        columns = (
            "run_uuid, name, source_type, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri, "
            "experiment_id"
        )
        database.executemany(f"INSERT INTO runs ({columns}) VALUES ({runs})", _runs(chance, total))
        database.executemany(
            "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?)",
            (("loss", chance.random(), 1_700_000_000_000, 1, 0, f"{n:032x}") for n in range(total)),
        )
        database.executemany(
            "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
            (("team", f"team{n % 10}", f"{n:032x}") for n in range(total)),
        )
        # Without it SQLite chooses a plan for the order by a metric that takes minutes: this is in MLflow's favour.
        database.execute("ANALYZE")


def _runs(chance: random.Random, total: int) -> Iterator[tuple[Any, ...]]:
    states = ("FINISHED",) * 18 + ("FAILED", "KILLED")
    for n in range(total):
        begun = 1_600_000_000_000 + n * 1000
        ended = begun + int(chance.expovariate(1e-6))
        yield f"{n:032x}", f"run-{n}", "LOCAL", "bench", states[n % 20], begun, ended, "active", "x", 0


def _store_with_run(folder: str) -> tuple[Any, str]:
    store = SqlAlchemyStore(f"sqlite:///{_path(folder)}", folder)
    return store, store.create_run("0", "bench", 1_700_000_000_000, [], "full").info.run_id


def _path(folder: str) -> str:
    return os.path.join(folder, "mlflow.db")


def _log_batches(store: Any, run: str, name: str, count: int) -> None:
    for start in range(0, count, BATCH):
        some = range(start, min(count, start + BATCH))
        store.log_batch(run, [Metric(name, n * 0.5, 1_700_000_000_000 + n, n) for n in some], [], [])


def _all_of(store: Any, run: str, name: str, count: int) -> None:
    found = len(store.get_metric_history(run, name))
    assert found == count, f"{found} of {count} points came back"


def _remove(path: str) -> None:
    if os.path.exists(path):
        os.unlink(path)


if __name__ == "__main__":
    sides: dict[str, Callable[..., Any]] = {"points": points, "second": second, "table": table}
    print(json.dumps(sides[sys.argv[1]](*sys.argv[2:])))
