"""The first tables."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    """
    CREATE TABLE counters (
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (name)
    )
    WITHOUT ROWID
    """,
    """
    CREATE TABLE workspace (
    name TEXT NOT NULL,
    value TEXT,
    PRIMARY KEY (name)
    )
    WITHOUT ROWID
    """,
    """
    CREATE TABLE experiments (
    pk INTEGER NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    created FLOAT NOT NULL,
    tags TEXT NOT NULL,
    archived FLOAT,
    description TEXT,
    last_number INTEGER NOT NULL,
    run_count INTEGER NOT NULL,
    child_count INTEGER NOT NULL,
    PRIMARY KEY (pk),
    CONSTRAINT uq_experiments_id UNIQUE (id),
    CONSTRAINT uq_experiments_name UNIQUE (name)
    )
    """,
    """
    CREATE TABLE runs (
    pk INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    experiment INTEGER NOT NULL,
    number INTEGER NOT NULL,
    type TEXT,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    finished INTEGER NOT NULL,
    display_name TEXT,
    description TEXT,
    parent INTEGER,
    root INTEGER NOT NULL,
    top INTEGER NOT NULL,
    created FLOAT NOT NULL,
    queued FLOAT,
    started FLOAT,
    ended FLOAT,
    duration FLOAT,
    target TEXT,
    snapshot_id TEXT,
    environment TEXT,
    error TEXT,
    warnings TEXT,
    priority INTEGER NOT NULL,
    submitted_by TEXT,
    node_count INTEGER NOT NULL,
    resources TEXT,
    status_reason TEXT,
    incarnation INTEGER,
    digest BLOB NOT NULL,
    version INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    CONSTRAINT uq_runs_id UNIQUE (id)
    )
    """,
    "CREATE INDEX ix_runs_root ON runs (root)",
    "CREATE INDEX ix_runs_top_runs_experiment ON runs (top, experiment)",
    "CREATE INDEX ix_runs_top_runs_started ON runs (top, started)",
    "CREATE INDEX ix_runs_experiment_runs_top_runs_started ON runs (experiment, top, started)",
    "CREATE INDEX ix_runs_parent ON runs (parent) WHERE parent IS NOT NULL",
    "CREATE INDEX ix_runs_display_name ON runs (display_name) WHERE display_name IS NOT NULL",
    "CREATE INDEX ix_runs_experiment_runs_top_runs_ended ON runs (experiment, top, ended)",
    "CREATE INDEX ix_runs_changed ON runs (changed)",
    "CREATE INDEX ix_runs_top_runs_ended ON runs (top, ended)",
    "CREATE INDEX ix_runs_experiment_runs_top_runs_status ON runs (experiment, top, status)",
    "CREATE INDEX ix_runs_top ON runs (top)",
    "CREATE INDEX ix_runs_experiment_runs_top_runs_duration ON runs (experiment, top, duration)",
    "CREATE INDEX ix_runs_top_runs_number ON runs (top, number)",
    "CREATE INDEX ix_runs_top_runs_duration ON runs (top, duration)",
    "CREATE INDEX ix_runs_unfinished ON runs (kind, status) WHERE finished = 0",
    "CREATE INDEX ix_runs_top_runs_status ON runs (top, status)",
    """
    CREATE TABLE run_details (
    run INTEGER NOT NULL,
    definition TEXT,
    resolved TEXT,
    exit TEXT,
    submission TEXT,
    handle TEXT,
    PRIMARY KEY (run)
    )
    """,
    """
    CREATE TABLE run_tags (
    run INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    value TEXT,
    top INTEGER NOT NULL,
    experiment INTEGER NOT NULL,
    PRIMARY KEY (run, "key")
    )
    WITHOUT ROWID
    """,
    'CREATE INDEX ix_run_tags_find ON run_tags ("key", value, top, run, experiment)',
    """
    CREATE TABLE run_properties (
    run INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    value TEXT,
    top INTEGER NOT NULL,
    experiment INTEGER NOT NULL,
    PRIMARY KEY (run, "key")
    )
    WITHOUT ROWID
    """,
    'CREATE INDEX ix_run_properties_find ON run_properties ("key", value, top, run, experiment)',
    """
    CREATE TABLE journals (
    pk INTEGER NOT NULL,
    run INTEGER NOT NULL,
    name TEXT NOT NULL,
    stored INTEGER NOT NULL,
    torn INTEGER NOT NULL,
    PRIMARY KEY (pk),
    CONSTRAINT uq_journals_run_name UNIQUE (run, name)
    )
    """,
    """
    CREATE TABLE journal_references (
    journal INTEGER NOT NULL,
    reference INTEGER NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (journal, reference)
    )
    WITHOUT ROWID
    """,
    """
    CREATE TABLE series (
    pk INTEGER NOT NULL,
    run INTEGER NOT NULL,
    name TEXT NOT NULL,
    "column" TEXT NOT NULL,
    kind TEXT NOT NULL,
    tabular INTEGER NOT NULL,
    last_point INTEGER NOT NULL,
    last_step NUMERIC,
    last_t FLOAT,
    last NUMERIC,
    top INTEGER NOT NULL,
    experiment INTEGER NOT NULL,
    PRIMARY KEY (pk),
    CONSTRAINT uq_series_run_name_column UNIQUE (run, name, "column")
    )
    """,
    "CREATE INDEX ix_series_last ON series (name, top, last, run, experiment) WHERE last IS NOT NULL",
    """
    CREATE TABLE metric_descriptions (
    run INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (run, name)
    )
    WITHOUT ROWID
    """,
    """
    CREATE TABLE points (
    series INTEGER NOT NULL,
    id INTEGER NOT NULL,
    journal INTEGER NOT NULL,
    position INTEGER NOT NULL,
    t FLOAT NOT NULL,
    step NUMERIC,
    kind INTEGER NOT NULL,
    num NUMERIC,
    text TEXT,
    PRIMARY KEY (series, id)
    )
    WITHOUT ROWID
    """,
    """
    CREATE TABLE resources (
    run INTEGER NOT NULL,
    t FLOAT NOT NULL,
    node INTEGER NOT NULL,
    sample TEXT NOT NULL,
    PRIMARY KEY (run, t, node)
    )
    WITHOUT ROWID
    """,
    """
    CREATE TABLE logs (
    pk INTEGER NOT NULL,
    run INTEGER NOT NULL,
    name BLOB NOT NULL,
    size INTEGER NOT NULL,
    live INTEGER NOT NULL,
    PRIMARY KEY (pk),
    CONSTRAINT uq_logs_run_name UNIQUE (run, name)
    )
    """,
    """
    CREATE TABLE artifacts (
    pk INTEGER NOT NULL,
    run INTEGER NOT NULL,
    name BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    live INTEGER NOT NULL,
    created FLOAT NOT NULL,
    request TEXT,
    PRIMARY KEY (pk),
    CONSTRAINT uq_artifacts_run_name UNIQUE (run, name)
    )
    """,
    "CREATE INDEX ix_artifacts_sha256 ON artifacts (sha256)",
    """
    CREATE TABLE snapshots (
    pk INTEGER NOT NULL,
    id TEXT NOT NULL,
    manifest BLOB NOT NULL,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    created FLOAT NOT NULL,
    PRIMARY KEY (pk),
    CONSTRAINT uq_snapshots_id UNIQUE (id)
    )
    """,
    """
    CREATE TABLE environments (
    pk INTEGER NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    digest TEXT NOT NULL,
    definition TEXT NOT NULL,
    created FLOAT NOT NULL,
    deleted FLOAT,
    PRIMARY KEY (pk),
    CONSTRAINT uq_environments_name_version UNIQUE (name, version)
    )
    """,
    """
    CREATE TABLE compute (
    pk INTEGER NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    provisioning_state TEXT NOT NULL,
    config TEXT NOT NULL,
    tags TEXT NOT NULL,
    errors TEXT NOT NULL,
    status TEXT NOT NULL,
    nodes TEXT NOT NULL,
    location TEXT,
    created FLOAT NOT NULL,
    modified FLOAT NOT NULL,
    PRIMARY KEY (pk),
    CONSTRAINT uq_compute_name UNIQUE (name)
    )
    """,
)


def upgrade() -> None:
    """Make all tables and indexes, as they were in this version."""
    for statement in STATEMENTS:
        op.execute(statement)
