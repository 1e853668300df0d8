"""What a search is made of: fields, the comparisons that they know, and how one is held against a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["COMPARISONS", "LABEL", "NULLS", "NUMBER", "TEXT", "Comparison", "Field", "Ordering", "like"]

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


def like(text: str, pattern: str, *, any_case: bool) -> bool:
    """Whether a text is as a pattern says, with `%` for any characters and `_` for one.

    No regular expression: one with many `%` would try all ways to share a text among them, and never end.

    Examples
    --------
    >>> like("Model 1", "mod_l%", any_case=True)
    True
    """
    if any_case:
        text, pattern = text.casefold(), pattern.casefold()
    first, *others = pattern.split("%")
    if not others:
        return len(text) == len(first) and _stands_at(text, first, 0)
    last = others.pop()
    place, end = len(first), len(text) - len(last)
    if place > end or not _stands_at(text, first, 0) or not _stands_at(text, last, end):
        return False
    for part in others:
        # The first place is as good as any later one: what follows has the more room.
        found = _find(text, part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _stands_at(text: str, part: str, place: int) -> bool:
    if "_" not in part:
        return text.startswith(part, place)
    return all(wanted in ("_", text[place + i]) for i, wanted in enumerate(part))


def _find(text: str, part: str, start: int, end: int) -> int:
    """Return where a part stands first between two places, or -1."""
    if "_" not in part:
        return text.find(part, start, end)
    any_letter = sum(1 << i for i, letter in enumerate(part) if letter == "_")
    fits = dict.fromkeys(part, any_letter)
    for i, letter in enumerate(part):
        fits[letter] |= 1 << i
    # Bit i: the part's first i + 1 letters stand just before here. No text makes this go back, as a comparison at each
    # place would.
    begun = 0
    for place in range(start, end):
        begun = (begun << 1 | 1) & fits.get(text[place], any_letter)
        if begun >> (len(part) - 1) & 1:
            return place - len(part) + 1
    return -1


def _among(found: object, values: Iterable[object]) -> bool:
    return found in tuple(values)


_FITS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda found, value: bool(found == value),
    "!=": lambda found, value: bool(found != value),
    "<": lambda found, value: bool(found < value),
    "<=": lambda found, value: bool(found <= value),
    ">": lambda found, value: bool(found > value),
    ">=": lambda found, value: bool(found >= value),
    "LIKE": lambda found, value: like(found, value, any_case=False),
    "ILIKE": lambda found, value: like(found, value, any_case=True),
    "IN": _among,
    "NOT IN": lambda found, values: not _among(found, values),
}
