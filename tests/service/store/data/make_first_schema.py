"""Make `first-schema.db.gz`: a database as the first schema (0001) wrote it.

The file is kept, so that every later version is tested to open it. Run this only from a checkout of that schema::

    python tests/service/store/data/make_first_schema.py
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from stoker.base.states import RunStatus
from stoker.service.store import SqlStore
from stoker.service.store.sql.schema import HEAD

FILE = Path(__file__).with_name("first-schema.db.gz")
VERSION = "0001"

LINES = (
    {"journal": "host-1-1", "format": 1, "host": "host", "pid": 1, "start": "1", "boot": "b", "opened": 1700000000.0},
    ["m", 0, 1700000001.0, "loss", 0.5, 0],
    ["m", 0, 1700000002.0, "loss", 0.25, 1],
    ["m", 0, 1700000003.0, "name", "ridge", None],
    ["m", 0, 1700000003.5, "bad", {"$": "nan"}, None],
    ["d", 0, 1700000004.0, "loss", "squared error"],
    ["l", 0, 1700000005.0, "list", [1, 2, 3]],
    ["r", 0, 1700000006.0, "row", {"x": 1, "y": 2.5}],
    ["t", 0, 1700000007.0, "table", {"a": [1, 2], "b": [3, 4]}],
    ["tag", 0, 1700000008.0, {"kind": "ridge", "größe": "groß"}],
    ["prop", 0, 1700000009.0, {"seed": "7"}],
    ["run", 1, "first-child"],
    ["child", 0, 1700000010.0, {"id": "first-child", "name": "child", "status": "Running", "tags": {"n": "1"}}],
    ["m", 1, 1700000011.0, "accuracy", 0.9, None],
    ["end", 1, 1700000012.0, "Completed", None],
)
"""What the runs of the database have logged."""


def fill(store: SqlStore) -> None:
    """Write two experiments, a run with a child and all kinds of metrics, a failed run, and a file."""
    store.experiments.get_or_create("first")
    store.experiments.update("first", tags={"team": "a"})
    definition = {"script": "train.py", "arguments": ["--alpha", "0.5"]}
    python = {"python": "/usr/bin/python3"}
    common: dict[str, Any] = {"experiment": "first", "kind": "submitted", "target": "local", "submission": python}
    store.runs.create(id="first-run", definition=definition, display_name="a run", tags={"a": "b"}, **common)
    data = "".join(json.dumps(line) + "\n" for line in LINES).encode()
    store.journals.ingest("first-run", "host-1-1", 0, data, trusted=True)
    store.artifacts.add("first-run", "outputs/model.bin", "ab" * 32, 12)
    store.logs.record("first-run", "user_logs/std_log.txt", 5)
    store.runs.transition("first-run", RunStatus.COMPLETED)
    store.runs.create(id="failed-run", definition=definition, **common)
    store.runs.transition("failed-run", RunStatus.FAILED, error={"code": "UserScriptFailed", "message": "no data"})
    store.environments.register({"name": "first-environment", "python": {"userManagedDependencies": True}})


def main() -> None:
    """Write the file anew."""
    if HEAD != VERSION:
        raise SystemExit(f"This checkout has the schema {HEAD}; the file holds {VERSION} and must stay as it is.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "stoker.db")
        store = SqlStore(str(path))
        fill(store)
        store.close()
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")
        connection.close()
        with gzip.GzipFile(FILE, "wb", mtime=0) as file:
            file.write(path.read_bytes())


if __name__ == "__main__":
    main()
