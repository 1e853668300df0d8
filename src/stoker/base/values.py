"""Values in the journal's form: what JSON can say, and how the rest is told.

Non-finite numbers are `{"$": "nan"}`, `{"$": "inf"}` and `{"$": "-inf"}`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

__all__ = ["WHOLE", "decode_value", "encode_value", "plain"]

WHOLE = 1 << 63
"""Integers from here on, up or down, become floats."""


def plain(value: Any) -> Any:
    """Return `value` with lists and dicts kept and each leaf as `encode_value` gives it."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if not isinstance(value, (str, bytes)) and hasattr(value, "tolist"):
        made = value.tolist()
        return plain(made) if isinstance(made, list) else encode_value(made)
    return encode_value(value)


def encode_value(value: Any) -> Any:
    """Return one value in the journal's form: a JSON number, text, truth value or null.

    NumPy's numbers become Python's; what has no such form becomes its text.

    Examples
    --------
    >>> encode_value(float("nan"))
    {'$': 'nan'}
    >>> encode_value([1, 2])
    '[1, 2]'
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if not isinstance(value, (int, float)):
        value = _simple(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value) if -WHOLE <= value < WHOLE else _encode_float(_as_float(value))
    return _encode_float(float(value)) if isinstance(value, float) else value


def _simple(value: Any) -> Any:
    """Return a Python number, text or truth value for anything."""
    for convert in ("item", "__float__"):
        method = getattr(value, convert, None)
        if method is None or isinstance(value, type):
            continue
        with contextlib.suppress(Exception):
            made = method()
            if isinstance(made, (bool, int, float, str)):
                return made
    return str(value)


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _encode_float(value: float) -> Any:
    if value != value:  # noqa: PLR0124  # the quickest test for NaN
        return {"$": "nan"}
    if value in {float("inf"), float("-inf")}:
        return {"$": "inf" if value > 0 else "-inf"}
    return value


def decode_value(value: Any) -> Any:
    """Return the Python value of one in the journal's form.

    Examples
    --------
    >>> decode_value({"$": "-inf"})
    -inf
    """
    if isinstance(value, dict) and len(value) == 1 and value.get("$") in {"nan", "inf", "-inf"}:
        return float(value["$"])
    return value
