"""Delimited files: names and types from their beginning, then rows block by block, several at a time."""

from __future__ import annotations

import functools
import itertools
import logging

from stoker.data._definition import option
from stoker.data._engine.blocks import BLOCK, Form, blocks_of, checked, line_of
from stoker.data._engine.convert import Misfit
from stoker.data._engine.kinds import arrow_type, convert, infer, settled
from stoker.data._engine.misfits import Misfits
from stoker.data._engine.ordered import in_order
from stoker.data._engine.quick import Columns, column_of_fields, quick_columns
from stoker.data._engine.sources import Source
from stoker.data._engine.texts import column_names, records, spans, wide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

__all__ = ["SAMPLE", "Delimited", "exact_columns"]

SAMPLE = 200
"""Rows by which types are inferred, as v1 has it."""
_HEAD = 1 << 18
_COMBINE = "COMBINE_ALL_FILES_HEADERS"


class Delimited(Source):
    """The rows of delimited files.

    Parameters
    ----------
    definition : dict
    files : sequence of SourceFile
    quick : bool, default=True
        False: the exact reader alone, to compare with.
    block_bytes : int, default=8388608
    """

    def __init__(self, definition: dict[str, Any], files: Any, *, quick: bool = True, block_bytes: int = BLOCK) -> None:
        super().__init__()
        self._files = list(files)
        self._form = Form(
            option(definition, "encoding"),
            option(definition, "separator"),
            multi_line=bool(option(definition, "support_multi_line")),
        )
        self._header: str = option(definition, "header")
        self._empty = bool(option(definition, "empty_as_string"))
        self._infers = bool(option(definition, "infer_column_types"))
        self._asked: dict[str, Any] = option(definition, "column_types") or {}
        self._quick = quick
        self._block_bytes = block_bytes
        self._kinds: dict[str, dict[str, Any]] | None = None
        self._names: dict[int, list[str]] = {}

    # -- names and types ------------------------------------------------------------------------------------------

    def kinds(self) -> dict[str, dict[str, Any]]:
        """Return each column's settled type, in order, from the first rows."""
        if self._kinds is None:
            texts = self._sampled()
            for name in self._asked.keys() - texts.keys():
                logging.getLogger("stoker").warning(
                    "set_column_types names the column %r, which %s does not have.", name, self._files[0].shown
                )
            self._kinds = {name: self._kind(name, found) for name, found in texts.items()}
        return self._kinds

    def schema(self) -> Any:
        """Return the Arrow schema."""
        import pyarrow as pa

        return pa.schema([(name, arrow_type(kind)) for name, kind in self.kinds().items()])

    def _kind(self, name: str, texts: list[str | None]) -> dict[str, Any]:
        if self._empty:
            texts = [text or "" for text in texts]
        kind = self._asked.get(name) or (infer(texts) if self._infers else {"type": "string"})
        return settled(kind, texts)

    def _sampled(self) -> dict[str, list[str | None]]:
        """Return the first texts of each column, in the order of the columns."""
        columns: dict[str, list[str | None]] = {}
        common: list[str] = []
        count = 0
        for place, file in enumerate(self._files):
            rows = self._first_records(file, SAMPLE + 1 - count)
            header = rows.pop(0) if rows and self._has_header(place) else None
            if header is not None and (not common or self._header == _COMBINE):
                common = column_names(header)
            rows = rows[: SAMPLE - count]
            count += len(rows)
            common = wide(common, max(map(len, rows), default=0))
            self._names[place] = common
            for number, name in enumerate(common):
                columns.setdefault(name, []).extend(column_of_fields(rows, number, empty_as_string=False))
            if count >= SAMPLE and self._header != _COMBINE:
                break
        if self._header != _COMBINE:
            self._names = dict.fromkeys(range(len(self._files)), common)
        return columns

    def _has_header(self, place: int) -> bool:
        return self._header != "NO_HEADERS" and (place == 0 or self._header != "ONLY_FIRST_FILE_HAS_HEADERS")

    def _first_records(self, file: Any, count: int) -> list[list[str | None]]:
        """Return a file's first records, a header among them."""
        found: list[list[str | None]] = []
        for block in blocks_of(file, self._form, _HEAD):
            checked(block, file, self._form)
            for fields in records(block.decode("utf-8"), self._form.separator, multi_line=self._form.multi_line):
                found.append(fields)
                if len(found) >= max(count, 1):
                    return found
        return found

    # -- rows -----------------------------------------------------------------------------------------------------

    def batches(self, columns: Collection[str] | None, misfits: Misfits) -> Iterator[tuple[Any, Any]]:
        """Yield (file, RecordBatch) with the columns, all of them by default, in the files' order.

        A record with more fields than there are columns adds columns of texts to its batch, behind the others.
        """
        kinds = self.kinds()
        wanted = [name for name in kinds if columns is None or name in columns]
        slow: set[str] = set()
        for place, file in enumerate(self._files):
            if not self.opens(file):
                continue
            how = Columns(self._names[place], kinds, wanted, slow, empty_as_string=self._empty)
            row = 0
            read = functools.partial(self._read, file, how)
            for block, (found, rows) in in_order(read, self._bodies(place)):
                for name, (_, misfit) in found.items():
                    if misfit is not None:
                        misfits.add(file, name, how.kind(name), misfit, row)
                        if misfits.fails:
                            raise misfits.error(file, self._line(file, block, misfit), name, how.kind(name), misfit)
                row += rows
                yield from ((file, batch) for batch in _batches(found, rows, wanted, kinds))

    def _read(self, file: Any, how: Columns, block: bytes) -> tuple[dict[str, Any], int]:
        checked(block, file, self._form)
        if self._quick:
            found = quick_columns(block, self._form, how)
            if found is not None:
                return found
        return exact_columns(block, self._form, how)

    def _line(self, file: Any, block: bytes, misfit: Misfit) -> int:
        """Return the number of the line in which a record begins."""
        text = block.decode("utf-8")
        found = spans(text, self._form.separator, multi_line=self._form.multi_line)
        starts = (start for start, end in found if text[start:end].strip("\r\n"))
        start = next(itertools.islice(starts, misfit.row, None))
        return line_of(file, self._form, block, len(text[:start].encode("utf-8")))

    def _bodies(self, place: int) -> Iterator[bytes]:
        """Yield the blocks of a file without its header."""
        skip = self._has_header(place)
        for block in blocks_of(self._files[place], self._form, self._block_bytes):
            data = block
            if skip:
                data = self._without_header(block, self._files[place])
                skip = not block.strip(b"\r\n")
            if data:
                yield data

    def _without_header(self, block: bytes, file: Any) -> bytes:
        text = block.lstrip(b"\r\n")
        end = text.find(b"\n")
        if end < 0:
            return b""
        if not self._form.multi_line or b'"' not in text[:end]:
            return text[end + 1 :]
        checked(text, file, self._form)
        decoded = text.decode("utf-8")
        _, rest = next(spans(decoded, self._form.separator, multi_line=True))
        return decoded[rest:].encode("utf-8")


