"""Names of models, their aliases and stages: what is done within one transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, literal, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from stoker.exceptions import ConflictException, UserErrorException
from stoker.service.store.base_models import STAGES, check_model_name
from stoker.service.store.sql.data_tables import lineage, model_aliases, models, registered_models
from stoker.service.store.sql.model_rows import find_row, registered_row

__all__ = ["check_stage", "checked_alias", "make_name", "move_stage", "next_version", "remove_name", "rename", "touch"]

_TABLE = registered_models


def make_name(connection: Connection, name: str, description: str | None, tags: Mapping[str, str | None]) -> None:
    """Make a name, also one that was removed; its numbers go on."""
    check_model_name(name)
    now = time.time()
    known = connection.execute(select(_TABLE).where(_TABLE.c.name == name)).one_or_none()
    if known is not None and known.deleted is None:
        raise ConflictException(
            f"A registered model {name!r} exists already. Choose another name, or add a version to it.", target="name"
        )
    values = {"description": description, "tags": dict(tags), "created": now, "modified": now, "deleted": None}
    if known is None:
        connection.execute(insert(_TABLE).values(name=name, last_version=0, **values))
    else:
        connection.execute(update(_TABLE).where(_TABLE.c.name == name).values(values))


def next_version(connection: Connection, name: str) -> int:
    """Return the next number of a name, which is made when it is new."""
    known = connection.execute(select(_TABLE).where(_TABLE.c.name == name)).one_or_none()
    if known is None or known.deleted is not None:
        make_name(connection, name, None, {})
    version = 1 if known is None else known.last_version + 1
    changed = {"last_version": version, "modified": time.time()}
    connection.execute(update(_TABLE).where(_TABLE.c.name == name).values(changed))
    return version


def touch(connection: Connection, row: Row[Any], **values: Any) -> None:
    """Write values of a version, and when that was."""
    place = (models.c.name == row.name, models.c.version == row.version)
    connection.execute(update(models).where(*place).values(**values, modified=time.time()))


def rename(connection: Connection, name: str, new_name: str) -> None:
    """Move a name with all that carries it."""
    check_model_name(new_name)
    registered_row(connection, name)
    if connection.execute(select(_TABLE.c.name).where(_TABLE.c.name == new_name)).one_or_none() is not None:
        raise ConflictException(
            f"The model {name!r} can't be renamed: the name {new_name!r} is in use, or was. Choose another one.",
            target="new_name",
        )
    moved = update(_TABLE).where(_TABLE.c.name == name).values(name=new_name, modified=time.time())
    connection.execute(moved)
    for table in (models, model_aliases):
        connection.execute(update(table).where(table.c.name == name).values(name=new_name))
    # What runs made and used is on record under `name:version`, and is the same model still.
    start = f"{name}:"
    of_model = (lineage.c.kind == "model", func.substr(lineage.c.ref, 1, len(start)) == start)
    new_ref = literal(f"{new_name}:").op("||")(func.substr(lineage.c.ref, len(start) + 1))
    connection.execute(update(lineage).where(*of_model).values(ref=new_ref))


def remove_name(connection: Connection, name: str) -> None:
    """Remove a name with its versions and aliases; the last number stays."""
    registered_row(connection, name)
    for table in (models, model_aliases):
        connection.execute(delete(table).where(table.c.name == name))
    gone = {"deleted": time.time(), "tags": {}, "description": None}
    connection.execute(update(_TABLE).where(_TABLE.c.name == name).values(gone))


def checked_alias(connection: Connection, name: str, alias: str, version: int | str) -> None:
    """Let an alias name a version."""
    if not alias.strip() or len(alias) > 255:
        raise UserErrorException("An alias has 1 to 255 characters. Choose another one.", target="alias")
    row = find_row(connection, name, version)
    statement = upsert(model_aliases).values(name=name, alias=alias, version=row.version)
    changed = {"version": row.version}
    connection.execute(statement.on_conflict_do_update(index_elements=["name", "alias"], set_=changed))


def check_stage(stage: str) -> str:
    """Return a stage in its one spelling, or raise `UserErrorException`."""
    found = next((item for item in STAGES if item.lower() == str(stage).lower()), None)
    if found is None:
        raise UserErrorException(f"There is no stage {stage!r}. Give one of {', '.join(STAGES)}.", target="stage")
    return found


def move_stage(connection: Connection, row: Row[Any], stage: str, *, archive_others: bool) -> None:
    """Move a version to a stage."""
    wanted = check_stage(stage)
    if archive_others and wanted in {"Staging", "Production"}:
        others = (models.c.name == row.name, models.c.stage == wanted, models.c.version != row.version)
        connection.execute(update(models).where(*others).values(stage="Archived", modified=time.time()))
    touch(connection, row, stage=wanted)
