"""Registered models, their tags and aliases, as MLflow's clients see them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from stoker.exceptions import ConflictException
from stoker.service.mlflow.errors import MlflowError, invalid, not_implemented
from stoker.service.mlflow.pages import page_of
from stoker.service.mlflow.registry_versions import (
    IS_PROMPT,
    check_may_change,
    conditions_of,
    milliseconds,
    orders_of,
    pairs,
    stage_of,
    tags_of,
    version_json,
)
from stoker.service.mlflow.routing import Call, MlflowRouter, Parameters
from stoker.service.store import Record
from stoker.service.store.filters import NUMBER, TEXT, Grammar

__all__ = ["router"]

router = MlflowRouter()

NO_PROMPTS = (
    "Stoker keeps no prompts. Keep a prompt as a file of a run, mlflow.log_text(text, 'prompt.txt'), or as a version "
    "of a model; for MLflow's prompt registry set mlflow.set_registry_uri to a server of its own."
)
_FIELDS = {"name": TEXT, **dict.fromkeys(("creation_timestamp", "last_updated_timestamp"), NUMBER)}
_GRAMMAR = Grammar(_FIELDS, {"tag": TEXT}, aliases={"timestamp": "last_updated_timestamp"})
_KEYS = {"creation_timestamp": "created", "last_updated_timestamp": "modified"}
_ALIAS = re.compile(r"[\w-]{1,255}\Z")
_RESERVED = re.compile(r"(?:latest|v\d+)\Z", re.IGNORECASE)


def registered_json(record: Record, latest: Iterable[Record]) -> Parameters:
    """Return the protocol's form of a record REGISTERED, with the latest version of each stage."""
    return {
        "name": record["name"],
        "creation_timestamp": milliseconds(record["created"]),
        "last_updated_timestamp": milliseconds(record["modified"]),
        "description": record["description"] or "",
        "latest_versions": [version_json(item) for item in latest],
        "tags": pairs(record["tags"]),
        "aliases": [{"alias": alias, "version": str(version)} for alias, version in record["aliases"].items()],
    }


def _answer(call: Call, record: Record) -> Parameters:
    latest = call.context.store.models.latest_of_stages([record["name"]])
    return {"registered_model": registered_json(record, latest)}


@router.method("POST", "registered-models/create")
def create_model(call: Call) -> Parameters:
    """Make a name that has no version yet."""
    tags = tags_of(call)
    if tags.get(IS_PROMPT, "false").lower() == "true":
        raise not_implemented(NO_PROMPTS)
    name, description = call.text("name"), call.optional_text("description")
    try:
        return _answer(call, call.context.store.models.register(name, description=description, tags=tags))
    except ConflictException as error:
        # Clients go on with the name that is there when they read this code.
        raise MlflowError("RESOURCE_ALREADY_EXISTS", error.message) from error


@router.method("GET", "registered-models/get")
def get_model(call: Call) -> Parameters:
    """Return a name."""
    return _answer(call, call.context.store.models.registered(call.text("name")))


@router.method("PATCH POST", "registered-models/update")
def update_model(call: Call) -> Parameters:
    """Write a name's description."""
    call.owner_only("change what is said about a registered model")
    description = call.optional_text("description")
    return _answer(call, call.context.store.models.update_registered(call.text("name"), description=description))


@router.method("POST", "registered-models/rename")
def rename_model(call: Call) -> Parameters:
    """Give a model another name."""
    call.owner_only("rename a registered model")
    name, new_name = call.text("name"), call.text("new_name")
    try:
        return _answer(call, call.context.store.models.rename(name, new_name))
    except ConflictException as error:
        raise MlflowError("RESOURCE_ALREADY_EXISTS", error.message) from error


@router.method("DELETE", "registered-models/delete")
def delete_model(call: Call) -> Parameters:
    """Remove a name with all its versions."""
    call.owner_only("delete a registered model")
    call.context.store.models.delete_registered(call.text("name"))
    return {}


@router.method("GET", "registered-models/search")
def search_models(call: Call) -> Parameters:
    """Find names by name and tags, in pages."""
    models = call.context.store.models
    conditions = conditions_of(_GRAMMAR.parse(call.optional_text("filter")), _KEYS)
    order = orders_of(call, _GRAMMAR, _KEYS)
    latest: dict[str, list[Record]] = defaultdict(list)

    def find(limit: int, offset: int) -> Sequence[Record]:
        found = models.search_registered(conditions, order, limit=limit, offset=offset)
        for record in models.latest_of_stages([item["name"] for item in found]):
            latest[record["name"]].append(record)
        return found

    return page_of(
        call,
        find,
        lambda record: registered_json(record, latest[record["name"]]),
        field="registered_models",
        default=100,
        most=1000,
    )


@router.method("POST GET", "registered-models/get-latest-versions")
def get_latest_versions(call: Call) -> Parameters:
    """Return the latest version of each stage, or of those that are asked for."""
    models, name = call.context.store.models, call.text("name")
    models.registered(name)
    stages = {stage_of(stage) for stage in call.texts("stages")}
    found = models.latest_of_stages([name])
    return {"model_versions": [version_json(item) for item in found if not stages or item["stage"] in stages]}


@router.method("POST", "registered-models/set-tag")
def set_model_tag(call: Call) -> Parameters:
    """Set a tag of a name."""
    call.owner_only("set the tags of a registered model")
    tags = {call.text("key"): call.text("value", "")}
    call.context.store.models.update_registered(call.text("name"), add_tags=tags)
    return {}


@router.method("DELETE", "registered-models/delete-tag")
def delete_model_tag(call: Call) -> Parameters:
    """Take a tag of a name away; nothing happens when there is none."""
    call.owner_only("delete the tags of a registered model")
    call.context.store.models.update_registered(call.text("name"), remove_tags=[call.text("key")])
    return {}


@router.method("POST", "registered-models/alias")
def set_alias(call: Call) -> Parameters:
    """Let an alias name a version; a run may do so for what its own tree made."""
    models, name, alias = call.context.store.models, call.text("name"), call.text("alias")
    if not _ALIAS.match(alias) or _RESERVED.match(alias):
        raise invalid(
            f"The alias {alias[:300]!r} can't be used. An alias has letters, digits, '_' and '-', and is neither "
            "'latest' nor as 'v1'."
        )
    record = models.get(name, call.text("version"))
    check_may_change(call, record)
    models.set_alias(name, alias, record["version"])
    return {}


@router.method("DELETE", "registered-models/alias")
def delete_alias(call: Call) -> Parameters:
    """Take an alias away; nothing happens when there is none."""
    call.owner_only("delete an alias")
    call.context.store.models.delete_alias(call.text("name"), call.text("alias"))
    return {}


@router.method("GET", "registered-models/alias")
def get_version_by_alias(call: Call) -> Parameters:
    """Return the version that an alias names; `latest` always is the latest one."""
    models, name, alias = call.context.store.models, call.text("name"), call.text("alias")
    record = models.get(name) if alias.lower() == "latest" else models.by_alias(name, alias)
    return {"model_version": version_json(record)}
