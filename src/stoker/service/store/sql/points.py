"""The way in for metric points: gathered from the records of one piece, written together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from stoker.service.store.sql.database import Database
from stoker.service.store.sql.run_writes import RunKeys
from stoker.service.store.sql.tables import metric_descriptions, series
from stoker.service.store.sql.values import ARTIFACT, FLOAT, Cells, encode, step_of

__all__ = ["PointWriter", "Series", "SeriesCache"]

MOST_CACHED = 50_000
_INSERT = (
    "INSERT INTO points (series, id, journal, position, t, step, kind, num, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LATEST = "SELECT t, step, kind, num, text FROM points WHERE series = ? ORDER BY id DESC LIMIT ?"
MOST_RESENT = 1_000
_UPDATE = "UPDATE series SET last_point = ?, last_step = ?, last_t = ?, last = ?, tabular = ? WHERE pk = ?"


class Series:
    """One column of one metric of one run, and its last value by which runs are sorted."""

    __slots__ = ("changed", "last", "pk", "plain", "run_id", "step", "t", "tabular")

    def __init__(self, pk: int, run_id: str, *, plain: bool, tabular: bool) -> None:
        self.pk = pk
        self.run_id = run_id
        self.plain = plain
        self.tabular = tabular
        self.step: float | None = None
        self.t: float | None = None
        self.last: Any = None
        self.changed = 0

    def note(self, t: float, step: float | None, number: Any) -> None:
        """Take a point's number as the last value, unless a later one is known."""
        if not self.plain:
            return
        if self.t is not None:
            if step is not None and self.step is not None and step != self.step:
                later = step > self.step
            else:
                later = t >= self.t
            if not later:
                return
        self.t, self.step, self.last = t, step, number

    def ends_before(self, t: float, step: float | None) -> bool:
        """Whether a point lies behind all that have a step, so that it can't be one of them."""
        if self.t is None:
            return True
        if self.step is None or step is None:
            return False
        return self.step < step or (self.step == step and self.t < t)


class SeriesCache:
    """Series that were used lately; touched by the one writer only."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str, str], Series] = {}

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()

    def get(self, connection: Connection, keys: RunKeys, name: str, column: str, kind: str) -> Series:
        """Return a series, made when it is new."""
        place = (keys.pk, name, column)
        found = self._known.get(place)
        if found is None:
            if len(self._known) >= MOST_CACHED:
                self._known.clear()
            found = self._known[place] = self._load(connection, keys, name, column, kind)
        return found

    @staticmethod
    def _load(connection: Connection, keys: RunKeys, name: str, column: str, kind: str) -> Series:
        wheres = (series.c.run == keys.pk, series.c.name == name, series.c.column == column)
        row = connection.execute(select(series).where(*wheres)).one_or_none()
        plain = name == column
        if row is not None:
            known = Series(row.pk, keys.id, plain=plain, tabular=bool(row.tabular))
            known.step, known.t, known.last = row.last_step, row.last_t, row.last
            return known
        values = {
            "run": keys.pk,
            "name": name,
            "column": column,
            "kind": kind,
            "tabular": 0,
            "last_point": 0,
            "top": keys.top,
            "experiment": keys.experiment,
        }
        made = connection.execute(insert(series).values(values)).inserted_primary_key
        assert made is not None
        return Series(int(made[0]), keys.id, plain=plain, tabular=False)


class PointWriter:
    """Gathers the points of one piece of a journal."""

    def __init__(
        self, database: Database, connection: Connection, cache: SeriesCache, journal: int, *, once: bool = False
    ) -> None:
        self._database = database
        self._connection = connection
        self._cache = cache
        self._journal = journal
        self._first = database.counter("point")
        self._next = self._first
        self._rows: list[tuple[Any, ...]] = []
        self._touched: dict[int, Series] = {}
        # What each series held before, as far as it was asked, where no point is to be stored twice.
        self._latest: dict[int, set[tuple[Any, ...]]] | None = {} if once else None
        self.metrics: set[tuple[str, str]] = set()

    def open(self, keys: RunKeys, name: str, column: str, kind: str, *, tabular: bool = False) -> Series:
        """Return the series for points that follow."""
        if not isinstance(name, str) or not isinstance(column, str):
            raise TypeError("the name of a metric is no text")
        found = self._cache.get(self._connection, keys, name, column, kind)
        found.tabular = found.tabular or tabular
        self._touched[found.pk] = found
        self.metrics.add((keys.id, name))
        return found

    def add(self, to: Series, position: int, t: float, step: Any, value: Any) -> None:
        """Add one value; the way of every `run.log`."""
        if step is not None:
            step = step_of(step)
        latest = self._latest
        # A point behind all others needs no look at them: the common way.
        if latest is not None and (to.pk in latest or not to.ends_before(t, step)):
            point = (t, step, *encode(value))
            if point in self._stored(latest, to):
                return
            latest[to.pk].add(point)
        self._next = number = self._next + 1
        if type(value) is float and value - value == 0.0:
            row: tuple[Any, ...] = (to.pk, number, self._journal, position, t, step, FLOAT, value, None)
            to.note(t, step, value)
        else:
            cells = encode(value)
            row = (to.pk, number, self._journal, position, t, step, *cells)
            to.note(t, step, cells[1])
        to.changed = number
        self._rows.append(row)

    def list(self, keys: RunKeys, position: int, t: float, name: str, values: Sequence[Any]) -> None:
        """Add the elements of a list."""
        if values:
            to = self.open(keys, name, name, "list")
            for value in values:
                self.add(to, position, t, None, value)

    def columns(self, keys: RunKeys, position: int, t: float, name: str, kind: str, cells: Mapping[str, Any]) -> None:
        """Add the cells of a row, or of a table's columns."""
        for column, values in cells.items():
            to = self.open(keys, name, column, kind, tabular=True)
            for value in values if kind == "table" else [values]:
                self.add(to, position, t, None, value)

    def artifact(self, keys: RunKeys, position: int, t: float, name: str, file: str, kind: str) -> None:
        """Add a value that is a file of the run."""
        to = self.open(keys, name, name, kind)
        self._next = number = self._next + 1
        cells: Cells = (ARTIFACT, None, file)
        self._rows.append((to.pk, number, self._journal, position, t, None, *cells))
        to.note(t, None, None)
        to.changed = number

    def describe(self, keys: RunKeys, name: str, description: str) -> None:
        """Keep a metric's description; the last one counts."""
        statement = upsert(metric_descriptions).values(run=keys.pk, name=name, description=description)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["run", "name"], set_={"description": statement.excluded.description}
            )
        )
        self.metrics.add((keys.id, name))

    def _stored(self, latest: dict[int, set[tuple[Any, ...]]], series: Series) -> set[tuple[Any, ...]]:
        """Return the latest points of a series, those of this piece included."""
        known = latest.get(series.pk)
        if known is None:
            stored = self._connection.exec_driver_sql(_LATEST, (series.pk, MOST_RESENT))
            known = latest[series.pk] = {tuple(row) for row in stored}
            known.update((row[4], *row[5:]) for row in self._rows if row[0] == series.pk)
        return known

    def write(self) -> None:
        """Write all that was gathered."""
        if not self._rows:
            return
        self._connection.exec_driver_sql(_INSERT, self._rows)
        self._connection.exec_driver_sql(_UPDATE, list(_lasts(self._touched.values())))
        self._database.count("point", self._next - self._first)


def _lasts(touched: Iterable[Series]) -> Iterable[tuple[Any, ...]]:
    for item in touched:
        if item.changed:
            yield item.changed, item.step, item.t, item.last, int(item.tabular), item.pk
