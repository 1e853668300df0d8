"""What a search is made of: fields, the comparisons that they know, and how one is held against a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["COMPARISONS", "LABEL", "NULLS", "NUMBER", "TEXT", "Comparison", "Field", "Ordering", "like_pattern"]

COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})
"""What numbers are compared by."""
_TEXTS = frozenset({"=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"})
NULLS = frozenset({"IS NULL", "IS NOT NULL"})


@dataclass(frozen=True)
class Field:
    """What may be asked of one field, or of the keys of one entity.

    Attributes
    ----------
    operators : frozenset of str
    number : bool
        Whether it is compared with numbers; else with texts.
    """

    operators: frozenset[str]
    number: bool = False


NUMBER = Field(COMPARISONS, number=True)
TEXT = Field(_TEXTS)
LABEL = Field(_TEXTS | NULLS)
"""A tag or a parameter, which need not be there."""


class Comparison(NamedTuple):
    """One condition.

    Attributes
    ----------
    entity : str
        `attribute`, `metric`, `param`, `tag` or `dataset`.
    key : str
    operator : str
        In capital letters; `<>` reads `!=`.
    value : str, float, tuple of str or None
        A tuple for `IN` and `NOT IN`, None for `IS NULL` and `IS NOT NULL`.
    """

    entity: str
    key: str
    operator: str
    value: Any

    def fits(self, found: object) -> bool:
        """Whether a value that was found, None for none, fulfils it; for lists that are small enough for Python.

        Examples
        --------
        >>> Comparison("tag", "team", "LIKE", "blue%").fits("blueish")
        True
        """
        if self.operator in NULLS:
            return (found is None) == (self.operator == "IS NULL")
        return found is not None and _FITS[self.operator](found, self.value)


class Ordering(NamedTuple):
    """One key of an order: `entity` and `key` as in a `Comparison`, and whether the largest comes first."""

    entity: str
    key: str
    descending: bool


def like_pattern(pattern: str, *, any_case: bool) -> re.Pattern[str]:
    """Return what a pattern with `%` (any characters) and `_` (one) means.

    Examples
    --------
    >>> bool(like_pattern("mod_l%", any_case=True).fullmatch("Model 1"))
    True
    """
    marks = {"%": ".*", "_": "."}
    text = "".join(marks.get(character) or re.escape(character) for character in pattern)
    return re.compile(text, re.DOTALL | (re.IGNORECASE if any_case else 0))


def _among(found: object, values: Iterable[object]) -> bool:
    return found in tuple(values)


_FITS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda found, value: bool(found == value),
    "!=": lambda found, value: bool(found != value),
    "<": lambda found, value: bool(found < value),
    "<=": lambda found, value: bool(found <= value),
    ">": lambda found, value: bool(found > value),
    ">=": lambda found, value: bool(found >= value),
    "LIKE": lambda found, value: like_pattern(value, any_case=False).fullmatch(found) is not None,
    "ILIKE": lambda found, value: like_pattern(value, any_case=True).fullmatch(found) is not None,
    "IN": _among,
    "NOT IN": lambda found, values: not _among(found, values),
}
