from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stoker.exceptions import ServiceException, UserErrorException, WorkspaceException
from stoker.service.store import SqlStore, Store
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.schema import HEAD, SCRIPTS, ensure_schema, migrate
from stoker.testing.store_runs import make

AFTER = f"{int(HEAD) + 1:04}"
NEXT = """
from alembic import op
import sqlalchemy as sa

revision = "AFTER"
down_revision = "HEAD"

def upgrade():
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("colour", sa.Text))
    FAIL
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "stoker.db")


def _schema(path: str) -> dict[str, str]:
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    finally:
        connection.close()
    return {name: re.sub(r"\s+", " ", sql).replace("( ", "(").replace(" )", ")").strip() for name, sql in rows}


def _scripts(folder: Path, fail: str = "") -> str:
    target = folder / "migrations"
    shutil.copytree(SCRIPTS, target)
    text = NEXT.replace("FAIL", fail).replace("AFTER", AFTER).replace("HEAD", HEAD)
    (target / "versions" / f"{AFTER}_next.py").write_text(text)
    return str(target)


def test_the_version_scripts_make_the_same_tables_as_a_new_store(tmp_path: Path, path: str) -> None:
    SqlStore(path).close()
    other = str(tmp_path / "other.db")
    database = Database(other)
    migrate(database)
    database.close()

    assert _schema(other) == _schema(path)


def test_the_head_is_the_newest_script() -> None:
    names = sorted(name for name in os.listdir(os.path.join(SCRIPTS, "versions")) if name[0].isdigit())

    assert names[-1].startswith(f"{HEAD}_")


def test_opening_again_finds_the_records_and_loads_no_migrations(path: str) -> None:
    store = Store.open(f"sqlite:///{path}")
    make(store, "a")
    store.close()
    store.close()
    code = (
        "import sys; from stoker.service.store import Store\n"
        f"store = Store.open({path!r}); assert store.runs.get('a')['number'] == 1\n"
        "store.close(); assert 'alembic' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_older_database_is_copied_and_then_migrated(tmp_path: Path, path: str) -> None:
    store = SqlStore(path)
    make(store, "a")
    store.close()
    database = Database(path)
    ensure_schema(database, AFTER, _scripts(tmp_path))
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT id, colour FROM runs").all() == [("a", None)]
    database.close()

    backup = SqlStore(f"{path}.backup-{HEAD}")
    assert backup.runs.get("a")["id"] == "a"
    backup.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, path: str) -> None:
    SqlStore(path).close()
    before = _schema(path)
    database = Database(path)

    with pytest.raises(ZeroDivisionError):
        ensure_schema(database, AFTER, _scripts(tmp_path, fail="1 / 0"))
    database.close()
    assert _schema(path) == before


@pytest.mark.parametrize("version", ["9999", "from-the-future"])
def test_a_newer_database_is_refused(path: str, version: str) -> None:
    SqlStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.commit()
    connection.close()

    with pytest.raises(WorkspaceException, match=r"Upgrade with .pip install"):
        SqlStore(path)


def test_a_database_of_another_program_is_refused(path: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE photos (id INTEGER)")
    connection.close()

    with pytest.raises(WorkspaceException, match="photos"):
        SqlStore(path)


def test_a_damaged_database_is_said(path: str) -> None:
    with open(path, "wb") as file:
        file.write(b"no database at all" * 1000)

    with pytest.raises(ServiceException, match="damaged"):
        SqlStore(path)


def test_a_place_that_can_not_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceException, match="does not exist"):
        SqlStore(str(tmp_path / "no" / "stoker.db"))
    with pytest.raises(UserErrorException, match="kind"):
        SqlStore("postgresql://host/db")


def test_the_database_is_its_owners_alone(path: str) -> None:
    SqlStore(path).close()

    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_a_path_may_have_any_characters(tmp_path: Path) -> None:
    folder = tmp_path / "a b?c=d#%41"
    folder.mkdir()
    SqlStore(f"sqlite:///{folder}/stoker.db").close()

    assert (folder / "stoker.db").exists()


def test_readers_do_not_wait_for_a_writer_and_do_not_see_its_half(path: str) -> None:
    store = SqlStore(path)
    make(store, "a")
    seen = []

    def look() -> None:
        seen.append(store.runs.get("a")["tags"])

    with store.write():
        store.runs.update("a", tags={"k": "v"})
        reader = threading.Thread(target=look)
        reader.start()
        reader.join(timeout=10)
    look()
    store.close()

    assert seen == [{}, {"k": "v"}]


def test_what_was_written_survives_a_kill(path: str) -> None:
    code = (
        "import os, signal; from stoker.service.store import Store\n"
        f"store = Store.open({path!r}); store.runs.create(id='a', experiment='e')\n"
        "store.database.write().__enter__()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)

    store = SqlStore(path)
    assert store.runs.get("a")["id"] == "a"
    store.close()
