"""From the conditions of a search for models to SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.sql.elements import UnaryExpression

from stoker.base.names import suggestion
from stoker.exceptions import UserErrorException
from stoker.service.store.base_models import Condition, Order
from stoker.service.store.sql.comparisons import OPERATORS, compared
from stoker.service.store.sql.data_tables import models, registered_models

__all__ = ["REGISTERED_FIELDS", "VERSION_FIELDS", "has_dataset", "has_pair", "searched"]

Fields = Mapping[str, ColumnElement[Any]]

VERSION_FIELDS: Fields = {
    **{name: models.c[name] for name in ("name", "version", "source", "stage", "logged_model", "created", "modified")},
    "run_id": func.json_extract(models.c.details, "$.run_id"),
}
REGISTERED_FIELDS: Fields = {name: registered_models.c[name] for name in ("name", "created", "modified")}


def has_pair(column: ColumnElement[Any], wanted: str) -> ColumnElement[bool]:
    """Return the condition that a column of tags has a `key`, or a `key=value`."""
    key, equals, value = wanted.partition("=")
    pairs = func.json_each(column).table_valued("key", "value")
    statement = select(pairs.c.key).where(pairs.c.key == key)
    if equals:
        statement = statement.where(func.coalesce(pairs.c.value, "") == value)
    return statement.exists()


def has_dataset(dataset_id: str) -> ColumnElement[bool]:
    """Return the condition that a version has a dataset, in any role."""
    pairs = func.json_each(models.c.details, "$.datasets").table_valued("value")
    return select(pairs.c.value).where(func.json_extract(pairs.c.value, "$[1]") == dataset_id).exists()


def searched(
    statement: Select[Any],
    fields: Fields,
    tags: ColumnElement[Any],
    conditions: Sequence[Condition],
    order: Sequence[Order],
    ties: Sequence[ColumnElement[Any] | UnaryExpression[Any]],
) -> Select[Any]:
    """Return the statement with conditions and order.

    Raises
    ------
    stoker.exceptions.UserErrorException
        A field or operator that is not known.
    """
    for condition in conditions:
        statement = statement.where(_where(fields, tags, condition))
    for item in order:
        column = _field(fields, item.key)
        statement = statement.order_by(column.desc() if item.descending else column.asc())
    return statement.order_by(*ties)


def _field(fields: Fields, key: str) -> ColumnElement[Any]:
    if key not in fields:
        raise UserErrorException(
            f"Models can't be searched or sorted by {key!r}. {suggestion(key, [*fields, 'tags.NAME'])}", target=key
        )
    return fields[key]


def _where(fields: Fields, tags: ColumnElement[Any], condition: Condition) -> ColumnElement[bool]:
    if not condition.key.startswith("tags."):
        return _compared(_field(fields, condition.key), condition)
    pairs = func.json_each(tags).table_valued("key", "value")
    value = func.coalesce(pairs.c.value, "")
    name = condition.key[len("tags.") :]
    return select(pairs.c.key).where(pairs.c.key == name, _compared(value, condition)).exists()


def _compared(column: ColumnElement[Any], condition: Condition) -> ColumnElement[bool]:
    operator = condition.operator.upper()
    if operator not in OPERATORS:
        raise UserErrorException(
            f"A search for models knows no {condition.operator!r}. {suggestion(operator, OPERATORS)}",
            target=condition.key,
        )
    return compared(column, operator, condition.value)
