"""What is written to a run's rows, inside a transaction that the caller has open."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.sql.dml import ReturningUpdate

from stoker.base.ids import new_guid
from stoker.base.jsonio import canonical
from stoker.base.names import check_free_name, check_run_id
from stoker.base.states import RunStatus
from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.prepared import Prepared
from stoker.service.store.sql.run_rows import pairs, unknown_run
from stoker.service.store.sql.tables import experiments, run_details, run_properties, run_tags, runs

__all__ = [
    "RunKeys",
    "add_properties",
    "add_warnings",
    "change_labels",
    "experiment_key",
    "find_keys",
    "insert_run",
    "keys_of",
    "move",
    "write_facts",
]

MOST_WARNINGS = 100
"""A run keeps so many warnings; the last says that there were more."""

_DETAILS = frozenset({"definition", "resolved", "exit"})
_FACTS = frozenset(
    {"environment", "error", "resources", "status_reason", "snapshot_id", "target", "node_count", "priority", "type"}
)
_TIMES = frozenset({"queued", "started", "ended"})


class RunKeys(NamedTuple):
    """The keys of a run's row that other rows copy."""

    pk: int
    id: str
    experiment: int
    top: int
    root: int
    kind: str


def keys_of(connection: Connection, run_id: str) -> RunKeys:
    """Return a run's keys, or raise `NotFoundException`."""
    keys = find_keys(connection, run_id)
    if keys is None:
        raise unknown_run(run_id)
    return keys


def find_keys(connection: Connection, run_id: str) -> RunKeys | None:
    """Return a run's keys, or None."""
    row = _KEYS.first(connection, wanted=run_id)
    return None if row is None else RunKeys(*row)


_WANTED = runs.c.id == bindparam("wanted")
# Made once, as in run_rows: to make a statement costs as much as to run it.
_KEYS = Prepared(select(runs.c.pk, runs.c.id, runs.c.experiment, runs.c.top, runs.c.root, runs.c.kind).where(_WANTED))
_STATE = select(runs.c.pk, runs.c.status, runs.c.queued, runs.c.started, runs.c.ended).where(_WANTED)
_PARENT = select(runs.c.pk, runs.c.root, runs.c.experiment, runs.c.target).where(_WANTED)
_EXPERIMENT = select(experiments.c.pk).where(experiments.c.name == bindparam("wanted"))
_INSERT = insert(runs)
_INSERT_DETAILS = insert(run_details)
_ROW = runs.c.pk == bindparam("row")
_SET_ROOT = update(runs).where(_ROW).values(root=bindparam("row"))
_TOUCH = update(runs).where(_ROW).values(version=runs.c.version + 1)


def experiment_key(connection: Connection, name: str) -> int:
    """Return the key of an experiment, made when it is new."""
    key = connection.scalar(_EXPERIMENT, {"wanted": name})
    if key is not None:
        return int(key)
    values = {
        "id": new_guid(),
        "name": check_free_name(name, "experiment"),
        "created": time.time(),
        "tags": {},
        "last_number": 0,
        "run_count": 0,
        "child_count": 0,
    }
    made = connection.execute(insert(experiments), values).inserted_primary_key
    assert made is not None
    return int(made[0])


def digest_of(fields: Mapping[str, Any]) -> bytes:
    """Return what tells two requests apart."""
    return hashlib.sha256(canonical(fields)).digest()


