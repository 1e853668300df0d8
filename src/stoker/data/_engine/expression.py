"""Expressions made of columns with Python's operators: `(dataset["age"] > 30) & ~dataset["name"].is_null()`."""

from __future__ import annotations

import datetime as dt

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Expression", "column", "metadata"]


class Expression:
    """A condition, or a part of one; it is looked at when rows are read.

    Examples
    --------
    >>> (column("a") > 3).to_json()
    ['>', ['col', 'a'], ['value', 3]]
    """

    __hash__ = None  # type: ignore[assignment]  # `==` makes another expression

    def __init__(self, parts: list[Any]) -> None:
        self._parts = parts

    def to_json(self) -> list[Any]:
        """Return it as a definition has it."""
        return self._parts

    def __gt__(self, other: object) -> Expression:
        return self._compared(">", other)

    def __ge__(self, other: object) -> Expression:
        return self._compared(">=", other)

    def __lt__(self, other: object) -> Expression:
        return self._compared("<", other)

    def __le__(self, other: object) -> Expression:
        return self._compared("<=", other)

    def __eq__(self, other: object) -> Expression:  # type: ignore[override]  # as pandas has it
        return self._compared("==", other)

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]  # the same
        return self._compared("!=", other)

    def __and__(self, other: object) -> Expression:
        return Expression(["and", self._parts, _condition(other)])

    def __or__(self, other: object) -> Expression:
        return Expression(["or", self._parts, _condition(other)])

    def __invert__(self) -> Expression:
        return Expression(["not", self._parts])

    def __bool__(self) -> bool:
        raise UserErrorException(
            "A dataset's expression is neither true nor false until rows are read. Join conditions by &, | and ~ with "
            "brackets around each, not by and, or and not.",
            target="expression",
        )

    def is_null(self) -> Expression:
        """Whether the value is missing."""
        return Expression(["is_null", self._parts])

    def starts_with(self, text: str) -> Expression:
        """Whether the text begins so."""
        return self._text("starts_with", text)

    def ends_with(self, text: str) -> Expression:
        """Whether the text ends so."""
        return self._text("ends_with", text)

    def contains(self, text: str) -> Expression:
        """Whether the text has this in it."""
        return self._text("contains", text)

    def _compared(self, operator: str, other: object) -> Expression:
        return Expression([operator, self._parts, _operand(other)])

    def _text(self, operator: str, text: object) -> Expression:
        if not isinstance(text, str):
            raise UserErrorException(f"{operator} looks for text, and {text!r} is none.", target="expression")
        return Expression([operator, self._parts, text])

    def __repr__(self) -> str:
        return f"Expression({self._parts!r})"


def column(name: str) -> Expression:
    """Return the column of that name."""
    return Expression(["col", name])


def metadata(name: str) -> Expression:
    """Return what is known of each file, as its `Size`."""
    return Expression(["meta", name])


def _condition(other: object) -> list[Any]:
    if isinstance(other, Expression):
        return other.to_json()
    raise UserErrorException(
        f"{other!r} is no condition. Put brackets around each comparison: (dataset['a'] > 1) & (dataset['b'] < 2).",
        target="expression",
    )


def _operand(other: object) -> list[Any]:
    if isinstance(other, Expression):
        return other.to_json()
    if hasattr(other, "item") and not isinstance(other, (str, bytes)):
        # A NumPy scalar.
        other = other.item()
    if isinstance(other, dt.datetime):
        return ["datetime", other.isoformat()]
    if isinstance(other, dt.date):
        return ["datetime", dt.datetime(other.year, other.month, other.day).isoformat()]  # noqa: DTZ001  # as given
    if other is None or isinstance(other, (bool, int, float, str)):
        return ["value", other]
    raise UserErrorException(
        f"A column can't be compared with {other!r}. Give a number, a text, a date, or another column.",
        target="expression",
    )
