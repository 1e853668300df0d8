"""Versions of registered models, as MLflow's clients see them: the same records as `stoker.core.Model`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stoker.base.times import from_iso
from stoker.service.controllers.registration import register_model
from stoker.service.errors import ForbiddenError
from stoker.service.mlflow.errors import invalid
from stoker.service.mlflow.locations import location_of_version, source_of
from stoker.service.mlflow.pages import page_of
from stoker.service.mlflow.routing import MOST_KEYS, Call, MlflowRouter, Parameters
from stoker.service.store import Record
from stoker.service.store.base_models import STAGES, Condition, Order
from stoker.service.store.filters import NUMBER, TEXT, Comparison, Grammar

__all__ = [
    "IS_PROMPT",
    "check_may_change",
    "conditions_of",
    "milliseconds",
    "orders_of",
    "pairs",
    "router",
    "tags_of",
    "version_json",
]

router = MlflowRouter()

IS_PROMPT = "mlflow.prompt.is_prompt"
"""The tag by which clients tell their prompts, which are not kept here, from models."""
RUN_LINK = "mlflow_run_link"

_FIELDS = {
    **dict.fromkeys(("name", "run_id"), TEXT),
    **dict.fromkeys(("source_path", "current_stage"), TEXT),
    **dict.fromkeys(("version_number", "creation_timestamp", "last_updated_timestamp"), NUMBER),
}
GRAMMAR = Grammar(_FIELDS, {"tag": TEXT}, aliases={"version": "version_number", "source": "source_path"})
KEYS = {
    "source_path": "source",
    "current_stage": "stage",
    "version_number": "version",
    "creation_timestamp": "created",
    "last_updated_timestamp": "modified",
}
_TIMES = frozenset({"creation_timestamp", "last_updated_timestamp"})


def version_json(record: Record) -> Parameters:
    """Return the protocol's form of a record MODEL."""
    return {
        "name": record["name"],
        "version": str(record["version"]),
        "creation_timestamp": milliseconds(record["created"]),
        "last_updated_timestamp": milliseconds(record["modified"]),
        "current_stage": record["stage"],
        "description": record["description"] or "",
        "source": record["source"] or location_of_version(record),
        "run_id": record["run_id"] or "",
        "status": "READY",
        "run_link": record["details"].get(RUN_LINK) or "",
        "aliases": record["aliases"],
        "tags": pairs(record["tags"]),
        "model_id": record["logged_model"] or "",
        "user_id": record["created_by"] or "",
    }


def milliseconds(text: str) -> int:
    """Return the time of a record as the protocol writes it."""
    return round(from_iso(text) * 1000)


def pairs(labels: Mapping[str, str | None]) -> list[dict[str, str]]:
    """Return tags as the protocol writes them."""
    return [{"key": key, "value": value or ""} for key, value in labels.items()]


def tags_of(call: Call) -> dict[str, str]:
    """Return the tags of a request."""
    items = [call.sub(item) for item in call.items("tags")]
    return {item.text("key"): item.text("value", "") for item in items}


def conditions_of(comparisons: Sequence[Comparison], keys: Mapping[str, str]) -> list[Condition]:
    """Return the conditions of a filter, in the names and units of the store."""
    found = []
    for item in comparisons:
        if item.entity == "tag" and item.key == IS_PROMPT and (item.operator, item.value) in _NO_PROMPTS:
            continue
        key = f"tags.{item.key}" if item.entity == "tag" else keys.get(item.key, item.key)
        value = item.value / 1000 if item.key in _TIMES and item.entity == "attribute" else item.value
        found.append(Condition(key, item.operator, value))
    return found


_NO_PROMPTS = frozenset({("=", "false"), ("!=", "true")})
"""What a client asks to see models only; those have no such tag."""


def orders_of(call: Call, grammar: Grammar, keys: Mapping[str, str]) -> list[Order]:
    """Return the order that a request asks for, in the names of the store."""
    order = [grammar.order(text) for text in call.texts("order_by", MOST_KEYS)]
    wrong = next((item for item in order if item.entity != "attribute"), None)
    if wrong is not None:
        raise invalid(f"Models can't be sorted by a tag, as {wrong.key!r}. Sort by one of {', '.join(keys)} or name.")
    return [Order(keys.get(item.key, item.key), item.descending) for item in order]


def check_may_change(call: Call, record: Record) -> None:
    """Raise unless the caller may change a version: a run may change those of its own tree.

    Raises
    ------
    stoker.service.errors.ForbiddenError
        It is another's.
    """
    if not _is_of_tree(call, record["run_id"]):
        raise ForbiddenError(
            f"The token of the run {call.caller.run_id} may not change {record['id']}, which is not of its tree. Do it "
            "outside of a run."
        )


