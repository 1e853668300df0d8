"""Types of columns: inferred from the first rows, and texts read as values of them, one by one and exactly."""

from __future__ import annotations

import math
import re

from stoker.data._engine.dates import infer_formats, reader_of, unit_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

__all__ = ["FALSE", "TRUE", "arrow_type", "convert", "infer", "reader", "settled"]

TRUE = ("true", "True", "TRUE", "t", "T", "1")
FALSE = ("false", "False", "FALSE", "f", "F", "0")
_BOOLEANS = {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}
_LONG = re.compile(r"[+-]?[0-9]+")
_FLOAT = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN])"
)
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_DIGITS = 400
"""A number of more digits is read as a float: Python takes long to read thousands of digits."""


def infer(texts: Iterable[str | None]) -> dict[str, Any]:
    """Return the type of a column, as a definition has it, from the texts of its first rows.

    Examples
    --------
    >>> infer(["1", None, "2"]), infer(["0", "1"]), infer(["13/02/2019"])
    ({'type': 'long'}, {'type': 'bool'}, {'type': 'datetime', 'formats': ['%d/%m/%Y']})
    """
    seen = {text.strip() for text in texts if text is not None}
    if not seen or "" in seen:
        return {"type": "string"}
    if seen <= _BOOLEANS.keys():
        return {"type": "bool"}
    if all(_long(text) is not None and _LONG.fullmatch(text) for text in seen):
        return {"type": "long"}
    if all(_FLOAT.fullmatch(text) for text in seen):
        return {"type": "float"}
    formats = infer_formats(seen)
    return {"type": "datetime", "formats": formats} if formats else {"type": "string"}


def settled(kind: dict[str, Any], texts: Iterable[str | None]) -> dict[str, Any]:
    """Return a type with what reading needs: formats for dates that came without, and the unit that holds the times.

    Parameters
    ----------
    kind : dict
        As a definition has it.
    texts : iterable of str or None
        The column's first values.
    """
    if kind["type"] != "datetime":
        return kind
    seen = [text for text in texts if text]
    formats = kind.get("formats") or infer_formats(seen) or ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"]
    formats = [formats] if isinstance(formats, str) else list(formats)
    return {**kind, "formats": formats, "unit": unit_of(formats, seen)}


def arrow_type(kind: dict[str, Any]) -> Any:
    """Return the Arrow type of a type."""
    import pyarrow as pa

    word = kind["type"]
    if word == "datetime":
        return pa.timestamp(kind.get("unit", "us"))
    types: dict[str, Callable[[], Any]] = {
        "string": pa.string,
        "stream": pa.string,
        "long": pa.int64,
        "float": pa.float64,
        "bool": pa.bool_,
    }
    return types[word]()


def reader(kind: dict[str, Any]) -> Callable[[str], Any]:
    """Return what reads one text as a value; it gives None for a text that does not fit.

    Examples
    --------
    >>> reader({"type": "float", "decimal_mark": ","})(" 1,5 ")
    1.5
    """
    word = kind["type"]
    if word == "long":
        return _long
    if word == "bool":
        return lambda text: _BOOLEANS.get(text.strip())
    if word == "float":
        return _float if kind.get("decimal_mark", ".") == "." else _comma_float
    if word == "datetime":
        return reader_of(kind["formats"], kind.get("unit", "us"))
    return lambda text: text


def convert(texts: Sequence[str | None], kind: dict[str, Any]) -> tuple[list[Any], list[int]]:
    """Return the values of a column's texts, None for those that don't fit, and the places of these."""
    read = reader(kind)
    values = [None if text is None else read(text) for text in texts]
    return values, [place for place, value in enumerate(values) if value is None and texts[place] is not None]


def _long(text: str) -> int | None:
    text = text.strip()
    if _LONG.fullmatch(text) and len(text) < _DIGITS:
        value = int(text)
        return value if _LEAST <= value <= _MOST else None
    # 4.0 and 1e3 are whole numbers; 3.5 is none.
    number = _float(text)
    if number is None or not math.isfinite(number) or not number.is_integer() or abs(number) >= 1 << 53:
        return None
    return int(number)


def _float(text: str) -> float | None:
    text = text.strip()
    return float(text) if _FLOAT.fullmatch(text) else None


def _comma_float(text: str) -> float | None:
    return None if "." in text else _float(text.replace(",", "."))
