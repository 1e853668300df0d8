"""Parquet files: of each only the columns and row groups that count are read."""

from __future__ import annotations

import functools
import logging

from stoker.data._definition import option
from stoker.data._engine.blocks import opened
from stoker.data._engine.kinds import arrow_type
from stoker.data._engine.pruning import Known, may_hold
from stoker.data._engine.sources import Source
from stoker.data._engine.typed import as_kind, as_type, kind_of, plain_type, wanted_kinds
from stoker.exceptions import DatasetExecutionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

    from stoker.data._engine.misfits import Misfits

__all__ = ["Parquet"]

ROWS = 1 << 17
"""Rows of a batch."""


class Parquet(Source):
    """The rows of Parquet files; the first one says which columns there are.

    Parameters
    ----------
    definition : dict
    files : sequence of SourceFile
    """

    def __init__(self, definition: dict[str, Any], files: Any) -> None:
        super().__init__()
        self._files = list(files)
        self._types: dict[str, Any] = option(definition, "column_types") or {}
        self._own: Any = None
        self._asked: dict[str, dict[str, Any]] = {}

    def kinds(self) -> dict[str, dict[str, Any]]:
        """Return each column's type."""
        return {field.name: kind_of(field.type) for field in self.schema()}

    def schema(self) -> Any:
        """Return the schema, with the types that were asked for."""
        import pyarrow as pa

        if self._own is None:
            first = self._files[0]
            with opened(first) as stream:
                own = _file(first, stream).schema_arrow
            self._asked = wanted_kinds(self._types, own.names, first.shown)
            types = {field.name: plain_type(field.type) for field in own}
            types.update({name: arrow_type(kind) for name, kind in self._asked.items()})
            self._own = pa.schema(list(types.items()))
        return self._own

    def batches(self, columns: Collection[str] | None, misfits: Misfits) -> Iterator[tuple[Any, Any]]:
        """Yield (file, RecordBatch) with the columns."""
        import pyarrow as pa

        schema = self.schema()
        wanted = [name for name in schema.names if columns is None or name in columns]
        said = columns is not None
        for file in filter(self.opens, self._files):
            with opened(file) as stream:
                source = _file(file, stream)
                here = [name for name in wanted if name in source.schema_arrow.names]
                said = said or _says_what_is_left_out(file, set(source.schema_arrow.names) - set(schema.names))
                groups = self._groups(source)
                row = 0
                try:
                    for batch in source.iter_batches(ROWS, row_groups=groups, columns=here) if groups else ():
                        yield file, self._shaped(batch, wanted, file, misfits, row)
                        row += batch.num_rows
                except (pa.ArrowException, OSError) as error:
                    raise _damaged(file, error) from error

    def _shaped(self, batch: Any, wanted: list[str], file: Any, misfits: Misfits, row: int) -> Any:
        """Return a batch in the common schema."""
        import pyarrow as pa

        if not wanted:
            return batch
        arrays = []
        for name in wanted:
            target = self.schema().field(name).type
            place = batch.schema.get_field_index(name)
            if place < 0:
                arrays.append(pa.nulls(batch.num_rows, target))
            elif name in self._asked:
                values, misfit = as_kind(batch.column(place), self._asked[name])
                arrays.append(values)
                misfits.take(file, name, self._asked[name], misfit, row)
            else:
                values, misfit = as_type(batch.column(place), target)
                arrays.append(values)
                misfits.take(file, name, kind_of(target), misfit, row)
        return pa.RecordBatch.from_arrays(arrays, names=wanted)

    def _groups(self, source: Any) -> list[int]:
        """Return the row groups in which all conditions may hold, by the least and largest values on record."""
        everything = range(source.num_row_groups)
        if not self.conditions:
            return list(everything)
        places = {source.schema.column(place).path: place for place in range(len(source.schema))}
        result = []
        for number in everything:
            known = functools.partial(self._known, source.metadata.row_group(number), places)
            if all(may_hold(condition, known) for condition in self.conditions):
                result.append(number)
        return result

    def _known(self, group: Any, places: dict[str, int], name: str) -> Known | None:
        if name not in places or name in self._asked:
            return None
        facts = group.column(places[name]).statistics
        if facts is None:
            return None
        nulls = facts.null_count if facts.has_null_count else None
        values = nulls is None or nulls < group.num_rows
        least, most = (facts.min, facts.max) if facts.has_min_max else (None, None)
        return Known(least, most, nulls=nulls != 0, values=values)


def _file(file: Any, stream: Any) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(stream)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(file, error) from error


def _says_what_is_left_out(file: Any, names: set[str]) -> bool:
    if names:
        logging.getLogger("stoker").warning(
            "%s has columns that the first file does not have, which are left out: %s.",
            file.shown,
            ", ".join(sorted(names)),
        )
    return bool(names)


def _damaged(file: Any, error: Exception) -> DatasetExecutionError:
    return DatasetExecutionError(
        f"The file {file.shown} is no whole Parquet file ({str(error).rstrip('.')}). It may be cut short, or still "
        "being written. Write it again, and under another name until it is whole.",
        error,
    )
