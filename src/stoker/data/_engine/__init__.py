"""The tabular engine: from a definition and its files to rows, a part at a time. It knows no workspace.

Arrow inside, pandas at the border. Nothing but the standard library is imported before something is read.
How exactness and speed go together is told in `docs/internals/datasets.md`.
"""

from __future__ import annotations

from stoker.exceptions import DatasetExecutionError, DatasetValidationError, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["check", "columns", "infer_types", "profile", "scan", "to_pandas", "write_csv", "write_parquet"]


def _needed() -> None:
    try:
        import pandas as pd  # noqa: F401  # only whether it is there
        import pyarrow as pa  # noqa: F401  # the same
    except ImportError as error:
        raise UserErrorException(
            f"Reading tables needs pandas and pyarrow, and one is not installed here ({error}). "
            "Install them: pip install 'stoker[data]'.",
            error,
        ) from error


def scan(
    definition: dict[str, Any], files: Any, *, columns: Sequence[str] | None = None, on_error: str = "null"
) -> Any:
    """Return the rows as a `pyarrow.RecordBatchReader`, read while it is iterated, in constant memory.

    Its columns are known from the beginning of the data; what rows hold beyond them is left out and named in the log.

    Parameters
    ----------
    definition : dict
        See `stoker.data._definition`.
    files : SourceFiles
        What `resolve` gave for it.
    columns : sequence of str, optional
        Only these, in this order. Default: all.
    on_error : {"null", "fail"}, default="null"
        What becomes of a value that does not fit its column's type: missing, with a line in the log, or an error.

    Raises
    ------
    stoker.exceptions.DatasetExecutionError
        A column is not there. Later, while rows are read: a file can't be read, or a value does not fit; the message
        names file, line and column.
    stoker.exceptions.UserErrorException
        pyarrow is not installed.

    Examples
    --------
    >>> with scan(definition, files, columns=["age"]) as reader:  # doctest: +SKIP
    ...     rows = sum(batch.num_rows for batch in reader)
    """
    _needed()
    from stoker.data._engine.pipeline import Rows

    return Rows(definition, files, columns, on_error).reader()


def to_pandas(
    definition: dict[str, Any], files: Any, *, on_error: str = "null", out_of_range_datetime: str = "null"
) -> Any:
    """Return all rows as a pandas DataFrame: texts, numbers, booleans and times in nanoseconds.

    Parameters
    ----------
    definition, files, on_error
        As `scan` has them.
    out_of_range_datetime : {"null", "fail"}, default="null"
        What becomes of times before 1677 and after 2262, which pandas can't hold in nanoseconds.

    Returns
    -------
    pandas.DataFrame
        Values beyond the columns that the beginning of the data showed come as columns of texts behind the others.

    Raises
    ------
    stoker.exceptions.DatasetExecutionError
        As `scan` has it; or the data have no columns at all.
    """
    _needed()
    from stoker.data._engine.frames import frame_of
    from stoker.data._engine.pipeline import Rows

    rows = Rows(definition, files, None, on_error)
    return frame_of(rows.batches(), rows.schema(), out_of_range_datetime)


def columns(definition: dict[str, Any], files: Any) -> list[str]:
    """Return the names of the columns after all operations; of the data only the beginning is read."""
    _needed()
    from stoker.data._engine.pipeline import Rows

    return list(Rows(definition, files).schema().names)


def infer_types(definition: dict[str, Any], files: Any) -> dict[str, dict[str, Any]]:
    """Return the type of each of the source's columns as a definition has it, inferred from the first rows.

    Examples
    --------
    >>> infer_types(definition, files)  # doctest: +SKIP
    {'id': {'type': 'long'}, 'day': {'type': 'datetime', 'formats': ['%Y-%m-%d']}}
    """
    _needed()
    from stoker.data._engine.sources import source_of

    kinds = source_of(definition, files).kinds()
    return {name: {key: kind[key] for key in kind if key != "unit"} for name, kind in kinds.items()}


def check(definition: dict[str, Any], files: Any) -> None:
    """Read the beginning of the first file.

    Raises
    ------
    stoker.exceptions.DatasetValidationError
        It can't be read so, or holds no row; the message names the file and why.
    """
    _needed()
    from stoker.data._engine.pipeline import Rows

    first = files if getattr(files, "database", None) is not None else files[:1]
    rows = Rows({**definition, "steps": []}, first)
    try:
        found = any(batch.num_rows for batch in rows.batches())
    except DatasetExecutionError as error:
        raise DatasetValidationError(error.message, error, target=error.target) from error
    if not found and first:
        raise DatasetValidationError(
            f"{first[0].shown} holds no row. Give a path with data, or pass validate=False.", target="path"
        )


def profile(rows: Any) -> list[dict[str, Any]]:
    """Return statistics of each column of a reader, in one pass and constant memory.

    Parameters
    ----------
    rows : pyarrow.RecordBatchReader

    Returns
    -------
    list of dict
        See `stoker.data._engine.statistics.profile_of`.
    """
    _needed()
    from stoker.data._engine.statistics import profile_of

    return profile_of(rows)


def write_csv(rows: Any, sink: Any, separator: str = ",") -> None:
    """Write a reader's rows as delimited text with a header, in UTF-8; missing values are empty.

    Parameters
    ----------
    rows : pyarrow.RecordBatchReader
    sink : binary file
        It is left open.
    separator : str, default=","
    """
    _needed()
    from stoker.data._engine.frames import write_csv as write

    write(rows, sink, separator)


def write_parquet(rows: Any, sink: Any, row_group_size: int | None = None) -> None:
    """Write a reader's rows as Parquet.

    Parameters
    ----------
    rows : pyarrow.RecordBatchReader
    sink : binary file
        It is left open.
    row_group_size : int, optional
        Rows of a row group. Default: 1,048,576.
    """
    _needed()
    from stoker.data._engine.frames import write_parquet as write

    write(rows, sink, row_group_size)
