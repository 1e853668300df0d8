"""Metrics that MLflow's clients log: points in a journal of the run's own, read like those of any script."""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

import msgspec

from stoker.service.mlflow.errors import invalid
from stoker.service.mlflow.pages import page_of
from stoker.service.mlflow.routing import Call, MlflowRouter, Parameters
from stoker.service.mlflow.runs import changeable_run, set_params, set_tags
from stoker.service.mlflow.wire import metric_json
from stoker.service.store.base_logged_models import ModelMetric

__all__ = ["router"]

router = MlflowRouter()

JOURNAL = "mlflow"
MOST_AT_ONCE = 10_000
_NOT_FINITE = {"nan": "nan", "inf": "inf", "infinity": "inf", "-inf": "-inf", "-infinity": "-inf"}


@router.method("POST", "runs/log-metric", quick=True)
def log_metric(call: Call) -> Parameters:
    """Store one point."""
    points = _points([call.parameters])
    with call.context.store.write(whole=True):
        # All in one transaction: each one costs more than what is done in it.
        run = changeable_run(call)
        changed = _store(call, run, points)
    call.context.bus.notify(run, *changed)
    return {}


@router.method("POST", "runs/log-batch", quick=True)
def log_batch(call: Call) -> Parameters:
    """Store points, parameters and tags: all of them or none."""
    metrics = call.items("metrics")
    if len(metrics) > MOST_AT_ONCE:
        raise invalid(f"{len(metrics)} metrics are logged at once; at most {MOST_AT_ONCE} go in one request.")
    points = _points(metrics)
    with call.context.store.write(whole=True):
        run = changeable_run(call)
        set_params(call, run, call.items("params"))
        set_tags(call, run, call.items("tags"))
        changed = _store(call, run, points)
    call.context.bus.notify(run, *changed)
    return {}


@router.method("GET", "metrics/get-history")
def get_history(call: Call) -> Parameters:
    """Return all points of a metric, in the order of steps and times."""
    run = call.optional_text("run_id") or call.text("run_uuid")
    name = call.text("metric_key")
    call.context.store.mlflow_runs.facts(run)
    points = [
        (t, step, value)
        for series in call.context.store.metrics.series(run, name)
        if series["column"] == name
        for t, step, value in series["points"]
        if isinstance(value, (int, float, dict))
    ]

    def find(limit: int, offset: int) -> list[tuple[float, Any, Any]]:
        return points[offset : offset + limit]

    def show(point: tuple[float, Any, Any]) -> Parameters:
        return metric_json(name, *point)

    most = max(25_000, len(points) + 1)
    return page_of(call, find, show, field="metrics", default=most, most=most)


class _Metric(msgspec.Struct):
    """One point as a request has it; numbers may come as text."""

    key: str
    value: float | str
    timestamp: int | None = None
    step: int | None = None
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class _Points(NamedTuple):
    """Points as lines of a journal, and those of them that are a model's too."""

    lines: bytes
    of_models: list[ModelMetric]


def _points(items: list[Parameters]) -> _Points:
    try:
        metrics = msgspec.convert(items, list[_Metric], strict=False)
    except msgspec.ValidationError as error:
        raise invalid(
            f"The metrics can't be read: {error}. Each has a key, a value and a whole number of a step."
        ) from error
    now = time.time()
    lines, of_models = [], []
    for item in metrics:
        if not item.key:
            raise invalid("Missing value for required parameter 'key'. A metric has a name.")
        value: Any = _value(item.value)
        t = now if item.timestamp is None else item.timestamp / 1000
        lines.append(["m", 0, t, item.key, value, item.step or 0])
        if item.model_id:
            number = float(value["$"] if isinstance(value, dict) else value)
            place = (item.dataset_name, item.dataset_digest)
            of_models.append(ModelMetric(item.model_id, item.key, number, t, item.step or 0, *place))
    return _Points(_encoder.encode_lines(lines), of_models)


def _store(call: Call, run: str, points: _Points) -> tuple[str, ...]:
    """Store points and return the ids of the runs that changed; inside a transaction."""
    if not points.lines:
        return ()
    store = call.context.store
    result = store.journals.ingest(run, JOURNAL, None, points.lines, once=True)
    if points.of_models:
        store.logged_models.log_metrics(run, points.of_models)
    return result.changed_run_ids


_encoder = msgspec.json.Encoder()


def _value(given: float | str) -> Any:
    """Return the value as a journal has it; clients write what is not finite as text."""
    if isinstance(given, str):
        special = _NOT_FINITE.get(given.strip().lower())
        return {"$": special} if special is not None else _value(_number(given))
    if math.isfinite(given):
        return given
    return {"$": "nan" if math.isnan(given) else "inf" if given > 0 else "-inf"}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise invalid(f"The value {text[:100]!r} is no number. A metric is a number.") from None
