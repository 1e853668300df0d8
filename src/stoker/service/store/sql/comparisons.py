"""How the operators of a search read in SQL; see `filters` for their words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, func

from stoker.exceptions import UserErrorException

__all__ = ["OPERATORS", "compared"]

LONGEST_PATTERN = 10_000
"""Most characters of a pattern: SQLite refuses very long ones."""

_PLAIN: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": lambda column, value: column == value,
    "!=": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
    "IN": lambda column, value: column.in_(list(value)),
    "NOT IN": lambda column, value: column.not_in(list(value)),
    # SQLite's own LIKE tells capitals from small letters beyond ASCII only.
    "LIKE": lambda column, value: column.op("GLOB")(_glob(value)),
    "ILIKE": lambda column, value: func.casefold(column).op("GLOB")(_glob(str(value).casefold())),
}
OPERATORS = tuple(_PLAIN)


def compared(column: Any, operator: str, value: Any) -> ColumnElement[bool]:
    """Return the SQL of a comparison.

    Parameters
    ----------
    column : ColumnElement
    operator : str
        One of `OPERATORS`.
    value : object
        A list or tuple for `IN` and `NOT IN`.

    Raises
    ------
    stoker.exceptions.UserErrorException
        A pattern is longer than 10,000 characters.
    """
    return _PLAIN[operator](column, value)


def _glob(pattern: object) -> str:
    """Return a LIKE pattern as GLOB's, whose own marks are taken as they are.

    Examples
    --------
    >>> _glob("a_[b]%")
    'a?[[]b]*'
    """
    text = str(pattern)
    if len(text) > LONGEST_PATTERN:
        raise UserErrorException(f"A pattern has more than {LONGEST_PATTERN} characters. Give a shorter one.")
    marks = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(marks.get(letter, letter) for letter in text)
