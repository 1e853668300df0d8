"""Runs, as MLflow's clients make, change and end them."""

from __future__ import annotations

from typing import Any

import msgspec

from stoker.base.ids import new_guid
from stoker.base.states import RunStatus
from stoker.exceptions import ConflictException
from stoker.service.api.deps import writable_run
from stoker.service.errors import ForbiddenError
from stoker.service.mlflow.errors import MlflowError, invalid
from stoker.service.mlflow.logged_models import note_models
from stoker.service.mlflow.routing import Call, MlflowRouter, Parameters
from stoker.service.mlflow.wire import experiment_of, info_json, milliseconds_of, run_json, status_of
from stoker.service.store import Record

__all__ = ["changeable_run", "router", "set_params", "set_tags"]

router = MlflowRouter()

LONGEST_PARAM = 6000
"""Most characters of a parameter's value, as MLflow's own server has it."""
_NAME, _PARENT, _NOTE, _USER = "mlflow.runName", "mlflow.parentRunId", "mlflow.note.content", "mlflow.user"
_HISTORY = "mlflow.log-model.history"


@router.method("POST", "runs/create")
def create(call: Call) -> Parameters:
    """Make a run, Running; one that a script of ours makes is a child of the script's run."""
    store = call.context.store
    experiment = experiment_of(call, call.text("experiment_id", "0"))
    if experiment["archived"]:
        raise invalid(f"The experiment {experiment['name']!r} is deleted. Restore it, or use another one.")
    tags = {item["key"]: str(item.get("value") or "") for item in call.items("tags") if "key" in item}
    name = call.optional_text("run_name") or tags.pop(_NAME, None) or None
    parent = _parent(call, tags.pop(_PARENT, None))
    begun = call.time("start_time")
    with store.write():
        record, _ = store.runs.create(
            id=new_guid().replace("-", ""),
            experiment=experiment["name"] if parent is None else None,
            kind="interactive" if parent is None else "child",
            parent_id=parent,
            display_name=name,
            description=tags.get(_NOTE),
            tags=tags,
            submitted_by=call.optional_text("user_id") or tags.get(_USER),
            target="sdk",
        )
        if begun is not None:
            store.runs.record(record["id"], started=begun)
    call.context.bus.notify(record["id"])
    return {"run": _shown(call, record["id"])}


def _parent(call: Call, given: str | None) -> str | None:
    """Return the run above a new one, and see that the caller may make one there."""
    own = call.caller.run_id
    if own is None:
        return given if given is None else str(call.context.store.runs.get(given)["id"])
    facts = call.context.store.mlflow_runs
    if given is not None and facts.facts(given).root_id != facts.facts(own).root_id:
        raise ForbiddenError(f"The token of the run {own} may not make a child of {given}.")
    return given or own


@router.method("GET", "runs/get")
def get(call: Call) -> Parameters:
    """Return a run."""
    return {"run": _shown(call, _run_id(call))}


@router.method("POST", "runs/update")
def update(call: Call) -> Parameters:
    """Change a run's name or end it; a script does not end the run that it is."""
    run = call.context.store.runs.get(changeable_run(call))
    name, word = call.optional_text("run_name"), call.optional_text("status")
    if name:
        call.context.store.runs.update(run["id"], display_name=name)
    if word:
        _end(call, run, status_of(word))
    call.context.bus.notify(run["id"])
    return {"run_info": info_json(_known(call, run["id"]))}


def _end(call: Call, run: Record, status: RunStatus) -> None:
    if not status.is_terminal or RunStatus(run["status"]).is_terminal:
        # MLflow takes up an ended run again to log more to it; here that needs no other state.
        return
    if run["kind"] == "submitted" and not call.caller.is_owner:
        # The client says so when its block ends, in the middle of the script; how the process ends decides.
        return
    ended = call.time("end_time")
    error = {"code": "UserError", "message": "Its MLflow client said that it failed."}
    call.context.endings.end(run["id"], status, error if status is RunStatus.FAILED else None)
    if ended is not None and run["kind"] != "submitted":
        begun = milliseconds_of(run["started"])
        times = {} if begun is None else {"duration": max(0.0, ended - begun / 1000)}
        call.context.store.runs.record(run["id"], ended=ended, **times)


@router.method("POST", "runs/delete")
def delete(call: Call) -> Parameters:
    """Hide a run from searches, until it is restored."""
    run = writable_run(call.context, call.caller, _run_id(call))
    call.context.store.mlflow_runs.hide(run["id"])
    return {}


@router.method("POST", "runs/restore")
def restore(call: Call) -> Parameters:
    """Take a deletion back."""
    run = writable_run(call.context, call.caller, _run_id(call))
    call.context.store.mlflow_runs.restore(run["id"])
    return {}


