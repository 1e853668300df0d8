"""Logged models in the database."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, literal, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from stoker.base.names import suggestion
from stoker.exceptions import ConflictException, NotFoundException, UserErrorException
from stoker.service.store.base_logged_models import STATUSES, LoggedModelRepository, LoggedOrder, ModelMetric
from stoker.service.store.base_models import Condition
from stoker.service.store.base_runs import Record
from stoker.service.store.sql.data_tables import logged_model_metrics, logged_models, models
from stoker.service.store.sql.database import Database
from stoker.service.store.sql.logged_model_search import conditions_of, orders_of
from stoker.service.store.sql.run_rows import chunks, key_of
from stoker.service.store.sql.tables import artifacts, experiments, runs

__all__ = ["SqlLoggedModels", "model_key_of"]

FORBIDDEN = "/:.%\"'"
"""Characters that MLflow's clients refuse in the name of a logged model."""

_M = logged_models
_older = logged_models.alias("older")
# The first of a name has the folder of that name; those after it get one of their own.
_repeats = (
    select(literal(1))
    .where(_older.c.run == _M.c.run, _older.c.name == _M.c.name, _older.c.pk < _M.c.pk)
    .exists()
    .label("repeats")
)
_SELECT = select(_M, experiments.c.id.label("experiment_id"), runs.c.id.label("run_id"), _repeats).select_from(
    _M.join(experiments, experiments.c.pk == _M.c.experiment).outerjoin(runs, runs.c.pk == _M.c.run)
)
_BY_ID = _SELECT.where(_M.c.id == bindparam("wanted"))
_KEY = select(_M.c.pk).where(_M.c.id == bindparam("wanted"))
_SAME = (
    *(logged_model_metrics.c[name] == bindparam(f"same_{name}") for name in ("model", "run", "name", "t", "step")),
    logged_model_metrics.c.dataset.is_(bindparam("same_dataset")),
)


