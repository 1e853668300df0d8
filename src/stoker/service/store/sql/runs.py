"""Runs in the database."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, literal_column, select

from stoker.base.states import RunStatus
from stoker.exceptions import ConflictException
from stoker.service.store.base_runs import Record, RunRepository
from stoker.service.store.sql import run_writes as writes
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.run_conditions import Conditions
from stoker.service.store.sql.run_delete import delete_tree
from stoker.service.store.sql.run_list import all_keys, list_runs
from stoker.service.store.sql.run_resolve import resolve
from stoker.service.store.sql.run_rows import chunks, find_one, key_of, load, load_one, pairs, seconds, unknown_run
from stoker.service.store.sql.run_tree import above, below, is_within
from stoker.service.store.sql.tables import experiments, run_details, run_tags, runs

__all__ = ["SqlRuns"]

_UNFINISHED = runs.c.finished == literal_column("0")
"""Written out, not a parameter: only so does SQLite use the index of unfinished runs."""
_GIVEN = (
    RunStatus.PROVISIONING,
    RunStatus.STARTING,
    RunStatus.RUNNING,
    RunStatus.NOT_RESPONDING,
    RunStatus.PAUSING,
    RunStatus.CANCEL_REQUESTED,
    RunStatus.FINALIZING,
)


# Made once, as in run_rows. What `RunRepository.unfinished` promises of each run:
_LOOKED_AT = (runs.c.id, runs.c.status, runs.c.target, runs.c.node_count, runs.c.started, runs.c.status_reason)
_OPEN = (
    select(experiments.c.name.label("experiment"), *_LOOKED_AT)
    .join(experiments, experiments.c.pk == runs.c.experiment)
    .where(_UNFINISHED)
    .order_by(runs.c.pk)
)
_OPEN_OF_KIND = _OPEN.where(runs.c.kind == bindparam("kind"))
_SUBMITTED = _OPEN.where(runs.c.kind == "submitted")
_HELD = _SUBMITTED.where(runs.c.status.in_([status.value for status in _GIVEN]), runs.c.target == bindparam("target"))
_QUEUED = (
    _SUBMITTED.where(runs.c.status == RunStatus.QUEUED.value)
    .order_by(None)
    .order_by(runs.c.priority.desc(), runs.c.pk)
    .limit(bindparam("most"))
)
_DIGEST = select(runs.c.pk, runs.c.digest).where(runs.c.id == bindparam("wanted"))
_DETAILS = {
    name: select(runs.c.pk, run_details.c[name])
    .outerjoin_from(runs, run_details, run_details.c.run == runs.c.pk)
    .where(runs.c.id == bindparam("wanted"))
    for name in ("submission", "handle")
}


class SqlRuns(RunRepository):
    """See `RunRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        *,
        id: str,  # noqa: A002  # the name of the record's field
        experiment: str | None = None,
        kind: str = "interactive",
        type: str | None = None,  # noqa: A002  # the same
        parent_id: str | None = None,
        status: str | None = None,
        display_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str] | None = None,
        definition: Record | None = None,
        snapshot_id: str | None = None,
        environment: Record | None = None,
        target: str | None = None,
        node_count: int = 1,
        priority: int = 0,
        submitted_by: str | None = None,
        warnings: Sequence[str] = (),
        submission: Mapping[str, Any] | None = None,
    ) -> tuple[Record, bool]:
        """Record a run."""
        fields = {
            "id": id,
            "experiment": experiment,
            "kind": kind,
            "type": type,
            "parent_id": parent_id,
            "status": status,
            "display_name": display_name,
            "description": description,
            "tags": dict(tags or {}),
            "properties": dict(properties or {}),
            "definition": definition,
            "snapshot_id": snapshot_id,
            "environment": environment,
            "target": target,
            "node_count": node_count,
            "priority": priority,
            "submitted_by": submitted_by,
            "warnings": list(warnings),
            "submission": dict(submission or {}),
        }
        with self._database.write() as connection:
            row = connection.execute(_DIGEST, {"wanted": id}).one_or_none()
            if row is None:
                keys = writes.insert_run(self._database, connection, fields, time.time())
                return load_one(connection, keys.pk), True
            if row.digest != writes.digest_of(fields):
                raise ConflictException(
                    f"The run id {id!r} is taken by a run that was made otherwise. Choose another id, or leave it out.",
                    target="id",
                )
            return load_one(connection, row.pk), False

    def get(self, run_id: str) -> Record:
        """Return the record RUN."""
        record = self.find(run_id)
        if record is None:
            raise unknown_run(run_id)
        return record

    def find(self, run_id: str) -> Record | None:
        """Return the record RUN, or None."""
        with self._database.read() as connection:
            return find_one(connection, run_id)

    def list(
        self,
        *,
        experiment: str | None = None,
        type: str | None = None,  # noqa: A002  # the name of the record's field
        status: Sequence[str] = (),
        tags: Sequence[str] = (),
        properties: Sequence[str] = (),
        parent: str | None = None,
        root: str | None = None,
        children: bool = False,
        target: str | None = None,
        search: str | None = None,
        filter: str | None = None,  # noqa: A002  # the protocol's word
        sort: str = "created",
        order: str = "desc",
        limit: int = 100,
        after: str | None = None,
        select: str = "full",
    ) -> Record:
        """Return a page of runs."""
        conditions = Conditions(
            experiment=experiment,
            type=type,
            status=status,
            tags=tags,
            properties=properties,
            parent=parent,
            root=root,
            children=children,
            target=target,
            search=search,
            filter=filter,
        )
        full = select != "brief"
        with self._database.read() as connection:
            return list_runs(connection, conditions, sort=sort, order=order, limit=limit, after=after, full=full)

    def children(
        self,
        run_id: str,
        *,
        recursive: bool = False,
        tags: Sequence[str] = (),
        properties: Sequence[str] = (),
        type: str | None = None,  # noqa: A002  # the name of the record's field
        status: Sequence[str] = (),
    ) -> Sequence[Record]:
        """Return the runs below one."""
        with self._database.read() as connection:
            key = key_of(connection, run_id)
            wanted: dict[str, Any] = {"tags": tags, "properties": properties, "type": type, "status": status}
            if not recursive:
                return load(connection, all_keys(connection, Conditions(parent=run_id, **wanted)))
            keys = [
                found
                for some in chunks(pk for pk, _ in below(connection, key))
                for found in all_keys(connection, Conditions(below=some, **wanted))
            ]
            return load(connection, sorted(keys, reverse=True))

    def resolve(self, name: str, experiment: str | None = None) -> Record:
        """Return the run that a person means."""
        with self._database.read() as connection:
            return load_one(connection, resolve(connection, name, experiment))

    def transition(
        self, run_id: str, to: RunStatus, expected: Collection[RunStatus] | None = None, **fields: Any
    ) -> Record | None:
        """Move a run to another state."""
        with self._database.write() as connection:
            key = writes.move(self._database, connection, run_id, to, expected, fields)
            return None if key is None else load_one(connection, key)

    def record(self, run_id: str, **fields: Any) -> Record:
        """Write facts that the service found out."""
        with self._database.write() as connection:
            key = key_of(connection, run_id)
            writes.write_facts(self._database, connection, key, fields)
            return load_one(connection, key)

    def update(
        self,
        run_id: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        remove_tags: Sequence[str] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Record:
        """Write what a user changes."""
        with self._database.write() as connection:
            keys = writes.keys_of(connection, run_id)
            wrong = writes.add_properties(connection, keys, properties or {})
            if wrong:
                raise writes.conflict(run_id, wrong)
            writes.change_labels(connection, run_tags, keys, tags or {}, remove_tags or ())
            texts = {"display_name": display_name, "description": description}
            values = {name: value for name, value in texts.items() if value is not None}
            writes.touch(self._database, connection, keys.pk, values)
            return load_one(connection, keys.pk)

    def warn(self, run_id: str, *messages: str) -> Record:
        """Add warnings to a run."""
        with self._database.write() as connection:
            key = key_of(connection, run_id)
            if writes.add_warnings(connection, key, messages):
                writes.touch(self._database, connection, key)
            return load_one(connection, key)

    def delete(self, run_id: str) -> Sequence[str]:
        """Remove an ended run and its descendants."""
        with self._database.write() as connection:
            self._database.forget()
            return delete_tree(connection, run_id)

    def ancestors(self, run_id: str) -> Sequence[str]:
        """Return the ids of the runs above."""
        with self._database.read() as connection:
            return above(connection, run_id)

    def is_within(self, run_id: str, root: str) -> bool:
        """Whether the run is `root` or one of its descendants."""
        with self._database.read() as connection:
            return is_within(connection, run_id, root)

    def unfinished_descendants(self, run_id: str) -> Sequence[Record]:
        """Return the descendants that have not ended."""
        with self._database.read() as connection:
            depth = dict(below(connection, key_of(connection, run_id)))
            statement = select(runs.c.pk).where(_UNFINISHED)
            keys = [key for some in chunks(depth) for key in connection.scalars(statement.where(runs.c.pk.in_(some)))]
            return load(connection, sorted(keys, key=lambda key: (-depth[key], key)))

    def changed_since(self, sequence: int, limit: int = 1000) -> Sequence[tuple[int, Record]]:
        """Return runs that changed."""
        statement = select(runs.c.pk, runs.c.changed).where(runs.c.changed > sequence)
        with self._database.read() as connection:
            rows = pairs(connection, statement.order_by(runs.c.changed).limit(limit))
            return [(rows[key], record) for key, record in zip(rows, load(connection, list(rows)), strict=True)]

    def sequence(self) -> int:
        """Return the number of the last change."""
        return self._database.counter("change")

    def queued(self, limit: int = 1000) -> Sequence[Record]:
        """Return the queue."""
        return self._looked_at(_QUEUED, most=limit)

    def holding(self, target: str) -> Sequence[Record]:
        """Return the runs that a target was given."""
        return self._looked_at(_HELD, target=target)

    def unfinished(self, kind: str | None = "submitted") -> Sequence[Record]:
        """Return the runs that have not ended."""
        return self._looked_at(_OPEN) if kind is None else self._looked_at(_OPEN_OF_KIND, kind=kind)

    def _looked_at(self, statement: Select[Any], **given: Any) -> Sequence[Record]:
        with self._database.read() as connection:
            rows = connection.execute(statement, given).mappings()
            return [{**row, "started": seconds(row["started"])} for row in rows]

    def submission(self, run_id: str) -> Record:
        """Return the facts for the service."""
        with self._database.read() as connection:
            return self._detail(connection, run_id, "submission") or {}

    def set_submission(self, run_id: str, **facts: Any) -> None:
        """Add facts for the service."""
        with self._database.write() as connection:
            known = self._detail(connection, run_id, "submission") or {}
            writes.write_details(connection, key_of(connection, run_id), {"submission": {**known, **facts}})

    def handle(self, run_id: str) -> Record | None:
        """Return the launcher's handle."""
        with self._database.read() as connection:
            return self._detail(connection, run_id, "handle")

    def set_handle(self, run_id: str, handle: Record | None) -> None:
        """Keep the launcher's handle."""
        with self._database.write() as connection:
            writes.write_details(connection, key_of(connection, run_id), {"handle": handle})

    def _detail(self, connection: Connection, run_id: str, column: str) -> Record | None:
        row = connection.execute(_DETAILS[column], {"wanted": run_id}).one_or_none()
        if row is None:
            raise unknown_run(run_id)
        found: Record | None = row[1]
        return found
