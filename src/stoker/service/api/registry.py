"""Models: versions of files under a name, and what is said about them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from stoker.exceptions import NotFoundException
from stoker.service.api.deps import Caller, Context, Owner, Positive
from stoker.service.api.files import WantedRange, stream_object
from stoker.service.api.models import Count, Document, Name, Sha256, Tags, Text
from stoker.service.api.routing import rest_router
from stoker.service.context import ServiceContext
from stoker.service.controllers.registration import register_model
from stoker.service.errors import ForbiddenError
from stoker.service.store import Record
from stoker.service.tokens import Principal

__all__ = ["router"]

router = rest_router("models")

Pairs = list[tuple[Name, Name]]
Many = Annotated[tuple[str, ...], Query(description="`key` or `key=value`; all of them")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ModelBody(_Body):
    """A version of a model to record: `files` whose bytes are stored, or `run_path` of the run `run_id`."""

    name: Name
    description: Text | None = None
    tags: Tags = {}
    properties: Tags = {}
    framework: Text | None = None
    framework_version: Text | None = None
    files: Annotated[list[tuple[str, Sha256, Count]], Field(max_length=100_000)] | None = None
    is_file: bool = False
    run_id: Text | None = None
    run_path: str | None = None
    logged_model: Text | None = None
    source: Text | None = None
    datasets: Pairs = []
    details: Document = {}
    created_by: Text | None = None


class ModelPatch(_Body):
    """What can be changed about a version; `tags` takes the place of all, `details` is merged."""

    description: Text | None = None
    tags: Tags | None = None
    add_tags: Tags | None = None
    remove_tags: list[Text] | None = None
    add_properties: Tags | None = None
    add_datasets: Pairs | None = None
    details: Document | None = None
    stage: Text | None = None


@router.post("/models")
def create_model(body: ModelBody, context: Context, caller: Caller) -> dict[str, Any]:
    """Record a new version; its number is the next of its name."""
    facts = body.model_dump()
    if not caller.is_owner:
        facts["run_id"] = body.run_id or caller.run_id
        _check_tree(context, caller, facts["run_id"])
    return register_model(context.store, context.objects, facts.pop("name"), **facts)


@router.get("/models")
def list_models(
    context: Context,
    name: str | None = None,
    tag: Many = (),
    property: Many = (),  # noqa: A002  # the name in the address
    run_id: str | None = None,
    dataset_id: str | None = None,
    latest: bool = False,
    limit: Positive | None = None,
) -> dict[str, Any]:
    """List versions, the newest first."""
    found = context.store.models.list(
        name=name,
        tags=tag,
        properties=property,
        run_id=run_id,
        dataset_id=dataset_id,
        latest=latest,
        limit=limit,
    )
    return {"models": list(found)}


@router.get("/models/{name}")
def get_model(name: str, context: Context, version: str | None = None) -> dict[str, Any]:
    """Return a version, the latest by default."""
    return context.store.models.get(name, version)


@router.get("/models/{name}/{version}")
def get_version(name: str, version: str, context: Context) -> dict[str, Any]:
    """Return a version."""
    return context.store.models.get(name, version)


@router.patch("/models/{name}/{version}")
def update_version(name: str, version: str, body: ModelPatch, context: Context, caller: Caller) -> dict[str, Any]:
    """Change what is said about a version."""
    record = context.store.models.get(name, version)
    if not caller.is_owner:
        _check_tree(context, caller, record["run_id"])
    for _, dataset_id in body.add_datasets or ():
        context.store.datasets.by_id(dataset_id)
    return context.store.models.update(name, version, **body.model_dump())


@router.delete("/models/{name}/{version}")
def delete_version(name: str, version: str, context: Context, _: Owner) -> dict[str, Any]:
    """Remove a version; its number is not given again."""
    record = context.store.models.get(name, version)
    context.store.models.delete(name, version)
    return {"deleted": record["id"]}


@router.get("/models/{name}/{version}/files")
def list_files(name: str, version: str, context: Context) -> dict[str, Any]:
    """List a version's files."""
    return {"files": list(context.store.models.files(name, version))}


@router.get(
    "/models/{name}/{version}/files/{path:filename}", responses={206: {"description": "The part that was asked for"}}
)
def get_file(name: str, version: str, path: str, context: Context, wanted: WantedRange = None) -> Response:
    """Return a file's bytes, a part of them when a `Range` is asked for."""
    found = next((item for item in context.store.models.files(name, version) if item["path"] == path), None)
    if found is None:
        raise NotFoundException(f"The model {name}:{version} has no file {path!r}.", target="path")
    return stream_object(context, path, found["sha256"], found["size"], wanted)


def _check_tree(context: ServiceContext, caller: Principal, run_id: str | None) -> None:
    """Raise unless the caller's run and the model's are of one tree."""
    runs = context.store.runs
    assert caller.run_id is not None
    run: Record | None = runs.find(run_id) if run_id else None
    if run is None or run["root_id"] != runs.get(caller.run_id)["root_id"]:
        raise ForbiddenError(
            f"The token of the run {caller.run_id} may not change a model of the run {run_id or '(none)'}, which is "
            "not of its tree. Do it outside of a run."
        )
