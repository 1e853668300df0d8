"""What needn't be read: whether a condition can hold at all, by what is known of the values without reading them."""

from __future__ import annotations

import datetime as dt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["Known", "may_hold"]


class Known:
    """What is known of the values of a column.

    Attributes
    ----------
    least, most
        No value is smaller or larger, NaN apart; None when that is not known.
    nulls : bool
        Whether some may be missing.
    values : bool
        Whether some may be there.
    """

    __slots__ = ("least", "most", "nulls", "values")

    def __init__(self, least: Any, most: Any, *, nulls: bool = True, values: bool = True) -> None:
        self.least = _plain(least)
        self.most = _plain(most)
        self.nulls = nulls
        self.values = values

    @classmethod
    def of(cls, value: Any) -> Known:
        """Return what is known of a column with one value everywhere."""
        return cls(value, value, nulls=value is None, values=value is not None)


def may_hold(expression: Any, known: Callable[[str], Known | None]) -> bool:
    """Whether a condition may hold for some row; False is certain.

    Parameters
    ----------
    expression : list
        As a definition has it.
    known : callable
        Gives for a column's name what is known of it, or None.

    Examples
    --------
    >>> may_hold([">", ["col", "a"], ["value", 10]], lambda _: Known(1, 5))
    False
    >>> may_hold(["not", [">", ["col", "a"], ["value", 10]]], lambda _: Known(1, 5))
    True
    """
    kind, *rest = expression
    if kind == "and":
        return may_hold(rest[0], known) and may_hold(rest[1], known)
    if kind == "or":
        return may_hold(rest[0], known) or may_hold(rest[1], known)
    if kind == "is_null" and rest[0][0] == "col":
        facts = known(rest[0][1])
        return facts is None or facts.nulls
    if kind in _COMPARED:
        return _comparison(kind, rest[0], rest[1], known)
    return True


_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "=="}
_COMPARED: dict[str, Callable[[Known, Any], bool]] = {
    ">": lambda facts, value: facts.most > value,
    ">=": lambda facts, value: facts.most >= value,
    "<": lambda facts, value: facts.least < value,
    "<=": lambda facts, value: facts.least <= value,
    "==": lambda facts, value: facts.least <= value <= facts.most,
    "starts_with": lambda facts, value: facts.least[: len(value)] <= value <= facts.most[: len(value)],
}


def _comparison(kind: str, left: Any, right: Any, known: Callable[[str], Known | None]) -> bool:
    if left[0] != "col" and kind in _FLIPPED:
        kind, left, right = _FLIPPED[kind], right, left
    value = right if kind == "starts_with" else _literal(right)
    facts = known(left[1]) if left[0] == "col" else None
    if facts is None or not facts.values:
        return facts is None
    if facts.least is None or facts.most is None or value is None:
        return True
    try:
        return _COMPARED[kind](facts, value)
    except TypeError:
        # Values of another type: what that means is said where rows are compared.
        return True


def _literal(part: list[Any]) -> Any:
    """Return a value; None when it is none, but another column."""
    if part[0] == "datetime":
        return _plain(dt.datetime.fromisoformat(part[1]))
    return part[1] if part[0] == "value" else None


def _plain(value: Any) -> Any:
    """Return a time without a zone, in UTC, so that times of both kinds can be compared."""
    if isinstance(value, dt.datetime):
        return value if value.tzinfo is None else value.astimezone(dt.timezone.utc).replace(tzinfo=None)
    return dt.datetime(value.year, value.month, value.day) if isinstance(value, dt.date) else value  # noqa: DTZ001
