"""What sources with types of their own share: columns brought to the types that a definition asks for."""

from __future__ import annotations

import logging

from stoker.data._engine.convert import Misfit, values_of
from stoker.data._engine.kinds import arrow_type, settled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["as_kind", "as_type", "kind_of", "plain_type", "wanted_kinds"]


def wanted_kinds(types: dict[str, Any], names: list[str], where: str) -> dict[str, dict[str, Any]]:
    """Return the asked types of the columns that are there, settled; the others are named in the log."""
    for name in types:
        if name not in names:
            message = "set_column_types names the column %r, which %s does not have."
            logging.getLogger("stoker").warning(message, name, where)
    return {name: settled(kind, ()) for name, kind in types.items() if name in names}


def plain_type(kind: Any) -> Any:
    """Return the type in which rows have a column of a file's type: values instead of codes, times without a zone."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("ns" if kind.unit == "ns" else "us")
    return kind


def as_kind(column: Any, kind: dict[str, Any]) -> tuple[Any, Misfit | None]:
    """Return a column in a type that was asked for, and what does not fit it.

    Parameters
    ----------
    column : pyarrow.Array
    kind : dict
        A settled type.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    target = arrow_type(kind)
    column = column.cast(plain_type(column.type))
    if column.type == target:
        return column, None
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        try:
            return pc.cast(column, target), None
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            texts = [None if value is None else str(value) for value in column.to_pylist()]
            return values_of(pa.array(texts, pa.string()), kind)
    return values_of(column.cast(pa.string()), kind)


def as_type(column: Any, target: Any) -> tuple[Any, Misfit | None]:
    """Return a column in another file's type, null where it does not fit, and what does not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.type == target:
        return column, None
    try:
        return pc.cast(column, target), None
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        found, misfit = as_kind(column, settled(kind_of(target), ()))
    try:
        return found.cast(target), misfit
    except pa.ArrowInvalid:
        return _one_by_one(found, target)


def _one_by_one(column: Any, target: Any) -> tuple[Any, Misfit]:
    """Return a column in a narrower type of the same kind, null where a value is too large for it."""
    import pyarrow as pa

    values, wrong = [], []
    for row, value in enumerate(column):
        try:
            values.append(value.cast(target).as_py())
        except pa.ArrowInvalid:
            values.append(None)
            wrong.append(row)
    text = f"{column[wrong[0]].as_py()} (too large for {target})"
    return pa.array(values, target), Misfit(len(wrong), wrong[0], text)


def kind_of(arrow: Any) -> dict[str, Any]:
    """Return the type, as a definition has it, of an Arrow type."""
    import pyarrow as pa

    if pa.types.is_boolean(arrow):
        return {"type": "bool"}
    if pa.types.is_integer(arrow):
        return {"type": "long"}
    if pa.types.is_floating(arrow) or pa.types.is_decimal(arrow):
        return {"type": "float"}
    return {"type": "datetime" if pa.types.is_timestamp(arrow) or pa.types.is_date(arrow) else "string"}
