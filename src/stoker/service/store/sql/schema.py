"""Bring a database to this version: made at once when new, migrated after a backup when old, refused when newer."""

from __future__ import annotations

import os
import sqlite3

from sqlalchemy import Connection, text

from stoker.base.version import __version__
from stoker.exceptions import WorkspaceException
from stoker.service.store.sql.data_tables import metadata
from stoker.service.store.sql.database import Database

__all__ = ["HEAD", "SCRIPTS", "backup", "ensure_schema", "migrate"]

HEAD = "0002"
"""The newest version script in `migrations/versions`; versions are numbers of four digits."""
SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "migrations")


def ensure_schema(database: Database, head: str = HEAD, scripts: str = SCRIPTS) -> None:
    """Make, check or migrate the tables.

    Parameters
    ----------
    database : Database
    head : str
        The version to come to.
    scripts : str
        The folder of Alembic's environment.

    Raises
    ------
    stoker.exceptions.WorkspaceException
        A newer Stoker made the database, or it is none of Stoker's.
    """
    with database.read() as connection:
        version = _version(connection)
    if version == head:
        return
    if version is None:
        _create(database)
        return
    if not version.isdigit() or version > head:
        raise WorkspaceException(
            f"The workspace's records have the version {version}, and this Stoker ({__version__}) knows {head}: a "
            "newer Stoker has used the workspace. Upgrade with `pip install --upgrade stoker`."
        )
    if database.path is not None:
        backup(database.path, f"{database.path}.backup-{version}")
    migrate(database, head, scripts)


def migrate(database: Database, to: str = HEAD, scripts: str = SCRIPTS) -> None:
    """Run the version scripts up to `to`, in one transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", scripts.replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def backup(path: str, target: str) -> None:
    """Copy a database as it stands to `target`, which is replaced when it is there."""
    beside = f"{target}.part"
    if os.path.exists(beside):
        os.unlink(beside)
    source = sqlite3.connect(path)
    copy = sqlite3.connect(beside)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    os.chmod(beside, 0o600)
    os.replace(beside, target)


def _version(connection: Connection) -> str | None:
    tables = {row[0] for row in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))}
    if "alembic_version" in tables:
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return str(found)
    if tables:
        raise WorkspaceException(
            f"The database holds tables that are not Stoker's ({', '.join(sorted(tables)[:3])}). "
            "Move the file .stoker/stoker.db away and start again."
        )
    return None


def _create(database: Database) -> None:
    with database.write() as connection:
        metadata.create_all(connection, checkfirst=False)
        connection.execute(
            text(
                "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
                "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
            )
        )
        connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": HEAD})
