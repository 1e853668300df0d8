"""The REST interface: a router a resource; each validates, calls, answers."""

from __future__ import annotations

from fastapi import APIRouter

from stoker.service.api import compute, environments, events, files, objects, run_data, runs, workspace

__all__ = ["router"]

router = APIRouter(prefix="/api/v1")
for _part in (workspace, runs, run_data, files, events, objects, environments, compute):
    router.include_router(_part.router)