def insert_run(database: Database, connection: Connection, fields: dict[str, Any], created: float) -> RunKeys:
    """Write a new run's rows; `fields` are the arguments of `RunRepository.create`."""
    run_id, kind = check_run_id(fields["id"]), fields["kind"]
    parent = _parent_of(connection, fields)
    experiment = _experiment_of(connection, fields, parent)
    status = RunStatus(fields["status"] or (RunStatus.NOT_STARTED if kind == "submitted" else RunStatus.RUNNING))
    running = status is RunStatus.RUNNING or status.is_terminal
    values = {
        "id": run_id,
        "experiment": experiment,
        "number": _next_number(connection, experiment, child=parent is not None),
        "kind": kind,
        "status": status.value,
        "finished": int(status.is_terminal),
        "parent": None if parent is None else parent.pk,
        "root": 0 if parent is None else parent.root,
        "top": int(parent is None),
        "created": created,
        "queued": created if status is RunStatus.QUEUED else None,
        "started": created if running else None,
        "ended": created if status.is_terminal else None,
        "duration": 0.0 if status.is_terminal else None,
        "target": fields["target"] or (parent.target if parent is not None else "sdk"),
        "warnings": list(fields["warnings"]) or None,
        "digest": digest_of(fields),
        "version": 1,
        "changed": database.count("change"),
        **{name: fields[name] for name in _COPIED},
    }
    made = connection.execute(_INSERT, values).inserted_primary_key
    assert made is not None
    keys = RunKeys(int(made[0]), run_id, experiment, values["top"], values["root"] or int(made[0]), kind)
    if parent is None:
        connection.execute(_SET_ROOT, {"row": keys.pk})
    _insert_rest(connection, keys, fields)
    return keys


_COPIED = (
    *("type", "display_name", "description", "snapshot_id", "environment", "priority", "submitted_by", "node_count"),
)


class _Parent(NamedTuple):
    pk: int
    root: int
    experiment: int
    target: str | None


def _parent_of(connection: Connection, fields: Mapping[str, Any]) -> _Parent | None:
    if fields["parent_id"] is None:
        return None
    row = connection.execute(_PARENT, {"wanted": fields["parent_id"]}).one_or_none()
    if row is None:
        raise NotFoundException(
            f"The parent run {fields['parent_id']!r} of {fields['id']!r} was not found in this workspace. "
            "Make the parent first, or leave parent_id out.",
            target="parent_id",
        )
    return _Parent(*row)


def _experiment_of(connection: Connection, fields: Mapping[str, Any], parent: _Parent | None) -> int:
    if fields["experiment"]:
        return experiment_key(connection, fields["experiment"])
    if parent is None:
        raise UserErrorException(
            f"The run {fields['id']} has neither an experiment nor a parent. Name an experiment.", target="experiment"
        )
    return parent.experiment


def _next_number(connection: Connection, experiment: int, *, child: bool) -> int:
    return int(connection.execute(_NEXT_OF_CHILD if child else _NEXT, {"row": experiment}).scalar_one())


def _next(count: Column[int]) -> ReturningUpdate[Any]:
    last = experiments.c.last_number
    counted = update(experiments).where(experiments.c.pk == bindparam("row")).values({last: last + 1, count: count + 1})
    return counted.returning(last)


_NEXT, _NEXT_OF_CHILD = _next(experiments.c.run_count), _next(experiments.c.child_count)


def _insert_rest(connection: Connection, keys: RunKeys, fields: Mapping[str, Any]) -> None:
    submission = dict(fields["submission"] or {}) or None
    if fields["definition"] is not None or submission is not None:
        values = {"run": keys.pk, "definition": fields["definition"], "submission": submission}
        connection.execute(_INSERT_DETAILS, values)
    change_labels(connection, run_tags, keys, fields["tags"] or {})
    change_labels(connection, run_properties, keys, fields["properties"] or {})


def change_labels(
    connection: Connection,
    table: Table,
    keys: RunKeys,
    values: Mapping[str, str | None],
    removed: Collection[str] = (),
) -> None:
    """Merge tags or properties into a run's, and remove keys; values that are not text become it."""
    if removed:
        connection.execute(delete(table).where(table.c.run == keys.pk, table.c.key.in_(list(removed))))
    if not values:
        return
    rows = [
        {"run": keys.pk, "key": str(key), "value": as_text(value), "top": keys.top, "experiment": keys.experiment}
        for key, value in values.items()
    ]
    connection.execute(_MERGE[table.name], rows)


def _merge(table: Table) -> Insert:
    statement = upsert(table)
    return statement.on_conflict_do_update(index_elements=["run", "key"], set_={"value": statement.excluded.value})


_MERGE = {table.name: _merge(table) for table in (run_tags, run_properties)}


def as_text(value: object) -> str | None:
    """Return a tag's value as it is kept."""
    return value if value is None or isinstance(value, str) else str(value)


