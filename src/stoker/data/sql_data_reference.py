"""What is read from a database, as v1's data transfer named it."""

from __future__ import annotations

from stoker.data.data_reference import DataReference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["SqlDataReference"]


class SqlDataReference(DataReference):
    """A table, query or stored procedure of a database.

    Differs from v1: it describes data and moves none, because v1 read it only in a `DataTransferStep`; in a script
    read the database with `Dataset.Tabular.from_sql_query`.

    Parameters
    ----------
    datastore : Datastore
        Of a database.
    data_reference_name : str, optional
        Default: the datastore's name.
    sql_table : str, optional
    sql_query : str, optional
    sql_stored_procedure : str, optional
    sql_stored_procedure_params : list, optional
        Of the procedure.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The first argument is no datastore.

    Examples
    --------
    >>> SqlDataReference(Datastore.get(ws, "sales"), sql_query="SELECT * FROM orders")  # doctest: +SKIP
    """

    def __init__(
        self,
        datastore: Any,
        data_reference_name: str | None = None,
        sql_table: str | None = None,
        sql_query: str | None = None,
        sql_stored_procedure: str | None = None,
        sql_stored_procedure_params: Sequence[Any] | None = None,
    ) -> None:
        super().__init__(datastore, data_reference_name)
        self.sql_table = sql_table
        self.sql_query = sql_query
        self.sql_stored_procedure = sql_stored_procedure
        self.sql_stored_procedure_params = sql_stored_procedure_params
