"""Lineage in the database: items of runs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from sqlalchemy import Connection, Row, delete, insert, select, update

from stoker.base.names import suggestion
from stoker.exceptions import UserErrorException
from stoker.service.store.base_data import REGISTERED, LineageRepository
from stoker.service.store.base_runs import Record
from stoker.service.store.sql.data_tables import lineage
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.lineage_tree import Direction, Names, tree
from stoker.service.store.sql.run_rows import key_of, seconds

__all__ = ["SqlLineage"]

_DIRECTIONS = ("input", "output")
_KINDS = ("dataset", "model", "path", "mlflow_dataset", "logged_model")
_ROOTS = ("dataset", "model", "run", "path")


class SqlLineage(LineageRepository):
    """See `LineageRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        run_id: str,
        direction: str,
        kind: str,
        ref: str,
        name: str,
        *,
        mechanism: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Record:
        """Note an item."""
        _check("direction", direction, _DIRECTIONS)
        _check("kind", kind, _KINDS)
        if kind == "path":
            ref = ref.strip("/")
        with self._database.write() as connection:
            run = key_of(connection, run_id)
            names = Names(connection, [(kind, ref)])
            names.check(kind, ref)
            same = (
                *(lineage.c.run == run, lineage.c.direction == direction),
                *(lineage.c.kind == kind, lineage.c.ref == ref),
            )
            if mechanism != REGISTERED:
                own = (lineage.c.mechanism == REGISTERED, lineage.c.name != name)
                connection.execute(delete(lineage).where(*same, *own))
            row = connection.execute(select(lineage).where(*same, lineage.c.name == name)).one_or_none()
            if row is None:
                values = {"run": run, "direction": direction, "kind": kind, "ref": ref, "name": name}
                rest = {"mechanism": mechanism, "details": dict(details or {}), "created": time.time()}
                connection.execute(insert(lineage).values(values | rest))
            else:
                changes = {"details": {**row.details, **(details or {})}, "mechanism": mechanism or row.mechanism}
                connection.execute(update(lineage).where(lineage.c.pk == row.pk).values(changes))
            found = connection.execute(select(lineage).where(*same, lineage.c.name == name)).one()
            return _item(found, names)

    def of_run(self, run_id: str) -> Record:
        """Return a run's items."""
        with self._database.read() as connection:
            rows = _rows_of(connection, key_of(connection, run_id))
            names = Names(connection, [(row.kind, row.ref) for row in rows])
        return {f"{way}s": [_item(row, names) for row in rows if row.direction == way] for way in _DIRECTIONS}

    def tree(self, kind: str, ref: str, *, direction: str | None = None, depth: int = 20) -> Record:
        """Return what something came of, and what came of it."""
        _check("kind", kind, _ROOTS)
        ways: tuple[Direction, ...] = get_args(Direction)
        if direction is not None:
            _check("direction", direction, ways)
        with self._database.read() as connection:
            return tree(connection, kind, ref, [way for way in ways if direction in {None, way}], depth)


def _check(what: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise UserErrorException(f"There is no {what} {value!r} of lineage. {suggestion(value, known)}", target=what)


def _rows_of(connection: Connection, run: int) -> list[Row[Any]]:
    return list(connection.execute(select(lineage).where(lineage.c.run == run).order_by(lineage.c.pk)))


def _item(row: Row[Any], names: Names) -> Record:
    plain = ("direction", "kind", "ref", "name", "mechanism", "details")
    return {
        **{field: getattr(row, field) for field in plain},
        "label": names.label(row.kind, row.ref, row.details),
        "record": names.brief(row.kind, row.ref),
        "created": seconds(row.created),
    }
