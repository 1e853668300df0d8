"""Searches for runs, with MLflow's grammar of filters and orders."""

from __future__ import annotations

from collections.abc import Sequence

from stoker.service.mlflow.pages import page_of
from stoker.service.mlflow.routing import MOST_KEYS, Call, MlflowRouter, Parameters
from stoker.service.mlflow.wire import experiment_ids_of, run_json
from stoker.service.store import Record

__all__ = ["router"]

router = MlflowRouter()

_VIEWS = {"ACTIVE_ONLY": "active", "DELETED_ONLY": "deleted", "ALL": "all"}


@router.method("POST", "runs/search")
def search(call: Call) -> Parameters:
    """Find runs by fields, metrics, parameters, tags and data."""
    store = call.context.store
    experiments = experiment_ids_of(call)
    view = _VIEWS.get(call.text("run_view_type", "ACTIVE_ONLY"), "active")
    filter_, order = call.text("filter", ""), call.texts("order_by", MOST_KEYS)

    def find(limit: int, offset: int) -> Sequence[Record]:
        return store.mlflow_runs.search(experiments, filter_, order, view=view, limit=limit, offset=offset)

    return page_of(call, find, run_json, field="runs", default=1000, most=50_000)
