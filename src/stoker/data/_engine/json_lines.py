"""Files of which each line is a JSON object."""

from __future__ import annotations

import itertools
import json

from stoker.data._definition import option
from stoker.data._engine.blocks import Form, blocks_of, checked
from stoker.data._engine.convert import Misfit
from stoker.data._engine.kinds import arrow_type, reader, settled
from stoker.data._engine.sources import Source
from stoker.exceptions import DatasetExecutionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from typing import Any

    from stoker.data._engine.misfits import Misfits

__all__ = ["JsonLines"]

SAMPLE = 10_000
"""Rows by which columns and types are found: an object may lack what a later one has."""
_BLOCK = 4 << 20
_ROWS = 1 << 14
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


class JsonLines(Source):
    """The rows of files of JSON lines; columns and types come from the first rows.

    Values inside values (objects and lists) stay what they are when all of a column are alike, else they are JSON text.

    Parameters
    ----------
    definition : dict
    files : sequence of SourceFile
    """

    def __init__(self, definition: dict[str, Any], files: Any) -> None:
        super().__init__()
        self._files = list(files)
        self._asked: dict[str, Any] = option(definition, "column_types") or {}
        self._drops = option(definition, "invalid_lines") == "drop"
        self._form = Form(option(definition, "encoding"))
        self._types: dict[str, Any] | None = None
        self._kinds: dict[str, dict[str, Any]] = {}

    def kinds(self) -> dict[str, dict[str, Any]]:
        """Return each column's type."""
        self.schema()
        return self._kinds

    def schema(self) -> Any:
        """Return the schema."""
        import pyarrow as pa

        if self._types is None:
            values: dict[str, list[Any]] = {}
            rows = itertools.chain.from_iterable(map(self._rows, self._files))
            for _, row in itertools.islice(rows, SAMPLE):
                for name, value in row.items():
                    values.setdefault(name, []).append(value)
            for name, found in values.items():
                kind = self._asked.get(name) or _kind(found)
                self._kinds[name] = settled(kind, (value for value in found if isinstance(value, str)))
            self._types = {name: self._type(name, found) for name, found in values.items()}
        return pa.schema(list(self._types.items()))

    def _type(self, name: str, values: list[Any]) -> Any:
        import pyarrow as pa

        nested = [value for value in values if isinstance(value, (dict, list))]
        if name not in self._asked and nested and len(nested) == sum(value is not None for value in values):
            try:
                return pa.array(values).type
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
                pass
        return arrow_type(self._kinds[name])

    def batches(self, columns: Collection[str] | None, misfits: Misfits) -> Iterator[tuple[Any, Any]]:
        """Yield (file, RecordBatch) with the columns; what later objects have besides comes as text."""
        import pyarrow as pa

        schema = self.schema()
        wanted = [name for name in schema.names if columns is None or name in columns]
        for file in filter(self.opens, self._files):
            count = 0
            for rows in _in_parts(self._rows(file)):
                names = list(wanted)
                if columns is None:
                    new = {name: None for _, row in rows for name in row if name not in self._kinds}
                    names += list(new)
                arrays = [self._column(name, rows, file, misfits, count) for name in names]
                count += len(rows)
                if names:
                    yield file, pa.RecordBatch.from_arrays(arrays, names=names)
                else:
                    yield file, pa.RecordBatch.from_struct_array(pa.array([{}] * len(rows), pa.struct([])))

    def _column(
        self, name: str, rows: list[tuple[int, dict[str, Any]]], file: Any, misfits: Misfits, count: int
    ) -> Any:
        import pyarrow as pa

        values = [row.get(name) for _, row in rows]
        if name not in self._kinds:
            return pa.array([_text(value) for value in values], pa.string())
        kind, target = self._kinds[name], self.schema().field(name).type
        if pa.types.is_nested(target):
            try:
                return pa.array(values, target)
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
                found = [_nested(value, target) for value in values]
                wrong = [place for place, value in enumerate(found) if value is None and values[place] is not None]
                kind = {"type": f"of the type {target}"}
        else:
            read = reader(kind)
            found = [_value(value, kind, read) for value in values]
            wrong = [place for place, value in enumerate(found) if value is None and values[place] is not None]
        if wrong:
            misfit = Misfit(len(wrong), wrong[0], _text(values[wrong[0]]) or "")
            if misfits.fails:
                raise misfits.error(file, rows[misfit.row][0], name, kind, misfit)
            misfits.add(file, name, kind, misfit, count)
        return pa.array(found, target)

    def _rows(self, file: Any) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the number of each line and its object."""
        before = 0
        for block in blocks_of(file, self._form, _BLOCK):
            checked(block, file, self._form)
            lines = block.decode("utf-8").split("\n")
            for number, line in enumerate(lines, before + 1):
                if not line.strip():
                    continue
                row = _object(line)
                if row is not None:
                    yield number, row
                elif not self._drops:
                    raise DatasetExecutionError(
                        f"{file.shown}, line {number}: {line.strip()[:60]!r} is no JSON object. Correct it, or leave "
                        "such lines out with invalid_lines='drop'.",
                        target="invalid_lines",
                    )
            before += len(lines) - 1


def _in_parts(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while True:
        part = list(itertools.islice(iterator, _ROWS))
        if not part:
            return
        yield part


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _kind(values: list[Any]) -> dict[str, Any]:
    """Return the type of a column; a text is a text, also when it looks like a number or a date."""
    found = [value for value in values if value is not None]
    kinds = {type(value) for value in found}
    if kinds == {bool}:
        return {"type": "bool"}
    if kinds == {int} and all(_LEAST <= value <= _MOST for value in found):
        return {"type": "long"}
    return {"type": "float"} if kinds and kinds <= {int, float} else {"type": "string"}


def _value(value: Any, kind: dict[str, Any], read: Any) -> Any:
    """Return a value of the column's type; None when it does not fit."""
    word = kind["type"]
    if value is None:
        return None
    if word == "float" and type(value) in {int, float}:
        try:
            return float(value)
        except OverflowError:
            return None
    if word == "bool" and type(value) is bool:
        return value
    text = _text(value)
    return text if word in {"string", "stream"} else read(text)


def _nested(value: Any, target: Any) -> Any:
    import pyarrow as pa

    try:
        pa.array([value], target)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return None
    return value


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # A lone half of a pair, which JSON can write, is no character.
    return text.encode("utf-8", "replace").decode("utf-8")
