"""Expressions looked at on Arrow data: what is missing makes a comparison neither true nor false."""

from __future__ import annotations

import datetime as dt

from stoker.exceptions import DatasetExecutionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["columns_of", "mask"]

_COMPARE = {">": "greater", ">=": "greater_equal", "<": "less", "<=": "less_equal", "==": "equal", "!=": "not_equal"}
_TEXT = {"starts_with": "starts_with", "ends_with": "ends_with", "contains": "match_substring"}


def columns_of(expression: Any) -> set[str]:
    """Return the names of the columns in an expression.

    Examples
    --------
    >>> sorted(columns_of(["and", [">", ["col", "a"], ["value", 1]], ["is_null", ["col", "b"]]]))
    ['a', 'b']
    """
    if not isinstance(expression, list) or not expression or expression[0] in {"value", "datetime", "meta"}:
        return set()
    if expression[0] == "col":
        return {expression[1]}
    return set().union(*(columns_of(part) for part in expression[1:]))


def mask(expression: Any, batch: Any) -> Any:
    """Return for each row whether the expression holds; null where that can't be said.

    Parameters
    ----------
    expression : list
        As a definition has it.
    batch : pyarrow.RecordBatch

    Raises
    ------
    stoker.exceptions.DatasetExecutionError
        A column is not there, or values can't be compared; the message names them.
    """
    import pyarrow as pa

    found = _value(expression, batch)
    if isinstance(found, pa.Scalar):
        return pa.repeat(found, batch.num_rows) if found.is_valid else pa.nulls(batch.num_rows, pa.bool_())
    if not pa.types.is_boolean(found.type):
        raise DatasetExecutionError(
            f"The filter {_words(expression)} is no condition but of type {found.type}. Compare it with something.",
            target="expression",
        )
    return found


def _value(expression: Any, batch: Any) -> Any:
    import pyarrow as pa

    kind, *rest = expression
    if kind == "col":
        return _column(rest[0], batch)
    if kind in {"value", "datetime"}:
        return _literal(kind, rest[0])
    if kind == "meta":
        raise DatasetExecutionError(
            "Rows have no metadata of files. Filter by columns, or make a file dataset.", target="expression"
        )
    try:
        return _applied(kind, rest, batch)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise DatasetExecutionError(
            f"The filter {_words(expression)} compares what can't be compared ({_first_line(error)}). "
            "Give a value of the column's type, or the column another type (set_column_types).",
            error,
            target="expression",
        ) from error


def _applied(kind: str, rest: list[Any], batch: Any) -> Any:
    import pyarrow.compute as pc

    if kind in {"and", "or"}:
        function = pc.and_kleene if kind == "and" else pc.or_kleene
        return function(mask(rest[0], batch), mask(rest[1], batch))
    if kind == "not":
        return pc.invert(mask(rest[0], batch))
    if kind == "is_null":
        return pc.is_null(_value(rest[0], batch))
    left = _value(rest[0], batch)
    if kind in _TEXT:
        return getattr(pc, _TEXT[kind])(left, rest[1])
    return getattr(pc, _COMPARE[kind])(*_alike(left, _value(rest[1], batch)))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def _words(expression: Any) -> str:
    """Return an expression as people write it.

    Examples
    --------
    >>> _words(["and", [">", ["col", "a"], ["value", 1]], ["not", ["is_null", ["col", "b"]]]])
    "(['a'] > 1) & (~['b'].is_null())"
    """
    kind, *rest = expression
    if kind == "col":
        return f"[{rest[0]!r}]"
    if kind in {"value", "datetime", "meta"}:
        return repr(rest[0])
    if kind == "not":
        return f"~{_words(rest[0])}"
    if kind == "is_null":
        return f"{_words(rest[0])}.is_null()"
    if kind in _TEXT:
        return f"{_words(rest[0])}.{kind}({rest[1]!r})"
    sign = {"and": "&", "or": "|"}.get(kind)
    left, right = (_words(part) for part in rest)
    return f"({left}) {sign} ({right})" if sign else f"{left} {kind} {right}"


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Return both sides in one type where only the form differs: units of time, texts that say a time, 0 and 1."""
    import pyarrow as pa

    kinds = [_group(side.type) for side in (left, right)]
    if kinds == ["time", "time"]:
        return _plain_time(left), _plain_time(right)
    if kinds == ["time", "text"] and isinstance(right, pa.Scalar):
        return _plain_time(left), _as_time(right)
    if kinds == ["text", "time"] and isinstance(left, pa.Scalar):
        return _as_time(left), _plain_time(right)
    if set(kinds) == {"bool", "number"}:
        return _as_number(left), _as_number(right)
    for other in ("number", "time"):
        if set(kinds) == {"text", other}:
            # Arrow would turn a number into text, and of a time it speaks in words of its own.
            raise pa.ArrowTypeError(f"one is a text and the other a {other}")
    return left, right


def _as_number(side: Any) -> Any:
    import pyarrow as pa

    return side.cast(pa.int64()) if pa.types.is_boolean(side.type) else side


def _group(kind: Any) -> str:
    import pyarrow as pa

    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "time"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return "text"
    if pa.types.is_boolean(kind):
        return "bool"
    return "number" if pa.types.is_integer(kind) or pa.types.is_floating(kind) else "other"


def _plain_time(value: Any) -> Any:
    """Return times in nanoseconds where they have them, else in microseconds, which hold every year."""
    import pyarrow as pa

    unit = "ns" if getattr(value.type, "unit", "us") == "ns" else "us"
    target = pa.timestamp(unit)
    return value if value.type == target else value.cast(target)


def _as_time(text: Any) -> Any:
    import pyarrow as pa

    try:
        return _literal("datetime", text.as_py())
    except ValueError as error:
        raise pa.ArrowTypeError(f"{text.as_py()!r} is no date") from error


def _column(name: str, batch: Any) -> Any:
    place = batch.schema.get_field_index(name)
    if place < 0:
        known = ", ".join(repr(item) for item in batch.schema.names[:20])
        raise DatasetExecutionError(
            f"The dataset has no column {name!r} to filter by. It has {known}.", target="expression"
        )
    return batch.column(place)


def _literal(kind: str, value: Any) -> Any:
    import pyarrow as pa

    if kind == "value":
        return pa.scalar(value)
    moment = dt.datetime.fromisoformat(value)
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.timezone.utc).replace(tzinfo=None)
    return pa.scalar(moment, pa.timestamp("us"))
