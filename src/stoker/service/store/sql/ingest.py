"""What each record of a journal does to the tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from stoker.base.states import RunStatus
from stoker.exceptions import StokerException
from stoker.service.store.documents import sound
from stoker.service.store.sql import run_writes as writes
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.lines import Lines
from stoker.service.store.sql.points import PointWriter, Series
from stoker.service.store.sql.run_writes import RunKeys
from stoker.service.store.sql.tables import journal_references, run_tags, runs

__all__ = ["PLACEHOLDER", "Ingestion", "References"]

PLACEHOLDER = b"named before it was made"
"""Stands as the digest of a child whose maker's record has not come yet."""

References = dict[int, RunKeys | None]
"""What the numbers of a journal stand for; None: a run that it may not write to."""

_BAD = (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError)


class Ingestion:
    """Takes in the records of one piece of a journal, within one transaction.

    Attributes
    ----------
    changed : set of int
        Keys of runs whose records changed.
    torn : int
        Records that make no sense.
    """

    def __init__(
        self,
        database: Database,
        connection: Connection,
        points: PointWriter,
        journal: tuple[int, str],
        references: References,
        *,
        trusted: bool,
    ) -> None:
        self._database = database
        self._connection = connection
        self._points = points
        self._journal, self._journal_name = journal
        self._references = references
        root = references[0]
        assert root is not None
        self._root = root
        self._trusted = trusted
        self._series: dict[tuple[int, str], Series] = {}
        self._to_touch: set[int] = set()
        self._said: set[tuple[int, str]] = set()
        self.changed: dict[int, str] = {}
        self.torn = 0
        self._actions: dict[str, Callable[[RunKeys, int, float, Any], None]] = {
            "m": self._metric,
            "d": lambda keys, _, __, rest: points.describe(keys, _text(rest[0]), _text(rest[1])),
            "l": lambda keys, at, t, rest: points.list(keys, at, t, rest[0], _list(rest[1])),
            "r": lambda keys, at, t, rest: points.columns(keys, at, t, rest[0], "row", _dict(rest[1])),
            "t": lambda keys, at, t, rest: points.columns(keys, at, t, rest[0], "table", _table(rest[1])),
            "a": lambda keys, at, t, rest: points.artifact(
                keys, at, t, rest[0], _text(rest[1]), _text(rest[2]) if len(rest) > 2 else "artifact"
            ),
            "tag": lambda keys, _, __, rest: self._tag(keys, _dict(rest[0])),
            "untag": lambda keys, _, __, rest: self._untag(keys, _list(rest[0])),
            "prop": lambda keys, _, __, rest: self._properties(keys, _dict(rest[0])),
            "set": lambda keys, _, __, rest: self._set(keys, _dict(rest[0])),
            "child": lambda keys, _, t, rest: self._child(keys, t, _dict(rest[0])),
            "end": lambda keys, _, t, rest: self._end(keys, t, rest[0], rest[1] if len(rest) > 1 else None),
            "status": lambda keys, _, t, rest: self._status(keys, t, rest[0], rest[1] if len(rest) > 1 else None),
            "warn": lambda keys, _, __, rest: self._warn(keys.pk, _text(rest[0])),
        }

    def take(self, lines: Lines) -> None:
        """Take in all records."""
        add, known = self._points.add, self._series
        self.torn += lines.torn
        for position, record in zip(lines.positions, lines.records, strict=True):
            if type(record) is list and len(record) == 6 and record[0] == "m":
                _, reference, t, name, value, step = record
                # A wrong type makes a key that is not known, and comes to the careful way.
                if type(t) is float and type(name) is str and type(reference) is int:
                    try:
                        series = known.get((reference, name)) or self._open(reference, name)
                        if series is not None:
                            add(series, position, t, step, value)
                            continue
                    except _BAD:
                        # A name or number that can't be kept: the careful way says so.
                        pass
            self._careful(position, record)
        self._points.write()
        if self.torn:
            self._warn(
                self._root.pk,
                f"Some lines of the journal {self._journal_name} can't be read and were skipped: a disk was full, or "
                "the process ended while it wrote them.",
            )
        for key in self._to_touch:
            writes.touch(self._database, self._connection, key)

    def _open(self, reference: int, name: str) -> Series | None:
        """Return the series of a metric that this piece names for the first time; None: its run is not known."""
        keys = self._references.get(reference)
        if keys is None:
            return None
        found = self._series[reference, name] = self._points.open(keys, name, name, "metric")
        return found

    def _careful(self, position: int, record: Any) -> None:
        if isinstance(record, dict) and "journal" in record:
            return
        try:
            self._apply(position, record)
        except _BAD:
            self.torn += 1
        except StokerException as error:
            self._warn(self._root.pk, f"A record of the journal {self._journal_name} was skipped. {error.message}")

    def _apply(self, position: int, record: Any) -> None:
        kind, reference = _text(record[0]), record[1]
        if type(reference) is not int:
            raise TypeError("a run is named by a number")
        if kind == "run":
            self._introduce(reference, _text(record[2]))
            return
        action = self._actions[kind]
        keys = self._keys(reference)
        if keys is not None:
            action(keys, position, _time(record[2]), record[3:])

    def _keys(self, reference: int) -> RunKeys | None:
        if reference not in self._references:
            self._references[reference] = None
            self._warn(
                self._root.pk,
                f"The journal {self._journal_name} writes to a run that it does not name; those records were skipped.",
            )
        return self._references[reference]

    def _introduce(self, reference: int, run_id: str) -> None:
        if reference == 0:
            raise ValueError("0 is the run of the folder")
        keys = self._find(run_id)
        if keys is None:
            keys = self._insert(self._root, {"id": run_id}, time.time())
            self._connection.execute(update(runs).where(runs.c.pk == keys.pk).values(digest=PLACEHOLDER))
        if keys.root != self._root.root:
            self._warn(
                self._root.pk,
                f"The journal {self._journal_name} names the run {run_id}, which is not of the tree of "
                f"{self._root.id}; what it says of it was skipped.",
            )
            self._references[reference] = None
            return
        self._references[reference] = keys
        statement = upsert(journal_references).values(journal=self._journal, reference=reference, run=keys.pk)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["journal", "reference"], set_={"run": keys.pk})
        )

    def _find(self, run_id: str) -> RunKeys | None:
        return writes.find_keys(self._connection, run_id)

    def _metric(self, keys: RunKeys, position: int, t: float, rest: Any) -> None:
        name, value = _text(rest[0]), rest[1]
        series = self._points.open(keys, name, name, "metric")
        self._points.add(series, position, t, rest[2] if len(rest) > 2 else None, value)

    def _change(self, keys: RunKeys) -> None:
        self.changed[keys.pk] = keys.id
        self._to_touch.add(keys.pk)

    def _tag(self, keys: RunKeys, values: Mapping[str, Any]) -> None:
        writes.change_labels(self._connection, run_tags, keys, values)
        self._change(keys)

    def _untag(self, keys: RunKeys, names: list[Any]) -> None:
        writes.change_labels(self._connection, run_tags, keys, {}, [_text(name) for name in names])
        self._change(keys)

    def _properties(self, keys: RunKeys, values: Mapping[str, Any]) -> None:
        wrong = writes.add_properties(self._connection, keys, values)
        self._change(keys)
        for name in wrong:
            self._warn(
                keys.pk,
                f"The property {name!r} was set again to another value; properties never change, so the first stays.",
            )

    def _set(self, keys: RunKeys, values: Mapping[str, Any]) -> None:
        wanted = {name: values[name] for name in ("display_name", "description") if values.get(name) is not None}
        texts = {name: _text(value) for name, value in wanted.items()}
        if texts:
            self._connection.execute(update(runs).where(runs.c.pk == keys.pk).values(texts))
            self._change(keys)

    def _child(self, parent: RunKeys, t: float, facts: Mapping[str, Any]) -> None:
        known = self._find(_text(facts["id"]))
        if known is None:
            self.changed[self._insert(parent, facts, t).pk] = facts["id"]
            return
        digest = self._connection.scalar(select(runs.c.digest).where(runs.c.pk == known.pk))
        if known.root != self._root.root:
            self._warn(
                self._root.pk, f"The child id {known.id} is taken by a run of another tree; the child was not made."
            )
        elif digest == PLACEHOLDER:
            self._complete(known, parent, t, facts)

    def _insert(self, parent: RunKeys, facts: Mapping[str, Any], t: float) -> RunKeys:
        name = facts.get("name")
        fields = {
            **_CHILD,
            "id": facts["id"],
            "parent_id": parent.id,
            "display_name": None if name is None else str(name),
            "status": RunStatus(facts.get("status") or "Running").value,
            "type": facts.get("type"),
            "tags": _dict(facts.get("tags") or {}),
            "properties": _dict(facts.get("properties") or {}),
        }
        keys = writes.insert_run(self._database, self._connection, fields, t)
        self.changed[keys.pk] = keys.id
        return keys

    def _complete(self, keys: RunKeys, parent: RunKeys, t: float, facts: Mapping[str, Any]) -> None:
        """Give a child that was named before it was made what its maker says."""
        name = facts.get("name")
        running = facts.get("status", "Running") == "Running"
        values = {"parent": parent.pk, "created": t, "digest": b"", "started": t if running else None}
        if name is not None:
            values["display_name"] = str(name)
        known = select(run_tags.c.key).where(run_tags.c.run == keys.pk)
        later = set(self._connection.scalars(known))
        tags = {key: value for key, value in _dict(facts.get("tags") or {}).items() if key not in later}
        writes.change_labels(self._connection, run_tags, keys, tags)
        self._connection.execute(update(runs).where(runs.c.pk == keys.pk).values(values))
        self._change(keys)

    def _end(self, keys: RunKeys, t: float, status: Any, error: Any) -> None:
        to = RunStatus(status)
        if not to.is_terminal:
            raise ValueError("not an end")
        # How a submitted run ends is for its supervisor to say: a script's `run.complete()` changes nothing.
        if keys.kind != "submitted":
            said = {"code": "UserError", "message": error} if isinstance(error, str) else sound(error)
            self._move(keys, to, {"ended": t, "error": said})

    def _status(self, keys: RunKeys, t: float, status: Any, facts: Any) -> None:
        if not self._trusted or keys.pk != self._root.pk:
            return
        to = RunStatus(status)
        if to is RunStatus.STARTING:
            self._explain(keys, _dict(facts).get("reason"))
        elif to is RunStatus.RUNNING:
            self._move(keys, to, {"started": t, "status_reason": None})
        elif to is RunStatus.FINALIZING:
            self._move(keys, to, {"exit": sound(_dict(facts).get("exit"))})

    def _explain(self, keys: RunKeys, reason: Any) -> None:
        """Say what is done before the script begins; in every later state it is no longer true."""
        wanted = (runs.c.pk == keys.pk) & (runs.c.status == RunStatus.STARTING.value)
        values = {"status_reason": _text(reason)}
        if self._connection.execute(update(runs).where(wanted).values(values)).rowcount:
            self._change(keys)

    def _move(self, keys: RunKeys, to: RunStatus, fields: Mapping[str, Any]) -> None:
        if writes.move(self._database, self._connection, keys.id, to, None, fields) is not None:
            self.changed[keys.pk] = keys.id

    def _warn(self, key: int, message: str) -> None:
        if (key, message) in self._said:
            return
        self._said.add((key, message))
        if writes.add_warnings(self._connection, key, [message]):
            self._to_touch.add(key)
            self.changed[key] = self._connection.scalar(select(runs.c.id).where(runs.c.pk == key)) or ""


_CHILD: dict[str, Any] = {
    "experiment": None,
    "kind": "child",
    "description": None,
    "definition": None,
    "snapshot_id": None,
    "environment": None,
    "target": None,
    "node_count": 1,
    "priority": 0,
    "submitted_by": None,
    "warnings": [],
    "submission": None,
}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _time(value: Any) -> float:
    if type(value) is not float and type(value) is not int:
        raise TypeError("not a time")
    return float(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _table(value: Any) -> dict[str, Any]:
    for column in _dict(value).values():
        _list(column)
    return _dict(value)
