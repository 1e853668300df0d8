"""Statements of hot paths, run by the driver itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.sql import Executable

__all__ = ["Prepared"]


class Prepared:
    """A statement that is made to SQL once; to run it costs a tenth of what SQLAlchemy takes for it.

    Values are the driver's own: it is for columns whose type changes nothing.

    Parameters
    ----------
    statement : Executable
        With a `bindparam` for each value that is given later.
    """

    def __init__(self, statement: Executable) -> None:
        compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))  # type: ignore[attr-defined]
        self._sql = str(compiled)
        self._values = dict(compiled.params)

    def run(self, connection: Connection, **values: Any) -> None:
        """Carry it out."""
        self._cursor(connection, values)

    def first(self, connection: Connection, **values: Any) -> tuple[Any, ...] | None:
        """Return the first row, or None."""
        row: tuple[Any, ...] | None = self._cursor(connection, values).fetchone()
        return row

    def _cursor(self, connection: Connection, values: dict[str, Any]) -> Any:
        driver: Any = connection.connection.driver_connection
        return driver.execute(self._sql, {**self._values, **values})
