"""The workspace, its experiments, and the service itself."""

from __future__ import annotations

import os
import shutil
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Query

from stoker.base.times import iso
from stoker.base.version import __version__
from stoker.client.layout import update_config
from stoker.exceptions import ConflictException
from stoker.service.api.deps import Caller, Context, Owner
from stoker.service.api.models import CodeBody, ExperimentBody, ExperimentPatch, GarbageBody, StopBody, WorkspacePatch
from stoker.service.api.routing import rest_router
from stoker.service.controllers import garbage

__all__ = ["router"]

router = rest_router()


@router.get("/ping", tags=["service"])
def ping(context: Context) -> dict[str, Any]:
    """Say which workspace this is."""
    return {"workspace": context.config["id"], "version": __version__, "incarnation": context.incarnation}


@router.get("/workspace", tags=["workspace"])
def get_workspace(context: Context) -> dict[str, Any]:
    """Return the workspace's record."""
    return _workspace(context.config) | {"root": context.paths.root}


@router.patch("/workspace", tags=["workspace"])
def change_workspace(body: WorkspacePatch, context: Context, _: Owner) -> dict[str, Any]:
    """Change tags, description or friendly name."""
    changes = body.model_dump(exclude_none=True)
    context.config = update_config(context.paths.home, **changes)
    return get_workspace(context)


@router.get("/experiments", tags=["experiments"])
def list_experiments(
    context: Context,
    view: Literal["active", "archived", "all"] = "active",
    tag: Annotated[tuple[str, ...], Query()] = (),
) -> dict[str, Any]:
    """List experiments."""
    return {"experiments": context.store.experiments.list(view=view, tags=tag)}


@router.post("/experiments", tags=["experiments"])
def make_experiment(body: ExperimentBody, context: Context, _: Caller) -> dict[str, Any]:
    """Return the experiment of that name, made when there is none."""
    return context.store.experiments.get_or_create(body.name)


@router.get("/experiments/{name}", tags=["experiments"])
def get_experiment(name: str, context: Context) -> dict[str, Any]:
    """Return one experiment."""
    return context.store.experiments.get(name)


@router.patch("/experiments/{name}", tags=["experiments"])
def change_experiment(name: str, body: ExperimentPatch, context: Context, _: Owner) -> dict[str, Any]:
    """Change tags or description; archive or reactivate."""
    return context.store.experiments.update(name, **body.model_dump(exclude_none=True))


@router.delete("/experiments/{name}", tags=["experiments"])
def delete_experiment(name: str, context: Context, _: Owner) -> dict[str, Any]:
    """Delete an experiment without runs."""
    context.store.experiments.delete(name)
    return {"deleted": name}


@router.get("/service", tags=["service"])
def service_status(context: Context) -> dict[str, Any]:
    """Say what the service does."""
    unfinished = context.store.runs.unfinished()
    usage = shutil.disk_usage(context.paths.home)
    running = [
        {key: run[key] for key in ("id", "experiment", "status", "target", "started")} for run in unfinished[:50]
    ]
    return {
        "version": __version__,
        "pid": os.getpid(),
        "url": context.url,
        "started": iso(context.started),
        "incarnation": context.incarnation,
        "idle_seconds": context.settings.idle_seconds,
        "settings": context.settings.model_dump(),
        "unfinished": len(unfinished),
        "running": running,
        "disk": {"free_bytes": usage.free, "total_bytes": usage.total, "workspace_bytes": _size(context.paths.home)},
    }


@router.post("/service/stop", tags=["service"])
def stop_service(body: StopBody, context: Context, _: Owner) -> dict[str, Any]:
    """Stop the service; with unfinished runs a mode is wanted."""
    unfinished = context.store.runs.unfinished()
    if unfinished and body.mode is None:
        raise ConflictException(
            f"{_count(len(unfinished))} unfinished. Say what becomes of them: `--cancel` ends them, `--detach` lets "
            "them go on without the service.",
            details={"unfinished": [run["id"] for run in unfinished[:100]]},
        )
    if body.mode == "cancel":
        for run in unfinished:
            context.endings.cancel(run["id"], "The service was stopped.")
        context.leave_when_ended("stopped")
    else:
        context.leave_soon("detached" if unfinished else "stopped")
    return {"stopping": True, "unfinished": len(unfinished)}


@router.post("/gc", tags=["service"])
def collect_garbage(body: GarbageBody, context: Context, _: Owner) -> dict[str, Any]:
    """Remove environments and objects that nothing needs any more."""
    return garbage.collect(context.store, context.objects, context.builder, dry_run=body.dry_run)


@router.post("/codes", tags=["service"])
def make_code(body: CodeBody, context: Context, _: Owner) -> dict[str, Any]:
    """Make a one-time code with which a browser gets in."""
    code = context.signer.new_code()
    place = body.next if body.next.startswith("/") and not body.next.startswith("//") else "/"
    return {"code": code, "url": f"{context.url}/login?code={code}&next={quote(place, safe='/')}"}


def _workspace(config: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "name", "subscription_id", "resource_group", "location", "created", "tags", "friendly_name")
    return {name: config.get(name) for name in names} | {"description": config.get("description")}


def _count(runs: int) -> str:
    return "1 run is" if runs == 1 else f"{runs} runs are"


def _size(folder: str) -> int:
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(base, name)).st_size
            except OSError:
                continue
    return total
