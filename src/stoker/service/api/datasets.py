"""Data sets: definitions by id, and by name and version."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from stoker.service.api.data_models import DatasetBody, DatasetPatch, RegisterBody
from stoker.service.api.deps import Caller, Context, Owner, writable_run
from stoker.service.api.routing import rest_router
from stoker.service.context import ServiceContext
from stoker.service.errors import ForbiddenError
from stoker.service.store.base_data import REGISTERED
from stoker.service.tokens import Principal

__all__ = ["router"]

router = rest_router("datasets")


@router.get("/datasets")
def list_datasets(context: Context, tag: Annotated[tuple[str, ...], Query()] = ()) -> dict[str, Any]:
    """List the latest version of each name."""
    return {"datasets": list(context.store.datasets.list(tag))}


@router.post("/datasets")
def save_dataset(body: DatasetBody, context: Context, caller: Caller) -> dict[str, Any]:
    """Save a definition without a name; the same definition is the same record."""
    return context.store.datasets.save(body.definition, _maker(context, caller, body.run_id))


@router.post("/datasets/register")
def register_dataset(body: RegisterBody, context: Context, caller: Caller) -> dict[str, Any]:
    """Register a definition under a name; another definition is a new version, when that is wanted."""
    fields = body.model_dump(exclude={"definition", "name"})
    fields["run_id"] = run_id = _maker(context, caller, body.run_id)
    with context.store.write():
        record = context.store.datasets.register(body.name, body.definition, **fields)
        if run_id is not None and record["run_id"] == run_id:
            made = ("output", "dataset", record["id"], body.name)
            context.store.lineage.add(run_id, *made, mechanism=REGISTERED)
    return record


@router.get("/datasets/by-name/{name:filename}/versions")
def list_versions(name: str, context: Context, version: str | None = None) -> dict[str, Any]:
    """List all versions, the latest first."""
    if version is not None:
        # One version is asked for, so it is a name that ends so.
        return context.store.datasets.get(f"{name}/versions", version)
    return {"versions": list(context.store.datasets.versions(name))}


@router.get("/datasets/by-name/{name:filename}")
def get_by_name(name: str, context: Context, version: str = "latest") -> dict[str, Any]:
    """Return a version, the latest by default."""
    return context.store.datasets.get(name, version)


@router.delete("/datasets/by-name/{name:filename}")
def unregister(name: str, context: Context, _: Owner) -> dict[str, Any]:
    """Take the name from all its versions; their ids stay."""
    context.store.datasets.delete(name)
    return {"deleted": name}


@router.get("/datasets/by-id/{dataset_id}")
def get_by_id(dataset_id: str, context: Context, entries: bool = False) -> dict[str, Any]:
    """Return a data set; with `entries=true`, with the files that it was made of."""
    return context.store.datasets.by_id(dataset_id, entries=entries)


@router.patch("/datasets/by-id/{dataset_id}")
def change_dataset(dataset_id: str, body: DatasetPatch, context: Context, caller: Caller) -> dict[str, Any]:
    """Change description, tags, state or fingerprint; a run may change what its own tree registered."""
    if not caller.is_owner:
        record = context.store.datasets.by_id(dataset_id)
        if record["run_id"] is None:
            raise ForbiddenError("A run's token may not change a data set that no run registered.")
        writable_run(context, caller, record["run_id"])
    return context.store.datasets.update(dataset_id, **body.changes())


def _maker(context: ServiceContext, caller: Principal, run_id: str | None) -> str | None:
    """Return the run that registers: the one that is named, when the caller may write it, else the caller."""
    named = run_id or caller.run_id
    return None if named is None else str(writable_run(context, caller, named)["id"])
