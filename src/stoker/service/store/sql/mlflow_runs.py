"""Runs as MLflow's clients see them, in the database."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, exists, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from stoker.base.names import check_free_name, suggestion
from stoker.exceptions import ConflictException, UserErrorException
from stoker.service.store.base_mlflow import RUN_SEARCH, VIEWS, MlflowRunRepository, RunFacts
from stoker.service.store.base_runs import Record
from stoker.service.store.sql.data_tables import hidden_runs, lineage, run_params
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.prepared import Prepared
from stoker.service.store.sql.run_conditions import label_fits
from stoker.service.store.sql.run_filter import condition, labels_of, sort_key, started
from stoker.service.store.sql.run_rows import chunks, key_of, load, pairs, unknown_run
from stoker.service.store.sql.tables import experiments, runs, series
from stoker.service.store.sql.values import FLOAT, INFINITE, INT, NAN, NEGATIVE_INFINITE, decode

__all__ = ["SqlMlflowRuns"]

_root = runs.alias("root_run")
_HIDDEN = exists().where(hidden_runs.c.run == runs.c.pk)
# Made once, as in run_rows: each value that a client logs asks for them.
_FACTS = Prepared(
    select(runs.c.id, _root.c.id, experiments.c.id, runs.c.kind, runs.c.status, _HIDDEN, experiments.c.archived)
    .join(_root, _root.c.pk == runs.c.root)
    .join(experiments, experiments.c.pk == runs.c.experiment)
    .where(runs.c.id == bindparam("wanted"))
)
_NUMBERS = f"kind IN ({FLOAT}, {INT}, {NAN}, {INFINITE}, {NEGATIVE_INFINITE})"
_LAST = (
    f"SELECT t, step, kind, num, text FROM points WHERE series = ? AND {_NUMBERS} "  # noqa: S608  # our own numbers
    "ORDER BY step DESC, t DESC, id DESC LIMIT 1"
)
_PLAIN_KINDS = ("metric", "list")


class SqlMlflowRuns(MlflowRunRepository):
    """See `MlflowRunRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def facts(self, run_id: str) -> RunFacts:
        """Return what is looked at before a write."""
        with self._database.read() as connection:
            row = _FACTS.first(connection, wanted=run_id)
        if row is None:
            raise unknown_run(run_id)
        run, root, experiment, kind, status, hidden, archived = row
        return RunFacts(run, root, experiment, kind, status, bool(hidden) or archived is not None)

    def hide(self, run_id: str) -> None:
        """Delete a run for MLflow's clients."""
        with self._database.write() as connection:
            statement = upsert(hidden_runs).values(run=key_of(connection, run_id), deleted=time.time())
            connection.execute(statement.on_conflict_do_nothing())

    def restore(self, run_id: str) -> None:
        """Take a deletion back."""
        with self._database.write() as connection:
            connection.execute(delete(hidden_runs).where(hidden_runs.c.run == key_of(connection, run_id)))

    def rename_experiment(self, experiment_id: str, name: str) -> None:
        """Give an experiment another name."""
        check_free_name(name, "experiment")
        with self._database.write() as connection:
            taken = connection.scalar(select(experiments.c.id).where(experiments.c.name == name))
            if taken == experiment_id:
                return
            if taken is not None:
                raise ConflictException(f"There is an experiment {name!r} already. Choose another name.", target="name")
            connection.execute(update(experiments).where(experiments.c.id == experiment_id).values(name=name))

    def get_many(self, run_ids: Sequence[str]) -> list[Record]:
        """Return runs with what a client shows of them."""
        with self._database.read() as connection:
            known: dict[str, int] = {}
            for some in chunks(run_ids):
                known |= pairs(connection, select(runs.c.id, runs.c.pk).where(runs.c.id.in_(some)))
            return _records(connection, [known[run_id] for run_id in run_ids if run_id in known])

    def search(
        self,
        experiment_ids: Sequence[str],
        filter: str = "",  # noqa: A002  # the protocol's word
        order: Sequence[str] = (),
        *,
        view: str = "active",
        limit: int = 1000,
        offset: int = 0,
    ) -> list[Record]:
        """Return the runs for which all conditions hold."""
        labels, others = labels_of(RUN_SEARCH.parse(filter))
        orders = [sort_key(RUN_SEARCH.order(text)) for text in order]
        wheres = [*map(condition, others), *_view(view)]
        for table, key, value in labels:
            wheres.append(runs.c.pk.in_(select(table.c.run).where(label_fits(table, key, value))))
        keys = [*_order(orders), started().desc(), runs.c.id]
        with self._database.read() as connection:
            wanted = select(experiments.c.pk).where(experiments.c.id.in_(list(experiment_ids)))
            statement = select(runs.c.pk).join(experiments, experiments.c.pk == runs.c.experiment)
            statement = statement.where(runs.c.experiment.in_(wanted), *wheres).order_by(*keys)
            return _records(connection, list(connection.scalars(statement.limit(limit).offset(offset))))


def _view(view: str) -> list[ColumnElement[bool]]:
    if view not in VIEWS:
        raise UserErrorException(f"There is no view {view!r}. {suggestion(view, VIEWS)}", target="view")
    deleted = _HIDDEN | experiments.c.archived.is_not(None)
    if view == "all":
        return []
    return [deleted if view == "deleted" else ~deleted]


def _order(keys: Sequence[Any]) -> list[ColumnElement[Any]]:
    found: list[ColumnElement[Any]] = []
    for value, descending in keys:
        found += [value.is_(None), value.desc() if descending else value.asc()]
    return found


def _records(connection: Connection, keys: list[int]) -> list[Record]:
    """Return the runs' records; few statements, however many runs."""
    records = load(connection, keys)
    by_id = {record["id"]: record for record in records}
    by_key: dict[int, Record] = {}
    for record in records:
        record.update({"params": {}, "hidden": False, "latest": [], "given": []})
    columns = (runs.c.pk, runs.c.id, _HIDDEN, experiments.c.archived)
    source = runs.join(experiments, experiments.c.pk == runs.c.experiment)
    for some in chunks(keys):
        for pk, run_id, hidden, archived in connection.execute(
            select(*columns).select_from(source).where(runs.c.pk.in_(some))
        ):
            by_key[pk] = by_id[run_id]
            by_key[pk]["hidden"] = bool(hidden) or archived is not None
        _add_params(connection, some, by_key)
        _add_latest(connection, some, by_key)
        _add_given(connection, some, by_key)
    return records


def _add_params(connection: Connection, keys: list[int], found: dict[int, Record]) -> None:
    table = run_params
    statement = select(table.c.run, table.c.key, table.c.value).where(table.c.run.in_(keys)).order_by(table.c.key)
    for run, key, value in connection.execute(statement):
        found[run]["params"][key] = value


def _add_latest(connection: Connection, keys: list[int], found: dict[int, Record]) -> None:
    statement = (
        select(series).where(series.c.run.in_(keys), series.c.name == series.c.column, series.c.kind.in_(_PLAIN_KINDS))
    ).order_by(series.c.name)
    for row in connection.execute(statement).all():
        record = found[row.run]
        value = _latest(connection, row, record["id"])
        if value is not None:
            record["latest"].append(value)


def _latest(connection: Connection, row: Row[Any], run_id: str) -> Record | None:
    """Return the last value; the row itself has it, unless it is no finite number."""
    if row.last is not None:
        return {"name": row.name, "value": row.last, "t": row.last_t, "step": row.last_step}
    driver: Any = connection.connection.driver_connection
    point = driver.execute(_LAST, (row.pk,)).fetchone()
    if point is None:
        return None
    t, step, *cells = point
    return {"name": row.name, "value": decode(run_id, *cells), "t": t, "step": step}


def _add_given(connection: Connection, keys: list[int], found: dict[int, Record]) -> None:
    names = ("direction", "kind", "ref", "name", "details")
    statement = select(lineage.c.run, *(lineage.c[name] for name in names)).where(lineage.c.run.in_(keys))
    for run, *values in connection.execute(statement.order_by(lineage.c.pk)):
        found[run]["given"].append(dict(zip(names, values, strict=True)))
