"""A database of many runs, written straight into the store's tables and kept outside the repository."""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stoker.service.store.sql.schema import HEAD
from stoker.service.store.sql.store import SqlStore

__all__ = ["EXPERIMENTS", "cache", "database_of"]

EXPERIMENTS = 20
BORN = 1_600_000_000.0
_STATES = ("Completed",) * 36 + ("Failed", "Failed", "Failed", "Canceled")
_VERSION = 2
"""To be raised with each change of what is written here."""

_RUN = (
    *("pk", "id", "experiment", "number", "type", "kind", "status", "finished", "display_name", "parent", "root"),
    *("top", "created", "queued", "started", "ended", "duration", "target", "priority", "submitted_by", "node_count"),
    *("digest", "version", "changed"),
)
_SERIES = (
    *("run", "name", "column", "kind", "tabular", "last_point", "last_step", "last_t", "last", "top", "experiment"),
)


def cache() -> Path:
    """Return the folder in which what takes long to make is kept from one measurement to the next."""
    folder = Path(tempfile.gettempdir()) / f"stoker-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def database_of(count: int) -> Path:
    """Return a database of so many runs: a tenth of them children, with tags and three metrics.

    Every run has the metric `loss`, nine of ten have `accuracy`, and all but a thousandth have `score`.
    """
    path = cache() / f"runs-{HEAD}-{_VERSION}-{count}.db"
    if not path.exists():
        beside = path.with_suffix(".part")
        for old in cache().glob(f"{beside.name}*"):
            old.unlink()
        SqlStore(str(beside)).close()
        database = sqlite3.connect(beside, isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
            database.execute(f"PRAGMA {pragma}")
        _fill_without_indexes(database, count)
        database.close()
        beside.rename(path)
    return path


def _fill_without_indexes(database: sqlite3.Connection, count: int) -> None:
    """Write the rows first and their indexes at the end: in order, where row by row would jump about."""
    found = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    database.execute("BEGIN")
    for name, _ in found:
        database.execute(f'DROP INDEX "{name}"')
    _fill(database, count)
    for _, sql in found:
        database.execute(sql)
    database.execute("COMMIT")


def _fill(database: sqlite3.Connection, count: int) -> None:
    chance = random.Random(count)
    children = sum(_is_child(pk) for pk in range(1, count + 1))
    each = [
        (n, f"e{n}", f"experiment{n}", BORN, "{}", count // EXPERIMENTS + 1, *_shares(count, children))
        for n in range(1, EXPERIMENTS + 1)
    ]
    _insert(
        database,
        "experiments",
        ("pk", "id", "name", "created", "tags", "last_number", "run_count", "child_count"),
        each,
    )
    _insert(database, "runs", _RUN, (_run(chance, pk) for pk in range(1, count + 1)))
    _insert(database, "run_tags", ("run", "key", "value", "top", "experiment"), _tags(count))
    _insert(database, "series", _SERIES, _series(chance, count))
    _insert(database, "run_details", ("run", "definition"), ((pk, '{"script":"train.py"}') for pk in _keys(count)))
    _insert(database, "counters", ("name", "value"), [("change", count), ("point", count * 3)])


def _insert(database: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: Any) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    database.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", rows)


def _shares(count: int, children: int) -> tuple[int, int]:
    return (count - children) // EXPERIMENTS, children // EXPERIMENTS


def _keys(count: int) -> range:
    return range(1, count + 1)


def _is_child(pk: int) -> bool:
    return pk % 200 < 20


def _experiment(pk: int) -> int:
    # By blocks of 200, so that a child is in its parent's experiment.
    return (pk // 200) % EXPERIMENTS + 1


def _run(chance: random.Random, pk: int) -> tuple[Any, ...]:
    child = _is_child(pk)
    parent = max(1, pk - pk % 200 + 20) if child else None
    created = BORN + pk * 60
    started = created + chance.random() * 30
    duration = chance.expovariate(1 / 600)
    kind, run_type = ("child", None) if child else ("submitted", "azureml.scriptrun")
    return (
        *(pk, f"bench_{BORN + pk:.0f}_{pk:08x}", _experiment(pk), pk, run_type, kind, chance.choice(_STATES), 1),
        *(f"run {pk}", parent, parent or pk, int(not child), created, created + 1, started, started + duration),
        *(duration, "sdk" if child else "local", 0, "bench", 1, b"", 5, pk),
    )


def _tags(count: int) -> Iterator[tuple[Any, ...]]:
    for pk in _keys(count):
        rest = (int(not _is_child(pk)), _experiment(pk))
        yield pk, "team", f"team{pk % 10}", *rest
        if pk % 400 == 250:
            yield pk, "best", "yes", *rest


def _series(chance: random.Random, count: int) -> Iterator[tuple[Any, ...]]:
    for pk in _keys(count):
        rest = (int(not _is_child(pk)), _experiment(pk))
        for name, lacking in (("loss", 0.0), ("accuracy", 0.1), ("score", 0.001)):
            if chance.random() >= lacking:
                yield pk, name, name, "metric", 0, pk, None, BORN + pk, chance.random(), *rest
