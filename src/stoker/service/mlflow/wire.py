"""Runs and experiments in the protocol's form, and back."""

from __future__ import annotations

import calendar
import math
import time
from collections.abc import Mapping
from typing import Any

from stoker.base.states import RunStatus
from stoker.service.mlflow.errors import MlflowError, invalid
from stoker.service.mlflow.locations import location_of_run
from stoker.service.mlflow.registry_versions import pairs
from stoker.service.mlflow.routing import MOST_EXPERIMENTS, Call, Parameters
from stoker.service.store import Record
from stoker.service.store.base_mlflow import mlflow_status

__all__ = [
    "DEFAULT_EXPERIMENT",
    "experiment_ids_of",
    "experiment_json",
    "experiment_of",
    "info_json",
    "metric_json",
    "milliseconds_of",
    "run_json",
    "status_of",
]

DEFAULT_EXPERIMENT = "Default"
"""What a client's experiment `0` is called."""
_SPECIAL = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def milliseconds_of(text: str | None) -> int | None:
    """Return the Unix time in milliseconds of a time in a record, or None."""
    if not text:
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
    return seconds * 1000 + round(float(f"0.{fraction or 0}") * 1000)


def experiment_of(call: Call, experiment_id: str) -> Record:
    """Return the record EXPERIMENT that a client means; `0` is made at its first use."""
    if experiment_id == "0":
        return call.context.store.experiments.get_or_create(DEFAULT_EXPERIMENT)
    found = call.context.store.experiments.get(experiment_id)
    if found["id"] != experiment_id:
        raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"No experiment has the id {experiment_id!r}.")
    return found


def experiment_ids_of(call: Call) -> list[str]:
    """Return the ids of the experiments that a search names, each once; those that are not there find nothing."""
    given = dict.fromkeys(call.texts("experiment_ids", MOST_EXPERIMENTS))
    return [str(experiment_of(call, item)["id"]) if item == "0" else item for item in given]


def experiment_json(record: Record) -> Parameters:
    """Return the protocol's form of a record EXPERIMENT."""
    created = milliseconds_of(record["created"])
    tags = dict(record["tags"] or {})
    if record.get("description"):
        tags.setdefault("mlflow.note.content", record["description"])
    return {
        "experiment_id": record["id"],
        "name": record["name"],
        "artifact_location": f"mlflow-artifacts:/experiments/{record['id']}",
        "lifecycle_stage": "deleted" if record["archived"] else "active",
        "creation_time": created,
        "last_update_time": milliseconds_of(record["archived"]) or created,
        "tags": pairs(tags),
    }


def status_of(word: str) -> RunStatus:
    """Return the state that a client's word means: the one that a run of its own takes."""
    states = {
        "RUNNING": RunStatus.RUNNING,
        "SCHEDULED": RunStatus.NOT_STARTED,
        "FINISHED": RunStatus.COMPLETED,
        "FAILED": RunStatus.FAILED,
        "KILLED": RunStatus.CANCELED,
    }
    if word.upper() not in states:
        raise invalid(f"There is no status {word!r}. Give one of {', '.join(states)}.")
    return states[word.upper()]


def info_json(record: Record) -> Parameters:
    """Return the protocol's `RunInfo` of a record RUN."""
    info = {
        "run_id": record["id"],
        "run_uuid": record["id"],
        "run_name": record["display_name"] or record["id"],
        "experiment_id": record["experiment_id"],
        "user_id": record["submitted_by"] or "",
        "status": mlflow_status(record["status"]),
        "start_time": milliseconds_of(record["started"] or record["created"]),
        "artifact_uri": location_of_run(record["id"]),
        "lifecycle_stage": "deleted" if record.get("hidden") else "active",
    }
    ended = milliseconds_of(record["ended"])
    return info if ended is None else {**info, "end_time": ended}


def run_json(record: Record) -> Parameters:
    """Return the protocol's form of a record of `MlflowRunRepository`."""
    data = {
        "metrics": [metric_json(item["name"], item["t"], item["step"], item["value"]) for item in record["latest"]],
        "params": pairs(record["params"]),
        "tags": pairs(_tags(record)),
    }
    datasets, models = (_given(record, "input", kind) for kind in ("mlflow_dataset", "logged_model"))
    made = _given(record, "output", "logged_model")
    return {
        "info": info_json(record),
        "data": data,
        "inputs": {
            "dataset_inputs": [_dataset(item) for item in datasets],
            "model_inputs": [{"model_id": item["ref"]} for item in models],
        },
        "outputs": {
            "model_outputs": [{"model_id": item["ref"], "step": item["details"].get("step") or 0} for item in made]
        },
    }


def _given(record: Record, direction: str, kind: str) -> list[Record]:
    return [item for item in record["given"] if (item["direction"], item["kind"]) == (direction, kind)]


def metric_json(name: str, t: float, step: Any, value: Any) -> Parameters:
    """Return the protocol's form of a point; numbers that JSON has not are texts there."""
    if isinstance(value, dict):
        value = _SPECIAL[value["$"]]
    elif isinstance(value, bool):
        value = float(value)
    return {"key": name, "value": value, "timestamp": round(t * 1000), "step": _step(step)}


def _step(step: Any) -> int:
    return int(step) if isinstance(step, (int, float)) and math.isfinite(step) else 0


def _tags(record: Record) -> dict[str, str]:
    """Return a run's tags, and what MLflow keeps as tags and our records as fields."""
    tags = {name: value or "" for name, value in record["tags"].items()}
    tags["mlflow.runName"] = record["display_name"] or record["id"]
    if record["parent_id"]:
        tags["mlflow.parentRunId"] = record["parent_id"]
    if record["submitted_by"]:
        tags.setdefault("mlflow.user", record["submitted_by"])
    if record["description"]:
        tags.setdefault("mlflow.note.content", record["description"])
    definition = record.get("definition") or {}
    if definition.get("script"):
        tags.setdefault("mlflow.source.name", str(definition["script"]))
        tags.setdefault("mlflow.source.type", "JOB")
    commit = record["properties"].get("azureml.git.commit")
    if commit:
        tags.setdefault("mlflow.source.git.commit", commit)
    return tags


def _dataset(item: Mapping[str, Any]) -> Parameters:
    details = item["details"]
    tags = [{"key": key, "value": value} for key, value in (details.get("tags") or {}).items()]
    fields = ("name", "digest", "source_type", "source", "schema", "profile")
    return {"tags": tags, "dataset": {name: details[name] for name in fields if details.get(name) is not None}}
