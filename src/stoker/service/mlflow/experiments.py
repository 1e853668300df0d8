"""Experiments, as MLflow's clients see them: ours, with the same names and ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stoker.base.names import check_free_name
from stoker.exceptions import ConflictException, NotFoundException
from stoker.service.mlflow.errors import MlflowError
from stoker.service.mlflow.pages import page_of
from stoker.service.mlflow.routing import MOST_KEYS, Call, MlflowRouter, Parameters
from stoker.service.mlflow.wire import DEFAULT_EXPERIMENT, experiment_json, experiment_of, milliseconds_of
from stoker.service.store import Record
from stoker.service.store.filters import LABEL, NUMBER, TEXT, Grammar, Ordering

__all__ = ["router"]

router = MlflowRouter()

_GRAMMAR = Grammar(
    {
        "name": TEXT,
        "experiment_id": TEXT,
        **dict.fromkeys(("creation_time", "last_update_time"), NUMBER),
    },
    {"tag": LABEL},
)
_VIEWS = {"ACTIVE_ONLY": "active", "DELETED_ONLY": "archived", "ALL": "all"}


@router.method("POST", "experiments/create")
def create(call: Call) -> Parameters:
    """Make an experiment."""
    store, name = call.context.store, check_free_name(call.text("name"), "experiment")
    known = _named(call, name)
    if known is not None:
        deleted = " It is deleted; restore it, or choose another name." if known["archived"] else ""
        raise MlflowError("RESOURCE_ALREADY_EXISTS", f"Experiment(name={name}) already exists.{deleted}")
    record = store.experiments.get_or_create(name)
    tags = {item["key"]: item.get("value") for item in call.items("tags") if "key" in item}
    if tags:
        store.experiments.update(name, tags=tags)
    return {"experiment_id": record["id"]}


@router.method("GET", "experiments/get")
def get(call: Call) -> Parameters:
    """Return an experiment by its id."""
    return {"experiment": experiment_json(experiment_of(call, call.text("experiment_id")))}


@router.method("GET", "experiments/get-by-name")
def get_by_name(call: Call) -> Parameters:
    """Return an experiment by its name."""
    name = call.text("experiment_name")
    record = _named(call, name)
    if record is None and name == DEFAULT_EXPERIMENT:
        record = experiment_of(call, "0")
    if record is None:
        raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"Could not find experiment with name '{name}'")
    return {"experiment": experiment_json(record)}


@router.method("GET POST", "experiments/search")
def search(call: Call) -> Parameters:
    """Find experiments by name, times and tags."""
    conditions = _GRAMMAR.parse(call.optional_text("filter"))
    order = [_GRAMMAR.order(item) for item in call.texts("order_by", MOST_KEYS)]
    view = _VIEWS.get(call.text("view_type", "ACTIVE_ONLY"), "active")
    found = [
        record
        for record in call.context.store.experiments.list(view)
        if all(item.fits(_value(record, item.entity, item.key)) for item in conditions)
    ]
    for item in reversed(order):
        found.sort(key=_sort_key(item), reverse=item.descending)

    def find(limit: int, offset: int) -> Sequence[Record]:
        return found[offset : offset + limit]

    return page_of(call, find, experiment_json, field="experiments", default=1000, most=50_000)


@router.method("POST", "experiments/delete")
def delete(call: Call) -> Parameters:
    """Archive an experiment."""
    call.owner_only("delete an experiment")
    call.context.store.experiments.update(experiment_of(call, call.text("experiment_id"))["id"], archived=True)
    return {}


@router.method("POST", "experiments/restore")
def restore(call: Call) -> Parameters:
    """Take an archived experiment back."""
    call.owner_only("restore an experiment")
    call.context.store.experiments.update(experiment_of(call, call.text("experiment_id"))["id"], archived=False)
    return {}


@router.method("POST", "experiments/update")
def update(call: Call) -> Parameters:
    """Give an experiment another name."""
    call.owner_only("rename an experiment")
    name = check_free_name(call.text("new_name"), "experiment")
    try:
        call.context.store.mlflow_runs.rename_experiment(experiment_of(call, call.text("experiment_id"))["id"], name)
    except ConflictException as error:
        raise MlflowError("RESOURCE_ALREADY_EXISTS", error.message) from error
    return {}


@router.method("POST", "experiments/set-experiment-tag")
def set_tag(call: Call) -> Parameters:
    """Set a tag of an experiment."""
    record = _changeable(call)
    call.context.store.experiments.update(record["id"], tags={call.text("key"): call.text("value", "")})
    return {}


@router.method("POST DELETE", "experiments/delete-experiment-tag")
def delete_tag(call: Call) -> Parameters:
    """Take a tag of an experiment away."""
    record, key = _changeable(call), call.text("key")
    if key not in (record["tags"] or {}):
        raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"The experiment {record['name']!r} has no tag {key!r}.")
    call.context.store.experiments.update(record["id"], remove_tags=[key])
    return {}


def _changeable(call: Call) -> Record:
    """Return the experiment that a request names; a run's token may change the tags of the run's own."""
    record, own = experiment_of(call, call.text("experiment_id")), call.caller.run_id
    if own is not None and call.context.store.runs.get(own)["experiment_id"] != record["id"]:
        call.owner_only("change an experiment that is not the run's own")
    return record


def _named(call: Call, name: str) -> Record | None:
    try:
        record = call.context.store.experiments.get(name)
    except NotFoundException:
        return None
    return record if record["name"] == name else None


def _value(record: Record, entity: str, key: str) -> Any:
    if entity == "tag":
        return (record["tags"] or {}).get(key)
    if key == "name":
        return record["name"]
    if key == "experiment_id":
        return record["id"]
    created = milliseconds_of(record["created"])
    return created if key == "creation_time" else milliseconds_of(record["archived"]) or created


def _sort_key(item: Ordering) -> Any:
    def key(record: Record) -> tuple[bool, Any]:
        value = _value(record, item.entity, item.key)
        # None is comparable with nothing; where it comes is told by the flag.
        return (value is None) != item.descending, "" if value is None else value

    return key
