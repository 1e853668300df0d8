"""The rows that a query gives, read from its database a part at a time."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import itertools
import sqlite3
import time

from stoker.data._definition import option
from stoker.data._engine.kinds import arrow_type
from stoker.data._engine.sources import Source
from stoker.data._engine.texts import column_names
from stoker.data._engine.typed import as_kind, as_type, kind_of, wanted_kinds
from stoker.exceptions import DatasetExecutionError, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

    from stoker.data._engine.convert import Misfit
    from stoker.data._engine.misfits import Misfits

__all__ = ["Query"]

ROWS = 10_000
_SQLITE = "sqlite:///"


class Query(Source):
    """The rows of one query; types come from the first of them.

    Parameters
    ----------
    definition : dict
    files : SourceFiles
        Its `database` gives the address, as SQLAlchemy has it.
    """

    def __init__(self, definition: dict[str, Any], files: Any) -> None:
        super().__init__()
        self._address = files.database
        self._query: str = definition["source"]["query"]
        self._timeout = definition["source"].get("timeout") or 30
        self._types: dict[str, Any] = option(definition, "column_types") or {}
        self._own: Any = None
        self._asked: dict[str, dict[str, Any]] = {}
        self._begun: Any = None

    def kinds(self) -> dict[str, dict[str, Any]]:
        """Return each column's type."""
        return {field.name: kind_of(field.type) for field in self.schema()}

    def schema(self) -> Any:
        """Return the schema; the query is run, and goes on where `batches` is called next."""
        import pyarrow as pa

        if self._own is None:
            parts = self._parts()
            first = next(parts)
            if not first[0]:
                raise self._failed("it gives no columns")
            self._begun = itertools.chain([first], parts)
            self._own = _table(*first, None)[0].schema
            self._asked = wanted_kinds(self._types, self._own.names, "the query")
        fields = [
            (field.name, arrow_type(self._asked[field.name]) if field.name in self._asked else field.type)
            for field in self._own
        ]
        return pa.schema(fields)

    def batches(self, columns: Collection[str] | None, misfits: Misfits) -> Iterator[tuple[Any, Any]]:
        """Yield (None, RecordBatch) with the columns."""
        import pyarrow as pa

        schema = self.schema()
        wanted = [name for name in schema.names if columns is None or name in columns]
        parts, self._begun = self._begun or self._parts(), None
        row = 0
        for names, rows in parts:
            batch, odd = _table(names, rows, self._own)
            arrays = []
            for name in wanted:
                column = batch.column(name)
                if name in self._asked:
                    column, misfit = as_kind(column, self._asked[name])
                    misfits.take(None, name, self._asked[name], misfit, row)
                elif name in odd:
                    misfits.take(None, name, kind_of(column.type), odd[name], row)
                arrays.append(column)
            row += len(rows)
            yield None, pa.RecordBatch.from_arrays(arrays, names=wanted) if wanted else batch.select([])

    def _parts(self) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
        """Yield the names of columns and some rows, at least once."""
        address = self._address()
        if address.startswith(_SQLITE):
            yield from self._sqlite(address[len(_SQLITE) :].partition("?")[0])
        else:
            yield from self._other(address)

    def _sqlite(self, path: str) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
        from urllib.parse import quote

        try:
            # Rows may be asked for by another thread, though never by two at once.
            database = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, check_same_thread=False)
            with contextlib.closing(database):
                deadline = time.monotonic() + self._timeout
                database.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
                parts = _fetched(database.execute(self._query))
                yield next(parts)
                # The time is the database's for its first rows; what the reader does with them takes as long as it may.
                database.set_progress_handler(None, 0)
                yield from parts
        except sqlite3.Error as error:
            late = "interrupted" in str(error)
            why = f"it gave no row within {self._timeout} seconds (query_timeout)" if late else str(error)
            raise self._failed(why) from error

    def _other(self, address: str) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
        try:
            import sqlalchemy
        except ImportError as error:
            raise UserErrorException(
                f"Reading from this database needs SQLAlchemy, which is not installed here ({error}). "
                "Install it with the database's driver: pip install sqlalchemy.",
                error,
            ) from error
        try:
            engine = sqlalchemy.create_engine(address)
            with engine.connect() as connection:
                found = connection.execution_options(stream_results=True).execute(sqlalchemy.text(self._query))
                names = column_names(list(found.keys()))
                yield from _in_parts(names, found)
        except (sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
            # The address holds a password, so it is not shown.
            raise self._failed(getattr(error, "orig", None) or type(error).__name__) from None

    def _failed(self, error: object) -> DatasetExecutionError:
        return DatasetExecutionError(
            f"The query {self._query[:200]!r} failed: {error}. Try it in the database itself, and mend it.",
            target="query",
        )


def _fetched(cursor: sqlite3.Cursor) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    yield from _in_parts(column_names([column[0] for column in cursor.description or ()]), cursor)


def _in_parts(names: list[str], found: Any) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    """Yield what a cursor gives, once at least."""
    rows = [tuple(row) for row in found.fetchmany(ROWS)]
    yield names, rows
    while rows:
        rows = [tuple(row) for row in found.fetchmany(ROWS)]
        if rows:
            yield names, rows


def _table(names: list[str], rows: list[tuple[Any, ...]], schema: Any) -> tuple[Any, dict[str, Misfit]]:
    """Return rows as a batch, and by column what does not fit the types that the first rows had."""
    import pyarrow as pa

    columns = list(zip(*rows)) if rows else [()] * len(names)
    arrays, odd = [], {}
    for place, values in enumerate(columns):
        plain = [_plain(value) for value in values]
        wanted = None if schema is None else schema.field(place).type
        array, misfit = _array(plain, wanted)
        arrays.append(array)
        if misfit is not None:
            odd[names[place]] = misfit
    return pa.RecordBatch.from_arrays(arrays, names=names), odd


def _array(values: list[Any], wanted: Any) -> tuple[Any, Misfit | None]:
    import pyarrow as pa

    if wanted is None:
        kinds = {type(value) for value in values if value is not None}
        if kinds <= {int, float} and kinds:
            wanted = pa.int64() if kinds == {int} else pa.float64()
        elif kinds == {bool}:
            wanted = pa.bool_()
        elif kinds == {dt.datetime}:
            wanted = pa.timestamp("us")
        else:
            wanted = pa.string()
    if pa.types.is_string(wanted):
        return pa.array([None if value is None else str(value) for value in values], wanted), None
    try:
        return pa.array(values, wanted), None
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        # Such a database gives a row values of other types than the first ones had.
        texts = [None if value is None else str(value) for value in values]
        return as_type(pa.array(texts, pa.string()), wanted)


def _plain(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001  # a day has no zone
    return value
