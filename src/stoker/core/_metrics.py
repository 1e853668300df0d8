"""What a metric may hold: values made plain, tables and rows checked, stored forms read back."""

from __future__ import annotations

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["decoded", "metric_name", "metric_step", "pieces", "plain_value", "row_of", "table_of", "table_pieces"]

_PLAIN = frozenset({float, int, str, bool, type(None)})
_PIECE = 2000
"""Elements of a list or rows of a table in one record: a record stays small enough to send."""


def plain_value(value: Any) -> Any:
    """Return the int, float, str, bool or None that a value is recorded as.

    NumPy scalars, 0-d arrays and tensors give their Python value; what is not a single value gives its text, lists
    and the like with a warning.

    Examples
    --------
    >>> plain_value(0.5), plain_value(True), plain_value(None)
    (0.5, True, None)
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     plain_value([1, 2])
    '[1, 2]'
    """
    if type(value) in _PLAIN:
        return value
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if _is_scalar_array(value):
        return _of_scalar_array(value)
    if isinstance(value, (list, tuple, dict, set, frozenset)) or hasattr(value, "__array__"):
        _warn_of_text(value)
    return str(value)


def _is_scalar_array(value: Any) -> bool:
    return getattr(value, "shape", None) == () and callable(getattr(value, "item", None))


def _of_scalar_array(value: Any) -> Any:
    """Return the Python value of a NumPy scalar, a 0-d array or a tensor."""
    item = value.item()
    if type(item) in _PLAIN:
        return item
    # A long double gives itself.
    return float(item) if hasattr(item, "__float__") and not isinstance(item, complex) else str(item)


def _warn_of_text(value: Any) -> None:
    import warnings

    warnings.warn(
        f"A metric value is a {type(value).__name__}, not a single number; its text was recorded. "
        "Use log_list, log_row or log_table to keep the numbers.",
        stacklevel=4,
    )


def metric_name(name: Any) -> str:
    """Return the name as text, or raise when it is empty."""
    if isinstance(name, str) and name:
        return str(name)
    if name is None or isinstance(name, str):
        raise UserErrorException("A metric has no name, so it can't be found again. Give it one.", target="name")
    return str(name)


def metric_step(step: Any) -> int | float | None:
    """Return the step as a number, or raise when it is none."""
    if step is None or type(step) is int:
        return step
    number = plain_value(step)
    if isinstance(number, (int, float)) and not isinstance(number, bool) and number - number == 0:
        return number
    raise UserErrorException(
        f"The step {step!r} of a metric is not a number. Give the epoch or iteration as an int.", target="step"
    )


def pieces(name: str, values: Any) -> Iterator[list[Any]]:
    """Yield the plain values of any iterable, in parts of a size that one record holds."""
    try:
        iterator = iter(values)
    except TypeError:
        raise UserErrorException(
            f"log_list({name!r}) got {type(values).__name__}, which has no elements. Use log for a single value.",
            target="value",
        ) from None
    part: list[Any] = []
    for value in iterator:
        part.append(plain_value(value))
        if len(part) == _PIECE:
            yield part
            part = []
    if part:
        yield part


def row_of(name: str, columns: dict[str, Any]) -> dict[str, Any]:
    """Return a row with plain cells, or raise when a cell is a list."""
    for column, value in columns.items():
        if _has_elements(value):
            raise UserErrorException(
                f"log_row({name!r}): the cell {column!r} is a {type(value).__name__}, and rows cannot contain list "
                "values. Use log_table, or log_row once for each row.",
                target=column,
            )
    return {str(column): plain_value(value) for column, value in columns.items()}


def table_of(name: str, value: Any) -> dict[str, list[Any]]:
    """Return a table's columns with plain cells.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is not a dict, a column is not a list, or two columns differ in length.
    """
    if not isinstance(value, dict):
        raise UserErrorException(
            f"log_table({name!r}) got {type(value).__name__}. Give a dict: column name -> list of values.",
            target="value",
        )
    table = {str(column): _column(name, column, cells) for column, cells in value.items()}
    first: tuple[str, int] | None = None
    for column, cells in table.items():
        if first is None:
            first = (column, len(cells))
        elif len(cells) != first[1]:
            raise UserErrorException(
                f"log_table({name!r}): the columns differ in length: {first[0]!r} has {first[1]} values, {column!r} "
                f"has {len(cells)}. Give each column the same number of values.",
                target=column,
            )
    return table


def _column(name: str, column: Any, cells: Any) -> list[Any]:
    if isinstance(cells, (str, bytes, dict)) or not hasattr(cells, "__iter__") or _is_scalar_array(cells):
        raise UserErrorException(
            f"log_table({name!r}): the column {str(column)!r} is a {type(cells).__name__}, not a list of values. "
            "Use log_row for single values.",
            target=str(column),
        )
    values = list(cells)
    if any(_has_elements(cell) for cell in values):
        raise UserErrorException(
            f"log_table({name!r}): the column {str(column)!r} holds lists. A cell is a single value; give each its "
            "own column or table.",
            target=str(column),
        )
    return [plain_value(cell) for cell in values]


def table_pieces(table: dict[str, list[Any]]) -> Iterator[dict[str, list[Any]]]:
    """Yield a table in parts of a size that one record holds; nothing for a table without rows."""
    rows = max((len(cells) for cells in table.values()), default=0)
    for start in range(0, rows, _PIECE):
        yield {column: cells[start : start + _PIECE] for column, cells in table.items()}


def _has_elements(value: Any) -> bool:
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return True
    return bool(getattr(value, "shape", None)) and hasattr(value, "__iter__")


def decoded(value: Any) -> Any:
    """Return an answer of the service with NaN and infinities as floats, at any depth.

    Examples
    --------
    >>> decoded({"a": [1, {"$": "inf"}]})
    {'a': [1, inf]}
    """
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1 and value.get("$") in {"nan", "inf", "-inf"}:
            return float(value["$"])
        return {key: decoded(item) for key, item in value.items()}
    return value
