"""Lineage: what runs were given and made, and the trees of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query

from stoker.exceptions import UserErrorException
from stoker.service.api.data_models import LineageBody
from stoker.service.api.deps import Context, WritableRun
from stoker.service.api.routing import rest_router
from stoker.service.store.base_data import DEEPEST_LINEAGE

__all__ = ["router"]

router = rest_router("lineage")


@router.post("/runs/{run_id}/lineage")
def add_lineage(run: WritableRun, body: LineageBody, context: Context) -> dict[str, Any]:
    """Note what a run was given or made; the same again adds its details."""
    fields = body.model_dump()
    return context.store.lineage.add(run["id"], **fields)


@router.get("/runs/{run_id}/lineage")
def get_run_lineage(run_id: str, context: Context) -> dict[str, Any]:
    """Return what a run was given and made."""
    return context.store.lineage.of_run(run_id)


@router.get("/lineage")
def get_lineage(
    context: Context,
    dataset: str | None = None,
    model: str | None = None,
    run: str | None = None,
    path: str | None = None,
    direction: Literal["up", "down"] | None = None,
    depth: Annotated[int, Query(ge=0, le=DEEPEST_LINEAGE)] = 20,
) -> dict[str, Any]:
    """Return what a data set (by id), model (`NAME:VERSION`), run or path came of, and what came of it, as a tree."""
    wanted = {"dataset": dataset, "model": model, "run": run, "path": path}
    given = [(kind, ref) for kind, ref in wanted.items() if ref is not None]
    if len(given) != 1:
        raise UserErrorException(
            "Lineage is that of one thing. Ask with one of dataset=ID, model=NAME:VERSION, run=ID and "
            "path=DATASTORE/PATH.",
            target="query",
        )
    return context.store.lineage.tree(*given[0], direction=direction, depth=depth)
