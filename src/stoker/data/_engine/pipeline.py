"""From a definition to rows: a source, columns from its files' paths, and the operations on each batch."""

from __future__ import annotations

import itertools
import logging

from stoker.data._definition import option
from stoker.data._engine.misfits import Misfits
from stoker.data._engine.partition import PartitionFormat
from stoker.data._engine.pruning import Known, may_hold
from stoker.data._engine.sources import source_of
from stoker.data._engine.steps import columns_needed, condition_of, no_column, operation, schema_after
from stoker.exceptions import DatasetExecutionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

__all__ = ["Rows"]

PATH = "Path"
_SAME_ROWS = {"keep_columns", "drop_columns", "partition_keys"}


class Rows:
    """The rows of a definition; what nobody asks for is not read.

    Parameters
    ----------
    definition : dict
    files : SourceFiles
    columns : sequence of str, optional
        Only these, in this order.
    on_error : {"null", "fail"}, default="null"
    """

    def __init__(
        self,
        definition: dict[str, Any],
        files: Any,
        columns: Sequence[str] | None = None,
        on_error: str = "null",
    ) -> None:
        self._steps: list[dict[str, Any]] = list(definition["steps"])
        self._source = source_of(definition, files)
        self._misfits = Misfits(on_error)
        layout = option(definition, "partition_format")
        self._layout = PartitionFormat(layout) if layout else None
        self._shows_path = bool(option(definition, "include_path"))
        self._asked = columns
        self._whole: Any = None
        self._unlike: dict[str, None] = {}

    def schema(self) -> Any:
        """Return the schema after all operations.

        Raises
        ------
        stoker.exceptions.DatasetExecutionError
            An operation names a column that is not there, or the beginning of the data can't be read.
        """
        import pyarrow as pa

        shown = self._source_schema()
        for step in self._steps:
            shown = schema_after(step, shown)
        if self._asked is None:
            return shown
        for name in self._asked:
            if name not in shown.names:
                raise no_column(name, shown.names)
        return pa.schema([shown.field(name) for name in self._asked])

    def _source_schema(self) -> Any:
        """Return the source's schema with the columns that come from paths."""
        import pyarrow as pa

        if self._whole is None:
            fields = list(self._source.schema())
            names = {field.name for field in fields}
            keys = self._layout.keys if self._layout else []
            for name in [PATH] if self._shows_path else []:
                if name in names:
                    raise DatasetExecutionError(
                        "include_path adds a column 'Path', and the data have one of that name. Leave one of them out.",
                        target="include_path",
                    )
                fields.insert(0, pa.field(PATH, pa.string()))
            for key in keys:
                assert self._layout is not None
                if key in names:
                    raise DatasetExecutionError(
                        f"The partition_format adds a column {key!r}, and the data have one of that name. "
                        "Call it otherwise in the format.",
                        target="partition_format",
                    )
                fields.append(pa.field(key, pa.timestamp("us") if self._layout.is_time(key) else pa.string()))
            self._whole = pa.schema(fields)
        return self._whole

    def reader(self) -> Any:
        """Return a `pyarrow.RecordBatchReader` of the rows, read while it is iterated."""
        import pyarrow as pa

        schema = self.schema()
        return pa.RecordBatchReader.from_batches(schema, self._narrow(schema))

    def _narrow(self, schema: Any) -> Iterator[Any]:
        """Yield batches of just the schema's columns."""
        import pyarrow as pa

        said = False
        for batch in self.batches():
            if batch.num_columns > len(schema) and not said:
                said = True
                logging.getLogger("stoker").warning(
                    "Some rows have more values than the first ones had, which are left out here: %s. "
                    "to_pandas_dataframe() shows them.",
                    ", ".join(name for name in batch.schema.names if name not in schema.names),
                )
            if batch.num_rows:
                yield pa.RecordBatch.from_arrays(batch.columns[: len(schema)], schema=schema) if len(schema) else batch

    def batches(self) -> Iterator[Any]:
        """Yield batches until there are no more rows, or enough.

        Their first columns are the schema's. Columns of texts follow where rows hold more than the beginning of the
        data showed and no columns were chosen.
        """
        final = self.schema().names
        operations = [operation(step, place) for place, step in enumerate(self._steps)]
        needed = columns_needed(self._steps, self._asked)
        here = [name for name in self._source_schema().names if needed is None or name in needed]
        self._prune()
        if any(item.done for item in operations):
            return
        batches = self._source.batches(needed, self._misfits)
        try:
            for file, batch in batches:
                rows = self._with_paths(batch, file, here, late=needed is None)
                for item in operations:
                    rows = item.apply(rows)
                known = set(self._source_schema().names)
                late = [name for name in rows.schema.names if name not in known] if needed is None else []
                yield rows.select([*final, *late])
                if any(item.done for item in operations):
                    break
        finally:
            batches.close()  # type: ignore[attr-defined]  # they are generators, which hold files and threads
            self._misfits.report()
            self._report_unlike()

    def _prune(self) -> None:
        """Tell the source what needn't be read."""
        leading = itertools.takewhile(
            lambda step: step["op"] in _SAME_ROWS or condition_of(step) is not None, self._steps
        )
        # A step that counts rows must see them all, so only what stands before the first such one may leave out any.
        self._source.conditions = [found for found in map(condition_of, leading) if found is not None]
        if self._source.conditions and (self._layout is not None or self._shows_path):
            self._source.opens = self._opens

    def _opens(self, file: Any) -> bool:
        values = {name: Known.of(value) for name, value in self._path_values(file).items()}
        return all(may_hold(condition, values.get) for condition in self._source.conditions)

    def _path_values(self, file: Any) -> dict[str, Any]:
        # A name in bytes that are no UTF-8 is no text for Arrow: what can't be shown of it stands as a mark.
        shown = file.shown.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        values: dict[str, Any] = {PATH: shown} if self._shows_path else {}
        return {**values, **(self._layout.values(shown) if self._layout else {})}

    def _look_at_path(self, file: Any, values: dict[str, Any]) -> None:
        """Note a file whose path gives no values; where nothing may be missing, it is an error."""
        layout = self._layout
        if layout is None or any(values[key] is not None for key in layout.keys):
            return
        if self._misfits.fails:
            raise DatasetExecutionError(
                f"The path {file.shown} is not of the form of partition_format={layout.text!r}, so it gives no values "
                f"for {', '.join(layout.keys)}. Correct one of them, or let such values be missing (on_error='null').",
                target="partition_format",
            )
        self._unlike[file.shown] = None

    def _report_unlike(self) -> None:
        if self._layout is not None and self._unlike:
            logging.getLogger("stoker").warning(
                "%d %s not of the form of partition_format=%r, so %s becomes missing there; the first: %s.",
                len(self._unlike),
                "path is" if len(self._unlike) == 1 else "paths are",
                self._layout.text,
                ", ".join(self._layout.keys),
                next(iter(self._unlike)),
            )

    def _with_paths(self, batch: Any, file: Any, here: list[str], *, late: bool) -> Any:
        """Return a batch with the columns that come from the file's path, in the schema's order."""
        import pyarrow as pa

        if not self._shows_path and self._layout is None:
            return batch
        values = self._path_values(file)
        self._look_at_path(file, values)
        arrays, names = [], list(here)
        for name in here:
            if name in values:
                kind = self._source_schema().field(name).type
                arrays.append(pa.repeat(pa.scalar(values[name], kind), batch.num_rows))
            else:
                arrays.append(batch.column(name))
        if late:
            names += [name for name in batch.schema.names if name not in here]
            arrays += [batch.column(name) for name in names[len(here) :]]
        return pa.RecordBatch.from_arrays(arrays, names=names) if arrays else batch
