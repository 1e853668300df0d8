"""Registered models and their versions in the database."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store.base_models import Condition, Files, ModelRepository, Order, check_model_name
from stoker.service.store.base_runs import Record
from stoker.service.store.names import check_file_name
from stoker.service.store.objects import check_hash
from stoker.service.store.sql import model_registry as registry
from stoker.service.store.sql.data_tables import model_aliases, models, registered_models
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.model_rows import (
    BRIEF,
    alive,
    files_text,
    find_row,
    load,
    read_files,
    registered_records,
    registered_row,
)
from stoker.service.store.sql.model_search import REGISTERED_FIELDS, VERSION_FIELDS, has_dataset, has_pair, searched
from stoker.service.store.sql.run_rows import unknown_run
from stoker.service.store.sql.tables import experiments, runs

__all__ = ["SqlModels"]


class SqlModels(ModelRepository):
    """See `ModelRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        name: str,
        files: Files,
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str | None] | None = None,
        framework: str | None = None,
        framework_version: str | None = None,
        is_file: bool = False,
        run_id: str | None = None,
        source: str | None = None,
        logged_model: str | None = None,
        datasets: Sequence[tuple[str, str]] = (),
        details: Mapping[str, Any] | None = None,
        created_by: str | None = None,
    ) -> Record:
        """Record a new version."""
        check_model_name(name)
        _check_files(files, is_file=is_file)
        now = time.time()
        values = {
            "name": name,
            "description": description,
            "tags": dict(tags or {}),
            "properties": dict(properties or {}),
            "framework": framework,
            "framework_version": framework_version,
            "files": files_text(files),
            "is_file": int(is_file),
            "size": sum(size for _, _, size in files),
            "stage": "None",
            "source": source,
            "logged_model": logged_model,
            "created_by": created_by,
            "created": now,
            "modified": now,
        }
        kept = {"files": len(files), "datasets": [list(pair) for pair in datasets], "facts": dict(details or {})}
        with self._database.write() as connection:
            run, facts = _run_facts(connection, run_id)
            version = registry.next_version(connection, name)
            connection.execute(insert(models).values(**values, version=version, run=run, details={**kept, **facts}))
            return load(connection, [find_row(connection, name, version)])[0]

    def get(self, name: str, version: int | str | None = None) -> Record:
        """Return a version."""
        with self._database.read() as connection:
            return load(connection, [find_row(connection, name, version)])[0]

    def find(self, name: str, version: int | str | None = None) -> Record | None:
        """Return a version, or None."""
        try:
            return self.get(name, version)
        except NotFoundException:
            return None

    def by_alias(self, name: str, alias: str) -> Record:
        """Return the version that an alias names."""
        table = model_aliases
        with self._database.read() as connection:
            registered_row(connection, name)
            known = dict(connection.execute(select(table.c.alias, table.c.version).where(table.c.name == name)).all())
            if alias not in known:
                has = f"it has {', '.join(sorted(known))}" if known else "it has none"
                raise NotFoundException(f"The model {name!r} has no alias {alias!r}; {has}.", target="alias")
            return load(connection, [find_row(connection, name, known[alias])])[0]

    def list(
        self,
        *,
        name: str | None = None,
        tags: Sequence[str] = (),
        properties: Sequence[str] = (),
        run_id: str | None = None,
        dataset_id: str | None = None,
        latest: bool = False,
        limit: int | None = None,
    ) -> Sequence[Record]:
        """Return the versions for which all conditions hold."""
        statement = BRIEF
        if latest:
            newest = select(models.c.name, func.max(models.c.version).label("version")).group_by(models.c.name)
            last = newest.subquery()
            statement = statement.join(last, and_(last.c.name == models.c.name, last.c.version == models.c.version))
        if name is not None:
            statement = statement.where(models.c.name == name)
        if dataset_id is not None:
            statement = statement.where(has_dataset(dataset_id))
        for column, wanted in ((models.c.tags, tags), (models.c.properties, properties)):
            statement = statement.where(*(has_pair(column, item) for item in wanted))
        with self._database.read() as connection:
            if run_id is not None:
                statement = statement.where(_made_by(connection, run_id))
            return load(connection, connection.execute(statement.order_by(models.c.pk.desc()).limit(limit)).all())

    def update(
        self,
        name: str,
        version: int | str,
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        add_tags: Mapping[str, str | None] | None = None,
        remove_tags: Collection[str] | None = None,
        add_properties: Mapping[str, str | None] | None = None,
        add_datasets: Sequence[tuple[str, str]] | None = None,
        details: Mapping[str, Any] | None = None,
        stage: str | None = None,
    ) -> Record:
        """Write what is given."""
        with self._database.write() as connection:
            row = find_row(connection, name, version)
            kept = dict(row.details)
            pairs = [tuple(pair) for pair in kept.get("datasets", [])]
            kept["datasets"] = [list(pair) for pair in dict.fromkeys([*pairs, *map(tuple, add_datasets or ())])]
            facts = {**kept.get("facts", {}), **(details or {})}
            kept["facts"] = {key: value for key, value in facts.items() if value is not None}
            values: dict[str, Any] = {
                "tags": _labels(row.tags if tags is None else tags, add_tags, remove_tags),
                "properties": _properties(row.properties, add_properties),
                "details": kept,
            }
            if description is not None:
                values["description"] = description
            if stage is not None:
                values["stage"] = registry.check_stage(stage)
            registry.touch(connection, row, **values)
            return load(connection, [find_row(connection, name, version)])[0]

    def delete(self, name: str, version: int | str) -> None:
        """Remove a version."""
        with self._database.write() as connection:
            row = find_row(connection, name, version)
            for table in (models, model_aliases):
                connection.execute(delete(table).where(table.c.name == name, table.c.version == row.version))

    def files(self, name: str, version: int | str | None = None) -> Sequence[Record]:
        """Return the files of a version."""
        with self._database.read() as connection:
            row = find_row(connection, name, version)
            text = connection.scalar(select(models.c.files).where(models.c.pk == row.pk))
        assert text is not None, "the row is there"
        return [{"path": path, "sha256": sha256, "size": size} for path, sha256, size in read_files(text)]

    def referenced(self, hashes: Collection[str]) -> set[str]:
        """Return the hashes that are in use."""
        wanted, found = set(hashes), set()
        with self._database.read() as connection:
            for text in connection.scalars(select(models.c.files)):
                found |= wanted.intersection(sha256 for _, sha256, _ in read_files(text))
        return found

    def register(
        self, name: str, *, description: str | None = None, tags: Mapping[str, str | None] | None = None
    ) -> Record:
        """Make a name."""
        with self._database.write() as connection:
            registry.make_name(connection, name, description, tags or {})
            return registered_records(connection, [registered_row(connection, name)])[0]

    def registered(self, name: str) -> Record:
        """Return a name."""
        with self._database.read() as connection:
            return registered_records(connection, [registered_row(connection, name)])[0]

    def update_registered(
        self,
        name: str,
        *,
        description: str | None = None,
        add_tags: Mapping[str, str | None] | None = None,
        remove_tags: Collection[str] | None = None,
    ) -> Record:
        """Write what is given about a name."""
        table = registered_models
        with self._database.write() as connection:
            row = registered_row(connection, name)
            values: dict[str, Any] = {"tags": _labels(row.tags, add_tags, remove_tags), "modified": time.time()}
            if description is not None:
                values["description"] = description
            connection.execute(update(table).where(table.c.name == name).values(values))
            return registered_records(connection, [registered_row(connection, name)])[0]

    def rename(self, name: str, new_name: str) -> Record:
        """Give a model another name."""
        with self._database.write() as connection:
            registry.rename(connection, name, new_name)
            return registered_records(connection, [registered_row(connection, new_name)])[0]

    def delete_registered(self, name: str) -> None:
        """Remove a name."""
        with self._database.write() as connection:
            registry.remove_name(connection, name)

    def set_alias(self, name: str, alias: str, version: int | str) -> None:
        """Let an alias name a version."""
        with self._database.write() as connection:
            registry.checked_alias(connection, name, alias, version)

    def delete_alias(self, name: str, alias: str) -> None:
        """Take an alias away."""
        table = model_aliases
        with self._database.write() as connection:
            registered_row(connection, name)
            connection.execute(delete(table).where(table.c.name == name, table.c.alias == alias))

    def set_stage(self, name: str, version: int | str, stage: str, *, archive_others: bool = False) -> Record:
        """Move a version to a stage."""
        with self._database.write() as connection:
            row = find_row(connection, name, version)
            registry.move_stage(connection, row, stage, archive_others=archive_others)
            return load(connection, [find_row(connection, name, version)])[0]

    def latest_of_stages(self, names: Sequence[str]) -> Sequence[Record]:
        """Return the latest version of each stage of each name."""
        statement = select(models.c.name, models.c.stage, func.max(models.c.version).label("version"))
        newest = statement.where(models.c.name.in_(list(names))).group_by(models.c.name, models.c.stage).subquery()
        fits = (models.c.name == newest.c.name) & (models.c.version == newest.c.version)
        with self._database.read() as connection:
            found = BRIEF.join(newest, fits).order_by(models.c.name, models.c.version)
            return load(connection, connection.execute(found).all())

    def search_registered(
        self, conditions: Sequence[Condition] = (), order: Sequence[Order] = (), *, limit: int = 100, offset: int = 0
    ) -> Sequence[Record]:
        """Return the names for which all conditions hold."""
        table = registered_models
        statement = searched(alive(), REGISTERED_FIELDS, table.c.tags, conditions, order, [table.c.name])
        with self._database.read() as connection:
            rows = connection.execute(statement.limit(limit).offset(offset)).all()
            return registered_records(connection, rows)

    def search_versions(
        self, conditions: Sequence[Condition] = (), order: Sequence[Order] = (), *, limit: int = 100, offset: int = 0
    ) -> Sequence[Record]:
        """Return the versions for which all conditions hold."""
        table = models
        ties = [table.c.modified.desc(), table.c.name, table.c.version.desc()]
        statement = searched(BRIEF, VERSION_FIELDS, table.c.tags, conditions, order, ties)
        with self._database.read() as connection:
            return load(connection, connection.execute(statement.limit(limit).offset(offset)).all())


def _check_files(files: Files, *, is_file: bool) -> None:
    paths = set()
    for path, sha256, _ in files:
        check_hash(sha256)
        if check_file_name(path) in paths:
            raise UserErrorException(f"The model has two files {path!r}. Give each its own path.", target="files")
        paths.add(path)
    if is_file and len(files) != 1:
        raise UserErrorException(f"A model that is a file has one, not {len(files)}.", target="is_file")


def _made_by(connection: Connection, run_id: str) -> ColumnElement[bool]:
    """Return the condition that a run made a version; of a run that is gone no key is left to look up."""
    key = connection.scalar(select(runs.c.pk).where(runs.c.id == run_id))
    return VERSION_FIELDS["run_id"] == run_id if key is None else models.c.run == key


def _run_facts(connection: Connection, run_id: str | None) -> tuple[int | None, dict[str, Any]]:
    """Return the key of a run, and what a version keeps of it when the run is gone."""
    if run_id is None:
        return None, {}
    joined = runs.join(experiments, experiments.c.pk == runs.c.experiment)
    statement = select(runs.c.pk, experiments.c.name).select_from(joined).where(runs.c.id == run_id)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise unknown_run(run_id)
    return row.pk, {"run_id": run_id, "experiment": row.name}


def _labels(
    known: Mapping[str, str | None], add: Mapping[str, str | None] | None, remove: Collection[str] | None
) -> dict[str, str | None]:
    gone = set(remove or ())
    return {**{key: value for key, value in known.items() if key not in gone}, **(add or {})}


def _properties(known: Mapping[str, str | None], add: Mapping[str, str | None] | None) -> dict[str, str | None]:
    for key, value in (add or {}).items():
        if key in known and known[key] != value:
            raise ConflictException(
                f"The model's property {key!r} is {known[key]!r} and never changes. Use a tag for what changes.",
                target=key,
            )
    return {**known, **(add or {})}
