"""Free JSON objects that come from outside: which of them can be kept, and sent again as they are."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["DEEPEST", "check_document", "check_text", "sound"]

DEEPEST = 64
"""Most objects and lists inside one another: what reads them, here and elsewhere, reads them by recursion."""


def check_document(value: Any) -> Any:
    """Return the value, or raise `ValueError` that says why it can't be kept.

    A number that is not finite is no JSON, and a name with half a character can't be written: a record with one would
    be stored, and then break every answer that it stands in.

    Examples
    --------
    >>> check_document({"a": [1, None]})
    {'a': [1, None]}
    """
    left = [(value, 0)]
    while left:
        item, depth = left.pop()
        if depth > DEEPEST:
            raise ValueError(f"it has more than {DEEPEST} objects and lists inside one another")
        if isinstance(item, float) and not math.isfinite(item):
            raise ValueError(f"it has the number {item!r}, which is no JSON")
        if isinstance(item, dict):
            for name in item:
                check_text(str(name))
            left += [(inner, depth + 1) for inner in item.values()]
        elif isinstance(item, list):
            left += [(inner, depth + 1) for inner in item]
    return value


def check_text(text: str) -> str:
    """Return the text, or raise `ValueError` when it has half a character, as names in another encoding give."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"it has half a character, {text[error.start]!r}, so it is no text") from None
    return text


def sound(value: Any) -> Any:
    """Return the value, or for one that can't be kept a record that says so: an end must not be lost for its cause."""
    try:
        return check_document(value)
    except ValueError as problem:
        return {"code": "UserError", "message": f"What was said about the end of the run can't be kept: {problem}."}
