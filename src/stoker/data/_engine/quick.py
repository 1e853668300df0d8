"""Blocks of delimited text read by Arrow, with the results of the exact reader.

Three things make them so. Lines whose quotes or ends do not mean the same to every reader (`blocks.is_plain`) are set
aside, read exactly, and put back in their places. So are records of another width. And a column in which Arrow refuses
a value, or would accept one that the exact reader refuses, is taken as texts and converted afterwards
(`convert.values_of`).
"""

from __future__ import annotations

import re

from stoker.data._engine.blocks import is_plain, odd_lines, without_lines
from stoker.data._engine.convert import Misfit, values_of
from stoker.data._engine.kinds import FALSE, TRUE
from stoker.data._engine.texts import fields_of, records, wide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from stoker.data._engine.blocks import Form

__all__ = ["Columns", "column_of_fields", "quick_columns"]

_INNER = 1 << 20
"""Bytes that Arrow takes at once: what it looks up meanwhile then stays in the processor's cache."""
_COLUMN = re.compile(r"CSV column #(\d+)")
_NAN = re.compile(rb"nan\(", re.IGNORECASE)
_TEXT = {"type": "string"}


class Columns:
    """How the columns of a file are read.

    Attributes
    ----------
    names : list of str
        Of the file's columns, in order.
    kinds : dict
        Column -> settled type; others are texts.
    wanted : set of str
        The columns to read. Fields beyond `names` come as columns of texts besides.
    empty_as_string : bool
        Whether an empty field is a text without characters instead of a missing value.
    slow : set of str
        Columns that Arrow reads as texts only, because it has refused a value before.
    """

    __slots__ = ("empty_as_string", "kinds", "names", "slow", "wanted")

    def __init__(
        self,
        names: Sequence[str],
        kinds: dict[str, dict[str, Any]],
        wanted: Collection[str],
        slow: set[str],
        *,
        empty_as_string: bool = False,
    ) -> None:
        self.names = list(names)
        self.kinds = kinds
        self.wanted = set(wanted)
        self.slow = slow
        self.empty_as_string = empty_as_string

    def kind(self, name: str) -> dict[str, Any]:
        """Return a column's type."""
        return self.kinds.get(name, _TEXT)

    def asks_for(self, name: str) -> bool:
        """Whether a column is read."""
        return name in self.wanted or name not in self.names


def column_of_fields(rows: Sequence[list[str | None]], place: int, *, empty_as_string: bool) -> list[str | None]:
    """Return the fields at one place; None for records that end before it."""
    if empty_as_string:
        return [fields[place] or "" if place < len(fields) else None for fields in rows]
    return [fields[place] if place < len(fields) else None for fields in rows]


def quick_columns(block: bytes, form: Form, columns: Columns) -> tuple[dict[str, Any], int] | None:
    """Return the columns of a block and the number of its rows, or None when Arrow can't read it.

    Parameters
    ----------
    block : bytes
        In UTF-8.
    form : Form
    columns : Columns

    Returns
    -------
    tuple or None
        Column -> (array, what does not fit or None), and the number of rows.
    """
    aside: list[tuple[int, str]] = []
    if not is_plain(block, form):
        odd = odd_lines(block, form)
        if odd is None:
            return None
        block, aside = without_lines(block, odd)
        if not block or not is_plain(block, form):
            return None
    read = _Read(block, form, columns, aside)
    while True:
        refused = read.attempt()
        if refused is None:
            return read.columns()
        if refused in columns.slow or refused not in columns.kinds:
            return None
        # Seen by all blocks that follow, so that each is read once.
        columns.slow.add(refused)