def exact_columns(block: bytes, form: Form, columns: Columns) -> tuple[dict[str, Any], int]:
    """Return the columns of a block and the number of its rows, read record by record."""
    import pyarrow as pa

    rows = list(records(block.decode("utf-8"), form.separator, multi_line=form.multi_line))
    names = wide(columns.names, max(map(len, rows), default=0))
    found: dict[str, Any] = {}
    for place, name in enumerate(names):
        if columns.asks_for(name):
            texts = column_of_fields(rows, place, empty_as_string=columns.empty_as_string)
            kind = columns.kind(name)
            values, wrong = convert(texts, kind)
            misfit = Misfit(len(wrong), wrong[0], texts[wrong[0]] or "") if wrong else None
            found[name] = pa.array(values, arrow_type(kind)), misfit
    return found, len(rows)


def _batches(found: dict[str, Any], rows: int, wanted: list[str], kinds: dict[str, dict[str, Any]]) -> Iterator[Any]:
    """Yield a block's columns as batches: those that are wanted first, then those that are new."""
    import pyarrow as pa

    if not wanted and not found:
        yield pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))
        return
    names = [*wanted, *(name for name in found if name not in kinds)]
    arrays = [found[name][0] if name in found else pa.nulls(rows, arrow_type(kinds[name])) for name in names]
    yield from pa.table(arrays, names=names).to_batches()
