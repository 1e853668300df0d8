"""What a run produces: journals in, metrics and resource use out."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from stoker.exceptions import UserErrorException
from stoker.service.api.deps import Caller, Context, Owner, Seen, WritableRun, behind, wait_for_seen

__all__ = ["router"]

router = APIRouter(tags=["metrics"])


@router.post("/runs/{run_id}/journal")
async def take_journal(
    run: WritableRun,
    context: Context,
    caller: Caller,
    request: Request,
    journal: str,
    offset: Annotated[int, Query(ge=0)],
    final: bool = False,
) -> dict[str, Any]:
    """Store the lines of a journal from `offset` on; what is stored already is skipped."""
    data = await request.body()
    result = context.store.journals.ingest(run["id"], journal, offset, data, trusted=caller.is_owner, final=final)
    context.bus.notify(run["id"], *result.changed_run_ids, *(name for name, _ in result.touched_metrics))
    if result.gap:
        raise behind(f"The journal {journal} of {run['id']}", result.stored, offset)
    return {"stored": result.stored, "torn": result.torn}


@router.get("/runs/{run_id}/metrics")
async def get_metrics(
    run_id: str,
    context: Context,
    name: str | None = None,
    recursive: bool = False,
    type: str | None = None,  # noqa: A002  # the name of the query parameter
    seen: Seen = (),
) -> Response:
    """Return a run's metrics as `get_metrics` shows them: a scalar, a list, or a column -> values mapping."""
    await wait_for_seen(context, run_id, seen)
    runs = [context.store.runs.get(run_id)]
    if recursive:
        runs += context.store.runs.children(run_id, recursive=True)
    wanted = [run["id"] for run in runs if type is None or run["type"] == type]
    metrics = context.store.metrics.collapsed_many(wanted, name)
    answer = {"runs": metrics} if recursive else {"metrics": metrics.get(run_id, {})}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get("/runs/{run_id}/metrics/series")
async def get_series(run_id: str, context: Context, name: str | None = None, seen: Seen = ()) -> Response:
    """Return a run's metrics point by point."""
    await wait_for_seen(context, run_id, seen)
    answer = {"series": context.store.metrics.series(run_id, name)}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get("/runs/{run_id}/resources")
def get_resources(run_id: str, context: Context, limit: Annotated[int, Query(ge=1)] = 500) -> dict[str, Any]:
    """Return samples of the run's CPU, memory and GPU use."""
    context.store.runs.get(run_id)
    return {"samples": context.store.resources.samples(run_id, limit)}


@router.post("/runs/{run_id}/resources")
async def take_resources(run_id: str, context: Context, _: Owner, request: Request) -> dict[str, Any]:
    """Store samples; sent by the agent, one JSON object a line."""
    data = await request.body()
    try:
        samples = [msgspec.json.decode(line) for line in data.splitlines() if line.strip()]
    except msgspec.DecodeError as error:
        raise UserErrorException(f"A resource sample is not JSON: {error}. Send one object a line.") from error
    return {"stored": context.store.resources.add(run_id, samples)}
