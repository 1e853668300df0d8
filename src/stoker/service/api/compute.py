"""Compute targets."""

from __future__ import annotations

from typing import Any

from stoker.base.times import from_iso, iso
from stoker.service.api.deps import Context, Owner
from stoker.service.api.models import ComputeBody, ComputePatch
from stoker.service.api.routing import rest_router
from stoker.service.controllers.targets import LOCAL

__all__ = ["router"]

router = rest_router("compute")


@router.get("/compute")
def list_compute(context: Context) -> dict[str, Any]:
    """List compute targets; `local` needs no record."""
    return {"compute": [_view(item) for item in context.store.compute.list()]}


@router.post("/compute")
def make_compute(body: ComputeBody, context: Context, _: Owner) -> dict[str, Any]:
    """Make a pool, or change the one of that name."""
    made = context.targets.create(body.name, body.type, body.config, body.tags)
    context.queue.wake()
    return _view(made)


@router.get("/compute/{name}")
def get_compute(name: str, context: Context) -> dict[str, Any]:
    """Return one compute target; of `local`, how many runs it takes at once and those that it runs."""
    if name == LOCAL:
        return context.targets.local()
    return _view(context.targets.record(name))


@router.patch("/compute/{name}")
def change_compute(name: str, body: ComputePatch, context: Context, _: Owner) -> dict[str, Any]:
    """Change a pool's limits or tags."""
    changed = context.targets.update(name, body.config, body.tags)
    context.queue.wake()
    return _view(changed)


@router.delete("/compute/{name}")
def delete_compute(name: str, context: Context, _: Owner) -> dict[str, Any]:
    """Remove a pool that runs nothing."""
    context.targets.delete(name)
    return {"deleted": name}


def _view(record: dict[str, Any]) -> dict[str, Any]:
    """Add what v1 calls the status: node counts and limits."""
    config, nodes = record["config"], record["nodes"] or []
    counts = {
        f"{state}NodeCount": sum(node["state"] == state for node in nodes)
        for state in ("preparing", "running", "idle", "unusable", "leaving", "preempted")
    }
    changed = max((node["since"] for node in nodes), default=from_iso(record["created"]))
    status = {
        "currentNodeCount": len(nodes),
        "targetNodeCount": len(nodes),
        "nodeStateCounts": counts,
        "allocationState": "Steady",
        "allocationStateTransitionTime": iso(changed),
        "errors": record["errors"] or None,
        "creationTime": record["created"],
        "modifiedTime": record["modified"],
        "provisioningState": record["provisioning_state"],
        "provisioningStateTransitionTime": None,
        "scaleSettings": {
            "minNodeCount": config["min_nodes"],
            "maxNodeCount": config["max_nodes"],
            "nodeIdleTimeBeforeScaleDown": f"PT{config['idle_seconds_before_scaledown']}S",
        },
        "vmPriority": str(config["vm_priority"]).capitalize().replace("priority", "Priority"),
        "vmSize": config["vm_size"],
    }
    return {**record, "status": status}
