"""From rows of the tables to records MODEL and REGISTERED, and finding one."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, select

from stoker.base.names import suggestion
from stoker.exceptions import NotFoundException
from stoker.service.store.base_models import model_id
from stoker.service.store.base_runs import Record
from stoker.service.store.sql.data_tables import model_aliases, models, registered_models
from stoker.service.store.sql.run_rows import chunks, seconds

__all__ = ["BRIEF", "alive", "files_text", "find_row", "load", "read_files", "registered_records", "registered_row"]

BRIEF = select(*(column for column in models.c if column.name != "files"))
"""All of a version but its files, which may be many."""

_PLAIN = (
    *("name", "version", "description", "tags", "properties", "framework", "framework_version", "size"),
    *("created_by", "stage", "source", "logged_model"),
)


def files_text(files: Iterable[tuple[str, str, int]]) -> bytes:
    """Return the files of a version as they are kept, sorted by path."""
    items = sorted([path, sha256, size] for path, sha256, size in files)
    return zlib.compress(json.dumps(items, separators=(",", ":")).encode("ascii"), 1)


def read_files(text: bytes) -> list[tuple[str, str, int]]:
    """Return what `files_text` has packed."""
    return [(path, sha256, size) for path, sha256, size in json.loads(zlib.decompress(text))]


def alive() -> Select[Any]:
    """Return the statement for all registered models."""
    return select(registered_models).where(registered_models.c.deleted.is_(None))


def registered_row(connection: Connection, name: str) -> Row[Any]:
    """Return the row of a name, or raise `NotFoundException`."""
    row = connection.execute(alive().where(registered_models.c.name == name)).one_or_none()
    if row is None:
        raise _unknown(connection, name)
    return row


def find_row(connection: Connection, name: str, version: int | str | None) -> Row[Any]:
    """Return the row of a version, the latest by default, or raise `NotFoundException`."""
    statement = BRIEF.where(models.c.name == name)
    if version is None:
        row = connection.execute(statement.order_by(models.c.version.desc()).limit(1)).one_or_none()
    else:
        number = _number(version)
        row = connection.execute(statement.where(models.c.version == number)).one_or_none() if number else None
    if row is None:
        raise _missing(connection, name, version)
    return row


def _number(version: int | str) -> int | None:
    text = str(version).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def _unknown(connection: Connection, name: str) -> NotFoundException:
    known = connection.scalars(alive().with_only_columns(registered_models.c.name).limit(1000))
    return NotFoundException(
        f"ModelNotFound: there is no model {str(name)!r} in this workspace. {suggestion(str(name), known)}",
        target="name",
    )


def _missing(connection: Connection, name: str, version: int | str | None) -> NotFoundException:
    statement = select(models.c.version).where(models.c.name == name).order_by(models.c.version.desc()).limit(10)
    known = list(connection.scalars(statement))
    if not known and connection.execute(alive().where(registered_models.c.name == name)).one_or_none() is None:
        return _unknown(connection, name)
    has = f"it has {', '.join(map(str, reversed(known)))}" if known else "it has none yet"
    wanted = "" if version is None else f" {version!r}"
    return NotFoundException(f"ModelNotFound: the model {name!r} has no version{wanted}; {has}.", target="version")


def load(connection: Connection, rows: Sequence[Row[Any]]) -> list[Record]:
    """Return the records MODEL of rows."""
    aliases: dict[tuple[str, int], list[str]] = defaultdict(list)
    for some in chunks({row.name for row in rows}):
        for item in connection.execute(select(model_aliases).where(model_aliases.c.name.in_(some))):
            aliases[item.name, item.version].append(item.alias)
    return [_model(row, sorted(aliases[row.name, row.version])) for row in rows]


def _model(row: Row[Any], aliases: list[str]) -> Record:
    values, kept = row._mapping, row.details  # noqa: SLF001  # SQLAlchemy's public name for it
    return {
        "id": model_id(row.name, row.version),
        **{name: values[name] for name in _PLAIN},
        "run_id": kept.get("run_id"),
        "experiment": kept.get("experiment"),
        "files": kept.get("files", 0),
        "is_file": bool(row.is_file),
        "created": seconds(row.created),
        "modified": seconds(row.modified),
        "aliases": aliases,
        "datasets": kept.get("datasets", []),
        "details": kept.get("facts", {}),
    }


def registered_records(connection: Connection, rows: Sequence[Row[Any]]) -> list[Record]:
    """Return the records REGISTERED of rows."""
    aliases: dict[str, dict[str, int]] = defaultdict(dict)
    joined = select(model_aliases).join(
        models, and_(models.c.name == model_aliases.c.name, models.c.version == model_aliases.c.version)
    )
    for some in chunks([row.name for row in rows]):
        for item in connection.execute(joined.where(model_aliases.c.name.in_(some))):
            aliases[item.name][item.alias] = item.version
    return [
        {
            "name": row.name,
            "description": row.description,
            "tags": row.tags,
            "created": seconds(row.created),
            "modified": seconds(row.modified),
            "last_version": row.last_version,
            "aliases": aliases[row.name],
        }
        for row in rows
    ]
