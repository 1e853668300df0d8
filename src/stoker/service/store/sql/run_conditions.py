"""Which runs a list is of, as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, exists, func, or_, select
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from stoker.base.names import suggestion
from stoker.base.states import RunStatus
from stoker.exceptions import NotFoundException, UserErrorException
from stoker.service.store.base_mlflow import RUN_SEARCH
from stoker.service.store.sql.run_filter import condition, labels_of
from stoker.service.store.sql.run_rows import key_of
from stoker.service.store.sql.tables import experiments, run_properties, run_tags, runs

__all__ = ["Conditions", "Found", "find", "label_fits", "plus", "split_label", "total", "wheres"]


@dataclass(frozen=True)
class Conditions:
    """Which runs; what `RunRepository.list` and `children` take."""

    experiment: str | None = None
    type: str | None = None
    status: Sequence[str] = ()
    tags: Sequence[str] = ()
    properties: Sequence[str] = ()
    parent: str | None = None
    root: str | None = None
    below: Sequence[int] | None = None
    children: bool = False
    target: str | None = None
    search: str | None = None
    filter: str | None = None


class Found(NamedTuple):
    """Conditions as SQL.

    Attributes
    ----------
    tops : tuple of int
        The wanted values of `runs.top`; empty: any.
    experiment : int or None
        Key of the experiment.
    labels : list of (Table, str, str or None)
        Tags and properties, the rarest first.
    others : list of pairs
        Conditions on columns, each as itself and with its column hidden.
    small : bool
        Whether the runs are a family, and so few.
    """

    tops: tuple[int, ...]
    experiment: int | None
    labels: list[tuple[Table, str, str | None]]
    others: list[tuple[ColumnElement[Any], ColumnElement[bool]]]
    small: bool


def split_label(text: str) -> tuple[str, str | None]:
    """Return key and value of `key=value`, the value None for a key alone."""
    key, equals, value = text.partition("=")
    return key, value if equals else None


def find(connection: Connection, given: Conditions) -> Found | None:
    """Return the conditions as SQL, or None when nothing can fit."""
    experiment = None
    if given.experiment is not None:
        experiment = connection.scalar(select(experiments.c.pk).where(experiments.c.name == given.experiment))
        if experiment is None:
            return None
    filtered, rest = labels_of(RUN_SEARCH.parse(given.filter))
    try:
        others = _columns(connection, given) + [(condition(one),) * 2 for one in rest]
    except NotFoundException:
        return None
    labels = [*filtered]
    labels += [(run_tags, *split_label(text)) for text in given.tags]
    labels += [(run_properties, *split_label(text)) for text in given.properties]
    if len(labels) > 1:
        labels.sort(key=lambda label: _label_size(connection, *label))
    small = given.parent is not None or given.root is not None or given.below is not None
    tops: tuple[int, ...] = () if small else ((1, 0) if given.children else (1,))
    return Found(tops, experiment, labels, others, small)


def _columns(connection: Connection, given: Conditions) -> list[tuple[ColumnElement[Any], ColumnElement[bool]]]:
    """Return conditions on columns, each as itself and as one whose column is hidden."""
    pairs = []
    for column, value in ((runs.c.type, given.type), (runs.c.target, given.target)):
        if value is not None:
            pairs.append((column == value, plus(column) == value))
    if given.status:
        states = [_status(name) for name in given.status]
        pairs.append((runs.c.status.in_(states), plus(runs.c.status).in_(states)))
    for column, run_id in ((runs.c.parent, given.parent), (runs.c.root, given.root)):
        if run_id is not None:
            pairs.append((column == key_of(connection, run_id),) * 2)
    if given.below is not None:
        pairs.append((runs.c.pk.in_(given.below),) * 2)
    if given.search:
        texts = (runs.c.id, runs.c.display_name, runs.c.description)
        pairs.append((or_(*(column.contains(given.search, autoescape=True) for column in texts)),) * 2)
    return pairs


def _status(name: str) -> str:
    try:
        return RunStatus(name).value
    except ValueError:
        known = [status.value for status in RunStatus]
        raise UserErrorException(f"There is no state {name!r}. {suggestion(name, known)}", target="status") from None


def plus(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the column's value in a form in which SQLite uses no index of it."""
    return UnaryExpression(column, operator=operators.custom_op("+"), type_=column.type)


def label_fits(table: Table, key: str, value: str | None) -> ColumnElement[bool]:
    """Return the condition on a row of tags or properties."""
    return table.c.key == key if value is None else and_(table.c.key == key, table.c.value == value)


def _label_size(connection: Connection, table: Table, key: str, value: str | None) -> int:
    return int(connection.scalar(select(func.count()).select_from(table).where(label_fits(table, key, value))) or 0)


def wheres(found: Found, *, hidden: bool, top: int | None = None, ordered: bool = True) -> list[ColumnElement[bool]]:
    """Return all conditions.

    Hidden: their indexes are not to be used, save with `ordered` those that also sort.
    """
    # Of the ways to few runs, the one by a label is the best, and "all that have no parent" the worst.
    shown = ordered if hidden else not found.labels
    result: list[ColumnElement[bool]] = []
    if top is not None or len(found.tops) == 1:
        result.append((runs.c.top if shown else plus(runs.c.top)) == (found.tops[0] if top is None else top))
    elif found.tops and not hidden and shown:
        result.append(runs.c.top.in_(found.tops))
    if found.experiment is not None:
        result.append((runs.c.experiment if shown else plus(runs.c.experiment)) == found.experiment)
    for place, (table, key, value) in enumerate(found.labels):
        fits = label_fits(table, key, value)
        if hidden or place:
            result.append(exists().where(table.c.run == runs.c.pk, fits))
        else:
            result.append(runs.c.pk.in_(select(table.c.run).where(fits)))
    result += [pair[int(hidden)] for pair in found.others]
    return result


def total(connection: Connection, found: Found) -> int:
    """Return how many runs there are."""
    if not found.small and not found.others and not found.labels:
        return _counted(connection, found)
    if not found.small and not found.others and len(found.labels) == 1:
        return int(connection.scalar(_label_count(found)) or 0)
    statement = select(func.count()).select_from(runs).where(*wheres(found, hidden=False))
    return int(connection.scalar(statement) or 0)


def _counted(connection: Connection, found: Found) -> int:
    """Return the number that the experiments keep."""
    columns = [experiments.c.run_count] + ([experiments.c.child_count] if 0 in found.tops else [])
    statement = select(*(func.sum(column) for column in columns))
    if found.experiment is not None:
        statement = statement.where(experiments.c.pk == found.experiment)
    return sum(value or 0 for value in connection.execute(statement).one())


def _label_count(found: Found) -> Select[Any]:
    table, key, value = found.labels[0]
    statement = select(func.count()).select_from(table).where(label_fits(table, key, value))
    if found.experiment is not None:
        statement = statement.where(table.c.experiment == found.experiment)
    return statement.where(table.c.top == found.tops[0]) if len(found.tops) == 1 else statement
