"""The tables of data, models and what MLflow clients keep beside runs; with it the metadata has all tables."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from stoker.service.store.sql.tables import compact, labels, metadata
from stoker.service.store.sql.types import Json

__all__ = [
    "datasets",
    "datastores",
    "hidden_runs",
    "lineage",
    "logged_model_metrics",
    "logged_models",
    "metadata",
    "model_aliases",
    "models",
    "registered_models",
    "run_params",
    "secrets",
]

secrets = compact(
    "secrets",
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
)

datastores = Table(
    "datastores",
    metadata,
    Column("pk", Integer, primary_key=True),
    # `key` is the name in small letters: names differ by more than that.
    Column("key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("config", Json, nullable=False),
    Column("secret", LargeBinary),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
)

datasets = Table(
    "datasets",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("definition", Json, nullable=False),
    Column("digest", Text, nullable=False),
    # Both are null for one that was saved because a run uses it, and never registered.
    Column("name", Text),
    Column("version", Integer),
    Column("description", Text),
    Column("tags", Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("fingerprint", Json),
    Column("entries", LargeBinary),
    Column("run", Integer),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
    Column("deleted", Float),
    UniqueConstraint("name", "version"),
    Index(None, "digest"),
)

lineage = Table(
    "lineage",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("direction", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("mechanism", Text),
    Column("details", Json, nullable=False),
    Column("created", Float, nullable=False),
    UniqueConstraint("run", "direction", "kind", "ref", "name"),
    Index(None, "kind", "ref"),
)

registered_models = compact(
    "registered_models",
    Column("name", Text, primary_key=True),
    Column("description", Text),
    Column("tags", Json, nullable=False),
    Column("last_version", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
    Column("deleted", Float),
)

models = Table(
    "models",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("description", Text),
    Column("tags", Json, nullable=False),
    Column("properties", Json, nullable=False),
    Column("framework", Text),
    Column("framework_version", Text),
    Column("run", Integer),
    Column("files", LargeBinary, nullable=False),
    Column("is_file", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("source", Text),
    Column("logged_model", Text),
    Column("details", Json, nullable=False),
    Column("created_by", Text),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
    Column("deleted", Float),
    UniqueConstraint("name", "version"),
    Index(None, "run", sqlite_where=text("run IS NOT NULL")),
)

model_aliases = compact(
    "model_aliases",
    Column("name", Text, primary_key=True),
    Column("alias", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)

run_params = labels("run_params")

hidden_runs = compact(
    "hidden_runs",
    Column("run", Integer, primary_key=True),
    Column("deleted", Float, nullable=False),
)

logged_models = Table(
    "logged_models",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("experiment", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("run", Integer),
    Column("type", Text),
    Column("status", Text, nullable=False),
    Column("message", Text),
    Column("tags", Json, nullable=False),
    Column("params", Json, nullable=False),
    Column("created", Float, nullable=False),
    Column("modified", Float, nullable=False),
    Column("deleted", Float),
    Index(None, "experiment", "created"),
    Index(None, "run", sqlite_where=text("run IS NOT NULL")),
)

logged_model_metrics = Table(
    "logged_model_metrics",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("model", Text, nullable=False),
    Column("run", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Float),
    Column("t", Float, nullable=False),
    Column("step", Integer, nullable=False),
    Column("dataset", Text),
    Column("dataset_digest", Text),
    Index(None, "model", "name"),
)
