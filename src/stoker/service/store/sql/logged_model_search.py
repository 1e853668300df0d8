"""From what is asked of logged models to SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from stoker.base.names import suggestion
from stoker.exceptions import UserErrorException
from stoker.service.store.base_logged_models import LoggedOrder
from stoker.service.store.base_models import Condition
from stoker.service.store.sql.comparisons import compared
from stoker.service.store.sql.data_tables import logged_model_metrics, logged_models
from stoker.service.store.sql.tables import runs

__all__ = ["conditions_of", "orders_of"]

_NUMBERS = frozenset({"created", "modified"})
_FIELDS: dict[str, ColumnElement[Any]] = {
    **{name: logged_models.c[name] for name in ("id", "name", "type", "status", "created", "modified")},
    "run_id": runs.c.id,
}
_KINDS = ("metrics", "params", "tags")
_NUMERIC = ("=", "!=", "<", "<=", ">", ">=")
_TEXT = ("=", "!=", "LIKE", "ILIKE", "IN", "NOT IN")


def conditions_of(
    conditions: Sequence[Condition], datasets: Sequence[tuple[str, str | None]]
) -> Iterator[ColumnElement[bool]]:
    """Return the SQL for which logged models are meant; see `LoggedModelRepository.search`."""
    on = _measured_on(datasets)
    if on is not None and not any(item.key.startswith("metrics.") for item in conditions):
        yield _of_metrics(on)
    for item in conditions:
        kind, dot, name = item.key.partition(".")
        if dot and kind in _KINDS:
            yield _labelled(kind, name, item, on)
        else:
            _check_operator(item, _NUMERIC if item.key in _NUMBERS else _TEXT)
            yield compared(_column(item.key), item.operator, item.value)


def orders_of(order: Sequence[LoggedOrder]) -> Iterator[ColumnElement[Any]]:
    """Return the SQL of an order; see `LoggedModelRepository.search`."""
    for item in order:
        kind, dot, name = item.key.partition(".")
        if dot and kind != "metrics":
            raise UserErrorException(
                f"Logged models can't be sorted by {item.key!r}: only fields and metrics sort them.", target="order_by"
            )
        column = _latest(name, item) if dot else _column(item.key)
        yield column.is_(None)
        yield column.desc() if item.descending else column.asc()


def _column(key: str) -> ColumnElement[Any]:
    if key not in _FIELDS:
        raise UserErrorException(
            f"Logged models have no field {key!r}. {suggestion(key, [*_FIELDS, *(f'{kind}.NAME' for kind in _KINDS)])}",
            target=key,
        )
    return _FIELDS[key]


def _check_operator(item: Condition, known: Sequence[str]) -> None:
    if item.operator not in known:
        raise UserErrorException(
            f"{item.key} can't be compared by {item.operator}; it can be by {', '.join(known)}.", target=item.key
        )


def _labelled(kind: str, name: str, item: Condition, on: ColumnElement[bool] | None) -> ColumnElement[bool]:
    if kind == "metrics":
        _check_operator(item, _NUMERIC)
        holds = and_(
            logged_model_metrics.c.name == name, compared(logged_model_metrics.c.value, item.operator, item.value)
        )
        return _of_metrics(holds if on is None else and_(holds, on))
    _check_operator(item, _TEXT)
    entries = func.json_each(logged_models.c[kind]).table_valued("key", "value")
    holds = and_(entries.c.key == name, compared(entries.c.value, item.operator, item.value))
    return select(1).select_from(entries).where(holds).exists()


def _of_metrics(holds: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(1).where(logged_model_metrics.c.model == logged_models.c.id, holds).correlate(logged_models).exists()


def _measured_on(datasets: Sequence[tuple[str, str | None]]) -> ColumnElement[bool] | None:
    if not datasets:
        return None
    table = logged_model_metrics.c
    return or_(
        *(
            table.dataset == name if digest is None else and_(table.dataset == name, table.dataset_digest == digest)
            for name, digest in datasets
        )
    )


def _latest(name: str, item: LoggedOrder) -> ColumnElement[Any]:
    table = logged_model_metrics
    statement = select(table.c.value).where(table.c.model == logged_models.c.id, table.c.name == name)
    if item.dataset is not None:
        statement = statement.where(table.c.dataset == item.dataset)
    if item.dataset_digest is not None:
        statement = statement.where(table.c.dataset_digest == item.dataset_digest)
    last = statement.order_by(table.c.t.desc(), table.c.step.desc(), table.c.pk.desc()).limit(1)
    return last.correlate(logged_models).scalar_subquery()
