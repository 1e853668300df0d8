"""The index of logs and files in the database."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from stoker.base.names import suggestion
from stoker.exceptions import ConflictException, NotFoundException
from stoker.service.store.base_records import ArtifactRepository, LogRepository
from stoker.service.store.base_runs import Record
from stoker.service.store.names import check_file_name
from stoker.service.store.objects import check_hash
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.logged_models import model_key_of
from stoker.service.store.sql.run_rows import chunks, key_of, seconds
from stoker.service.store.sql.tables import artifacts, logs

__all__ = ["SqlArtifacts", "SqlLogs"]

_NEW = {"request": None}
_CHANGING = ("sha256", "size", "live", "created", "request")


# Made once, as in run_rows: a running script's log grows all the time.
_OWNED = logs.c.run == bindparam("owner")
_LOGS = select(logs).where(_OWNED).order_by(logs.c.pk)
_LOG = select(logs).where(_OWNED, logs.c.name == bindparam("wanted"))
_END_LOGS = update(logs).where(_OWNED).values(live=0)
_NEW_LOG = upsert(logs)
_SAVE_LOG = _NEW_LOG.on_conflict_do_update(
    index_elements=["run", "name"], set_={"size": _NEW_LOG.excluded.size, "live": _NEW_LOG.excluded.live}
)


class SqlLogs(LogRepository):
    """See `LogRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, run_id: str, name: str, size: int, *, live: bool = True) -> bool:
        """Note a log's size."""
        check_file_name(name)
        with self._database.write() as connection:
            key = key_of(connection, run_id)
            row = connection.execute(_LOG, {"owner": key, "wanted": name}).one_or_none()
            if row is not None and (size < row.size or (size == row.size and int(live) == row.live)):
                return False
            connection.execute(_SAVE_LOG, {"run": key, "name": name, "size": size, "live": int(live)})
            return True

    def list(self, run_id: str) -> Sequence[Record]:
        """Return the logs."""
        with self._database.read() as connection:
            rows = connection.execute(_LOGS, {"owner": key_of(connection, run_id)})
            return [{"name": row.name, "size": row.size, "live": bool(row.live)} for row in rows]

    def finish(self, run_id: str) -> None:
        """Note that the logs grow no more."""
        with self._database.write() as connection:
            connection.execute(_END_LOGS, {"owner": key_of(connection, run_id)})


class SqlArtifacts(ArtifactRepository):
    """See `ArtifactRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        run_id: str,
        name: str,
        sha256: str,
        size: int,
        *,
        live: bool = False,
        overwrite: bool = False,
        request_id: str | None = None,
    ) -> Record:
        """Give a run a file."""
        check_file_name(name)
        check_hash(sha256)
        with self._database.write() as connection:
            key = _owner(connection, run_id)
            known = _row(connection, key, name)
            if known is not None:
                if request_id is not None and known.request == request_id:
                    return _record(known)
                if not overwrite and not known.live:
                    raise ConflictException(
                        f"The run {run_id} has a file {name!r} already. Give another name, or ask to overwrite it.",
                        target="name",
                    )
            values = {"sha256": sha256, "size": size, "live": int(live), "created": time.time(), "request": request_id}
            statement = upsert(artifacts).values(run=key, name=name, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["run", "name"], set_=values))
            row = _row(connection, key, name)
            assert row is not None
            return _record(row)

    def add_many(
        self, run_id: str, files: Sequence[tuple[str, str | None, int]], *, live: bool = False
    ) -> Sequence[str]:
        """Give a run many files at once."""
        missing = []
        with self._database.write() as connection:
            key, now, rows = _owner(connection, run_id), time.time(), []
            for name, sha256, size in files:
                check_file_name(name)
                if sha256 is not None:
                    rows.append({**_NEW, "run": key, "name": name, "sha256": check_hash(sha256), "size": size})
                elif _row(connection, key, name) is None:
                    missing.append(name)
                else:
                    place = (artifacts.c.run == key, artifacts.c.name == name)
                    connection.execute(update(artifacts).where(*place).values(live=int(live)))
            if rows:
                statement = upsert(artifacts)
                changed = {column: statement.excluded[column] for column in _CHANGING}
                statement = statement.on_conflict_do_update(index_elements=["run", "name"], set_=changed)
                connection.execute(statement, [{**row, "live": int(live), "created": now} for row in rows])
        return missing

    def list(self, run_id: str, prefix: str = "") -> Sequence[Record]:
        """Return the files."""
        with self._database.read() as connection:
            statement = select(artifacts).where(artifacts.c.run == _owner(connection, run_id))
            rows = connection.execute(statement.order_by(artifacts.c.name))
            return [_record(row) for row in rows if row.name.startswith(prefix)]

    def get(self, run_id: str, name: str) -> Record:
        """Return a file."""
        with self._database.read() as connection:
            key = _owner(connection, run_id)
            row = _row(connection, key, name)
            if row is not None:
                return _record(row)
            known = connection.scalars(select(artifacts.c.name).where(artifacts.c.run == key).limit(1000))
            raise NotFoundException(
                f"The run {run_id} has no file {name!r}. {suggestion(str(name), known)}", target="name"
            )

    def find(self, run_id: str, name: str) -> Record | None:
        """Return a file, or None."""
        with self._database.read() as connection:
            row = _row(connection, _owner(connection, run_id), name)
            return None if row is None else _record(row)

    def delete(self, run_id: str, name: str) -> None:
        """Take a file from a run."""
        with self._database.write() as connection:
            key = _owner(connection, run_id)
            connection.execute(delete(artifacts).where(artifacts.c.run == key, artifacts.c.name == name))

    def referenced(self, hashes: Collection[str]) -> set[str]:
        """Return the hashes that are in use."""
        with self._database.read() as connection:
            return {
                found
                for some in chunks(hashes)
                for found in connection.scalars(select(artifacts.c.sha256).where(artifacts.c.sha256.in_(some)))
            }


def _owner(connection: Connection, owner_id: str) -> int:
    """Return the key under which the files of a run, or of a logged model without a run, are kept."""
    try:
        return key_of(connection, owner_id)
    except NotFoundException:
        key = model_key_of(connection, owner_id)
        if key is None:
            raise
        # Below zero no run has its key.
        return -key


def _row(connection: Connection, key: int, name: str) -> Row[Any] | None:
    check_file_name(name)
    return connection.execute(select(artifacts).where(artifacts.c.run == key, artifacts.c.name == name)).one_or_none()


def _record(row: Row[Any]) -> Record:
    return {
        "name": row.name,
        "size": row.size,
        "sha256": row.sha256,
        "live": bool(row.live),
        "created": seconds(row.created),
    }