class _Read:
    """One block on its way."""

    def __init__(self, block: bytes, form: Form, columns: Columns, aside: list[tuple[int, str]]) -> None:
        # Arrow takes an empty field that ends the last line for one in quotes when no line break follows.
        self._block = block if block.endswith(b"\n") else block + b"\n"
        self._form = form
        self._columns = columns
        width = _width(block, form)
        names = columns.names
        # A file whose lines all lack the last fields, or all have more, is no exception in each line.
        self._here = names[:width] if width <= len(names) else wide(names, width)
        self._wanted = [name for name in self._here if columns.asks_for(name)]
        self._as_texts: set[str] = set()
        if (b"x" in block and b"0x" in block) or (b"X" in block and b"0X" in block):
            # Arrow reads 0x10 as 16.
            self._as_texts = {name for name in self._wanted if columns.kind(name)["type"] == "long"}
        self._odd = aside
        self._uneven: list[tuple[int, str]] = []
        self._inner = _INNER
        self._table: Any = None

    def attempt(self) -> str | None:
        """Read the block; return the column in which Arrow refuses a value, "" when it refuses the whole."""
        import pyarrow as pa
        from pyarrow import csv

        self._uneven = []
        parse = csv.ParseOptions(
            delimiter=self._form.separator,
            newlines_in_values=self._form.multi_line,
            invalid_row_handler=self._set_aside,
        )
        options = csv.ReadOptions(column_names=self._here, block_size=self._inner, use_threads=False)
        try:
            self._table = csv.read_csv(pa.py_buffer(self._block), options, parse, self._conversion())
        except pa.ArrowInvalid as error:
            found = _COLUMN.search(str(error))
            if found is not None:
                return self._here[int(found[1])]
            if self._inner > len(self._block):
                return ""
            # Some record is longer than what Arrow takes at once.
            self._inner = len(self._block) + 1
            return self.attempt()
        return None

    def _set_aside(self, row: Any) -> str:
        self._uneven.append((row.number - 1, row.text))
        return "skip"

    def _conversion(self) -> Any:
        from pyarrow import csv

        empty = self._columns.empty_as_string
        return csv.ConvertOptions(
            check_utf8=False,
            column_types={name: self._type(name) for name in self._here},
            # One column at least is read, so that rows are counted.
            include_columns=self._wanted or self._here[:1],
            null_values=[] if empty else [""],
            true_values=list(TRUE),
            false_values=list(FALSE),
            strings_can_be_null=not empty,
            quoted_strings_can_be_null=False,
        )

    def _type(self, name: str) -> Any:
        """Return the type in which Arrow reads a column."""
        import pyarrow as pa

        kind = self._columns.kind(name)
        word = kind["type"]
        if name not in self._wanted or name in self._columns.slow or name in self._as_texts:
            return pa.string()
        if word == "long":
            return pa.int64()
        if word == "float":
            return pa.float64() if kind.get("decimal_mark", ".") == "." else pa.string()
        if word == "bool":
            return pa.bool_()
        return pa.date32() if word == "datetime" and kind["formats"] == ["%Y-%m-%d"] else pa.string()

    def columns(self) -> tuple[dict[str, Any], int] | None:
        """Return what was read, with the uneven records in their places."""
        import pyarrow as pa

        doubtful = {name for name in self._wanted if self._is_doubtful(self._table[name])}
        if doubtful:
            self._as_texts |= doubtful
            if self.attempt() is not None:
                return None
        aside = self._aside()
        rows = self._table.num_rows + len(aside)
        if aside:
            return self._with(aside, rows), rows
        found: dict[str, Any] = {}
        for name in self._wanted:
            column = self._table[name]
            kind = self._columns.kind(name)
            if pa.types.is_string(column.type):
                found[name] = values_of(column, kind)
            else:
                found[name] = _timed(column, kind), None
        return found, rows

    def _is_doubtful(self, column: Any) -> bool:
        """Whether Arrow may have accepted what the exact reader refuses: to Arrow nan(1) is a number."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not pa.types.is_floating(column.type) or b"(" not in self._block or not _NAN.search(self._block):
            return False
        return bool(pc.any(pc.is_nan(column)).as_py())

    def _aside(self) -> list[tuple[int, str]]:
        """Return all records that are read exactly: each one's place among all, and its text."""
        import numpy as np

        if not self._odd or not self._uneven:
            return self._odd or self._uneven
        # Arrow has counted without the odd ones: each moves those behind it by one.
        taken = np.array([place for place, _ in self._odd]) - np.arange(len(self._odd))
        found = np.array([place for place, _ in self._uneven])
        places = found + np.searchsorted(taken, found, side="right")
        uneven = [(int(place), text) for place, (_, text) in zip(places, self._uneven)]
        return sorted([*self._odd, *uneven])

    def _with(self, aside: list[tuple[int, str]], rows: int) -> dict[str, Any]:
        """Return what was read with these records in their places."""
        import numpy as np
        import pyarrow as pa

        read = [fields_of(text, self._form.separator) for _, text in aside]
        names = wide(self._columns.names, max(len(self._here), *map(len, read)))
        places = np.array([place for place, _ in aside], dtype=np.int64)
        even = np.ones(rows, dtype=bool)
        even[places] = False
        order = np.empty(rows, dtype=np.int64)
        order[even] = np.arange(rows - len(read))
        order[places] = np.arange(rows - len(read), rows)
        found: dict[str, Any] = {}
        for place, name in enumerate(names):
            if self._columns.asks_for(name):
                fields = column_of_fields(read, place, empty_as_string=self._columns.empty_as_string)
                found[name] = self._merged(name, pa.array(fields, pa.string()), pa.array(order), places)
        return found

    def _merged(self, name: str, aside: Any, order: Any, places: Any) -> tuple[Any, Misfit | None]:
        """Return a column of even and uneven records."""
        import pyarrow as pa

        kind = self._columns.kind(name)
        if name in self._wanted:
            column = self._table[name]
        else:
            column = pa.chunked_array([pa.nulls(len(order) - len(aside), pa.string())])
        if pa.types.is_string(column.type):
            texts = pa.chunked_array([*column.chunks, aside], pa.string())
            return values_of(texts.combine_chunks().take(order), kind)
        values, misfit = values_of(aside, kind)
        if misfit is not None:
            misfit = Misfit(misfit.count, int(places[misfit.row]), misfit.text)
        chunks = _timed(column, kind).chunks
        return pa.chunked_array([*chunks, values], values.type).combine_chunks().take(order), misfit


def _timed(column: Any, kind: dict[str, Any]) -> Any:
    """Return a column of days as times."""
    import pyarrow as pa

    return column.cast(pa.timestamp(kind.get("unit", "us"))) if pa.types.is_date32(column.type) else column


def _width(block: bytes, form: Form) -> int:
    """Return the number of fields of a block's first record."""
    start = 0
    while block[start : start + 1] in {b"\r", b"\n"}:
        start += 1
    end = block.find(b"\n", start)
    line = block[start:] if end < 0 else block[start:end]
    if form.multi_line and line.count(b'"') % 2:
        return len(next(records(block.decode("utf-8"), form.separator, multi_line=True)))
    return len(fields_of(line.decode("utf-8"), form.separator))