class SqlLoggedModels(LoggedModelRepository):
    """See `LoggedModelRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        experiment_id: str,
        *,
        name: str | None = None,
        run_id: str | None = None,
        type: str | None = None,  # noqa: A002  # the record's word
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Record:
        """Record a new logged model."""
        model_id = f"m-{uuid.uuid4().hex}"
        name = _check_name(name if name is not None else f"model-{model_id[2:10]}")
        now = time.time()
        with self._database.write() as connection:
            values = {
                "id": model_id,
                "experiment": _experiment(connection, experiment_id),
                "name": name,
                "run": None if run_id is None else key_of(connection, run_id),
                "type": type,
                "status": STATUSES[0],
                "tags": dict(tags or {}),
                "params": dict(params or {}),
                "created": now,
                "modified": now,
            }
            connection.execute(insert(_M).values(values))
            return _one(connection, model_id)

    def get(self, model_id: str, *, deleted: bool = False) -> Record:
        """Return one."""
        with self._database.read() as connection:
            return _one(connection, model_id, deleted=deleted)

    def get_many(self, model_ids: Sequence[str]) -> Sequence[Record]:
        """Return those that are there."""
        with self._database.read() as connection:
            found: dict[str, Record] = {}
            for some in chunks(model_ids):
                statement = _SELECT.where(_M.c.id.in_(some), _M.c.deleted.is_(None))
                found.update({record["id"]: record for record in _records(connection, statement)})
        return [found[model_id] for model_id in model_ids if model_id in found]

    def finalize(self, model_id: str, status: str, message: str | None = None) -> Record:
        """Write where it stands."""
        if status not in STATUSES:
            raise UserErrorException(
                f"There is no status {status!r} of a logged model. {suggestion(status, STATUSES)}", target="status"
            )
        return self._update(model_id, status=status, message=message)

    def set_tags(self, model_id: str, tags: Mapping[str, str]) -> Record:
        """Set tags."""
        with self._database.write() as connection:
            record = _one(connection, model_id)
            return self._update(model_id, tags={**record["tags"], **tags})

    def delete_tag(self, model_id: str, key: str) -> None:
        """Take a tag away."""
        with self._database.write() as connection:
            tags = _one(connection, model_id)["tags"]
            if key not in tags:
                raise NotFoundException(
                    f"The logged model {model_id} has no tag {key!r}. {suggestion(key, tags)}", target="key"
                )
            self._update(model_id, tags={name: value for name, value in tags.items() if name != key})

    def log_params(self, model_id: str, params: Mapping[str, str]) -> Record:
        """Set parameters."""
        with self._database.write() as connection:
            known = _one(connection, model_id)["params"]
            other = next((key for key, value in params.items() if known.get(key, value) != value), None)
            if other is not None:
                raise ConflictException(
                    f"The parameter {other!r} of the logged model {model_id} is {known[other]!r} already and can't be "
                    f"changed to {params[other]!r}. Log another parameter, or another model.",
                    target=other,
                )
            return self._update(model_id, params={**known, **params})

    def log_metrics(self, run_id: str, metrics: Sequence[ModelMetric]) -> None:
        """Record metrics."""
        if not metrics:
            return
        with self._database.write() as connection:
            key = key_of(connection, run_id)
            for model_id in {metric.model_id for metric in metrics}:
                if connection.scalar(_KEY, {"wanted": model_id}) is None:
                    raise _unknown(model_id)
            rows = [_metric_row(key, metric) for metric in metrics]
            same = [{f"same_{name}": row[name] for name in (*_IDENTITY, "dataset")} for row in rows]
            # A client sends a request again whose answer was lost.
            connection.execute(logged_model_metrics.delete().where(*_SAME), same)
            connection.execute(upsert(logged_model_metrics), rows)

    def delete(self, model_id: str) -> None:
        """Delete it."""
        with self._database.write() as connection:
            own = model_key_of(connection, model_id)
            self._update(model_id, deleted=time.time())
            if own is not None:
                connection.execute(delete(artifacts).where(artifacts.c.run == -own))

    def of_run(self, run_id: str) -> Sequence[Record]:
        """Return those of a run."""
        with self._database.read() as connection:
            key = key_of(connection, run_id)
            statement = _SELECT.where(_M.c.run == key, _M.c.deleted.is_(None)).order_by(_M.c.pk)
            return _records(connection, statement)

    def search(
        self,
        experiment_ids: Sequence[str],
        conditions: Sequence[Condition] = (),
        order: Sequence[LoggedOrder] = (),
        *,
        datasets: Sequence[tuple[str, str | None]] = (),
        limit: int = 100,
        offset: int = 0,
    ) -> Sequence[Record]:
        """Return those for which all conditions hold."""
        statement = _SELECT.where(
            _M.c.deleted.is_(None),
            experiments.c.id.in_(list(experiment_ids)),
            *conditions_of(conditions, datasets),
        )
        statement = statement.order_by(*orders_of(order), _M.c.created.desc(), _M.c.id)
        with self._database.read() as connection:
            return _records(connection, statement.limit(limit).offset(offset))

    def _update(self, model_id: str, **values: Any) -> Record:
        with self._database.write() as connection:
            before = _one(connection, model_id)
            statement = update(_M).where(_M.c.id == before["id"])
            connection.execute(statement.values(**values, modified=time.time()))
            return _one(connection, model_id, deleted=True)


_IDENTITY = ("model", "run", "name", "t", "step")


def model_key_of(connection: Connection, model_id: str) -> int | None:
    """Return the key of a logged model that has no run, under which its own files are kept, or None."""
    statement = select(_M.c.pk).where(_M.c.id == model_id, _M.c.run.is_(None))
    key = connection.scalar(statement)
    return None if key is None else int(key)


def _metric_row(run: int, metric: ModelMetric) -> dict[str, Any]:
    return {
        "model": metric.model_id,
        "run": run,
        "name": metric.name,
        "value": None if math.isnan(metric.value) else metric.value,
        "t": metric.t,
        "step": metric.step,
        "dataset": metric.dataset,
        "dataset_digest": metric.dataset_digest,
    }


def _check_name(name: str) -> str:
    bad = next((letter for letter in name if letter in FORBIDDEN or ord(letter) < 32), None)
    if name.strip() and bad is None and len(name) <= 255:
        return name
    why = f"it contains {bad!r}" if bad is not None else "it is empty or longer than 255 characters"
    raise UserErrorException(
        f"The logged model's name {name[:300]!r} can't be used: {why}. Give a name such as 'model'.", target="name"
    )


def _experiment(connection: Connection, experiment_id: str) -> int:
    key = connection.scalar(select(experiments.c.pk).where(experiments.c.id == experiment_id))
    if key is None:
        raise NotFoundException(f"There is no experiment with the id {experiment_id!r}.", target="experiment_id")
    return int(key)


def _unknown(model_id: str) -> NotFoundException:
    return NotFoundException(
        f"There is no logged model {model_id!r} in this workspace. mlflow.search_logged_models() lists what there is.",
        target="model_id",
    )


def _one(connection: Connection, model_id: str, *, deleted: bool = False) -> Record:
    rows = connection.execute(_BY_ID, {"wanted": model_id}).all()
    if not rows or (rows[0].deleted is not None and not deleted):
        raise _unknown(model_id)
    return _with_more(connection, rows)[0]


def _records(connection: Connection, statement: Select[Any]) -> list[Record]:
    return _with_more(connection, connection.execute(statement).all())


def _with_more(connection: Connection, rows: Sequence[Row[Any]]) -> list[Record]:
    records = [_record(row) for row in rows]
    by_id = {record["id"]: record for record in records}
    for some in chunks(by_id):
        for record_id, item in _metrics(connection, some):
            by_id[record_id]["metrics"].append(item)
        of_models = select(models.c.logged_model, models.c.name, models.c.version)
        found = of_models.where(models.c.logged_model.in_(some), models.c.deleted.is_(None))
        for record_id, name, version in connection.execute(found.order_by(models.c.pk)):
            by_id[record_id]["registrations"].append({"name": name, "version": version})
    return records


def _metrics(connection: Connection, ids: Sequence[str]) -> Iterable[tuple[str, Record]]:
    table = logged_model_metrics
    facts = [table.c[name] for name in ("name", "value", "t", "step", "dataset", "dataset_digest")]
    statement = select(table.c.model, *facts, runs.c.id.label("run_id")).join(runs, runs.c.pk == table.c.run)
    for row in connection.execute(statement.where(table.c.model.in_(ids)).order_by(table.c.pk)).mappings():
        yield row["model"], {name: value for name, value in row.items() if name != "model"}


def _record(row: Row[Any]) -> Record:
    plain = ("id", "experiment_id", "name", "run_id", "type", "status", "message", "tags", "params")
    record: Record = {name: getattr(row, name) for name in plain}
    path = row.name if not row.repeats else f"{row.name}-{row.id[2:14]}"
    return {
        **record,
        "path": path,
        "metrics": [],
        "registrations": [],
        "created": row.created,
        "modified": row.modified,
        "deleted": row.deleted,
    }
