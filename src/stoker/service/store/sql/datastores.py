"""Datastores in the database."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from stoker.base.names import suggestion
from stoker.exceptions import ConflictException, NotFoundException
from stoker.service.store.base_data import DatastoreRepository
from stoker.service.store.base_runs import Record
from stoker.service.store.datastore_rules import (
    BLOB_STORE,
    READY_MADE,
    check_config,
    check_datastore_name,
    check_secret,
    check_type,
    root_of,
)
from stoker.service.store.sql.data_tables import datastores
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.run_rows import seconds
from stoker.service.store.sql.tables import workspace
from stoker.service.store.vault import Vault

__all__ = ["SqlDatastores"]

_DEFAULT = "default_datastore"
"""The workspace's fact that names the default."""


class SqlDatastores(DatastoreRepository):
    """See `DatastoreRepository`.

    Parameters
    ----------
    database : Database
    vault : Vault
    home : str or None
        The folder that relative paths begin in.
    """

    def __init__(self, database: Database, vault: Vault, home: str | None) -> None:
        self._database = database
        self._vault = vault
        self._home = home
        self._has_ready_made = False
        database.on_rollback(self._forget)

    def register(
        self,
        name: str,
        store_type: str,
        kind: str,
        config: Mapping[str, Any],
        secret: Mapping[str, str] | None = None,
        *,
        overwrite: bool = False,
    ) -> Record:
        """Keep a datastore."""
        check_datastore_name(name)
        check_type(store_type, kind)
        check_config(kind, config, self._home)
        parts = check_secret(secret)
        values = {
            **_values(name, store_type, kind, config),
            "secret": self._vault.seal(json.dumps(parts)) if parts else None,
        }
        self._make_ready()
        with self._database.write() as connection:
            row = self._find(connection, name)
            if row is None:
                connection.execute(insert(datastores).values(values))
            elif overwrite:
                del values["created"]
                connection.execute(update(datastores).where(datastores.c.pk == row.pk).values(values))
            else:
                raise ConflictException(
                    f"Another datastore with the same name already exists. Pass overwrite=True to replace "
                    f"{row.name!r}, or choose another name.",
                    target="name",
                )
            return self._record(connection, self._row(connection, name))

    def get(self, name: str) -> Record:
        """Return a datastore."""
        self._make_ready()
        with self._database.read() as connection:
            return self._record(connection, self._row(connection, name))

    def find(self, name: str) -> Record | None:
        """Return a datastore, or None."""
        try:
            return self.get(name)
        except NotFoundException:
            return None

    def secret(self, name: str) -> dict[str, str]:
        """Return the secret of a datastore."""
        self._make_ready()
        with self._database.read() as connection:
            row = self._row(connection, name)
        if row.secret is None:
            return {}
        parts: dict[str, str] = json.loads(self._vault.open(row.secret, f"the secret of the datastore {row.name!r}"))
        return parts

    def list(self) -> Sequence[Record]:
        """Return all datastores."""
        self._make_ready()
        with self._database.read() as connection:
            default = _default_key(connection)
            rows = connection.execute(select(datastores).order_by(datastores.c.key)).all()
        return [_record(row, default, self._home) for row in rows]

    def default(self) -> Record:
        """Return the default."""
        self._make_ready()
        with self._database.read() as connection:
            return self._record(connection, self._row(connection, _default_key(connection)))

    def set_default(self, name: str) -> Record:
        """Make a datastore the default."""
        self._make_ready()
        with self._database.write() as connection:
            row = self._row(connection, name)
            statement = upsert(workspace).values(name=_DEFAULT, value=row.key)
            connection.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value})
            )
            return self._record(connection, row)

    def delete(self, name: str) -> None:
        """Forget a datastore."""
        self._make_ready()
        with self._database.write() as connection:
            row = self._row(connection, name)
            if row.key in READY_MADE:
                raise ConflictException(
                    f"The datastore {row.name!r} belongs to the workspace and can't be unregistered. What is in it can "
                    "be deleted.",
                    target="name",
                )
            if row.key == _default_key(connection):
                raise ConflictException(
                    f"The datastore {row.name!r} is the workspace's default. Make another one the default first.",
                    target="name",
                )
            connection.execute(delete(datastores).where(datastores.c.pk == row.pk))

    def _make_ready(self) -> None:
        if self._has_ready_made:
            return
        with self._database.read() as connection:
            missing = [name for name in READY_MADE if self._find(connection, name) is None]
        if missing:
            with self._database.write() as connection:
                values = [_values(name, *READY_MADE[name]) for name in missing]
                connection.execute(upsert(datastores).on_conflict_do_nothing(index_elements=["key"]), values)
        self._has_ready_made = True

    def _forget(self) -> None:
        self._has_ready_made = False

    def _record(self, connection: Connection, row: Row[Any]) -> Record:
        return _record(row, _default_key(connection), self._home)

    @staticmethod
    def _find(connection: Connection, name: str) -> Row[Any] | None:
        return connection.execute(select(datastores).where(datastores.c.key == str(name).lower())).one_or_none()

    def _row(self, connection: Connection, name: str) -> Row[Any]:
        row = self._find(connection, name)
        if row is not None:
            return row
        known = connection.scalars(select(datastores.c.name))
        raise NotFoundException(
            f"There is no datastore {name!r} in this workspace. {suggestion(str(name), known)}", target="name"
        )


def _values(name: str, store_type: str, kind: str, config: Mapping[str, Any]) -> Record:
    now = time.time()
    return {
        "key": name.lower(),
        "name": name,
        "type": store_type,
        "config": {"kind": kind, "config": dict(config)},
        "created": now,
        "modified": now,
    }


def _default_key(connection: Connection) -> str:
    return str(connection.scalar(select(workspace.c.value).where(workspace.c.name == _DEFAULT)) or BLOB_STORE)


def _record(row: Row[Any], default: str, home: str | None) -> Record:
    kind, config = row.config["kind"], row.config["config"]
    return {
        "name": row.name,
        "type": row.type,
        "kind": kind,
        "config": config,
        "is_default": row.key == default,
        "has_secret": row.secret is not None,
        "created": seconds(row.created),
        "modified": seconds(row.modified),
        "root": root_of(kind, config, home),
    }
