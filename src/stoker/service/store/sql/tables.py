"""The tables. Times are Unix seconds; `run`, `experiment`, `parent` and the like are the small keys of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint, text

from stoker.service.store.sql.types import FileName, Json, Number

if TYPE_CHECKING:
    from sqlalchemy.sql.schema import SchemaItem

__all__ = ["compact", "labels", "metadata"]

metadata = MetaData(
    naming_convention={"ix": "ix_%(column_0_N_label)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"},
)


def compact(name: str, *items: SchemaItem) -> Table:
    """Return a table that is its primary key's index: half the size, and neighbours lie together."""
    return Table(name, metadata, *items, sqlite_with_rowid=False)


counters = compact(
    "counters",
    Column("name", Text, primary_key=True),
    Column("value", Integer, nullable=False),
)

workspace = compact(
    "workspace",
    Column("name", Text, primary_key=True),
    Column("value", Json),
)

experiments = Table(
    "experiments",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created", Float, nullable=False),
    Column("tags", Json, nullable=False),
    Column("archived", Float),
    Column("description", Text),
    Column("last_number", Integer, nullable=False),
    Column("run_count", Integer, nullable=False),
    Column("child_count", Integer, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("experiment", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("type", Text),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("finished", Integer, nullable=False),
    Column("display_name", Text),
    Column("description", Text),
    Column("parent", Integer),
    Column("root", Integer, nullable=False),
    Column("top", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("queued", Float),
    Column("started", Float),
    Column("ended", Float),
    Column("duration", Float),
    Column("target", Text),
    Column("snapshot_id", Text),
    Column("environment", Json),
    Column("error", Json),
    Column("warnings", Json),
    Column("priority", Integer, nullable=False),
    Column("submitted_by", Text),
    Column("node_count", Integer, nullable=False),
    Column("resources", Json),
    Column("status_reason", Text),
    Column("incarnation", Integer),
    Column("digest", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Index(None, "root"),
    Index(None, "changed"),
    Index(None, "display_name", sqlite_where=text("display_name IS NOT NULL")),
    Index(None, "parent", sqlite_where=text("parent IS NOT NULL")),
    Index("ix_runs_unfinished", "kind", "status", sqlite_where=text("finished = 0")),
    Index(None, "top", "experiment"),
    # The primary key follows every index, so these also give the order of being recorded.
    Index(None, "top"),
    *(Index(None, "top", column) for column in ("number", "status", "started", "ended", "duration")),
    *(Index(None, "experiment", "top", column) for column in ("status", "started", "ended", "duration")),
    sqlite_autoincrement=True,
)

run_details = Table(
    "run_details",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("definition", Json),
    Column("resolved", Json),
    Column("exit", Json),
    Column("submission", Json),
    Column("handle", Json),
)


def labels(name: str) -> Table:
    """Return a table of keys and values of runs, with a copy of what lists filter by."""
    return compact(
        name,
        Column("run", Integer, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("value", Text),
        Column("top", Integer, nullable=False),
        Column("experiment", Integer, nullable=False),
        Index(f"ix_{name}_find", "key", "value", "top", "run", "experiment"),
    )


run_tags = labels("run_tags")
run_properties = labels("run_properties")

journals = Table(
    "journals",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("stored", Integer, nullable=False),
    Column("torn", Integer, nullable=False),
    UniqueConstraint("run", "name"),
)

journal_references = compact(
    "journal_references",
    Column("journal", Integer, primary_key=True),
    Column("reference", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
)

series = Table(
    "series",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("column", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("tabular", Integer, nullable=False),
    Column("last_point", Integer, nullable=False),
    Column("last_step", Number),
    Column("last_t", Float),
    Column("last", Number),
    Column("top", Integer, nullable=False),
    Column("experiment", Integer, nullable=False),
    UniqueConstraint("run", "name", "column"),
    Index("ix_series_last", "name", "top", "last", "run", "experiment", sqlite_where=text("last IS NOT NULL")),
)

metric_descriptions = compact(
    "metric_descriptions",
    Column("run", Integer, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
)

points = compact(
    "points",
    Column("series", Integer, primary_key=True),
    Column("id", Integer, primary_key=True),
    Column("journal", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("t", Float, nullable=False),
    Column("step", Number),
    Column("kind", Integer, nullable=False),
    Column("num", Number),
    Column("text", Text),
)

resources = compact(
    "resources",
    Column("run", Integer, primary_key=True),
    Column("t", Float, primary_key=True),
    Column("node", Integer, primary_key=True),
    Column("sample", Json, nullable=False),
)

logs = Table(
    "logs",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("name", FileName, nullable=False),
    Column("size", Integer, nullable=False),
    Column("live", Integer, nullable=False),
    UniqueConstraint("run", "name"),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("name", FileName, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("live", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("request", Text),
    UniqueConstraint("run", "name"),
    Index(None, "sha256"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("manifest", LargeBinary, nullable=False),
    Column("files", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("created", Float, nullable=False),
)

environments = Table(
    "environments",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("definition", Json, nullable=False),
    Column("created", Float, nullable=False),
    Column("deleted", Float),
    UniqueConstraint("name", "version"),
)

compute = Table(
    "compute",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("provisioning_state", Text, nullable=False),
    Column("config", Json, nullable=False),
    Column("tags", Json, nullable=False),
    Column("errors", Json, nullable=False),
    Column("status", Json, nullable=False),
    Column("nodes", Json, nullable=False),
    Column("location", Text),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
)
