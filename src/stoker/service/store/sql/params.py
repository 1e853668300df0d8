"""Parameters of runs in the database."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import insert, select

from stoker.exceptions import ConflictException
from stoker.service.store.base_mlflow import ParamRepository
from stoker.service.store.sql.data_tables import run_params
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.run_rows import key_of, pairs
from stoker.service.store.sql.run_writes import keys_of

__all__ = ["SqlParams"]


class SqlParams(ParamRepository):
    """See `ParamRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, run_id: str, params: Mapping[str, str]) -> None:
        """Set parameters."""
        columns = (run_params.c.key, run_params.c.value)
        with self._database.write() as connection:
            keys = keys_of(connection, run_id)
            found = pairs(connection, select(*columns).where(run_params.c.run == keys.pk)) if params else {}
            wrong = {key: found[key] for key, value in params.items() if key in found and found[key] != value}
            if wrong:
                key, known = next(iter(wrong.items()))
                raise ConflictException(
                    f"The run {run_id} has the parameter {key!r} already, with the value {known!r}, and parameters "
                    f"never change; {params[key]!r} was not written. Use a tag for what changes, or another run.",
                    target=key,
                    details={"known": wrong},
                )
            owner = {"run": keys.pk, "top": keys.top, "experiment": keys.experiment}
            rows = [{**owner, "key": key, "value": value} for key, value in params.items() if key not in found]
            if rows:
                connection.execute(insert(run_params), rows)

    def get(self, run_id: str) -> dict[str, str]:
        """Return the parameters of a run."""
        table = run_params
        with self._database.read() as connection:
            statement = select(table.c.key, table.c.value).where(table.c.run == key_of(connection, run_id))
            return pairs(connection, statement.order_by(table.c.key))
