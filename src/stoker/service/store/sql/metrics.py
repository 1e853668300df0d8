"""Metrics out of the database, and samples of what runs used."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select

from stoker.service.store.base import MetricPoint, MetricRepository, ResourceRepository
from stoker.service.store.base_runs import Record
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.run_rows import key_of, pairs
from stoker.service.store.sql.tables import metric_descriptions, resources, series
from stoker.service.store.sql.values import decode

__all__ = ["SqlMetrics", "SqlResources"]

_POINTS = "SELECT t, journal, position, id, step, kind, num, text FROM points WHERE series = ?"
_SINCE = "SELECT id, t, step, kind, num, text FROM points WHERE series = ? AND id > ? ORDER BY id LIMIT ?"
_STEP = itemgetter(4)


class _Column(NamedTuple):
    pk: int
    name: str
    column: str
    kind: str
    tabular: int
    last_point: int


class SqlMetrics(MetricRepository):
    """See `MetricRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collapsed(self, run_id: str, name: str | None = None) -> dict[str, Any]:
        """Return each metric as `get_metrics` shows it."""
        with self._database.read() as connection:
            return _collapsed(connection, run_id, name)

    def collapsed_many(self, run_ids: Iterable[str], name: str | None = None) -> dict[str, dict[str, Any]]:
        """Return `collapsed` for each of the runs."""
        with self._database.read() as connection:
            return {run_id: _collapsed(connection, run_id, name) for run_id in run_ids}

    def series(self, run_id: str, name: str | None = None) -> list[Record]:
        """Return each column point by point."""
        with self._database.read() as connection:
            columns = _columns(connection, run_id, name)
            descriptions = _descriptions(connection, run_id)
            return [
                {
                    "name": column.name,
                    "column": column.column,
                    "kind": column.kind,
                    "description": descriptions.get(column.name, ""),
                    "points": [[row[0], row[4], decode(run_id, *row[5:])] for row in _ordered(connection, column.pk)],
                }
                for column in columns
            ]

    def last_cursor(self, run_id: str) -> int:
        """Return the cursor behind the last point."""
        with self._database.read() as connection:
            return max((column.last_point for column in _columns(connection, run_id, None)), default=0)

    def points_since(self, run_id: str, cursor: int = 0, limit: int = 1000) -> list[MetricPoint]:
        """Return points in the order of being stored."""
        with self._database.read() as connection:
            driver: Any = connection.connection.driver_connection
            parts = [
                [(row, column) for row in driver.execute(_SINCE, (column.pk, cursor, limit))]
                for column in _columns(connection, run_id, None)
                if column.last_point > cursor
            ]
        rows = heapq.merge(*parts, key=lambda item: int(item[0][0]))
        return [
            MetricPoint(row[0], column.name, column.column, row[1], row[2], decode(run_id, *row[3:]))
            for (row, column), _ in zip(rows, range(limit), strict=False)
        ]


def _columns(connection: Connection, run_id: str, name: str | None) -> list[_Column]:
    """Return the run's columns that have points, in order of appearance."""
    wanted = (series.c.pk, series.c.name, series.c.column, series.c.kind, series.c.tabular, series.c.last_point)
    statement = select(*wanted).where(series.c.run == key_of(connection, run_id)).order_by(series.c.pk)
    if name is not None:
        statement = statement.where(series.c.name == name)
    return [_Column(*row) for row in connection.execute(statement)]


def _descriptions(connection: Connection, run_id: str) -> dict[str, str]:
    table = metric_descriptions
    statement = select(table.c.name, table.c.description).where(table.c.run == key_of(connection, run_id))
    return pairs(connection, statement)


def _ordered(connection: Connection, key: int) -> list[tuple[Any, ...]]:
    """Return the points of a column in their order."""
    driver: Any = connection.connection.driver_connection
    rows: list[tuple[Any, ...]] = driver.execute(_POINTS, (key,)).fetchall()
    # A row begins with time, journal and place, and its id is its own: no comparison goes further.
    rows.sort()
    if all(row[4] is not None for row in rows):
        rows.sort(key=_STEP)
    return rows


def _collapsed(connection: Connection, run_id: str, name: str | None) -> dict[str, Any]:
    columns: dict[str, dict[str, Any]] = {}
    dicts: set[str] = set()
    for column in _columns(connection, run_id, name):
        values = [decode(run_id, *row[5:]) for row in _ordered(connection, column.pk)]
        columns.setdefault(column.name, {})[column.column] = values[0] if len(values) == 1 else values
        if column.tabular or column.column != column.name:
            dicts.add(column.name)
    return {key: found if key in dicts else found[key] for key, found in columns.items()}


class SqlResources(ResourceRepository):
    """See `ResourceRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, run_id: str, samples: Iterable[Mapping[str, Any]]) -> int:
        """Store samples."""
        with self._database.write() as connection:
            key = key_of(connection, run_id)
            rows = [
                {"run": key, "t": float(sample["t"]), "node": int(sample.get("node") or 0), "sample": dict(sample)}
                for sample in samples
                if isinstance(sample.get("t"), (int, float))
            ]
            if not rows:
                return 0
            count = select(func.count()).select_from(resources).where(resources.c.run == key)
            before = connection.scalar(count) or 0
            connection.execute(insert(resources).prefix_with("OR IGNORE"), rows)
            return (connection.scalar(count) or 0) - before

    def samples(self, run_id: str, limit: int | None = None) -> list[Record]:
        """Return the samples."""
        table = resources
        with self._database.read() as connection:
            wheres = [table.c.run == key_of(connection, run_id)]
            if limit is not None:
                count = connection.scalar(select(func.count()).select_from(table).where(*wheres)) or 0
                step = max(1, -(-count // max(1, limit)))
                place = func.row_number().over(order_by=(table.c.t, table.c.node)).label("place")
                numbered = select(table.c.sample, place).where(*wheres).subquery()
                thin = select(numbered.c.sample).where((numbered.c.place - 1) % step == 0).order_by(numbered.c.place)
                return list(connection.scalars(thin))
            return list(connection.scalars(select(table.c.sample).where(*wheres).order_by(table.c.t, table.c.node)))
