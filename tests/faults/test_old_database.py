"""Databases of other ages: an older one is copied and brought forward with all its records, a newer one is refused."""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from stoker.base.processes import is_alive
from stoker.client import connect
from stoker.exceptions import ServiceException
from stoker.service.store import SqlStore, Store
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.schema import HEAD, SCRIPTS, ensure_schema
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

FIRST = "0001"
FILE = Path(__file__).parents[1] / "service" / "store" / "data" / "first-schema.db.gz"
"""Written by `make_first_schema.py` beside it."""

NEXT = """
from alembic import op
import sqlalchemy as sa

revision = {revision!r}
down_revision = {before!r}

def upgrade():
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("colour", sa.Text, server_default="blue"))
    op.create_table("paints", sa.Column("pk", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
"""


def put_first(path: str) -> None:
    """Put the kept database in a place."""
    for beside in (f"{path}-wal", f"{path}-shm"):
        Path(beside).unlink(missing_ok=True)
    with gzip.open(FILE) as packed, open(path, "wb") as file:
        shutil.copyfileobj(packed, file)


def version_of(path: str) -> str:
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    finally:
        connection.close()


def check_records(store: Store) -> None:
    """All that the script beside the file has written is read as it was."""
    run, failed = store.runs.get("first-run"), store.runs.get("failed-run")
    assert (run["number"], run["status"], run["display_name"]) == (1, "Completed", "a run")
    assert run["tags"] == {"a": "b", "kind": "ridge", "größe": "groß"}
    assert run["properties"] == {"seed": "7"}
    assert run["definition"] == {"script": "train.py", "arguments": ["--alpha", "0.5"]}
    assert (failed["status"], failed["error"]["message"]) == ("Failed", "no data")
    assert store.metrics.collapsed("first-run") == {
        "loss": [0.5, 0.25],
        "name": "ridge",
        "bad": {"$": "nan"},
        "list": [1, 2, 3],
        "row": {"x": 1, "y": 2.5},
        "table": {"a": [1, 2], "b": [3, 4]},
    }
    assert [item["description"] for item in store.metrics.series("first-run", "loss")] == ["squared error"]
    child = store.runs.get("first-child")
    assert (child["parent_id"], child["status"], child["tags"]) == ("first-run", "Completed", {"n": "1"})
    assert store.metrics.collapsed("first-child") == {"accuracy": 0.9}
    assert store.artifacts.get("first-run", "outputs/model.bin")["size"] == 12
    assert [log["size"] for log in store.logs.list("first-run")] == [5]
    assert store.experiments.get("first")["tags"] == {"team": "a"}
    assert store.runs.list(experiment="first", children=True)["total"] == 3
    assert store.environments.get("first-environment")["version"] == "1"
    assert store.runs.submission("first-run") == {"python": "/usr/bin/python3"}


@pytest.fixture
def path(tmp_path: Path) -> str:
    place = str(tmp_path / "stoker.db")
    put_first(place)
    return place


def test_the_first_schema_is_opened_with_all_its_records_and_a_copy_is_kept(path: str) -> None:
    assert version_of(path) == FIRST
    store = SqlStore(path)
    check_records(store)
    store.journals.ingest("first-run", "host-1-1", store.journals.stored("first-run", "host-1-1"), b"")
    store.close()

    assert version_of(path) == HEAD
    copies = [name for name in os.listdir(os.path.dirname(path)) if ".backup-" in name]
    assert copies == ([] if HEAD == FIRST else [f"stoker.db.backup-{FIRST}"])


def test_the_first_schema_is_brought_to_what_is_yet_to_come(path: str, tmp_path: Path) -> None:
    later = f"{int(HEAD) + 1:04d}"
    scripts = tmp_path / "migrations"
    shutil.copytree(SCRIPTS, scripts)
    (scripts / "versions" / f"{later}_next.py").write_text(NEXT.format(revision=later, before=HEAD))
    database = Database(path)
    ensure_schema(database, later, str(scripts))
    with database.read() as connection:
        colours = connection.exec_driver_sql("SELECT id, colour FROM runs ORDER BY id").all()
        assert connection.exec_driver_sql("SELECT count(*) FROM paints").scalar() == 0
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    database.close()

    assert colours == [("failed-run", "blue"), ("first-child", "blue"), ("first-run", "blue")]
    assert version_of(path) == later
    copy = f"{path}.backup-{FIRST}"
    assert version_of(copy) == FIRST
    # The copy is what there was: put back, it is opened as before.
    shutil.copy(copy, path)
    store = SqlStore(path)
    check_records(store)
    store.close()


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[TemporaryWorkspace]:
    """Return a workspace whose service has left."""
    with TemporaryWorkspace(tmp_path / "w", "aged") as workspace:
        service = workspace.service
        assert service is not None
        workspace.api.post("/service/stop", {})
        # It has withdrawn service.json sooner than it lets go of its database.
        wait_until(lambda: not is_alive(service), what="the end of the service")
        yield workspace


def test_a_service_serves_the_records_of_the_first_schema(stopped: TemporaryWorkspace) -> None:
    put_first(stopped.paths.database)

    assert stopped.api.get("/runs", children=True)["total"] == 3
    assert stopped.api.get("/runs/first-run/metrics")["metrics"]["loss"] == [0.5, 0.25]
    assert stopped.api.get("/runs/first-run")["tags"]["kind"] == "ridge"


def test_a_service_refuses_a_newer_database_and_leaves_it_as_it_is(stopped: TemporaryWorkspace) -> None:
    put_first(stopped.paths.database)
    connection = sqlite3.connect(stopped.paths.database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = Path(stopped.paths.database).read_bytes()

    with pytest.raises(ServiceException, match=r"version 9999.*newer Stoker has used the workspace\. Upgrade"):
        connect(stopped.paths.home)
    assert Path(stopped.paths.database).read_bytes() == before
    assert not os.path.exists(f"{stopped.paths.database}.backup-9999")
    assert stopped.service is None
