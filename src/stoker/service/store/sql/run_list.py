"""Pages of runs, quick with a million of them.

A page is found in one of two ways. When the conditions leave few runs, these are found first and then sorted. When
they leave many, an index gives the runs in the wanted order and the conditions are looked at for each, until the page
is full. SQLite knows nothing of how many rows a condition leaves, so a unary plus, which has no other effect, hides
from it the columns whose index must not be used.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from heapq import merge
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from stoker.base.names import suggestion
from stoker.exceptions import UserErrorException
from stoker.service.store.base_runs import Record
from stoker.service.store.sql.run_conditions import Conditions, Found, find, label_fits, plus, total, wheres
from stoker.service.store.sql.run_rows import load
from stoker.service.store.sql.tables import runs, series

__all__ = ["all_keys", "list_runs"]

FEW = 20_000
"""So many runs are sorted in a few hundredths of a second."""
MANY = 100_000
"""For so many runs it pays to count first how many have a metric."""
SORTS = ("created", "started", "ended", "duration", "status", "number")
METRIC = "metrics."


class _Place(NamedTuple):
    value: Any
    pk: int


def list_runs(
    connection: Connection,
    conditions: Conditions,
    *,
    sort: str,
    order: str,
    limit: int,
    after: str | None,
    full: bool,
    few: int = FEW,
) -> Record:
    """Return the page as `RunRepository.list` promises it; up to `few` runs are found before they are sorted."""
    _check(sort, order, limit)
    place = None if after is None else _decode(after, sort, order)
    found = find(connection, conditions)
    if found is None:
        return {"runs": [], "next": None, "total": 0}
    count = total(connection, found)
    pager = _Pager(connection, found, sort, order == "desc", count, few)
    places = pager.page(place, limit + 1) if count else []
    following = _encode(places[limit - 1], sort, order) if len(places) > limit else None
    runs_ = load(connection, [item.pk for item in places[:limit]], full=full)
    return {"runs": runs_, "next": following, "total": count}


def all_keys(connection: Connection, conditions: Conditions) -> list[int]:
    """Return the keys of all runs for which the conditions hold, the newest first."""
    found = find(connection, conditions)
    if found is None:
        return []
    statement = select(runs.c.pk).where(*wheres(found, hidden=False)).order_by(runs.c.pk.desc())
    return list(connection.scalars(statement))


def _check(sort: str, order: str, limit: int) -> None:
    if sort not in SORTS and not (sort.startswith(METRIC) and len(sort) > len(METRIC)):
        raise UserErrorException(
            f"Runs can't be sorted by {sort!r}. {suggestion(sort, [*SORTS, 'metrics.NAME'])}", target="sort"
        )
    if order not in {"asc", "desc"}:
        raise UserErrorException(f"The order is {order!r}. Give 'asc' or 'desc'.", target="order")
    if not 1 <= limit <= 1000:
        raise UserErrorException(f"The limit is {limit}. Give a number from 1 to 1000.", target="limit")


def _encode(place: _Place, sort: str, order: str) -> str:
    text = json.dumps([sort, order, place.value, place.pk])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(after: str, sort: str, order: str) -> _Place:
    try:
        padded = after + "=" * (-len(after) % 4)
        was_sort, was_order, value, pk = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        fits = (was_sort, was_order) == (sort, order)
        place = _Place(value, int(pk))
    except (ValueError, TypeError, binascii.Error):
        fits = False
    if not fits:
        raise UserErrorException(
            "The cursor `after` is not one of this list. Give the `next` of the page before, with the same sort "
            "and order, or leave it out for the first page.",
            target="after",
        )
    return place


class _Pager:
    """Finds the places of one page."""

    def __init__(self, connection: Connection, found: Found, sort: str, descending: bool, count: int, few: int) -> None:
        self._connection = connection
        self._found = found
        self._descending = descending
        self._total = count
        self._few = found.small or count <= few
        self._metric = sort[len(METRIC) :] if sort.startswith(METRIC) else None
        # Numbers of an experiment rise as its runs are recorded.
        by_key = sort == "created" or (sort == "number" and found.experiment is not None)
        self._value: ColumnElement[Any] | None
        self._value = None if by_key else (series.c.last if self._metric is not None else runs.c[sort])
        self._may_be_null = not by_key and sort not in {"number", "status"}

    def page(self, after: _Place | None, size: int) -> list[_Place]:
        """Return the places behind `after`, at most `size`."""
        places: list[_Place] = []
        for part in self._parts(after):
            places += self._in_part(part, size - len(places))
            if len(places) >= size:
                break
        return places

    def _parts(self, after: _Place | None) -> Iterator[tuple[list[ColumnElement[bool]], bool]]:
        """Return conditions that cut the list behind `after` into parts, and whether values are NULL there."""
        behind = [] if after is None else [self._beyond(self._pk(nulls=True), after.pk)]
        if self._value is None:
            yield behind, True
            return
        value = self._shown(self._value)
        if after is None:
            yield [value.is_not(None)], False
        elif after.value is not None:
            yield [value == after.value, self._beyond(self._pk(nulls=False), after.pk)], False
            yield [self._beyond(value, after.value)], False
        if self._may_be_null:
            yield (behind if after is not None and after.value is None else []), True

    def _in_part(self, part: tuple[list[ColumnElement[bool]], bool], size: int) -> list[_Place]:
        behind, nulls = part
        if nulls and self._metric is not None and self._all_have_it():
            return []
        if self._few or len(self._found.tops) < 2:
            return self._run(behind, nulls, None, size)
        halves = [self._run(behind, nulls, top, size) for top in self._found.tops]
        joined = merge(*halves, key=lambda place: (0 if nulls else place.value, place.pk), reverse=self._descending)
        return list(joined)[:size]

    def _run(self, behind: list[ColumnElement[bool]], nulls: bool, top: int | None, size: int) -> list[_Place]:
        value = None if nulls else self._value
        statement = select(runs.c.pk, runs.c.pk if value is None else value)
        by_metric = self._metric is not None and not nulls
        if self._metric is not None and nulls and self._by_label:
            return self._labelled_without(behind, top, size)
        statement = statement.where(*behind, *wheres(self._found, hidden=not self._few, top=top, ordered=not by_metric))
        if self._metric is not None:
            statement = self._without(statement) if nulls else self._with(statement, top)
        elif nulls and self._value is not None:
            statement = statement.where(self._shown(self._value).is_(None))
        keys = [self._pk(nulls=True)] if value is None else [self._shown(value), self._pk(nulls=False)]
        ordered = statement.order_by(*(key.desc() if self._descending else key.asc() for key in keys)).limit(size)
        return [_Place(None if value is None else row[1], row[0]) for row in self._connection.execute(ordered)]

    def _with(self, statement: Select[Any], top: int | None) -> Select[Any]:
        # Hidden, so that few runs are not looked for in the index of all last values.
        fits = [self._shown(series.c.name) == self._metric, self._shown(series.c.last).is_not(None)]
        if not self._few:
            # In the order of the metric, the copies of a run's columns beside its last value serve.
            tops = self._found.tops if top is None else (top,)
            fits.append(series.c.top == tops[0])
            if self._found.experiment is not None:
                fits.append(plus(series.c.experiment) == self._found.experiment)
        return statement.join(series, series.c.run == runs.c.pk).where(*fits)

    def _without(self, statement: Select[Any]) -> Select[Any]:
        has = exists().where(series.c.run == runs.c.pk, series.c.name == self._metric, plus(series.c.last).is_not(None))
        return statement.where(~has)

    @property
    def _by_label(self) -> bool:
        """Whether the index of a label gives the runs that have it in the order of their keys."""
        return not self._few and any(value is not None for _, _, value in self._found.labels[:1])

    def _labelled_without(self, behind: list[ColumnElement[bool]], top: int | None, size: int) -> list[_Place]:
        """Return those without the metric; few of those with the label may be, so others need not be looked at."""
        (table, *_), *_ = self._found.labels
        tops = self._found.tops if top is None else (top,)
        fits = [label_fits(*self._found.labels[0]), table.c.top == tops[0]]
        rest = wheres(self._found._replace(labels=self._found.labels[1:]), hidden=True, top=top, ordered=False)
        statement = select(table.c.run).join(runs, runs.c.pk == table.c.run).where(*fits, *rest, *behind)
        place = table.c.run.desc() if self._descending else table.c.run.asc()
        found = self._connection.scalars(self._without(statement).order_by(place).limit(size))
        return [_Place(None, key) for key in found]

    def _all_have_it(self) -> bool:
        """Whether no run is without the metric, looked at where that is quicker than to look for those without.

        A count of all runs serves for those with a label too.
        """
        found = self._found
        if self._few or (self._total < MANY and not found.labels):
            return False
        statement = select(func.count()).select_from(series)
        statement = statement.where(series.c.name == self._metric, series.c.last.is_not(None))
        statement = statement.where(series.c.top.in_(found.tops))
        if found.experiment is not None:
            statement = statement.where(series.c.experiment == found.experiment)
        everything = total(self._connection, found._replace(labels=[], others=[]))
        return int(self._connection.scalar(statement) or 0) >= everything

    def _pk(self, *, nulls: bool) -> ColumnElement[Any]:
        """Return what orders runs of equal value: the copy that lies in the index which gives the order."""
        if self._few:
            return plus(runs.c.pk)
        if self._metric is None:
            return runs.c.pk
        if nulls and self._by_label:
            return self._found.labels[0][0].c.run
        return runs.c.pk if nulls else series.c.run

    def _shown(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return plus(value) if self._few else value

    def _beyond(self, column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
        beyond: ColumnElement[bool] = column < value if self._descending else column > value
        return beyond
