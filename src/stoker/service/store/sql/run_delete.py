"""Take a run out of all tables."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select, update

from stoker.exceptions import ConflictException
from stoker.service.store.sql.data_tables import (
    datasets,
    hidden_runs,
    lineage,
    logged_model_metrics,
    logged_models,
    run_params,
)
from stoker.service.store.sql.run_rows import chunks, key_of
from stoker.service.store.sql.run_tree import below
from stoker.service.store.sql.tables import (
    artifacts,
    experiments,
    journal_references,
    journals,
    logs,
    metric_descriptions,
    points,
    resources,
    run_details,
    run_properties,
    run_tags,
    runs,
    series,
)

__all__ = ["delete_tree"]


def delete_tree(connection: Connection, run_id: str) -> list[str]:
    """Remove a run and its descendants and return their ids; one that has not ended is a `ConflictException`."""
    key = key_of(connection, run_id)
    keys = [key, *(pk for pk, _ in below(connection, key))]
    statement = select(runs.c.id, runs.c.finished, runs.c.experiment, runs.c.top)
    rows = [row for some in chunks(keys) for row in connection.execute(statement.where(runs.c.pk.in_(some)))]
    unfinished = [row.id for row in rows if not row.finished]
    if unfinished:
        raise ConflictException(
            f"The run {run_id} can't be deleted: {unfinished[0]} has not ended. "
            f"Cancel it first: `stoker run cancel {unfinished[0]}`.",
            details={"unfinished": unfinished[:100]},
        )
    for some in chunks(keys):
        _delete_rows(connection, some)
    for row in rows:
        _count_down(connection, row.experiment, row.top)
    return [row.id for row in rows]


_OWNED = (
    *(series, journals, metric_descriptions, resources, logs, artifacts),
    *(run_tags, run_properties, run_details, run_params, hidden_runs, lineage),
    *(logged_models, logged_model_metrics),
)


def _delete_rows(connection: Connection, keys: list[int]) -> None:
    of_series = select(series.c.pk).where(series.c.run.in_(keys))
    of_journals = select(journals.c.pk).where(journals.c.run.in_(keys))
    of_models = select(logged_models.c.id).where(logged_models.c.run.in_(keys))
    connection.execute(delete(points).where(points.c.series.in_(of_series)))
    connection.execute(delete(logged_model_metrics).where(logged_model_metrics.c.model.in_(of_models)))
    connection.execute(delete(journal_references).where(journal_references.c.journal.in_(of_journals)))
    for table in _OWNED:
        connection.execute(delete(table).where(table.c.run.in_(keys)))
    # Keys of rows are given again: what stays must not come to name another run.
    connection.execute(update(datasets).where(datasets.c.run.in_(keys)).values(run=None))
    connection.execute(delete(runs).where(runs.c.pk.in_(keys)))


def _count_down(connection: Connection, experiment: int, top: int) -> None:
    count = experiments.c.run_count if top else experiments.c.child_count
    connection.execute(
        update(experiments).where(experiments.c.pk == experiment).values({count: func.max(count - 1, 0)})
    )
