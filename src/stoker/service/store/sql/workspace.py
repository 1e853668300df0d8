"""The workspace's facts and its experiments in the database."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, ScalarSelect, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from stoker.base.names import check_free_name, suggestion
from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store.base import ExperimentRepository, WorkspaceRepository
from stoker.service.store.base_runs import Record
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.run_conditions import split_label
from stoker.service.store.sql.run_rows import pairs, seconds
from stoker.service.store.sql.run_writes import as_text, experiment_key
from stoker.service.store.sql.tables import experiments, runs, workspace

__all__ = ["SqlExperiments", "SqlWorkspace"]

_VIEWS = ("active", "archived", "all")


class SqlWorkspace(WorkspaceRepository):
    """See `WorkspaceRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> Record:
        """Return all facts."""
        with self._database.read() as connection:
            return pairs(connection, select(workspace.c.name, workspace.c.value))

    def update(self, **fields: Any) -> Record:
        """Keep facts."""
        with self._database.write() as connection:
            for name, value in fields.items():
                statement = upsert(workspace).values(name=name, value=value)
                connection.execute(
                    statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value})
                )
            return self.get()


class SqlExperiments(ExperimentRepository):
    """See `ExperimentRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get_or_create(self, name: str) -> Record:
        """Return the experiment, made when it is new."""
        check_free_name(name, "experiment")
        with self._database.read() as connection:
            row = connection.execute(select(experiments).where(experiments.c.name == name)).one_or_none()
            if row is not None:
                return _record(connection, row)
        with self._database.write() as connection:
            key = experiment_key(connection, name)
            return _record(connection, connection.execute(select(experiments).where(experiments.c.pk == key)).one())

    def get(self, name: str) -> Record:
        """Return the experiment."""
        with self._database.read() as connection:
            return _record(connection, _row(connection, name))

    def list(self, view: str = "active", tags: Sequence[str] = ()) -> Sequence[Record]:
        """Return the experiments."""
        if view not in _VIEWS:
            raise UserErrorException(f"There is no view {view!r}. {suggestion(view, _VIEWS)}", target="view")
        statement = select(experiments).order_by(experiments.c.pk.desc())
        if view != "all":
            archived = experiments.c.archived
            statement = statement.where(archived.is_(None) if view == "active" else archived.is_not(None))
        wanted = [split_label(tag) for tag in tags]
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
            return [_record(connection, row) for row in rows if _has(row.tags, wanted)]

    def update(
        self,
        name: str,
        *,
        tags: Mapping[str, str | None] | None = None,
        remove_tags: Sequence[str] | None = None,
        archived: bool | None = None,
        description: str | None = None,
    ) -> Record:
        """Write what is given."""
        with self._database.write() as connection:
            row = _row(connection, name)
            merged = {**row.tags, **{str(key): as_text(value) for key, value in (tags or {}).items()}}
            values: dict[str, Any] = {"tags": {k: v for k, v in merged.items() if k not in (remove_tags or ())}}
            if archived is not None:
                values["archived"] = (row.archived or time.time()) if archived else None
            if description is not None:
                values["description"] = description
            connection.execute(update(experiments).where(experiments.c.pk == row.pk).values(values))
            return _record(connection, _row(connection, name))

    def delete(self, name: str) -> None:
        """Remove an experiment without runs."""
        with self._database.write() as connection:
            row = _row(connection, name)
            if row.run_count or row.child_count:
                raise ConflictException(
                    f"The experiment {name!r} has {row.run_count} runs, so it can't be deleted. Delete its runs first, "
                    "or archive it.",
                    target="name",
                )
            connection.execute(delete(experiments).where(experiments.c.pk == row.pk))


def _row(connection: Connection, name: str) -> Row[Any]:
    for column in (experiments.c.name, experiments.c.id):
        row = connection.execute(select(experiments).where(column == name)).one_or_none()
        if row is not None:
            return row
    known = connection.scalars(select(experiments.c.name).order_by(experiments.c.pk.desc()).limit(200))
    raise NotFoundException(f"There is no experiment {name!r}. {suggestion(name, known)}", target="name")


def _has(tags: Mapping[str, str | None], wanted: Sequence[tuple[str, str | None]]) -> bool:
    return all(key in tags and (value is None or tags[key] == value) for key, value in wanted)


def _record(connection: Connection, row: Row[Any]) -> Record:
    last = select(func.max(runs.c.pk)).where(runs.c.experiment == row.pk, runs.c.top == 1)
    return {
        "id": row.id,
        "name": row.name,
        "created": seconds(row.created),
        "tags": row.tags,
        "archived": seconds(row.archived),
        "description": row.description,
        "run_count": row.run_count,
        "last_run": _brief(connection, last.scalar_subquery()),
    }


_LAST = select(runs.c.id, runs.c.status, runs.c.created)


def _brief(connection: Connection, key: ScalarSelect[Any]) -> Record | None:
    row = connection.execute(_LAST.where(runs.c.pk == key)).one_or_none()
    return None if row is None else {"id": row.id, "status": row.status, "created": seconds(row.created)}
