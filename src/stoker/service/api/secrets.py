"""Secrets: values go in and come out by name; no list has one."""

from __future__ import annotations

from typing import Any

from stoker.service.api.data_models import SecretBody
from stoker.service.api.deps import Caller, Context, Owner
from stoker.service.api.routing import rest_router

__all__ = ["router"]

router = rest_router("secrets")


@router.get("/secrets")
def list_secrets(context: Context) -> dict[str, Any]:
    """List names and times, no values."""
    return {"secrets": list(context.store.secrets.list())}


@router.put("/secrets/{name:filename}")
def set_secret(name: str, body: SecretBody, context: Context, _: Owner) -> dict[str, Any]:
    """Keep a secret, encrypted."""
    return context.store.secrets.set(name, body.value.get_secret_value())


@router.get("/secrets/{name:filename}")
def get_secret(name: str, context: Context, _: Caller) -> dict[str, Any]:
    """Return the value of one secret."""
    return {"name": name, "value": context.store.secrets.get(name)}


@router.delete("/secrets/{name:filename}")
def delete_secret(name: str, context: Context, _: Owner) -> dict[str, Any]:
    """Remove a secret."""
    context.store.secrets.delete(name)
    return {"deleted": name}
