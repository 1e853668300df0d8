"""Secrets in the database, sealed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from stoker.base.names import suggestion
from stoker.exceptions import NotFoundException, UserErrorException
from stoker.service.store.base_data import SecretRepository
from stoker.service.store.base_runs import Record
from stoker.service.store.sql.data_tables import secrets
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.run_rows import seconds
from stoker.service.store.vault import Vault

__all__ = ["SqlSecrets"]

LONGEST_NAME = 255
LONGEST_VALUE = 1 << 20


class SqlSecrets(SecretRepository):
    """See `SecretRepository`."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def set(self, name: str, value: str) -> Record:
        """Keep a secret."""
        _check(name, value)
        # Sealed before the transaction: the first time, a key is written to disk.
        sealed, now = self._vault.seal(value), time.time()
        values = {"name": name, "value": sealed, "created": now, "modified": now}
        changes = {"value": sealed, "modified": now}
        with self._database.write() as connection:
            statement = upsert(secrets).values(values)
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changes))
            return _record(connection.execute(_LISTED.where(secrets.c.name == name)).one())

    def get(self, name: str) -> str:
        """Return the value."""
        with self._database.read() as connection:
            sealed = connection.scalar(select(secrets.c.value).where(secrets.c.name == name))
        if sealed is None:
            raise self._unknown(name)
        return self._vault.open(sealed, f"the secret {name!r}")

    def list(self) -> Sequence[Record]:
        """Return names and times."""
        with self._database.read() as connection:
            return [_record(row) for row in connection.execute(_LISTED.order_by(secrets.c.name))]

    def delete(self, name: str) -> None:
        """Remove a secret."""
        with self._database.write() as connection:
            if not connection.execute(delete(secrets).where(secrets.c.name == name)).rowcount:
                raise self._unknown(name)

    def _unknown(self, name: str) -> NotFoundException:
        known = [record["name"] for record in self.list()]
        return NotFoundException(
            f"There is no secret {name!r} in this workspace. {suggestion(name, known)} "
            "A new one is stored by ws.get_default_keyvault().set_secret(name, value).",
            target="name",
        )


_LISTED: Select[Any] = select(secrets.c.name, secrets.c.created, secrets.c.modified)


def _record(row: Row[Any]) -> Record:
    return {"name": row.name, "created": seconds(row.created), "modified": seconds(row.modified)}


def _check(name: object, value: object) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        raise UserErrorException(
            f"The name {name!r} can't be that of a secret: it has 1 to {LONGEST_NAME} characters.", target="name"
        )
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        raise UserErrorException(
            f"The value of the secret {name!r} is no text of at most {LONGEST_VALUE} characters. Give it as a text.",
            target="value",
        )
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        # Without the error as its cause: that one holds the value.
        problem = UserErrorException(
            f"The value of the secret {name!r} has half a character. Give it as a text.", target="value"
        )
    else:
        return
    raise problem
