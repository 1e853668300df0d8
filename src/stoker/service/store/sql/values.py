"""Values of metrics: from JSON to columns and back to the same Python type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["ARTIFACT", "FLOAT", "INT", "Cells", "decode", "encode", "step_of"]

Cells = tuple[int, Any, str | None]
"""Kind, number and text of a value, as the columns keep it."""

FLOAT, INT, BOOL, TEXT, NULL, NAN, INFINITE, NEGATIVE_INFINITE, BIG, ARTIFACT = range(10)

_SPECIAL: dict[Any, Cells] = {
    "nan": (NAN, None, None),
    "inf": (INFINITE, None, None),
    "-inf": (NEGATIVE_INFINITE, None, None),
}
_WHOLE = 1 << 63


def encode(value: Any) -> Cells:
    """Return the columns for a value of a journal; what is no value there is kept as its text."""
    encoder = _ENCODE.get(type(value))
    return (TEXT, None, str(value)) if encoder is None else encoder(value)


def _whole(value: int) -> Cells:
    return (INT, value, None) if -_WHOLE <= value < _WHOLE else (BIG, None, str(value))


def _object(value: dict[str, Any]) -> Cells:
    special = value.get("$") if len(value) == 1 else None
    return _SPECIAL[special] if isinstance(special, str) and special in _SPECIAL else (TEXT, None, str(value))


def _float(value: float) -> Cells:
    if value - value == 0.0:
        return FLOAT, value, None
    return _SPECIAL["nan" if value != value else ("inf" if value > 0 else "-inf")]  # noqa: PLR0124  # true for NaN only


_ENCODE: dict[type, Callable[[Any], Cells]] = {
    float: _float,
    int: _whole,
    bool: lambda value: (BOOL, int(value), None),
    type(None): lambda _: (NULL, None, None),
    str: lambda value: (TEXT, None, value),
    dict: _object,
}


def step_of(value: Any) -> int | float | None:
    """Return the step as it is kept: a finite number of 64 bits, or None."""
    kind = type(value)
    if kind is int:
        return int(value) if -_WHOLE <= value < _WHOLE else float(value)
    if kind is float and value - value == 0.0:
        return float(value)
    return None


def decode(run_id: str, kind: int, num: Any, text: str | None) -> Any:
    """Return the JSON value of the columns.

    Examples
    --------
    >>> decode("run", 1, 3, None), decode("run", 5, None, None)
    (3, {'$': 'nan'})
    """
    if kind == FLOAT:
        return float(num)
    if kind == INT:
        return num
    if kind == ARTIFACT:
        return f"aml://artifactId/{run_id}/{text}"
    return _DECODE[kind](num, text)


_DECODE: dict[int, Callable[[Any, Any], Any]] = {
    BOOL: lambda num, _: bool(num),
    TEXT: lambda _, text: text,
    NULL: lambda *_: None,
    NAN: lambda *_: {"$": "nan"},
    INFINITE: lambda *_: {"$": "inf"},
    NEGATIVE_INFINITE: lambda *_: {"$": "-inf"},
    BIG: lambda _, text: int(text),
}