@router.method("POST", "runs/log-parameter", quick=True)
def log_param(call: Call) -> Parameters:
    """Set a parameter."""
    run = changeable_run(call)
    set_params(call, run, [call.parameters])
    call.context.bus.notify(run)
    return {}


@router.method("POST", "runs/set-tag", quick=True)
def set_tag(call: Call) -> Parameters:
    """Set a tag."""
    run = changeable_run(call)
    set_tags(call, run, [call.parameters])
    call.context.bus.notify(run)
    return {}


@router.method("POST", "runs/delete-tag")
def delete_tag(call: Call) -> Parameters:
    """Take a tag away."""
    run, key = changeable_run(call), call.text("key")
    record = call.context.store.runs.get(run)
    is_note = key == _NOTE and bool(record["description"])
    if key not in record["tags"] and not is_note:
        raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"The run {run} has no tag {key!r}.")
    call.context.store.runs.update(run, remove_tags=[key], description="" if is_note else None)
    call.context.bus.notify(run)
    return {}


@router.method("POST", "runs/log-inputs")
def log_inputs(call: Call) -> Parameters:
    """Note the data and the models that a run was given."""
    run = changeable_run(call)
    for item in call.items("datasets"):
        one = call.sub(item)
        dataset = call.sub(item.get("dataset") or {})
        fields = ("name", "digest", "source_type", "source", "schema", "profile")
        details: dict[str, Any] = {name: dataset.optional_text(name) for name in fields}
        details["tags"] = {tag["key"]: tag.get("value") for tag in one.items("tags") if "key" in tag}
        details["context"] = details["tags"].get("mlflow.data.context")
        name, digest = dataset.text("name"), dataset.text("digest")
        call.context.store.lineage.add(run, "input", "mlflow_dataset", f"{name}:{digest}", name, details=details)
    note_models(call, run, "input", call.items("models"))
    return {}


@router.method("POST", "runs/log-model")
def log_model(call: Call) -> Parameters:
    """Keep the description of a model that an older client has logged, as its own server does: in a tag."""
    run, store = changeable_run(call), call.context.store
    model = _json("model_json", call.text("model_json"))
    with store.write():
        known = _json(_HISTORY, store.runs.get(run)["tags"].get(_HISTORY) or "[]")
        history = [*(known if isinstance(known, list) else [known]), model]
        store.runs.update(run, tags={_HISTORY: msgspec.json.encode(history).decode()})
    return {}


def _json(name: str, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise invalid(f"The parameter '{name}' is no JSON: {error}.") from error


def set_params(call: Call, run_id: str, items: list[Parameters]) -> None:
    """Set parameters of a run, each once."""
    params: dict[str, str] = {}
    for item in items:
        one = call.sub(item)
        key, value = one.text("key"), one.text("value", "")
        if params.get(key, value) != value:
            raise invalid(f"The parameter {key!r} is there twice, as {params[key]!r} and {value!r}. Give it once.")
        if len(value) > LONGEST_PARAM:
            raise invalid(f"The parameter {key!r} has {len(value)} characters; at most {LONGEST_PARAM} are kept.")
        params[key] = value
    if not params:
        return
    try:
        call.context.store.params.add(run_id, params)
    except ConflictException as error:
        raise invalid(f"Changing param values is not allowed. {error.message}") from error


def set_tags(call: Call, run_id: str, items: list[Parameters]) -> None:
    """Set tags of a run; the run's name and note are fields of its record too."""
    tags = {}
    for item in items:
        one = call.sub(item)
        tags[one.text("key")] = one.text("value", "")
    # Who is above whom is settled when a run is made.
    tags.pop(_PARENT, None)
    if tags:
        name, note = tags.pop(_NAME, None), tags.get(_NOTE)
        call.context.store.runs.update(run_id, tags=tags, display_name=name, description=note)


def changeable_run(call: Call) -> str:
    """Return the id of the run that a request names, when the caller may change it and nobody has deleted it.

    Raises
    ------
    stoker.service.errors.ForbiddenError
        The caller is a run of another tree.
    """
    runs, run_id = call.context.store.mlflow_runs, _run_id(call)
    facts = runs.facts(run_id)
    own = call.caller.run_id
    if own is not None and own != run_id and runs.facts(own).root_id != facts.root_id:
        raise ForbiddenError(f"The token of the run {own} may not change the run {run_id}, which is not of its tree.")
    if facts.hidden:
        raise invalid(f"The run {run_id} is deleted. Restore it first: client.restore_run('{run_id}').")
    return run_id


def _run_id(call: Call) -> str:
    return call.optional_text("run_id") or call.text("run_uuid")


def _known(call: Call, run_id: str) -> Record:
    # Asked for by id, so that a run which is not there is said.
    call.context.store.mlflow_runs.facts(run_id)
    return call.context.store.mlflow_runs.get_many([run_id])[0]


def _shown(call: Call, run_id: str) -> Parameters:
    return run_json(_known(call, run_id))
