"""From the conditions of a search to SQL on the rows of runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, and_, exists, func, literal, select

from stoker.base.states import RunStatus
from stoker.service.store.base_mlflow import mlflow_status
from stoker.service.store.filters import Comparison, Ordering
from stoker.service.store.sql.comparisons import compared
from stoker.service.store.sql.data_tables import lineage, run_params
from stoker.service.store.sql.tables import experiments, run_tags, runs, series

__all__ = [
    "NOTE_TAG",
    "PARENT_TAG",
    "RUN_NAME_TAG",
    "SortKey",
    "compare",
    "condition",
    "labels_of",
    "sort_key",
    "started",
]

PARENT_TAG, RUN_NAME_TAG, NOTE_TAG = "mlflow.parentRunId", "mlflow.runName", "mlflow.note.content"
"""Tags of MLflow's for which a run's record has a field."""

_parent = runs.alias("above")
_experiment = experiments.alias("its_experiment")
_NAME = func.coalesce(runs.c.display_name, runs.c.id)
_PARENT_ID = select(_parent.c.id).where(_parent.c.pk == runs.c.parent).scalar_subquery()
_FIELDS: dict[str, ColumnElement[Any]] = {
    PARENT_TAG: _PARENT_ID,
    RUN_NAME_TAG: _NAME,
    NOTE_TAG: func.nullif(runs.c.description, ""),
}
_LABELS = {"tag": run_tags, "param": run_params}


def started() -> ColumnElement[Any]:
    """Return when a run began, or was made while it has not."""
    return func.coalesce(runs.c.started, runs.c.created)


def _attribute(key: str) -> ColumnElement[Any]:
    experiment = _experiment.c.id if key == "experiment_id" else _experiment.c.name
    columns: dict[str, ColumnElement[Any]] = {
        "run_id": runs.c.id,
        "run_name": _NAME,
        "user_id": runs.c.submitted_by,
        "artifact_uri": literal("mlflow-artifacts:/runs/").concat(runs.c.id),
        "start_time": func.round(started() * 1000),
        "end_time": func.round(runs.c.ended * 1000),
        "duration": runs.c.duration,
        "number": runs.c.number,
        "type": runs.c.type,
        "target": runs.c.target,
        "status": runs.c.status,
    }
    if key in columns:
        return columns[key]
    return select(experiment).where(_experiment.c.pk == runs.c.experiment).scalar_subquery()


def labels_of(comparisons: Iterable[Comparison]) -> tuple[list[tuple[Table, str, str | None]], list[Comparison]]:
    """Take out the conditions that an index answers: a tag or parameter with this value."""
    labels: list[tuple[Table, str, str | None]] = []
    others: list[Comparison] = []
    for one in comparisons:
        if one.entity in _LABELS and one.operator == "=" and one.key not in _FIELDS:
            labels.append((_LABELS[one.entity], one.key, one.value))
        else:
            others.append(one)
    return labels, others


def condition(one: Comparison) -> ColumnElement[bool]:
    """Return the condition on `runs`."""
    if one.entity == "attribute":
        return _status(one) if one.key == "status" else compare(_attribute(one.key), one)
    if one.entity == "metric":
        fits = compare(series.c.last, one)
        return exists().where(series.c.run == runs.c.pk, series.c.name == one.key, series.c.column == one.key, fits)
    if one.entity == "dataset":
        return _dataset(one)
    if one.entity == "tag" and one.key in _FIELDS:
        return compare(_FIELDS[one.key], one)
    table = _LABELS[one.entity]
    has = and_(table.c.run == runs.c.pk, table.c.key == one.key)
    if one.operator in {"IS NULL", "IS NOT NULL"}:
        found = exists().where(has)
        return ~found if one.operator == "IS NULL" else found
    return exists().where(has, compare(table.c.value, one))


def compare(column: ColumnElement[Any], one: Comparison) -> ColumnElement[bool]:
    """Return the comparison of a column; a column without a value fulfils none but `IS NULL`."""
    if one.operator == "IS NULL":
        return column.is_(None)
    if one.operator == "IS NOT NULL":
        return column.is_not(None)
    return compared(column, one.operator, one.value)


def _status(one: Comparison) -> ColumnElement[bool]:
    """Return the condition on the state, asked for in the protocol's words or in ours."""
    every = all if one.operator in {"!=", "NOT IN"} else any
    states = [str(state) for state in RunStatus if every(one.fits(word) for word in (str(state), mlflow_status(state)))]
    return runs.c.status.in_(states)


def _dataset(one: Comparison) -> ColumnElement[bool]:
    column = lineage.c.name if one.key == "name" else func.json_extract(lineage.c.details, f"$.{one.key}")
    given = (lineage.c.run == runs.c.pk, lineage.c.kind == "mlflow_dataset", lineage.c.direction == "input")
    return exists().where(*given, compare(column, one))


class SortKey(NamedTuple):
    """What a search is sorted by: the value, and which way."""

    value: ColumnElement[Any]
    descending: bool


def sort_key(one: Ordering) -> SortKey:
    """Return the value of each run by which it is sorted; NULL where it has none."""
    value: ColumnElement[Any]
    if one.entity == "attribute":
        value = _attribute(one.key)
    elif one.entity == "tag" and one.key in _FIELDS:
        value = _FIELDS[one.key]
    elif one.entity == "metric":
        here = (series.c.run == runs.c.pk, series.c.name == one.key, series.c.column == one.key)
        value = select(series.c.last).where(*here).scalar_subquery()
    elif one.entity == "dataset":
        column = lineage.c.name if one.key == "name" else func.json_extract(lineage.c.details, f"$.{one.key}")
        given = (lineage.c.run == runs.c.pk, lineage.c.kind == "mlflow_dataset", lineage.c.direction == "input")
        value = select(column).where(*given).order_by(lineage.c.pk).limit(1).scalar_subquery()
    else:
        table = _LABELS[one.entity]
        value = select(table.c.value).where(table.c.run == runs.c.pk, table.c.key == one.key).scalar_subquery()
    return SortKey(value, one.descending)