def _is_of_tree(call: Call, run_id: str | None) -> bool:
    """Whether the caller is the owner, or a run of the same tree as the run."""
    if call.caller.is_owner:
        return True
    runs = call.context.store.runs
    assert call.caller.run_id is not None
    run = runs.find(run_id) if run_id else None
    return run is not None and run["root_id"] == runs.get(call.caller.run_id)["root_id"]


@router.method("POST", "model-versions/create")
def create_version(call: Call) -> Parameters:
    """Record a new version of the files that a source names; nothing is copied."""
    store, name = call.context.store, call.text("name")
    # The protocol makes versions of names that are there only.
    store.models.registered(name)
    source = source_of(store, call.text("source", ""), call.optional_text("model_id"), call.optional_text("run_id"))
    run_id = source.run_id or call.caller.run_id
    if not _is_of_tree(call, run_id):
        raise ForbiddenError(
            f"The token of the run {call.caller.run_id} may not register what the run {run_id} made, which is not of "
            "its tree. Do it outside of a run."
        )
    record = register_model(
        store,
        call.context.objects,
        name,
        files=source.files,
        is_file=source.is_file,
        run_id=run_id,
        source=source.uri,
        logged_model=source.logged_model,
        description=call.optional_text("description"),
        tags=tags_of(call),
        details={RUN_LINK: link} if (link := call.optional_text("run_link")) else {},
        **source.facts,
    )
    return {"model_version": version_json(record)}


@router.method("GET", "model-versions/get")
def get_version(call: Call) -> Parameters:
    """Return a version."""
    return {"model_version": version_json(_version(call))}


@router.method("PATCH", "model-versions/update")
def update_version(call: Call) -> Parameters:
    """Write a version's description."""
    record = _changeable(call)
    changed = call.context.store.models.update(
        record["name"], record["version"], description=call.optional_text("description")
    )
    return {"model_version": version_json(changed)}


@router.method("DELETE", "model-versions/delete")
def delete_version(call: Call) -> Parameters:
    """Remove a version; its number is not given again."""
    call.owner_only("delete a model")
    record = _version(call)
    call.context.store.models.delete(record["name"], record["version"])
    return {}


@router.method("GET", "model-versions/get-download-uri")
def get_download_uri(call: Call) -> Parameters:
    """Say where a version's files are read."""
    return {"artifact_uri": location_of_version(_version(call))}


@router.method("GET", "model-versions/search")
def search_versions(call: Call) -> Parameters:
    """Find versions by fields and tags, in pages."""
    conditions = conditions_of(GRAMMAR.parse(call.optional_text("filter")), KEYS)
    order = orders_of(call, GRAMMAR, KEYS)

    def find(limit: int, offset: int) -> Sequence[Record]:
        return call.context.store.models.search_versions(conditions, order, limit=limit, offset=offset)

    return page_of(call, find, version_json, field="model_versions", default=10_000, most=200_000)


@router.method("POST", "model-versions/set-tag")
def set_version_tag(call: Call) -> Parameters:
    """Set a tag of a version."""
    record = _changeable(call)
    tags = {call.text("key"): call.text("value", "")}
    call.context.store.models.update(record["name"], record["version"], add_tags=tags)
    return {}


@router.method("DELETE", "model-versions/delete-tag")
def delete_version_tag(call: Call) -> Parameters:
    """Take a tag of a version away; nothing happens when there is none."""
    record = _changeable(call)
    call.context.store.models.update(record["name"], record["version"], remove_tags=[call.text("key")])
    return {}


@router.method("POST", "model-versions/transition-stage")
def move_to_stage(call: Call) -> Parameters:
    """Move a version to a stage, and those that stand there to the archive when that is asked for."""
    record, archive = _changeable(call), call.flag("archive_existing_versions")
    stage = stage_of(call.text("stage"))
    if archive and stage not in {"Staging", "Production"}:
        raise invalid(f"Only those in Staging and Production make room for others, and the stage is {stage!r}.")
    if archive:
        call.owner_only("archive other versions of a model")
    moved = call.context.store.models.set_stage(record["name"], record["version"], stage, archive_others=archive)
    return {"model_version": version_json(moved)}


def stage_of(text: str) -> str:
    """Return a stage in its one spelling; one that there is not is `INVALID_PARAMETER_VALUE`."""
    found = next((stage for stage in STAGES if stage.lower() == text.lower()), None)
    if found is None:
        raise invalid(f"There is no stage {text!r}. Give one of {', '.join(STAGES)}; aliases take any name.")
    return found


def _version(call: Call) -> Record:
    version = call.text("version")
    if not (version.isascii() and version.isdecimal()):
        raise invalid(f"The version {version[:100]!r} is no number. Give one, as '1'.")
    return call.context.store.models.get(call.text("name"), version)


def _changeable(call: Call) -> Record:
    record = _version(call)
    check_may_change(call, record)
    return record
