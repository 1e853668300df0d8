"""Runs: make, find, change, cancel, end."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Response

from stoker.base.failpoints import reach
from stoker.base.names import check_free_name, check_run_id
from stoker.base.states import RunStatus
from stoker.exceptions import ConflictException, UserErrorException
from stoker.service.api.deps import Caller, Context, Owner, Seen, WritableRun, wait_for_seen
from stoker.service.api.models import CancelBody, EndBody, FinishBody, RunBody, RunPatch
from stoker.service.api.routing import rest_router
from stoker.service.controllers.run_data import record_data
from stoker.service.controllers.submissions import record_of, register_environment
from stoker.service.errors import ForbiddenError

__all__ = ["router"]

router = rest_router("runs")
Words = Annotated[tuple[str, ...], Query()]


@router.get("/runs")
def list_runs(
    context: Context,
    experiment: str | None = None,
    type: str | None = None,  # noqa: A002  # the name of the query parameter
    status: Words = (),
    tag: Words = (),
    property: Words = (),  # noqa: A002  # the same
    parent: str | None = None,
    root: str | None = None,
    children: bool = False,
    target: str | None = None,
    search: str | None = None,
    filter: str | None = None,  # noqa: A002  # the same
    sort: str = "created",
    order: Literal["asc", "desc"] = "desc",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: str | None = None,
    select: Literal["brief", "full"] = "full",
) -> dict[str, Any]:
    """List runs, newest first by default; `next` is the `after` of the next page."""
    return context.store.runs.list(
        experiment=experiment,
        type=type,
        status=status,
        tags=tag,
        properties=property,
        parent=parent,
        root=root,
        children=children,
        target=target,
        search=search,
        filter=filter,
        sort=sort,
        order=order,
        limit=limit,
        after=after,
        select=select,
    )


@router.post("/runs", status_code=201, responses={200: {"description": "It was recorded before"}})
def make_run(body: RunBody, context: Context, caller: Caller, response: Response) -> dict[str, Any]:
    """Record a run; a submitted one is queued. The same request again gives the same run."""
    check_run_id(body.id)
    check_free_name(body.experiment, "experiment")
    parent_id = body.parent_id
    if not caller.is_owner and parent_id is not None:
        _check_same_tree(context, caller.run_id, parent_id)
    with context.store.write():
        run, created = context.store.runs.create(**record_of(body.model_dump(), context.targets, context.store))
        if created and body.kind == "submitted":
            run = register_environment(run, context.store)
            record_data(run, context.store)
    if created and body.kind == "submitted":
        reach("submit-before-wake")
        context.queue.wake()
    context.bus.notify(run["id"])
    response.status_code = 201 if created else 200
    return run


@router.get("/runs/resolve")
def resolve_run(context: Context, name: str, experiment: str | None = None) -> dict[str, Any]:
    """Find a run by id, unique prefix, display name, `@last` or `@last-failed`."""
    return context.store.runs.resolve(name, experiment=experiment)


@router.get("/runs/{run_id}")
async def get_run(run_id: str, context: Context, seen: Seen = ()) -> dict[str, Any]:
    """Return one run."""
    await wait_for_seen(context, run_id, seen)
    return context.store.runs.get(run_id)


@router.patch("/runs/{run_id}")
async def change_run(run: WritableRun, body: RunPatch, context: Context, seen: Seen = ()) -> dict[str, Any]:
    """Change names, tags or properties; a property that is there keeps its value."""
    await wait_for_seen(context, run["id"], seen)
    changed = context.store.runs.update(run["id"], **body.model_dump(exclude_none=True))
    context.bus.notify(run["id"])
    return changed


@router.delete("/runs/{run_id}")
def delete_run(run_id: str, context: Context, _: Owner) -> dict[str, Any]:
    """Delete an ended run and all below it."""
    deleted = context.store.runs.delete(run_id)
    for ended in deleted:
        context.logs.delete(ended)
    return {"deleted": deleted}


@router.get("/runs/{run_id}/params")
def get_params(run_id: str, context: Context) -> dict[str, Any]:
    """Return the parameters that MLflow's clients have logged to a run."""
    return {"params": context.store.params.get(run_id)}


@router.get("/runs/{run_id}/children")
async def list_children(
    run_id: str,
    context: Context,
    recursive: bool = False,
    tag: Words = (),
    property: Words = (),  # noqa: A002  # the name of the query parameter
    type: str | None = None,  # noqa: A002  # the same
    status: Words = (),
    seen: Seen = (),
) -> dict[str, Any]:
    """List the runs below one, newest first."""
    await wait_for_seen(context, run_id, seen)
    below = context.store.runs.children(
        run_id, recursive=recursive, tags=tag, properties=property, type=type, status=status
    )
    return {"runs": below}


@router.post("/runs/{run_id}/cancel")
def cancel_run(run: WritableRun, body: CancelBody, context: Context) -> dict[str, Any]:
    """Cancel a run and all below it."""
    return context.endings.cancel(run["id"], body.reason)


@router.post("/runs/{run_id}/end")
async def end_run(run: WritableRun, body: EndBody, context: Context, caller: Caller) -> dict[str, Any]:
    """End an interactive or child run, or a submitted one from outside."""
    if caller.run_id == run["id"]:
        raise ForbiddenError("A script does not end its own run; how its process ends decides. Just let it return.")
    await wait_for_seen(context, run["id"], body.seen)
    error = {"code": "UserError", "message": body.error} if isinstance(body.error, str) else body.error
    return context.endings.end(run["id"], RunStatus(body.status), error)


@router.post("/runs/{run_id}/finish")
def finish_run(run_id: str, body: FinishBody, context: Context, _: Owner) -> dict[str, Any]:
    """Take a run to its last state; sent by the agent when all of it is shipped."""
    run = context.store.runs.get(run_id)
    for journal, offset in body.journals.items():
        stored = context.store.journals.stored(run_id, journal)
        if stored < offset:
            raise ConflictException(
                f"The journal {journal} of {run_id} is stored up to {stored}, not {offset}. Ship the rest first.",
                details={"journal": journal, "stored": stored},
            )
    if run["kind"] != "submitted":
        raise UserErrorException(f"The run {run_id} was not submitted; its own process ends it.")
    for name, size in body.logs.items():
        context.logs.append(run_id, name, None, b"")  # nothing was sent of an empty one
        # One that stayed empty was never sent, and is to be read as such.
        context.logs.append(run_id, name, None, b"")
        context.store.logs.record(run_id, name, size)
    return context.endings.finish(run_id, body.exit)


def _check_same_tree(context: Context, run_id: str | None, parent_id: str) -> None:
    assert run_id is not None
    if context.store.runs.get(run_id)["root_id"] != context.store.runs.get(parent_id)["root_id"]:
        raise ForbiddenError(f"The token of the run {run_id} may not make a child of {parent_id}.")
