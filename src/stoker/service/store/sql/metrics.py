"""Metrics out of the database, and samples of what runs used."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, distinct, func, insert, select

from stoker.service.store.base import MetricPoint, MetricRepository, ResourceRepository
from stoker.service.store.base_runs import Record
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.run_rows import chunks, key_of, pairs
from stoker.service.store.sql.tables import metric_descriptions, resources, runs, series
from stoker.service.store.sql.values import decode

__all__ = ["SqlMetrics", "SqlResources"]

_POINTS = "SELECT t, journal, position, id, step, kind, num, text FROM points WHERE series = ?"
_BETWEEN = "SELECT id, t, step, kind, num, text FROM points WHERE series = ? AND id > ? AND id < ? ORDER BY id"
_NEXT = "SELECT id FROM points WHERE series = ? AND id > ? ORDER BY id LIMIT 1"
_ENDS = "SELECT min(id), max(id) FROM points WHERE series = ?"
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM points WHERE series = ? LIMIT ?)"
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
            return [_record(run_id, column, _ordered(connection, column.pk), descriptions) for column in columns]

    def overview(self, run_id: str, names: int = 100, points: int = 500) -> Record:
        """Return a part of the metrics that is small whatever the run has logged."""
        with self._database.read() as connection:
            table, key = series, key_of(connection, run_id)
            total = connection.scalar(select(func.count(distinct(table.c.name))).where(table.c.run == key)) or 0
            columns = _first(_columns(connection, run_id, None), names)
            descriptions = _descriptions(connection, run_id)
            found: list[Record] = []
            for column in columns:
                rows, is_part = _sample(connection, column.pk, points)
                found.append({**_record(run_id, column, rows, descriptions), "is_part": is_part})
        cells = ([point[2] for point in item["points"]] for item in found)
        return {"metrics": _collapse(columns, cells), "series": found, "total": total}

    def last(self, run_ids: Iterable[str], names: int = 5) -> dict[str, dict[str, float]]:
        """Return the last values of the first metrics of each run."""
        found: dict[str, dict[str, float]] = {run_id: {} for run_id in run_ids}
        plain = (series.c.name == series.c.column, series.c.last.is_not(None))
        place = func.row_number().over(partition_by=series.c.run, order_by=series.c.pk).label("place")
        with self._database.read() as connection:
            for some in chunks(found):
                columns = select(runs.c.id, series.c.name, series.c.last, place)
                numbered = columns.join(runs, runs.c.pk == series.c.run).where(runs.c.id.in_(some), *plain).subquery()
                statement = select(numbered).where(numbered.c.place <= names).order_by(numbered.c.place)
                for run_id, name, value, _ in connection.execute(statement):
                    found[run_id][name] = value
        return found

    def last_cursor(self, run_id: str) -> int:
        """Return the cursor behind the last point."""
        with self._database.read() as connection:
            statement = select(func.max(series.c.last_point)).where(series.c.run == key_of(connection, run_id))
            return int(connection.scalar(statement) or 0)

    def points_since(self, run_id: str, cursor: int = 0, limit: int = 1000) -> list[MetricPoint]:
        """Return points in the order of being stored."""
        with self._database.read() as connection:
            driver: Any = connection.connection.driver_connection
            behind = [column for column in _columns(connection, run_id, None) if column.last_point > cursor]
            # Numbers are given to the points of all runs: so many of them hold no more of this run, and one at least.
            nexts = [driver.execute(_NEXT, (column.pk, cursor)).fetchone()[0] for column in behind]
            end = min(nexts, default=0) + limit
            parts = [
                [(row, column) for row in driver.execute(_BETWEEN, (column.pk, cursor, end))]
                for column, first in zip(behind, nexts, strict=True)
                if first < end
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


def _first(columns: list[_Column], names: int) -> list[_Column]:
    """Return the columns of the first metrics, at most so many of each."""
    counts: dict[str, int] = {}
    chosen = []
    for column in columns:
        if column.name not in counts and len(counts) >= names:
            continue
        counts[column.name] = counts.get(column.name, 0) + 1
        if counts[column.name] <= names:
            chosen.append(column)
    return chosen


def _record(run_id: str, column: _Column, rows: list[tuple[Any, ...]], descriptions: Mapping[str, str]) -> Record:
    return {
        "name": column.name,
        "column": column.column,
        "kind": column.kind,
        "description": descriptions.get(column.name, ""),
        "points": [[row[0], row[4], decode(run_id, *row[5:])] for row in rows],
    }


def _descriptions(connection: Connection, run_id: str) -> dict[str, str]:
    table = metric_descriptions
    statement = select(table.c.name, table.c.description).where(table.c.run == key_of(connection, run_id))
    return pairs(connection, statement)


def _ordered(connection: Connection, key: int) -> list[tuple[Any, ...]]:
    """Return the points of a column in their order."""
    driver: Any = connection.connection.driver_connection
    return _sorted(driver.execute(_POINTS, (key,)).fetchall())


def _sample(connection: Connection, key: int, points: int) -> tuple[list[tuple[Any, ...]], bool]:
    """Return at most so many points of a column in their order, and whether they are only a part."""
    driver: Any = connection.connection.driver_connection
    if driver.execute(_COUNT, (key, points + 1)).fetchone()[0] <= points:
        return _ordered(connection, key), False
    first, last = driver.execute(_ENDS, (key,)).fetchone()
    places = (first + (last - first) * number // (points - 1) for number in range(points))
    found = (driver.execute(f"{_POINTS} AND id >= ? ORDER BY id LIMIT 1", (key, place)).fetchone() for place in places)
    return _sorted(list({row[3]: row for row in found}.values())), True


def _sorted(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    # A row begins with time, journal and place, and its id is its own: no comparison goes further.
    rows.sort()
    if all(row[4] is not None for row in rows):
        rows.sort(key=_STEP)
    return rows


def _collapsed(connection: Connection, run_id: str, name: str | None) -> dict[str, Any]:
    found = _columns(connection, run_id, name)
    return _collapse(found, ([decode(run_id, *row[5:]) for row in _ordered(connection, column.pk)] for column in found))


def _collapse(found: Iterable[_Column], cells: Iterable[list[Any]]) -> dict[str, Any]:
    columns: dict[str, dict[str, Any]] = {}
    dicts: set[str] = set()
    for column, values in zip(found, cells, strict=True):
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
