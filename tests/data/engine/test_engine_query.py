"""Rows of a database."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.data.engine.tables import Table, left, rows

from stoker.data import _definition, _engine
from stoker.data._engine.expression import column
from stoker.data._storage.resolve import SourceFiles
from stoker.exceptions import DatasetExecutionError


def query(folder: Path, text: str, **more: Any) -> Table:
    files = SourceFiles()
    files.database = lambda: f"sqlite:///{folder}/a.db"
    return _definition.build("sql_query", datastore="d", query=text, **more), files


@pytest.fixture
def database(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE t (id INTEGER, name TEXT, v REAL)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", [(1, "a", 0.5), (2, None, None)])
    connection.close()
    return tmp_path


def test_a_query_is_read_from_its_database(database: Path) -> None:
    assert rows(*query(database, "SELECT * FROM t ORDER BY id")) == [
        {"id": 1, "name": "a", "v": 0.5},
        {"id": 2, "name": None, "v": None},
    ]
    assert rows(*query(database, "SELECT id, id FROM t WHERE id > 1")) == [{"id": 2, "id_1": 2}]
    assert rows(*query(database, "SELECT * FROM t WHERE id > 9")) == []
    assert left(query(database, "SELECT * FROM t"), column("v") > 0) == [1]


def test_types_of_a_query_s_columns_can_be_asked_for(database: Path) -> None:
    types = {"id": {"type": "string"}, "name": {"type": "long"}}

    assert rows(*query(database, "SELECT * FROM t", options={"column_types": types}))[0] == {
        "id": "1",
        "name": None,
        "v": 0.5,
    }


def test_many_rows_of_a_query_are_read_in_parts(database: Path) -> None:
    text = "WITH RECURSIVE n(id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM n WHERE id < 24999) SELECT id, 'x' s FROM n"

    with _engine.scan(*query(database, text)) as reader:
        sizes = [batch.num_rows for batch in reader]

    assert sum(sizes) == 25_000
    assert len(sizes) > 1


def test_a_query_s_value_of_another_type_than_the_first_ones_is_said(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 24999) "
    text += "SELECT CASE WHEN i = 24999 THEN 'odd' ELSE i END id FROM n"

    with caplog.at_level(logging.WARNING, "stoker"):
        assert rows(*query(database, text))[-1] == {"id": None}
    assert "'odd' in the query, row 25000 is not a whole number" in caplog.text
    with pytest.raises(DatasetExecutionError, match="row 25000, column 'id': 'odd'"):
        rows(*query(database, text), on_error="fail")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT * FROM missing_table", "no such table"),
        ("DELETE FROM t RETURNING id", "readonly"),
        ("PRAGMA user_version = 1", "readonly|no columns"),
    ],
)
def test_a_query_that_fails_is_said(database: Path, text: str, why: str) -> None:
    with pytest.raises(DatasetExecutionError, match=rf"The query .* failed: .*({why})"):
        rows(*query(database, text))


def test_a_query_that_takes_too_long_is_ended(database: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    with pytest.raises(DatasetExecutionError, match="no row within 1 seconds"):
        rows(*query(database, endless, timeout=1))


def test_other_databases_are_read_by_sqlalchemy(database: Path) -> None:
    definition, files = query(database, "SELECT * FROM t ORDER BY id")
    files.database = lambda: f"sqlite+pysqlite:///{database}/a.db"

    assert [row["name"] for row in rows(definition, files)] == ["a", None]
    files.database = lambda: "sqlite+pysqlite:////no/such/folder:secret/a.db"
    with pytest.raises(DatasetExecutionError) as caught:
        rows(definition, files)
    assert "secret" not in str(caught.value)
