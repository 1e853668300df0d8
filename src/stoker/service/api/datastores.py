"""Datastores: places where data is, and with what they are reached."""

from __future__ import annotations

from typing import Any

from stoker.service.api.data_models import DatastoreBody
from stoker.service.api.deps import Caller, Context, Owner
from stoker.service.api.routing import rest_router
from stoker.service.errors import ForbiddenError

__all__ = ["router"]

router = rest_router("datastores")


@router.get("/datastores")
def list_datastores(context: Context) -> dict[str, Any]:
    """List all datastores, without their secrets."""
    return {"datastores": list(context.store.datastores.list())}


@router.post("/datastores")
def register_datastore(body: DatastoreBody, context: Context, caller: Caller) -> dict[str, Any]:
    """Register a datastore, or replace one; a run may only add."""
    if body.overwrite and not caller.is_owner and context.store.datastores.find(body.name) is not None:
        raise ForbiddenError(
            f"A run's token may not replace the datastore {body.name!r}. Use the token of the workspace's owner."
        )
    facts = (body.name, body.type, body.kind, body.config, body.opened())
    return context.store.datastores.register(*facts, overwrite=body.overwrite and caller.is_owner)


@router.get("/datastores/default")
def get_default_datastore(context: Context) -> dict[str, Any]:
    """Return the default."""
    return context.store.datastores.default()


@router.get("/datastores/{name}")
def get_datastore(name: str, context: Context, secret: bool = False) -> dict[str, Any]:
    """Return a datastore; with `secret=true`, with what it is reached."""
    record = context.store.datastores.get(name)
    return record | {"secret": context.store.datastores.secret(name)} if secret else record


@router.delete("/datastores/{name}")
def delete_datastore(name: str, context: Context, _: Owner) -> dict[str, Any]:
    """Forget a datastore; what is in it stays."""
    context.store.datastores.delete(name)
    return {"deleted": name}


@router.post("/datastores/{name}/default")
def make_default_datastore(name: str, context: Context, _: Owner) -> dict[str, Any]:
    """Make a datastore the default."""
    return context.store.datastores.set_default(name)
