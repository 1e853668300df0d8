"""What Alembic runs: the version scripts, on the connection and in the transaction that the store has open.

A new version is a file `versions/NNNN_what.py`, and `HEAD` in `sql/schema.py`.
"""

from __future__ import annotations

from alembic import context

from stoker.service.store.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes little of a table in place: Alembic makes a new one and moves the rows.
    render_as_batch=True,
)
context.run_migrations()
