"""Columns of texts turned into values at once: where Arrow is sure to agree with `kinds.py` by it, else one by one."""

from __future__ import annotations

from stoker.data._engine.kinds import arrow_type, convert

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Misfit", "values_of"]

# What both read alike; whatever else is read one by one.
_LONG = r"^-?[0-9]{1,18}$"
_FLOAT = r"^-?[0-9]{1,30}(\.[0-9]{0,30})?([eE][-+]?[0-9]{1,2})?$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SECONDS = r"[0-9]{2}:[0-9]{2}:[0-9]{2}"


class Misfit:
    """The values of a column that don't fit its type.

    Attributes
    ----------
    count : int
    row : int
        Where the first one is, from 0.
    text : str
        What it says.
    """

    __slots__ = ("count", "row", "text")

    def __init__(self, count: int, row: int, text: str) -> None:
        self.count = count
        self.row = row
        self.text = text


def values_of(texts: Any, kind: dict[str, Any]) -> tuple[Any, Misfit | None]:
    """Return the values of a column of texts, null where one does not fit, and what does not.

    Parameters
    ----------
    texts : pyarrow.Array or pyarrow.ChunkedArray of strings
    kind : dict
        A settled type.
    """
    import pyarrow as pa

    array = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if kind["type"] in {"string", "stream"}:
        return array, None
    easy = _easy(array, kind)
    if easy is None:
        return _one_by_one(array, kind)
    return _mixed(array, easy, kind)


def _easy(array: Any, kind: dict[str, Any]) -> Any:
    """Return for each text whether Arrow reads it as `kinds.py` does; None when that can't be said for the type."""
    import pyarrow.compute as pc

    pattern = None
    if kind["type"] == "long":
        pattern = _LONG
    elif kind["type"] == "float" and kind.get("decimal_mark", ".") == ".":
        pattern = _FLOAT
    elif kind["type"] == "datetime" and len(kind["formats"]) == 1:
        return _easy_times(array, kind)
    return None if pattern is None else pc.fill_null(pc.match_substring_regex(array, pattern), fill_value=True)


def _easy_times(array: Any, kind: dict[str, Any]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    form = kind["formats"][0]
    if form == "%Y-%m-%d":
        return pc.fill_null(pc.match_substring_regex(array, _DAY + "$"), fill_value=True)
    gap = form[8:9]
    if form[:8] != "%Y-%m-%d" or gap not in {" ", "T"} or not form[9:].startswith("%H:%M:%S"):
        return None
    rest = form[17:]
    if rest == "" and _is_even(array, gap):
        return pa.repeat(pa.scalar(value=True), len(array))
    ends = {"": "", ".%f": r"\.[0-9]{1,6}", "%z": "Z", ".%f%z": r"\.[0-9]{1,6}Z"}
    if rest not in ends:
        return None
    return pc.fill_null(pc.match_substring_regex(array, f"{_DAY}{gap}{_SECONDS}{ends[rest]}$"), fill_value=True)


def _is_even(array: Any, gap: str) -> bool:
    """Whether all texts are of 19 bytes with the gap in the middle: Arrow then reads a date and a time, or refuses."""
    import numpy as np

    if array.null_count or not len(array):
        return False
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int32)[array.offset : array.offset + len(array) + 1]
    if not (np.diff(offsets) == 19).all():
        return False
    data = np.frombuffer(array.buffers()[2], dtype=np.uint8)[offsets[0] : offsets[-1]]
    return bool((data.reshape(-1, 19)[:, 10] == ord(gap)).all())


def _mixed(array: Any, easy: Any, kind: dict[str, Any]) -> tuple[Any, Misfit | None]:
    """Return values of which the easy ones are Arrow's."""
    import pyarrow as pa
    import pyarrow.compute as pc

    target = arrow_type(kind)
    if kind["type"] == "datetime" and kind["formats"][0].endswith("%z"):
        target = pa.timestamp(target.unit, "UTC")
    plain = pc.all(easy, min_count=0).as_py()
    try:
        values = pc.cast(array if plain else pc.if_else(easy, array, None), target)
    except pa.ArrowInvalid:
        # As for the 30th of February.
        return _one_by_one(array, kind)
    values = values.cast(arrow_type(kind))
    if plain:
        return values, None
    hard = pc.invert(easy)
    found, misfit = _one_by_one(array.filter(hard), kind)
    if misfit is not None:
        rows = pc.indices_nonzero(hard)
        misfit = Misfit(misfit.count, rows[misfit.row].as_py(), misfit.text)
    return pc.replace_with_mask(values, hard, found), misfit


def _one_by_one(array: Any, kind: dict[str, Any]) -> tuple[Any, Misfit | None]:
    """Return values that are read exactly, each different text once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = array.dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    values, wrong = convert(texts, kind)
    found = pa.array(values, arrow_type(kind)).take(encoded.indices)
    if not wrong:
        return found, None
    missed = pc.fill_null(pc.is_in(encoded.indices, pa.array(wrong, encoded.indices.type)), fill_value=False)
    row = pc.indices_nonzero(missed)[0].as_py()
    return found, Misfit(pc.sum(missed).as_py(), row, array[row].as_py())
