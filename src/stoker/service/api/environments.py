"""Environments: registered definitions, and building one ahead of a run."""

from __future__ import annotations

from typing import Any

from stoker.service.api.deps import Caller, Context, Offset, Owner
from stoker.service.api.models import EnvironmentBody
from stoker.service.api.routing import rest_router

__all__ = ["router"]

router = rest_router("environments")


@router.get("/environments")
def list_environments(context: Context) -> dict[str, Any]:
    """List the latest version of each environment."""
    return {"environments": list(context.store.environments.list())}


@router.post("/environments")
def register_environment(body: EnvironmentBody, context: Context, _: Caller) -> dict[str, Any]:
    """Register a definition; the same content is the same version."""
    return context.store.environments.register(body.definition)


@router.get("/environments/builds/{build_id}")
def get_build(build_id: str, context: Context, offset: Offset = 0) -> dict[str, Any]:
    """Return a build's state and its log from `offset` (characters)."""
    return context.builds.get(build_id, offset)


@router.get("/environments/{name}")
def get_environment(name: str, context: Context, version: str | None = None) -> dict[str, Any]:
    """Return an environment, the latest version by default."""
    return context.store.environments.get(name, version)


@router.get("/environments/{name}/versions")
def list_versions(name: str, context: Context) -> dict[str, Any]:
    """List all versions, the latest first."""
    return {"versions": list(context.store.environments.versions(name))}


@router.delete("/environments/{name}")
def delete_environment(name: str, context: Context, _: Owner, version: str | None = None) -> dict[str, Any]:
    """Remove a version, or all."""
    context.store.environments.delete(name, version)
    return {"deleted": name}


@router.post("/environments/{name}/build")
def build_environment(
    name: str, context: Context, _: Owner, version: str | None = None, python: str = ""
) -> dict[str, Any]:
    """Begin to build an environment; ask `/environments/builds/{id}` how it goes."""
    record = context.store.environments.get(name, version)
    return {"id": context.builds.begin(record["definition"], python)}
