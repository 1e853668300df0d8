"""From rows of the tables to records RUN."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, bindparam, literal, null, select, union_all

from stoker.base.times import iso
from stoker.exceptions import NotFoundException
from stoker.service.store.base_runs import Record
from stoker.service.store.sql.tables import experiments, run_details, run_properties, run_tags, runs

__all__ = ["chunks", "find_one", "key_of", "load", "load_one", "pairs", "seconds", "unknown_run"]

CHUNK = 500
"""Most parameters of one statement that we use; SQLite's own limit is higher."""

_parent = runs.alias("parent_run")
_root = runs.alias("root_run")
_TIMES = ("created", "queued", "started", "ended")
_PLAIN = (
    *("id", "number", "type", "kind", "status", "display_name", "description", "target", "snapshot_id"),
    *("environment", "error", "priority", "submitted_by", "node_count", "resources", "version", "status_reason"),
)
_DETAILS = ("definition", "resolved", "exit")


def _select(full: bool) -> Select[Any]:
    details = [run_details.c[name] if full else null().label(name) for name in _DETAILS]
    source = (
        runs.join(experiments, experiments.c.pk == runs.c.experiment)
        .join(_root, _root.c.pk == runs.c.root)
        .outerjoin(_parent, _parent.c.pk == runs.c.parent)
    )
    if full:
        source = source.outerjoin(run_details, run_details.c.run == runs.c.pk)
    return select(
        runs,
        experiments.c.name.label("experiment_name"),
        experiments.c.id.label("experiment_id"),
        _parent.c.id.label("parent_id"),
        _root.c.id.label("root_id"),
        *details,
    ).select_from(source)


def _labels(table: Table, field: str) -> Select[Any]:
    return select(literal(field), table.c.run, table.c.key, table.c.value)


# Made once: to make a statement costs as much as to run it, and each change of a run reads its record.
_KEY = select(runs.c.pk).where(runs.c.id == bindparam("wanted"))
_FULL, _BRIEF = (_select(full).where(runs.c.pk.in_(bindparam("keys", expanding=True))) for full in (True, False))
_BOTH = ((run_tags, "tags"), (run_properties, "properties"))
_LABELS = union_all(*(_labels(*one).where(one[0].c.run.in_(bindparam("keys", expanding=True))) for one in _BOTH))
# A list of keys has its statement written anew each time; for one run that is most of the work.
_BY_KEY, _BY_ID = (_select(full=True).where(column == bindparam("wanted")) for column in (runs.c.pk, runs.c.id))
_LABELS_OF_ONE = union_all(*(_labels(*one).where(one[0].c.run == bindparam("wanted")) for one in _BOTH))


def seconds(value: float | None) -> str | None:
    """Return the text of a time in a record, or None."""
    return None if value is None else iso(value)


def unknown_run(run_id: object) -> NotFoundException:
    """Return the error for a run that is not there."""
    return NotFoundException(
        f"The run {run_id!r} was not found in this workspace. Check the id; `stoker run list` shows what there is.",
        target="run_id",
    )


def chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Cut into lists that fit into one statement."""
    everything = list(items)
    for start in range(0, len(everything), CHUNK):
        yield everything[start : start + CHUNK]


def pairs(connection: Connection, statement: Select[Any]) -> dict[Any, Any]:
    """Return what a statement of two columns gives, as first to second."""
    return {row[0]: row[1] for row in connection.execute(statement)}


def key_of(connection: Connection, run_id: str) -> int:
    """Return the key of the run's row, or raise `NotFoundException`."""
    key = connection.scalar(_KEY, {"wanted": run_id})
    if key is None:
        raise unknown_run(run_id)
    return int(key)


def load(connection: Connection, keys: Sequence[int], *, full: bool = True) -> list[Record]:
    """Return the records RUN of rows, in the order of `keys`; keys without a row are left out."""
    found: dict[int, Record] = {}
    for some in chunks(keys):
        for row in connection.execute(_FULL if full else _BRIEF, {"keys": some}):
            found[row.pk] = _record(row)
        for field, run, key, value in connection.execute(_LABELS, {"keys": some}):
            found[run][field][key] = value
    return [found[key] for key in keys if key in found]


def load_one(connection: Connection, key: int) -> Record:
    """Return the record RUN of a row that is there."""
    record = _only(connection, _BY_KEY, key)
    assert record is not None, "the row is there"
    return record


def find_one(connection: Connection, run_id: str) -> Record | None:
    """Return the record RUN of an id, or None."""
    return _only(connection, _BY_ID, run_id)


def _only(connection: Connection, statement: Select[Any], wanted: int | str) -> Record | None:
    row = connection.execute(statement, {"wanted": wanted}).one_or_none()
    if row is None:
        return None
    record = _record(row)
    for field, _, key, value in connection.execute(_LABELS_OF_ONE, {"wanted": row.pk}):
        record[field][key] = value
    return record


def _record(row: Row[Any]) -> Record:
    values = row._mapping  # noqa: SLF001  # SQLAlchemy's public name for it
    record: Record = {name: values[name] for name in (*_PLAIN, *_DETAILS)}
    record.update({name: seconds(values[name]) for name in _TIMES})
    record["experiment"] = values["experiment_name"]
    record["experiment_id"] = values["experiment_id"]
    record["parent_id"] = values["parent_id"]
    record["root_id"] = values["root_id"]
    record["warnings"] = values["warnings"] or []
    record["tags"] = {}
    record["properties"] = {}
    return record
