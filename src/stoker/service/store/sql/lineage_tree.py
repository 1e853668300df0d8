"""From items of lineage to trees: what something came of, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import Connection, Row, select, tuple_

from stoker.exceptions import NotFoundException
from stoker.service.store.base_data import DEEPEST_LINEAGE
from stoker.service.store.base_runs import Record
from stoker.service.store.sql.data_tables import datasets, lineage, models
from stoker.service.store.sql.datasets import brief_of, dataset_row, label_of, source_of
from stoker.service.store.sql.run_rows import chunks, key_of, load

__all__ = ["Direction", "Names", "tree"]

Direction = Literal["up", "down"]
Thing = tuple[str, str]
"""Kind and ref."""

MOST_RUNS = 1000
"""Most runs that are shown of one thing; the newest."""


class Names:
    """What the things of some items are called, and their facts.

    Parameters
    ----------
    connection : Connection
    things : iterable of (kind, ref)
    """

    def __init__(self, connection: Connection, things: Iterable[Thing] = ()) -> None:
        self._connection = connection
        self._rows: dict[Thing, Row[Any] | None] = {}
        for kind, ref in dict.fromkeys(things):
            self._row(kind, ref)

    def _row(self, kind: str, ref: str) -> Row[Any] | None:
        if (kind, ref) not in self._rows:
            find = {"dataset": dataset_row, "model": _model_row}.get(kind)
            self._rows[kind, ref] = None if find is None else find(self._connection, ref)
        return self._rows[kind, ref]

    def check(self, kind: str, ref: str) -> None:
        """Raise `NotFoundException` for a data set or model that is not there."""
        if kind == "dataset" and self._row(kind, ref) is None:
            raise NotFoundException(f"There is no data set with the id {ref!r} in this workspace.", target="ref")
        if kind == "model" and self._row(kind, ref) is None:
            raise NotFoundException(
                f"There is no model {ref!r} in this workspace. Name it with its version, as 'NAME:1'.", target="ref"
            )

    def label(self, kind: str, ref: str, details: Mapping[str, Any] | None = None) -> str:
        """Return what people call it."""
        row = self._row(kind, ref)
        if kind == "dataset" and row is not None:
            return label_of(row)
        named = (details or {}).get("name")
        return named if kind == "mlflow_dataset" and isinstance(named, str) and named else ref

    def brief(self, kind: str, ref: str) -> Record | None:
        """Return some facts of a data set or model, or None."""
        row = self._row(kind, ref)
        if row is None:
            return None
        if kind == "dataset":
            return brief_of(row)
        names = ("name", "version", "framework", "framework_version", "size")
        facts = {name: getattr(row, name) for name in names}
        return {"id": ref, **facts}

    def dataset(self, ref: str) -> Row[Any] | None:
        """Return the row of a data set, or None."""
        return self._row("dataset", ref)


def _model_row(connection: Connection, ref: str) -> Row[Any] | None:
    name, _, version = ref.rpartition(":")
    if not (version.isascii() and version.isdecimal() and len(version) < 19):
        return None
    statement = select(models).where(models.c.name == name, models.c.version == int(version))
    return connection.execute(statement).one_or_none()


def tree(connection: Connection, kind: str, ref: str, ways: Sequence[Direction], depth: int) -> Record:
    """Return the tree of a thing or run; see `LineageRepository.tree`."""
    names = Names(connection)
    depth = max(0, min(depth, DEEPEST_LINEAGE))
    walks = {way: _Walk(connection, names, way) for way in ways}
    if kind == "run":
        key = key_of(connection, ref)
        run = load(connection, [key], full=False)[0]
        answer: Record = {"node": {"kind": "run", "ref": ref, "label": run["display_name"] or ref}}
        return answer | {walk.ends: walk.of_run(key, depth) for walk in walks.values()}
    ref = ref.strip("/") if kind == "path" else ref
    if not _is_on_record(connection, kind, ref):
        names.check(kind, ref)
    answer = {"node": {"kind": kind, "ref": ref, "label": names.label(kind, ref)}}
    return answer | {walk.field: walk.node(kind, ref, None, depth)[walk.field] for walk in walks.values()}


def _is_on_record(connection: Connection, kind: str, ref: str) -> bool:
    """Whether some item names it: what is deleted has its lineage still."""
    statement = select(lineage.c.pk).where(lineage.c.kind == kind, lineage.c.ref == ref).limit(1)
    return connection.scalar(statement) is not None


class _Walk:
    """One way through the items. Each thing is followed once: a tree of what is shared would grow without end."""

    def __init__(self, connection: Connection, names: Names, way: Direction) -> None:
        self._connection = connection
        self._names = names
        self._way = way
        # What leads from a thing to runs, and what leads on from those.
        self._enters, self._leaves = ("output", "input") if way == "up" else ("input", "output")
        self.field = "by" if way == "up" else "used_by"
        self.ends = f"{self._leaves}s"
        self._followed: dict[Thing, bool] = {}
        self._readers: dict[str, list[Thing]] | None = None

    def node(self, kind: str, ref: str, details: Mapping[str, Any] | None, depth: int) -> Record:
        """Return a thing with the runs behind it."""
        node: Record = {"kind": kind, "ref": ref, "label": self._names.label(kind, ref, details), self.field: []}
        row = self._names.dataset(ref) if kind == "dataset" else None
        if row is not None and row.name is not None:
            node["of"] = source_of(row)
        if self._followed.get((kind, ref)):
            return {**node, "cut": True, "reason": "shown"}
        found = self._runs_of(kind, ref)
        if found and depth == 0:
            return {**node, "cut": True, "reason": "depth"}
        # While it is being followed it counts as shown: what is below itself is a circle.
        self._followed[kind, ref] = bool(found)
        node[self.field] = self._entries(found, depth - 1)
        return node

    def of_run(self, run: int, depth: int) -> list[Record]:
        """Return the things at a run's other end."""
        return self._ends([run], depth)[run]

    def _entries(self, found: dict[int, list[Row[Any]]], depth: int) -> list[Record]:
        shown = sorted(found, reverse=True)[:MOST_RUNS]
        briefs = dict(zip(shown, load(self._connection, shown, full=False), strict=True))
        ends = self._ends(shown, depth)
        return [
            {
                "run": {name: briefs[run][name] for name in ("id", "experiment", "display_name", "status")},
                **_role(found[run]),
                self.ends: ends[run],
            }
            for run in shown
        ]

    def _ends(self, runs: list[int], depth: int) -> dict[int, list[Record]]:
        things: dict[int, dict[Thing, list[Row[Any]]]] = {run: {} for run in runs}
        for some in chunks(runs):
            statement = select(lineage).where(lineage.c.run.in_(some), lineage.c.direction == self._leaves)
            for row in self._connection.execute(statement.order_by(lineage.c.pk)):
                things[row.run].setdefault((row.kind, row.ref), []).append(row)
        return {
            run: [self.node(*thing, rows[0].details, depth) | _role(rows) for thing, rows in found.items()]
            for run, found in things.items()
        }

    def _runs_of(self, kind: str, ref: str) -> dict[int, list[Row[Any]]]:
        found: dict[int, list[Row[Any]]] = {}
        for some in chunks(self._same(kind, ref)):
            statement = select(lineage).where(
                tuple_(lineage.c.kind, lineage.c.ref).in_(some), lineage.c.direction == self._enters
            )
            for row in self._connection.execute(statement.order_by(lineage.c.pk)):
                if row.kind == kind or self._way == "down" or self._was_there(row, ref):
                    found.setdefault(row.run, []).append(row)
        return found

    def _same(self, kind: str, ref: str) -> list[Thing]:
        """Return the thing, and what stands for it: a data set is made by who made its files."""
        if kind == "dataset" and self._way == "up":
            row = self._names.dataset(ref)
            places = [] if row is None else _places(row.definition)
            return [(kind, ref), *(("path", place) for place in places)]
        if kind == "path" and self._way == "down":
            return [(kind, ref), *self._datasets_within(ref)]
        return [(kind, ref)]

    def _was_there(self, row: Row[Any], dataset: str) -> bool:
        made = self._names.dataset(dataset)
        return made is not None and row.created <= made.created

    def _datasets_within(self, path: str) -> list[Thing]:
        if self._readers is None:
            self._readers = {}
            for row in self._connection.execute(select(datasets.c.id, datasets.c.definition)):
                for place in _places(row.definition):
                    self._readers.setdefault(place, []).append(("dataset", row.id))
        return self._readers.get(path, [])


def _role(rows: Sequence[Row[Any]]) -> Record:
    """Return what a thing is to a run: a run may be given the same thing several times, each time otherwise."""
    roles = list(dict.fromkeys((row.name, row.mechanism) for row in rows))
    return {
        "name": ", ".join(dict.fromkeys(name for name, _ in roles)),
        "mechanism": ", ".join(dict.fromkeys(mechanism for _, mechanism in roles if mechanism)) or None,
        "roles": [{"name": name, "mechanism": mechanism} for name, mechanism in roles],
    }


def _places(definition: Mapping[str, Any]) -> list[str]:
    """Return the `datastore/path` of each place that a definition reads, and of all folders that they are in."""
    found: dict[str, None] = {}
    paths = definition["source"].get("paths") or []
    for place in paths if isinstance(paths, list) else []:
        if not isinstance(place, Mapping) or "datastore" not in place:
            continue
        parts = [part for part in str(place.get("path") or "").split("/") if part]
        for length in range(len(parts), 0, -1):
            found["/".join([str(place["datastore"]), *parts[:length]])] = None
    return list(found)