def add_properties(connection: Connection, keys: RunKeys, values: Mapping[str, Any]) -> list[str]:
    """Add properties; return the keys that have another value already, which stays."""
    columns = (run_properties.c.key, run_properties.c.value)
    known = pairs(connection, select(*columns).where(run_properties.c.run == keys.pk)) if values else {}
    fresh = {str(key): value for key, value in values.items() if str(key) not in known}
    change_labels(connection, run_properties, keys, fresh)
    return [str(key) for key, value in values.items() if str(key) in known and known[str(key)] != as_text(value)]


def add_warnings(connection: Connection, key: int, messages: Iterable[str]) -> bool:
    """Add warnings that the run has not yet; return whether there was one."""
    known = list(connection.scalar(select(runs.c.warnings).where(runs.c.pk == key)) or [])
    fresh = [message for message in dict.fromkeys(messages) if message not in known]
    if not fresh or len(known) >= MOST_WARNINGS:
        return False
    merged = known + fresh
    if len(merged) >= MOST_WARNINGS:
        merged = [*merged[: MOST_WARNINGS - 1], "There were more warnings than are kept."]
    connection.execute(update(runs).where(runs.c.pk == key).values(warnings=merged))
    return True


def write_facts(database: Database, connection: Connection, key: int, fields: Mapping[str, Any]) -> None:
    """Write fields of a run's record and count the change."""
    unknown = fields.keys() - _FACTS - _DETAILS - _TIMES - _MOVED
    if unknown:
        raise TypeError(f"a run has no field {', '.join(sorted(unknown))}")
    details = {name: value for name, value in fields.items() if name in _DETAILS}
    if details:
        write_details(connection, key, details)
    values = {name: value for name, value in fields.items() if name not in _DETAILS}
    touch(database, connection, key, values)


_MOVED = frozenset({"status", "finished", "duration", "display_name", "description"})


def write_details(connection: Connection, key: int, values: Mapping[str, Any]) -> None:
    """Write columns of the run's second row, made when there is none."""
    connection.execute(_details(tuple(values)), {"run": key, **values})


@functools.cache
def _details(names: tuple[str, ...]) -> Insert:
    statement = upsert(run_details)
    return statement.on_conflict_do_update(
        index_elements=["run"], set_={name: statement.excluded[name] for name in names}
    )


def touch(database: Database, connection: Connection, key: int, values: Mapping[str, Any] | None = None) -> None:
    """Write columns of a run's row and count the change."""
    connection.execute(_TOUCH, {**(values or {}), "row": key, "changed": database.count("change")})


def move(
    database: Database,
    connection: Connection,
    run_id: str,
    to: RunStatus,
    expected: Collection[RunStatus] | None,
    fields: Mapping[str, Any],
) -> int | None:
    """Move a run to another state where that is allowed; return its key, or None."""
    row = connection.execute(_STATE, {"wanted": run_id}).one_or_none()
    if row is None:
        raise unknown_run(run_id)
    current = RunStatus(row.status)
    if (expected is not None and current not in expected) or not current.can_become(to):
        return None
    values = {
        **fields,
        **_times(row.queued, row.started, to, fields),
        "status": to.value,
        "finished": int(to.is_terminal),
    }
    warnings: Sequence[str] = values.pop("add_warnings", ())
    if warnings:
        add_warnings(connection, row.pk, warnings)
    write_facts(database, connection, row.pk, values)
    return int(row.pk)


def _times(queued: float | None, started: float | None, to: RunStatus, fields: Mapping[str, Any]) -> dict[str, float]:
    now = time.time()
    times: dict[str, float] = {}
    if to is RunStatus.QUEUED and queued is None:
        times["queued"] = fields.get("queued", now)
    if to is RunStatus.RUNNING and started is None:
        times["started"] = fields.get("started", now)
    if to.is_terminal:
        times["ended"] = fields.get("ended", now)
        begun = fields.get("started", started)
        if begun is not None:
            times["duration"] = max(0.0, times["ended"] - begun)
    return times


def conflict(run_id: str, keys: Sequence[str]) -> ConflictException:
    """Return the error for properties that have another value."""
    names = ", ".join(repr(key) for key in keys)
    return ConflictException(
        f"The run {run_id} has the property {names} already, with another value, and properties never change. "
        "Use a tag for what changes, or another name.",
        target=keys[0],
        details={"properties": list(keys)},
    )
