"""Logged models: what a script saves by an MLflow client's `log_model`. Their files are the run's files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from stoker.exceptions import ConflictException
from stoker.service.api.deps import writable_run
from stoker.service.mlflow.errors import invalid
from stoker.service.mlflow.locations import Place, location_of_logged_model
from stoker.service.mlflow.pages import page_of
from stoker.service.mlflow.registry_versions import pairs, tags_of
from stoker.service.mlflow.routing import MOST_KEYS, Call, MlflowRouter, Parameters
from stoker.service.mlflow.wire import experiment_ids_of
from stoker.service.store import Record
from stoker.service.store.base_logged_models import STATUSES, LoggedOrder
from stoker.service.store.base_models import Condition
from stoker.service.store.filters import NUMBER, TEXT, Comparison, Grammar

__all__ = ["logged_model_json", "note_models", "router"]

router = MlflowRouter()

_STATUS = "LOGGED_MODEL_"
_NUMBERS = ("creation_timestamp", "last_updated_timestamp")
_FIELDS = {
    **dict.fromkeys(("name", "model_id", "model_type", "status", "source_run_id"), TEXT),
    **dict.fromkeys(_NUMBERS, NUMBER),
}
_GRAMMAR = Grammar(
    _FIELDS,
    {"metric": NUMBER, "param": TEXT, "tag": TEXT},
    aliases={
        "creation_time": "creation_timestamp",
        "creation_timestamp_ms": "creation_timestamp",
        "last_updated_time": "last_updated_timestamp",
        "last_updated_timestamp_ms": "last_updated_timestamp",
    },
)
_KEYS = {
    "model_id": "id",
    "model_type": "type",
    "source_run_id": "run_id",
    "creation_timestamp": "created",
    "last_updated_timestamp": "modified",
}


def logged_model_json(record: Record) -> Parameters:
    """Return the protocol's form of a record LOGGED_MODEL."""
    registrations = [{"name": item["name"], "version": str(item["version"])} for item in record["registrations"]]
    info = {
        "model_id": record["id"],
        "experiment_id": record["experiment_id"],
        "name": record["name"],
        "creation_timestamp_ms": round(record["created"] * 1000),
        "last_updated_timestamp_ms": round(record["modified"] * 1000),
        "artifact_uri": location_of_logged_model(record),
        "status": f"{_STATUS}{record['status']}",
        "model_type": record["type"] or "",
        "source_run_id": record["run_id"] or "",
        "status_message": record["message"] or "",
        "tags": pairs(record["tags"]),
        "registrations": registrations,
    }
    metrics = [_metric(record["id"], item) for item in record["metrics"]]
    return {"info": info, "data": {"params": pairs(record["params"]), "metrics": metrics}}


def _metric(model_id: str, item: Mapping[str, object]) -> Parameters:
    value, t = item["value"], item["t"]
    assert isinstance(t, float)
    # JSON has no such numbers; the protocol writes them as text.
    shown = "NaN" if value is None else value
    if isinstance(value, float) and math.isinf(value):
        shown = "Infinity" if value > 0 else "-Infinity"
    return {
        "key": item["name"],
        "value": shown,
        "timestamp": round(t * 1000),
        "step": item["step"],
        "model_id": model_id,
        "run_id": item["run_id"],
        **({"dataset_name": item["dataset"]} if item["dataset"] else {}),
        **({"dataset_digest": item["dataset_digest"]} if item["dataset_digest"] else {}),
    }


def note_models(call: Call, run_id: str, direction: str, models: Sequence[Parameters]) -> None:
    """Note the logged models that a run was given or made, as a request lists them.

    Parameters
    ----------
    call : Call
    run_id : str
    direction : {"input", "output"}
    models : sequence of dict
        `{"model_id", "step"}`.

    Raises
    ------
    stoker.exceptions.NotFoundException
        There is no such logged model.
    """
    store = call.context.store
    for item in models:
        one = call.sub(item)
        record = store.logged_models.get(one.text("model_id"))
        details = {"name": record["name"], "step": one.number("step", 0)}
        store.lineage.add(run_id, direction, "logged_model", record["id"], record["name"], details=details)


@router.method("POST", "runs/outputs")
def log_outputs(call: Call) -> Parameters:
    """Note the logged models that a run made, and at which step."""
    run = writable_run(call.context, call.caller, call.text("run_id"))
    note_models(call, run["id"], "output", call.items("models"))
    return {}


@router.method("POST", "logged-models")
def create_model(call: Call) -> Parameters:
    """Record a logged model, whose files come next."""
    store, run_id = call.context.store, call.optional_text("source_run_id") or None
    if run_id is not None:
        writable_run(call.context, call.caller, run_id)
    record = store.logged_models.create(
        _experiment(call, call.text("experiment_id")),
        name=call.optional_text("name") or None,
        run_id=run_id,
        type=call.optional_text("model_type") or None,
        tags=tags_of(call),
        params=_params(call),
    )
    return {"model": logged_model_json(record)}


@router.method("GET", "logged-models/{model_id}")
def get_model(call: Call) -> Parameters:
    """Return a logged model."""
    record = call.context.store.logged_models.get(call.text("model_id"), deleted=call.flag("allow_deleted"))
    return {"model": logged_model_json(record)}


