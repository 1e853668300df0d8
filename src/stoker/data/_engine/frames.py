"""Rows at the border: a pandas DataFrame, a CSV file, a Parquet file."""

from __future__ import annotations

from stoker.exceptions import DatasetExecutionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["frame_of", "write_csv", "write_parquet"]

ROW_GROUP = 1 << 20
_LEAST, _MOST = -(1 << 63) + 1, (1 << 63) - 1


def frame_of(batches: Iterable[Any], schema: Any, out_of_range: str) -> Any:
    """Return batches as a DataFrame; see `stoker.data._engine.to_pandas`.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        Some may have columns of texts behind those of the schema.
    schema : pyarrow.Schema
    out_of_range : {"null", "fail"}
    """
    import pyarrow as pa

    parts = [_for_pandas(batch, out_of_range) for batch in batches if batch.num_rows]
    if any(part.num_columns > len(schema) for part in parts):
        table = pa.concat_tables([pa.Table.from_batches([part]) for part in parts], promote_options="default")
    elif len(schema):
        empty = _for_pandas(pa.RecordBatch.from_pylist([], schema), out_of_range)
        table = pa.Table.from_batches(parts, empty.schema)
    else:
        import pandas as pd

        return pd.DataFrame(index=pd.RangeIndex(sum(part.num_rows for part in parts)))
    del parts
    # Each column's memory is given back as soon as pandas has it.
    return table.to_pandas(split_blocks=True, self_destruct=True)


def _for_pandas(batch: Any, out_of_range: str) -> Any:
    """Return a batch with its times in nanoseconds."""
    import pyarrow as pa

    names, arrays = batch.schema.names, list(batch.columns)
    for place, column in enumerate(arrays):
        if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
            arrays[place] = _nanoseconds(column, names[place], out_of_range)
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _nanoseconds(column: Any, name: str, out_of_range: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.type == pa.timestamp("ns"):
        return column
    plain = column.cast(pa.timestamp("us"))
    try:
        return plain.cast(pa.timestamp("ns"))
    except pa.ArrowInvalid as error:
        if out_of_range == "fail":
            raise DatasetExecutionError(
                f"Column {name!r} has times that pandas can't hold in nanoseconds: before 1677 or after 2262. Leave "
                "such rows out, or let them be missing (out_of_range_datetime='null').",
                error,
                target=name,
            ) from error
    numbers = plain.cast(pa.int64())
    fits = pc.and_(pc.greater(numbers, -(-_LEAST // 1000)), pc.less(numbers, _MOST // 1000))
    return pc.if_else(fits, plain, pa.scalar(None, plain.type)).cast(pa.timestamp("ns"))


def write_csv(rows: Any, sink: Any, separator: str) -> None:
    """Write rows as delimited text; see `stoker.data._engine.write_csv`."""
    import pyarrow as pa
    from pyarrow import csv

    schema = pa.schema([(field.name, _written(field.type)) for field in rows.schema])
    options = csv.WriteOptions(delimiter=separator)
    with pa.PythonFile(sink, "w") as out, csv.CSVWriter(out, schema, write_options=options) as writer:
        for batch in rows:
            writer.write_batch(_as_written(batch, schema))


def _written(kind: Any) -> Any:
    """Return the type as which a column is written: JSON text for values inside values."""
    import pyarrow as pa

    return pa.string() if pa.types.is_nested(kind) or pa.types.is_binary(kind) else kind


def _as_written(batch: Any, schema: Any) -> Any:
    import json

    import pyarrow as pa

    arrays = []
    for column, field in zip(batch.columns, schema):
        if column.type == field.type:
            arrays.append(column)
        elif pa.types.is_nested(column.type):
            texts = [None if value is None else json.dumps(value, default=str) for value in column.to_pylist()]
            arrays.append(pa.array(texts, pa.string()))
        else:
            arrays.append(column.cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def write_parquet(rows: Any, sink: Any, row_group_size: int | None) -> None:
    """Write rows as Parquet; see `stoker.data._engine.write_parquet`."""
    import pyarrow as pa
    from pyarrow import parquet

    size = row_group_size or ROW_GROUP
    waiting: list[Any] = []
    count = 0
    with pa.PythonFile(sink, "w") as out, parquet.ParquetWriter(out, rows.schema) as writer:
        for batch in rows:
            waiting.append(batch)
            count += batch.num_rows
            if count >= size:
                table = pa.Table.from_batches(waiting)
                whole = count - count % size
                writer.write_table(table.slice(0, whole), row_group_size=size)
                waiting, count = table.slice(whole).to_batches(), count - whole
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting, rows.schema), row_group_size=size)
