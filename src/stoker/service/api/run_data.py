"""What a run produces: journals in, metrics and resource use out."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from stoker.base.failpoints import reach
from stoker.exceptions import UserErrorException
from stoker.service.api.deps import Caller, Context, Offset, Owner, Positive, Seen, WritableRun, behind, wait_for_seen
from stoker.service.api.routing import rest_router
from stoker.service.context import ServiceContext
from stoker.service.store import IngestResult
from stoker.service.store.documents import check_document

__all__ = ["router"]

router = rest_router("metrics")

Few = Annotated[int, Query(ge=2, le=1000)]
"""How much of something is asked for, where a part is enough; of points the first and the last at least."""

SMALL = 16 * 1024
"""Bytes of a journal that are stored in the event loop's own thread."""


class _Sample(msgspec.Struct):
    """What must be so of a sample; the rest is free."""

    t: float
    node: int | None = None


_samples = msgspec.json.Decoder(_Sample)


@router.post("/runs/{run_id}/journal")
async def take_journal(
    run: WritableRun,
    context: Context,
    caller: Caller,
    request: Request,
    journal: str,
    offset: Offset,
    final: bool = False,
) -> dict[str, Any]:
    """Store the lines of a journal from `offset` on; what is stored already is skipped."""
    data = await request.body()

    def ingest() -> IngestResult:
        return context.store.journals.ingest(run["id"], journal, offset, data, trusted=caller.is_owner, final=final)

    # A small piece is stored sooner than a thread is found for it; a large one must not keep the others waiting.
    result = ingest() if len(data) <= SMALL else await run_in_threadpool(ingest)
    reach("journal-before-answer")
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
    data = await run_in_threadpool(_metrics, context, run_id, name, recursive=recursive, kind=type)
    return Response(data, media_type="application/json")


def _metrics(context: ServiceContext, run_id: str, name: str | None, *, recursive: bool, kind: str | None) -> bytes:
    runs = [context.store.runs.get(run_id)]
    if recursive:
        runs += context.store.runs.children(run_id, recursive=True)
    wanted = [run["id"] for run in runs if kind is None or run["type"] == kind]
    metrics = context.store.metrics.collapsed_many(wanted, name)
    return msgspec.json.encode({"runs": metrics} if recursive else {"metrics": metrics.get(run_id, {})})


@router.get("/runs/{run_id}/metrics/series")
async def get_series(run_id: str, context: Context, name: str | None = None, seen: Seen = ()) -> Response:
    """Return a run's metrics point by point."""
    await wait_for_seen(context, run_id, seen)
    data = await run_in_threadpool(lambda: msgspec.json.encode({"series": context.store.metrics.series(run_id, name)}))
    return Response(data, media_type="application/json")


@router.get("/runs/{run_id}/metrics/overview")
async def get_overview(run_id: str, context: Context, names: Few = 100, points: Few = 500, seen: Seen = ()) -> Response:
    """Return a part of a run's metrics point by point that is small whatever it has logged."""
    await wait_for_seen(context, run_id, seen)
    found = await run_in_threadpool(context.store.metrics.overview, run_id, names, points)
    return Response(msgspec.json.encode(found), media_type="application/json")


@router.get("/runs/{run_id}/children/overview")
def get_children_overview(run_id: str, context: Context, limit: Few = 100, names: Few = 5) -> dict[str, Any]:
    """Return the newest runs directly below one, each with the last values of its first metrics."""
    context.store.runs.get(run_id)
    below = context.store.runs.list(parent=run_id, select="brief", limit=limit)
    last = context.store.metrics.last([run["id"] for run in below["runs"]], names)
    kept = ("id", "display_name", "status")
    found = [{**{key: run[key] for key in kept}, "metrics": last[run["id"]]} for run in below["runs"]]
    return {"runs": found, "total": below["total"]}


@router.get("/runs/{run_id}/resources")
def get_resources(run_id: str, context: Context, limit: Positive = 500) -> dict[str, Any]:
    """Return samples of the run's CPU, memory and GPU use."""
    context.store.runs.get(run_id)
    return {"samples": context.store.resources.samples(run_id, limit)}


@router.post("/runs/{run_id}/resources")
async def take_resources(run_id: str, context: Context, _: Owner, request: Request) -> dict[str, Any]:
    """Store samples; sent by the agent, one JSON object a line."""
    data = await request.body()
    samples = [_sample(line) for line in data.splitlines() if line.strip()]
    return {"stored": context.store.resources.add(run_id, samples)}


def _sample(line: bytes) -> dict[str, Any]:
    try:
        _samples.decode(line)
        sample: dict[str, Any] = check_document(msgspec.json.decode(line))
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise UserErrorException(
            f"A resource sample can't be read: {error}. Send one JSON object a line, with its time `t` in seconds."
        ) from error
    return sample