@router.method("PATCH", "logged-models/{model_id}")
def finalize_model(call: Call) -> Parameters:
    """Write whether the files have come."""
    status = call.text("status").upper().removeprefix(_STATUS)
    if status not in STATUSES:
        raise invalid(f"There is no status {status!r}. Give one of {', '.join(_STATUS + item for item in STATUSES)}.")
    record = call.context.store.logged_models.finalize(_own(call)["id"], status, call.optional_text("status_message"))
    return {"model": logged_model_json(record)}


@router.method("DELETE", "logged-models/{model_id}")
def delete_model(call: Call) -> Parameters:
    """Delete a logged model; its files stay with the run."""
    call.context.store.logged_models.delete(_own(call)["id"])
    return {}


@router.method("PATCH", "logged-models/{model_id}/tags")
def set_tags(call: Call) -> Parameters:
    """Set tags."""
    record = call.context.store.logged_models.set_tags(_own(call)["id"], tags_of(call))
    return {"model": logged_model_json(record)}


@router.method("DELETE", "logged-models/{model_id}/tags/{tag_key}")
def delete_tag(call: Call) -> Parameters:
    """Take a tag away."""
    call.context.store.logged_models.delete_tag(_own(call)["id"], call.text("tag_key"))
    return {}


@router.method("POST", "logged-models/{model_id}/params")
def log_params(call: Call) -> Parameters:
    """Set parameters, which keep their values."""
    try:
        record = call.context.store.logged_models.log_params(_own(call)["id"], _params(call))
    except ConflictException as error:
        raise invalid(error.message) from error
    return {"model": logged_model_json(record)}


@router.method("POST", "logged-models/search")
def search_models(call: Call) -> Parameters:
    """Find logged models by fields, metrics, parameters and tags, in pages."""
    conditions = [_condition(item) for item in _GRAMMAR.parse(call.optional_text("filter"))]
    order = [_order(call.sub(item)) for item in call.items("order_by", MOST_KEYS)]
    datasets = [
        (one.text("dataset_name"), one.optional_text("dataset_digest") or None)
        for one in map(call.sub, call.items("datasets", MOST_KEYS))
    ]
    experiments = experiment_ids_of(call)

    def find(limit: int, offset: int) -> Sequence[Record]:
        return call.context.store.logged_models.search(
            experiments, conditions, order, datasets=datasets, limit=limit, offset=offset
        )

    return page_of(call, find, logged_model_json, field="models", default=100, most=1000)


@router.method("GET", "logged-models/{model_id}/artifacts/directories")
def list_files(call: Call) -> Parameters:
    """List the files and folders of a logged model, one folder at a time."""
    record = call.context.store.logged_models.get(call.text("model_id"))
    wanted = (call.optional_text("artifact_directory_path") or "").strip("/")
    owner, path = (record["run_id"], record["path"]) if record["run_id"] else (record["id"], "")
    place = Place(owner, None, "/".join(part for part in (path, wanted) if part))
    entries: dict[str, Parameters] = {}
    for name, _, size in place.below(call.context.store):
        first, slash, _rest = name.partition("/")
        shown = f"{wanted}/{first}" if wanted else first
        entry = {"path": shown, "is_dir": bool(slash)}
        entries[shown] = entry if slash else {**entry, "file_size": size}
    return {"root_uri": location_of_logged_model(record), "files": list(entries.values())}


def _own(call: Call) -> Record:
    """Return the logged model of the address, when the caller may change it."""
    record = call.context.store.logged_models.get(call.text("model_id"))
    if record["run_id"] is not None:
        writable_run(call.context, call.caller, record["run_id"])
    else:
        call.owner_only("change a logged model that no run has made")
    return record


def _params(call: Call) -> dict[str, str]:
    items = [call.sub(item) for item in call.items("params")]
    return {item.text("key"): item.text("value", "") for item in items}


def _experiment(call: Call, experiment_id: str) -> str:
    if experiment_id == "0":
        return str(call.context.store.experiments.get_or_create("Default")["id"])
    return experiment_id


def _condition(item: Comparison) -> Condition:
    if item.entity != "attribute":
        return Condition(f"{item.entity}s.{item.key}", item.operator, item.value)
    value = item.value / 1000 if item.key in _NUMBERS else item.value
    if item.key == "status":
        value = value.removeprefix(_STATUS) if isinstance(value, str) else value
    return Condition(_KEYS.get(item.key, item.key), item.operator, value)


def _order(one: Call) -> LoggedOrder:
    field = one.text("field_name")
    found = _GRAMMAR.order(f"metrics.`{field[len('metrics.') :]}`" if field.startswith("metrics.") else field)
    if found.entity not in {"attribute", "metric"}:
        raise invalid(f"Logged models can't be sorted by {field!r}. Sort by a field or by metrics.NAME.")
    key = _KEYS.get(found.key, found.key) if found.entity == "attribute" else f"metrics.{found.key}"
    ascending = one.parameters.get("ascending", True)
    dataset, digest = (one.optional_text(name) or None for name in ("dataset_name", "dataset_digest"))
    if digest and not dataset:
        raise invalid("A dataset_digest is given without its dataset_name. Give both.")
    return LoggedOrder(key, not (ascending is True or ascending == "true"), dataset, digest)
