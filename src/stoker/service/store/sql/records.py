"""Snapshots, environments and compute targets in the database."""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from stoker.base.digest import snapshot_id as id_of
from stoker.base.jsonio import canonical
from stoker.base.names import check_compute_name, suggestion
from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store.base_records import ComputeRepository, EnvironmentRepository, SnapshotRepository
from stoker.service.store.base_runs import Record
from stoker.service.store.manifests import check_manifest, hashes_of
from stoker.service.store.objects import ArtifactStore
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.run_rows import seconds
from stoker.service.store.sql.tables import compute, environments, snapshots

__all__ = ["SqlCompute", "SqlEnvironments", "SqlSnapshots"]

MOST_NAMED = 1000


class SqlSnapshots(SnapshotRepository):
    """See `SnapshotRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, manifest: Mapping[str, Any], objects: ArtifactStore) -> str:
        """Check and keep a manifest."""
        check_manifest(manifest)
        key = id_of(dict(manifest))
        if self.exists(key):
            return key
        missing = objects.missing(hashes_of(manifest))
        if missing:
            raise NotFoundException(
                f"{len(missing)} of the snapshot's files are not stored yet, as {missing[0]}. Upload them first.",
                details={"missing": missing[:MOST_NAMED]},
            )
        text = zlib.compress(json.dumps(dict(manifest), separators=(",", ":")).encode("ascii"), 1)
        values = {
            "id": key,
            "manifest": text,
            "files": len(manifest["files"]),
            "bytes": sum(entry[2] for entry in manifest["files"]),
            "created": time.time(),
        }
        with self._database.write() as connection:
            connection.execute(upsert(snapshots).values(values).on_conflict_do_nothing(index_elements=["id"]))
        return key

    def get(self, snapshot_id: str) -> Record:
        """Return the manifest."""
        with self._database.read() as connection:
            text = connection.scalar(select(snapshots.c.manifest).where(snapshots.c.id == snapshot_id))
        if text is None:
            raise NotFoundException(
                f"There is no snapshot {snapshot_id!r} in this workspace. A run's snapshot is its property "
                "ContentSnapshotId.",
                target="snapshot_id",
            )
        manifest: Record = json.loads(zlib.decompress(text))
        return manifest

    def referenced(self, hashes: Collection[str]) -> set[str]:
        """Return those of the hashes that some manifest names."""
        wanted, found = set(hashes), set()
        with self._database.read() as connection:
            for text in connection.scalars(select(snapshots.c.manifest)):
                found |= wanted.intersection(hashes_of(json.loads(zlib.decompress(text))))
        return found

    def exists(self, snapshot_id: str) -> bool:
        """Whether the manifest is kept."""
        with self._database.read() as connection:
            return connection.scalar(select(snapshots.c.pk).where(snapshots.c.id == snapshot_id)) is not None


class SqlEnvironments(EnvironmentRepository):
    """See `EnvironmentRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self, definition: Mapping[str, Any]) -> Record:
        """Keep a definition."""
        name = definition.get("name")
        if not isinstance(name, str) or not name:
            raise UserErrorException(
                "The environment has no name. Give it one: Environment(name='...').", target="name"
            )
        content = {key: value for key, value in definition.items() if key != "version"}
        digest = hashlib.sha256(canonical(content)).hexdigest()
        table = environments
        with self._database.write() as connection:
            same = select(table).where(table.c.name == name, table.c.digest == digest, table.c.deleted.is_(None))
            row = connection.execute(same.order_by(table.c.version.desc()).limit(1)).one_or_none()
            if row is None:
                last = connection.scalar(select(func.max(table.c.version)).where(table.c.name == name)) or 0
                values = {
                    "name": name,
                    "version": last + 1,
                    "digest": digest,
                    "definition": {**content, "version": str(last + 1)},
                    "created": time.time(),
                }
                connection.execute(insert(table).values(values))
                row = connection.execute(same).one()
            return _environment(row)

    def get(self, name: str, version: str | None = None) -> Record:
        """Return one version, by default the latest."""
        with self._database.read() as connection:
            rows = self._versions(connection, name)
        if version is None:
            return _environment(rows[0])
        found = next((row for row in rows if str(row.version) == str(version)), None)
        if found is None:
            known = ", ".join(str(row.version) for row in reversed(rows))
            raise NotFoundException(
                f"The environment {name!r} has no version {version!r}; it has {known}.", target="version"
            )
        return _environment(found)

    def list(self) -> Sequence[Record]:
        """Return the latest versions."""
        table = environments
        latest = (
            select(table.c.name, func.max(table.c.version).label("version"))
            .where(table.c.deleted.is_(None))
            .group_by(table.c.name)
            .subquery()
        )
        statement = select(table).join(latest, (latest.c.name == table.c.name) & (latest.c.version == table.c.version))
        with self._database.read() as connection:
            return [_environment(row) for row in connection.execute(statement.order_by(table.c.name))]

    def versions(self, name: str) -> Sequence[Record]:
        """Return all versions."""
        with self._database.read() as connection:
            return [_environment(row) for row in self._versions(connection, name)]

    def delete(self, name: str, version: str | None = None) -> None:
        """Remove a version, or all."""
        pair = self.get(name, version)
        statement = update(environments).where(environments.c.name == name, environments.c.deleted.is_(None))
        if version is not None:
            statement = statement.where(environments.c.version == int(pair["version"]))
        with self._database.write() as connection:
            connection.execute(statement.values(deleted=time.time()))

    @staticmethod
    def _versions(connection: Connection, name: str) -> Sequence[Row[Any]]:
        table = environments
        alive = select(table).where(table.c.deleted.is_(None))
        rows = connection.execute(alive.where(table.c.name == name).order_by(table.c.version.desc())).all()
        if not rows:
            known = connection.scalars(select(table.c.name).where(table.c.deleted.is_(None)).distinct())
            raise NotFoundException(
                f"There is no environment {name!r} in this workspace. {suggestion(name, known)}", target="name"
            )
        return rows


def _environment(row: Row[Any]) -> Record:
    return {
        "name": row.name,
        "version": str(row.version),
        "definition": row.definition,
        "created": seconds(row.created),
        "digest": row.digest,
    }


_COMPUTE_FIELDS = frozenset({"config", "tags", "provisioning_state", "errors", "status", "nodes", "location"})


class SqlCompute(ComputeRepository):
    """See `ComputeRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, name: str, kind: str, config: Mapping[str, Any], tags: Mapping[str, str | None]) -> Record:
        """Keep a target."""
        check_compute_name(name)
        with self._database.write() as connection:
            row = connection.execute(select(compute).where(compute.c.name == name)).one_or_none()
            if row is None:
                self._insert(connection, name, kind, config, tags)
            elif row.type != kind:
                raise ConflictException(
                    f"The name {name!r} is taken by a target of type {row.type}. Choose another name.", target="name"
                )
            elif (row.config, row.tags) != (dict(config), dict(tags)):
                values = {"config": dict(config), "tags": dict(tags), "modified": time.time()}
                connection.execute(update(compute).where(compute.c.pk == row.pk).values(values))
            return _compute(_compute_row(connection, name))

    @staticmethod
    def _insert(
        connection: Connection, name: str, kind: str, config: Mapping[str, Any], tags: Mapping[str, str | None]
    ) -> None:
        now = time.time()
        values: Record = {
            "name": name,
            "type": kind,
            "provisioning_state": "Succeeded",
            "config": dict(config),
            "tags": dict(tags),
            "errors": [],
            "status": {},
            "nodes": [],
            "location": config.get("location"),
            "created": now,
            "modified": now,
        }
        connection.execute(insert(compute).values(values))

    def get(self, name: str) -> Record:
        """Return a target."""
        with self._database.read() as connection:
            return _compute(_compute_row(connection, name))

    def find(self, name: str) -> Record | None:
        """Return a target, or None."""
        try:
            return self.get(name)
        except NotFoundException:
            return None

    def list(self) -> Sequence[Record]:
        """Return all targets."""
        with self._database.read() as connection:
            return [_compute(row) for row in connection.execute(select(compute).order_by(compute.c.name))]

    def update(self, name: str, **fields: Any) -> Record:
        """Write fields."""
        unknown = fields.keys() - _COMPUTE_FIELDS
        if unknown:
            raise TypeError(f"a compute target has no field {', '.join(sorted(unknown))}")
        with self._database.write() as connection:
            row = _compute_row(connection, name)
            values = {**fields, "modified": time.time()}
            connection.execute(update(compute).where(compute.c.pk == row.pk).values(values))
            return _compute(_compute_row(connection, name))

    def set_nodes(self, name: str, nodes: Sequence[Record], **status: Any) -> None:
        """Write the nodes."""
        with self._database.write() as connection:
            row = connection.execute(select(compute).where(compute.c.name == name)).one_or_none()
            if row is not None:
                values = {"nodes": [dict(node) for node in nodes], "status": {**row.status, **status}}
                connection.execute(update(compute).where(compute.c.pk == row.pk).values(values))

    def delete(self, name: str) -> None:
        """Remove a target."""
        with self._database.write() as connection:
            connection.execute(delete(compute).where(compute.c.pk == _compute_row(connection, name).pk))


def _compute_row(connection: Connection, name: str) -> Row[Any]:
    row = connection.execute(select(compute).where(compute.c.name == name)).one_or_none()
    if row is not None:
        return row
    known = connection.scalars(select(compute.c.name))
    raise NotFoundException(
        f"There is no compute target {name!r} in this workspace. {suggestion(name, known)}", target="name"
    )


def _compute(row: Row[Any]) -> Record:
    record = {name: getattr(row, name) for name in ("name", "type", *sorted(_COMPUTE_FIELDS))}
    return {**record, "created": seconds(row.created), "modified": seconds(row.modified)}
