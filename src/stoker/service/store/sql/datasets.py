"""Data sets in the database."""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, select, update

from stoker.base.ids import new_guid
from stoker.base.jsonio import canonical
from stoker.base.names import suggestion
from stoker.base.redaction import redacted
from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store.base_data import DATASET_STATES, DatasetRepository
from stoker.service.store.base_runs import Record
from stoker.service.store.sql.data_tables import datasets
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.run_conditions import split_label
from stoker.service.store.sql.run_rows import key_of, seconds
from stoker.service.store.sql.run_writes import as_text
from stoker.service.store.sql.tables import runs

__all__ = ["SqlDatasets", "brief_of", "dataset_row", "label_of", "source_of"]

KINDS = ("Tabular", "File")
LONGEST_NAME = 255
_VERSIONS = "/versions"


class SqlDatasets(DatasetRepository):
    """See `DatasetRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, definition: Mapping[str, Any], run_id: str | None = None) -> Record:
        """Keep a definition without a name."""
        digest = _digest(definition)
        with self._database.write() as connection:
            row = _same(connection, digest)
            key = _insert(connection, definition, digest, run_id) if row is None else row.pk
            return _record(_row(connection, datasets.c.pk == key))

    def register(
        self,
        name: str,
        definition: Mapping[str, Any],
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        create_new_version: bool = False,
        fingerprint: Mapping[str, Any] | None = None,
        run_id: str | None = None,
    ) -> Record:
        """Give a definition a name."""
        _check_name(name)
        digest = _digest(definition)
        with self._database.write() as connection:
            latest = _latest(connection, name)
            if latest is not None and latest.digest == digest:
                return _record(latest)
            if latest is not None and not create_new_version:
                raise ConflictException(
                    f"The data set {name!r} is there with another definition (version {latest.version}). Register it "
                    "with create_new_version=True to make that the next version, or choose another name.",
                    target="name",
                )
            row = _same(connection, digest)
            is_free = row is not None and row.name is None
            key = row.pk if row is not None and is_free else _insert(connection, definition, digest, run_id)
            values: Record = {
                "name": name,
                "version": _last_number(connection, name) + 1,
                "description": description,
                "tags": _texts(tags),
                "created": time.time(),
                **_fingerprint(fingerprint),
            }
            if run_id is not None:
                values["run"] = key_of(connection, run_id)
            _write(connection, key, values)
            return _record(_row(connection, datasets.c.pk == key))

    def get(self, name: str, version: int | str | None = None) -> Record:
        """Return a version."""
        rows = self._versions(name)
        if version is None or str(version).lower() == "latest":
            return _record(rows[0])
        found = next((row for row in rows if str(row.version) == str(version)), None)
        if found is None:
            known = ", ".join(str(row.version) for row in reversed(rows))
            raise NotFoundException(
                f"The data set {name!r} has no version {version!r}; it has {known}.", target="version"
            )
        return _record(found)

    def by_id(self, dataset_id: str, *, entries: bool = False) -> Record:
        """Return the record of an id."""
        with self._database.read() as connection:
            row = _known(connection, dataset_id)
        record = _record(row)
        if entries and record["fingerprint"] is not None and row.entries is not None:
            record["fingerprint"]["entries"] = json.loads(zlib.decompress(row.entries))
        return record

    def find(self, dataset_id: str) -> Record | None:
        """Return the record of an id, or None."""
        with self._database.read() as connection:
            row = dataset_row(connection, dataset_id)
        return None if row is None else _record(row)

    def versions(self, name: str) -> Sequence[Record]:
        """Return all versions."""
        return [_record(row) for row in self._versions(name)]

    def list(self, tags: Sequence[str] = ()) -> Sequence[Record]:
        """Return the latest versions."""
        wanted = [split_label(tag) for tag in tags]
        statement = _DATASETS.where(datasets.c.version == _LATEST, _IS_NAMED).order_by(datasets.c.name)
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
        has = (all(key in row.tags and value in {None, row.tags[key]} for key, value in wanted) for row in rows)
        return [_record(row) for row, fits in zip(rows, has, strict=True) if fits]

    def update(
        self,
        dataset_id: str,
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        add_tags: Mapping[str, str | None] | None = None,
        remove_tags: Sequence[str] | None = None,
        state: str | None = None,
        fingerprint: Mapping[str, Any] | None = None,
    ) -> Record:
        """Write what is given."""
        if state is not None and state not in DATASET_STATES:
            raise UserErrorException(
                f"A data set can't be {state!r}. {suggestion(state, DATASET_STATES)}", target="state"
            )
        with self._database.write() as connection:
            row = _known(connection, dataset_id)
            merged = {**(row.tags if tags is None else _texts(tags)), **_texts(add_tags)}
            values: Record = {"tags": {key: merged[key] for key in merged if key not in (remove_tags or ())}}
            if description is not None:
                values["description"] = description
            if state is not None:
                values["state"] = state
            if fingerprint is not None:
                values.update(_fingerprint(fingerprint))
            _write(connection, row.pk, values)
            return _record(_known(connection, dataset_id))

    def delete(self, name: str) -> None:
        """Take the name from all its versions."""
        with self._database.write() as connection:
            self._versions(name)
            now = time.time()
            statement = update(datasets).where(datasets.c.name == name, datasets.c.deleted.is_(None))
            connection.execute(statement.values(deleted=now, modified=now))

    def _versions(self, name: str) -> Sequence[Row[Any]]:
        statement = _DATASETS.where(datasets.c.name == name, _IS_NAMED).order_by(datasets.c.version.desc())
        with self._database.read() as connection:
            rows = connection.execute(statement).all()
            if rows:
                return rows
            known = connection.scalars(select(datasets.c.name).where(_IS_NAMED).distinct()).all()
        raise NotFoundException(
            f"Cannot find dataset registered with name {name!r} in the workspace. {suggestion(name, known)}",
            target="name",
        )


_IS_NAMED = datasets.c.name.is_not(None) & datasets.c.deleted.is_(None)


def _statement() -> tuple[ColumnElement[Any], Select[Any]]:
    other = datasets.alias("other")
    latest = (
        select(func.max(other.c.version))
        .where(other.c.name == datasets.c.name, other.c.deleted.is_(None))
        .scalar_subquery()
    )
    source = datasets.outerjoin(runs, runs.c.pk == datasets.c.run)
    return latest, select(datasets, runs.c.id.label("run_id"), latest.label("latest")).select_from(source)


_LATEST, _DATASETS = _statement()


def _row(connection: Connection, condition: ColumnElement[bool]) -> Row[Any]:
    return connection.execute(_DATASETS.where(condition)).one()


def dataset_row(connection: Connection, dataset_id: str) -> Row[Any] | None:
    """Return the row of a data set with its `run_id` and the `latest` version of its name, or None."""
    return connection.execute(_DATASETS.where(datasets.c.id == dataset_id)).one_or_none()


def _known(connection: Connection, dataset_id: str) -> Row[Any]:
    row = dataset_row(connection, dataset_id)
    if row is None:
        raise NotFoundException(
            f"There is no data set with the id {dataset_id!r} in this workspace. `stoker dataset list` shows what "
            "there is.",
            target="id",
        )
    return row


def _latest(connection: Connection, name: str) -> Row[Any] | None:
    statement = _DATASETS.where(datasets.c.name == name, _IS_NAMED).order_by(datasets.c.version.desc())
    return connection.execute(statement.limit(1)).one_or_none()


def _last_number(connection: Connection, name: str) -> int:
    return connection.scalar(select(func.max(datasets.c.version)).where(datasets.c.name == name)) or 0


def _same(connection: Connection, digest: str) -> Row[Any] | None:
    """Return the row with that definition: one without a name, else the newest, one whose name is gone last."""
    order = (datasets.c.name.is_not(None), datasets.c.deleted.is_not(None), datasets.c.pk.desc())
    statement = _DATASETS.where(datasets.c.digest == digest).order_by(*order)
    return connection.execute(statement.limit(1)).one_or_none()


def _insert(connection: Connection, definition: Mapping[str, Any], digest: str, run_id: str | None) -> int:
    now = time.time()
    values = {
        "id": new_guid(),
        "kind": definition["kind"],
        "definition": dict(definition),
        "digest": digest,
        "tags": {},
        "state": DATASET_STATES[0],
        "run": None if run_id is None else key_of(connection, run_id),
        "created": now,
        "modified": now,
    }
    made = connection.execute(insert(datasets).values(values)).inserted_primary_key
    assert made is not None
    return int(made[0])


def _write(connection: Connection, key: int, values: Mapping[str, Any]) -> None:
    changes = {**values, "modified": time.time()}
    connection.execute(update(datasets).where(datasets.c.pk == key).values(changes))


def _digest(definition: Mapping[str, Any]) -> str:
    kind, source = definition.get("kind"), definition.get("source")
    if kind not in KINDS or not isinstance(source, Mapping):
        raise UserErrorException(
            f"The data set's definition is not whole: it has the kind {kind!r} and the source {source!r}. Make data "
            "sets with Dataset.Tabular or Dataset.File.",
            target="definition",
        )
    return hashlib.sha256(canonical(definition)).hexdigest()


def _check_name(name: object) -> None:
    if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.strip() and not name.endswith(_VERSIONS):
        return
    raise UserErrorException(
        f"The name {name!r} can't be that of a data set: it has 1 to {LONGEST_NAME} characters, and doesn't end in "
        f"{_VERSIONS!r}. Choose another one.",
        target="name",
    )


def _texts(tags: Mapping[str, str | None] | None) -> dict[str, str | None]:
    return {str(key): as_text(value) for key, value in (tags or {}).items()}


def _fingerprint(fingerprint: Mapping[str, Any] | None) -> Record:
    if fingerprint is None:
        return {"fingerprint": None, "entries": None}
    summary = {key: value for key, value in fingerprint.items() if key != "entries"}
    entries = fingerprint.get("entries")
    packed = None if entries is None else zlib.compress(json.dumps(list(entries)).encode("ascii"), 1)
    return {"fingerprint": summary, "entries": packed}


def _record(row: Row[Any]) -> Record:
    plain = ("id", "kind", "definition", "digest", "name", "version", "description", "tags", "state", "fingerprint")
    return {
        **{name: getattr(row, name) for name in plain},
        "run_id": row.run_id,
        "created": seconds(row.created),
        "modified": seconds(row.modified),
        "unregistered": seconds(row.deleted),
        "is_latest": row.deleted is None and row.version is not None and row.version == row.latest,
    }


def brief_of(row: Row[Any]) -> Record:
    """Return the facts of a data set that an item of lineage has."""
    record = _record(row)
    names = ("id", "kind", "name", "version", "fingerprint", "created", "unregistered", "is_latest")
    return {name: record[name] for name in names}


def label_of(row: Row[Any]) -> str:
    """Return what people call a data set: name and version, or for one without a name what it reads.

    Examples
    --------
    `diabetes:3`, `Tabular of workspaceblobstore/data/*.csv and 2 more`
    """
    if row.name is not None:
        return f"{row.name}:{row.version}" + (" (unregistered)" if row.deleted is not None else "")
    return f"{row.kind} of {source_of(row)}"


def source_of(row: Row[Any]) -> str:
    """Return what a data set reads, in a few words."""
    source = row.definition["source"]
    places = source.get("paths") or [source]
    shown = _place_of(places[0]) if isinstance(places, list) else ""
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f"{shown or 'a query'}{more}"


def _place_of(place: Any) -> str:
    if not isinstance(place, Mapping):
        return ""
    if "datastore" in place:
        path = place.get("path")
        return (
            f"{place['datastore']}/{str(path).lstrip('/')}" if path is not None else f"{place['datastore']} (a query)"
        )
    return redacted(str(place.get("url") or place.get("local") or ""))
