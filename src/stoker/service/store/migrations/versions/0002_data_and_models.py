"""Data, models, lineage, secrets, and what MLflow clients keep."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """
    CREATE TABLE secrets (
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    created FLOAT NOT NULL,
    modified FLOAT NOT NULL,
    PRIMARY KEY (name)
    )
    WITHOUT ROWID
    """,
    """
    CREATE TABLE datastores (
    pk INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    config TEXT NOT NULL,
    secret BLOB,
    created FLOAT NOT NULL,
    modified FLOAT NOT NULL,
    PRIMARY KEY (pk),
    CONSTRAINT uq_datastores_key UNIQUE ("key")
    )
    """,
    """
    CREATE TABLE datasets (
    pk INTEGER NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    definition TEXT NOT NULL,
    digest TEXT NOT NULL,
    name TEXT,
    version INTEGER,
    description TEXT,
    tags TEXT NOT NULL,
    state TEXT NOT NULL,
    fingerprint TEXT,
    entries BLOB,
    run INTEGER,
    created FLOAT NOT NULL,
    modified FLOAT NOT NULL,
    deleted FLOAT,
    PRIMARY KEY (pk),
    CONSTRAINT uq_datasets_name_version UNIQUE (name, version),
    CONSTRAINT uq_datasets_id UNIQUE (id)
    )
    """,
    """
    CREATE INDEX ix_datasets_digest ON datasets (digest)
    """,
    """
    CREATE TABLE lineage (
    pk INTEGER NOT NULL,
    run INTEGER NOT NULL,
    direction TEXT NOT NULL,
    kind TEXT NOT NULL,
    ref TEXT NOT NULL,
    name TEXT NOT NULL,
    mechanism TEXT,
    details TEXT NOT NULL,
    created FLOAT NOT NULL,
    PRIMARY KEY (pk),
    CONSTRAINT uq_lineage_run_direction_kind_ref_name UNIQUE (run, direction, kind, ref, name)
    )
    """,
    """
    CREATE INDEX ix_lineage_kind_lineage_ref ON lineage (kind, ref)
    """,
    """
    CREATE TABLE registered_models (
    name TEXT NOT NULL,
    description TEXT,
    tags TEXT NOT NULL,
    last_version INTEGER NOT NULL,
    created FLOAT NOT NULL,
    modified FLOAT NOT NULL,
    deleted FLOAT,
    PRIMARY KEY (name)
    )
    WITHOUT ROWID
    """,
    """
    CREATE TABLE models (
    pk INTEGER NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    description TEXT,
    tags TEXT NOT NULL,
    properties TEXT NOT NULL,
    framework TEXT,
    framework_version TEXT,
    run INTEGER,
    files BLOB NOT NULL,
    is_file INTEGER NOT NULL,
    size INTEGER NOT NULL,
    stage TEXT NOT NULL,
    source TEXT,
    logged_model TEXT,
    details TEXT NOT NULL,
    created_by TEXT,
    created FLOAT NOT NULL,
    modified FLOAT NOT NULL,
    deleted FLOAT,
    PRIMARY KEY (pk),
    CONSTRAINT uq_models_name_version UNIQUE (name, version)
    )
    """,
    """
    CREATE INDEX ix_models_run ON models (run) WHERE run IS NOT NULL
    """,
    """
    CREATE TABLE model_aliases (
    name TEXT NOT NULL,
    alias TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (name, alias)
    )
    WITHOUT ROWID
    """,
    """
    CREATE TABLE run_params (
    run INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    value TEXT,
    top INTEGER NOT NULL,
    experiment INTEGER NOT NULL,
    PRIMARY KEY (run, "key")
    )
    WITHOUT ROWID
    """,
    """
    CREATE INDEX ix_run_params_find ON run_params ("key", value, top, run, experiment)
    """,
    """
    CREATE TABLE hidden_runs (
    run INTEGER NOT NULL,
    deleted FLOAT NOT NULL,
    PRIMARY KEY (run)
    )
    WITHOUT ROWID
    """,
    """
    CREATE TABLE logged_models (
    pk INTEGER NOT NULL,
    id TEXT NOT NULL,
    experiment INTEGER NOT NULL,
    name TEXT NOT NULL,
    run INTEGER,
    type TEXT,
    status TEXT NOT NULL,
    message TEXT,
    tags TEXT NOT NULL,
    params TEXT NOT NULL,
    created FLOAT NOT NULL,
    modified FLOAT NOT NULL,
    deleted FLOAT,
    PRIMARY KEY (pk),
    CONSTRAINT uq_logged_models_id UNIQUE (id)
    )
    """,
    """
    CREATE INDEX ix_logged_models_experiment_logged_models_created ON logged_models (experiment, created)
    """,
    """
    CREATE INDEX ix_logged_models_run ON logged_models (run) WHERE run IS NOT NULL
    """,
    """
    CREATE TABLE logged_model_metrics (
    pk INTEGER NOT NULL,
    model TEXT NOT NULL,
    run INTEGER NOT NULL,
    name TEXT NOT NULL,
    value FLOAT,
    t FLOAT NOT NULL,
    step INTEGER NOT NULL,
    dataset TEXT,
    dataset_digest TEXT,
    PRIMARY KEY (pk)
    )
    """,
    """
    CREATE INDEX ix_logged_model_metrics_model_logged_model_metrics_name ON logged_model_metrics (model, name)
    """,
)


def upgrade() -> None:
    """Make the tables and indexes that this version adds."""
    for statement in STATEMENTS:
        op.execute(statement.strip())
