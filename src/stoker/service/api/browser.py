"""What a browser asks for: the pages, their style and script, the way in, and a run's files."""

from __future__ import annotations

import os
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import FileResponse, Response

from stoker.base.states import RunStatus
from stoker.exceptions import NotFoundException, StokerException
from stoker.service.api.deps import Context
from stoker.service.api.events import Cursor
from stoker.service.api.files import WantedRange, stream_file
from stoker.service.context import ServiceContext
from stoker.service.gate import cookie_name
from stoker.service.pages import (
    CONTENT_SECURITY_POLICY,
    STATIC_FOLDER,
    RunsView,
    RunView,
    render_login,
    render_message,
    render_run,
    render_runs,
)

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

MAIN_LOG = "user_logs/std_log.txt"
MOST_METRICS, MOST_POINTS = 100, 500
"""How many metrics, and points of each, a page has at most; it says so when there are more."""
TAIL_BYTES = 64 * 1024
COOKIE_SECONDS = 60 * 60 * 24 * 30
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@router.get("/")
def runs_page(
    request: Request,
    context: Context,
    experiment: str | None = None,
    status: str | None = None,
    search: str | None = None,
    after: str | None = None,
) -> Response:
    """Show the workspace's runs."""
    if not _is_owner(request):
        return _login(request)
    known = {str(item) for item in RunStatus}
    chosen = (status,) if status and status in known else ()
    try:
        page = context.store.runs.list(
            experiment=experiment or None, status=chosen, search=search or None, after=after or None
        )
    except StokerException as error:
        return _html(render_message("No such list of runs", error.message, 400), 400)
    names = [item["name"] for item in context.store.experiments.list()]
    workspace = context.config | {"root": context.paths.root}
    view = RunsView(workspace, page["runs"], names, experiment, status, search, page["total"], page["next"])
    return _html(render_runs(view))


@router.get("/runs/{run_id}")
def run_page(run_id: str, request: Request, context: Context, log: str | None = None) -> Response:
    """Show one run."""
    if not _is_owner(request):
        return _login(request)
    try:
        return _html(render_run(_run_view(context, run_id, log)))
    except NotFoundException as error:
        return _html(render_message("No such run", error.message, 404), 404)


@router.get("/runs/{run_id}/files/{name:filename}")
def run_file(
    run_id: str,
    name: str,
    request: Request,
    context: Context,
    wanted: WantedRange = None,
) -> Response:
    """Show or download a file of a run."""
    if not _is_owner(request):
        return _login(request)
    return stream_file(context, run_id, name, wanted)


@router.get("/login")
def login(context: Context, code: str = "", next: str = "/") -> Response:  # noqa: A002  # the word in the address
    """Redeem a one-time code for the cookie."""
    place = next if next.startswith("/") and not next.startswith(("//", "/\\")) else "/"
    if not code:
        return _html(render_login(place), 401)
    if not context.signer.redeem(code):
        problem = "This link was used before or is too old. Make a new one with `stoker studio`."
        return _html(render_login(place, problem), 401)
    answer = RedirectResponse(place, status_code=303, headers=HEADERS)
    answer.set_cookie(
        cookie_name(context.config["id"]),
        context.signer.owner_token(),
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="strict",
    )
    return answer


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Give a page its style or script."""
    path = os.path.join(STATIC_FOLDER, os.path.basename(name))
    if not os.path.isfile(path):
        raise NotFoundException(f"There is no file {name!r} for the pages.")
    return FileResponse(path, headers={"X-Content-Type-Options": "nosniff"})


def _run_view(context: ServiceContext, run_id: str, log: str | None) -> RunView:
    store = context.store
    run = store.runs.get(run_id)
    children = store.runs.list(parent=run_id, select="brief")
    logs = store.logs.list(run_id)
    name = _log_to_show([item["name"] for item in logs], log)
    size = next((item["size"] for item in logs if item["name"] == name), 0)
    start = max(0, size - TAIL_BYTES)
    text = context.logs.read(run_id, name, start, TAIL_BYTES).decode("utf-8", "replace") if name else ""
    overview = store.metrics.overview(run_id, MOST_METRICS, MOST_POINTS)
    return RunView(
        workspace=context.config,
        run=run,
        parent=store.runs.find(run["parent_id"]) if run["parent_id"] else None,
        children=children["runs"],
        children_total=children["total"],
        params=store.params.get(run_id),
        metrics=overview["metrics"],
        metrics_total=overview["total"],
        series=overview["series"],
        lineage=store.lineage.of_run(run_id),
        logs=logs,
        log_name=name,
        log_text=text,
        log_start=start,
        log_end=size,
        files=store.artifacts.list(run_id),
        samples=store.resources.samples(run_id, 300),
        snapshot=_snapshot(context, run["snapshot_id"]),
        cursor=str(Cursor(run["version"], store.metrics.last_cursor(run_id), {name: size} if name else {})),
    )


def _log_to_show(names: list[str], asked: str | None) -> str | None:
    if asked in names:
        return asked
    users = [name for name in names if name.startswith("user_logs/")]
    return MAIN_LOG if MAIN_LOG in names else next(iter(users or names), None)


def _snapshot(context: ServiceContext, snapshot_id: str | None) -> dict[str, Any] | None:
    if snapshot_id is None:
        return None
    files = context.store.snapshots.get(snapshot_id)["files"]
    return {"files": len(files), "bytes": sum(item[2] for item in files)}


def _is_owner(request: Request) -> bool:
    principal = getattr(request.state, "principal", None)
    return principal is not None and principal.is_owner


def _login(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return _html(render_login(request.url.path + query), 401)


def _html(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status_code=status, headers=HEADERS)
