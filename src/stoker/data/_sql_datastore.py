"""Datastores that are databases."""

from __future__ import annotations

from stoker.data.abstract_datastore import AbstractDatastore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["SqlDatabaseDatastore", "SqlDatastore"]


class SqlDatastore(AbstractDatastore):
    """A database, for `Dataset.Tabular.from_sql_query`.

    Examples
    --------
    >>> Dataset.Tabular.from_sql_query((Datastore(ws, "sales"), "SELECT * FROM orders"))  # doctest: +SKIP
    """

    @property
    def url(self) -> str:
        """The address, as SQLAlchemy has it, without the password."""
        return str(self._config.get("url") or "")

    def _facts(self) -> dict[str, Any]:
        return {"name": self.name, "datastore_type": self.datastore_type, "url": self.url}


class SqlDatabaseDatastore(SqlDatastore):
    """A database of any kind that SQLAlchemy reaches."""
