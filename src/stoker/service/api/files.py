"""A run's logs and files."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Header, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from stoker.base.failpoints import reach
from stoker.base.packs import unpack
from stoker.exceptions import NotFoundException, UserErrorException
from stoker.service.api.deps import Context, Offset, Owner, Positive, Seen, WritableRun, behind, wait_for_seen
from stoker.service.api.routing import rest_router
from stoker.service.context import ServiceContext
from stoker.service.names import AsciiJSONResponse
from stoker.service.store.names import name_problem

__all__ = ["WantedRange", "router", "stream_file", "stream_object"]

router = rest_router("files")

SANDBOX = {
    # What a user's script made is never run as a page of ours: no script, no origin, no guessing of types.
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
WantedRange = Annotated[str | None, Header(alias="range")]
INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "application/json", "text/csv")


@router.get("/runs/{run_id}/logs")
def list_logs(run_id: str, context: Context) -> dict[str, Any]:
    """List a run's logs."""
    context.store.runs.get(run_id)
    return {"logs": context.store.logs.list(run_id)}


@router.get("/runs/{run_id}/logs/{name:filename}")
def read_log(
    run_id: str,
    name: str,
    context: Context,
    offset: Offset = 0,
    limit: Positive | None = None,
    tail: Positive | None = None,
) -> Response:
    """Return a log's bytes from `offset`, or its last `tail` lines."""
    context.store.runs.get(run_id)
    data = context.logs.tail(run_id, name, tail) if tail else context.logs.read(run_id, name, offset, limit)
    return Response(data, media_type="text/plain; charset=utf-8", headers=SANDBOX)


@router.post("/runs/{run_id}/logs/{name:filename}")
async def take_log(
    run_id: str, name: str, context: Context, _: Owner, request: Request, offset: Offset
) -> dict[str, Any]:
    """Append to a log; sent by the agent."""
    data = await request.body()
    context.store.runs.get(run_id)
    stored = context.logs.append(run_id, name, offset, data)
    reach("log-before-record")
    context.store.logs.record(run_id, name, stored)
    context.bus.notify(run_id)
    if stored < offset:
        raise behind(f"The log {name} of {run_id}", stored, offset)
    return {"stored": stored}


@router.get("/runs/{run_id}/files")
async def list_files(run_id: str, context: Context, prefix: str = "", seen: Seen = ()) -> dict[str, Any]:
    """List a run's files, logs among them."""
    await wait_for_seen(context, run_id, seen)
    return await run_in_threadpool(_list_files, context, run_id, prefix)


def _list_files(context: ServiceContext, run_id: str, prefix: str) -> dict[str, Any]:
    run = context.store.runs.get(run_id)
    files = list(context.store.artifacts.list(run_id, prefix))
    logs = [
        {"name": log["name"], "size": log["size"], "sha256": None, "live": log["live"], "created": run["created"]}
        for log in context.store.logs.list(run_id)
        if log["name"].startswith(prefix)
    ]
    return {"files": sorted(files + logs, key=lambda item: item["name"])}


@router.put("/runs/{run_id}/files/{name:filename}", status_code=201)
async def put_file(
    run: WritableRun,
    name: str,
    context: Context,
    request: Request,
    overwrite: bool = False,
    live: bool = False,
    request_id: str | None = None,
) -> dict[str, Any]:
    """Give a run a file; a name that is taken stays as it is, unless `overwrite`."""
    with context.objects.writer() as writer:
        async for block in request.stream():
            await run_in_threadpool(writer.write, block)
        stored = writer.commit()
    reach("upload-before-record")
    record = context.store.artifacts.add(
        run["id"], name, stored.sha256, stored.size, live=live, overwrite=overwrite, request_id=request_id
    )
    context.bus.notify(run["id"])
    return record


@router.put("/runs/{run_id}/files", status_code=201)
async def put_pack(run: WritableRun, context: Context, request: Request, live: bool = False) -> Response:
    """Give a run many small files at once, all of them or none; form: `stoker.base.packs`.

    A name that can't be used is in `refused` with the reason; in `missing` are those that were said to be as they were
    sent before, and are not there.
    """
    body = await request.body()
    taken = await run_in_threadpool(_take_pack, context, run["id"], body, live)
    # As it is: a name in `refused` need not be Unicode, and the checks of an ordinary answer stop at such keys.
    return AsciiJSONResponse(taken, 201)


def _take_pack(context: ServiceContext, run_id: str, body: bytes, live: bool) -> dict[str, Any]:
    refused: dict[str, str] = {}
    files: list[tuple[str, str | None, int]] = []
    try:
        for name, data in unpack(body):
            problem = name_problem(name)
            if problem is not None:
                refused[name] = f"The file name {name!r} can't be used: {problem}."
            elif data is None:
                files.append((name, None, 0))
            else:
                stored = context.objects.put_bytes(data)
                files.append((name, stored.sha256, stored.size))
    except ValueError as error:
        raise UserErrorException(f"The pack of files is not whole: {error}. Send it again.") from error
    reach("pack-before-record")
    missing = context.store.artifacts.add_many(run_id, files, live=live)
    context.bus.notify(run_id)
    return {"stored": len(files) - len(missing), "missing": missing, "refused": refused}


@router.get("/runs/{run_id}/files/{name:filename}", responses={206: {"description": "The part that was asked for"}})
def get_file(run_id: str, name: str, context: Context, wanted: WantedRange = None) -> Response:
    """Return a file's bytes, a part of them when a `Range` is asked for."""
    return stream_file(context, run_id, name, wanted)


def stream_file(context: ServiceContext, run_id: str, name: str, wanted: str | None) -> Response:
    """Return the answer with a file or log of a run, sandboxed."""
    context.store.runs.get(run_id)
    headers = {**SANDBOX, "Accept-Ranges": "bytes", "Content-Disposition": _disposition(name)}
    if any(log["name"] == name for log in context.store.logs.list(run_id)):
        return Response(context.logs.read(run_id, name), media_type="text/plain; charset=utf-8", headers=headers)
    record = context.store.artifacts.get(run_id, name)
    return stream_object(context, name, record["sha256"], record["size"], wanted)


def stream_object(context: ServiceContext, name: str, sha256: str, size: int, wanted: str | None) -> Response:
    """Return the answer with an object that is called `name`, sandboxed; a part of it when a range is asked for."""
    headers = {**SANDBOX, "Accept-Ranges": "bytes", "Content-Disposition": _disposition(name)}
    if not context.objects.exists(sha256):
        raise NotFoundException(f"The bytes of {name} are gone from .stoker/objects. Restore them from a copy.")
    first, last = _range(wanted, size)
    length = last - first + 1
    headers["Content-Length"] = str(length)
    if wanted:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    body: Iterator[bytes] = context.objects.read(sha256, first, length)
    return StreamingResponse(body, 206 if wanted else 200, headers, media_type=_media_type(name))


def _media_type(name: str) -> str:
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return guessed if guessed in INLINE else "application/octet-stream"


def _disposition(name: str) -> str:
    from urllib.parse import quote

    kind = "inline" if _media_type(name) in INLINE else "attachment"
    return f"{kind}; filename*=UTF-8''{quote(name.rsplit('/', 1)[-1], safe='', errors='surrogateescape')}"


def _range(wanted: str | None, size: int) -> tuple[int, int]:
    """Read `bytes=first-last`; both ends count."""
    if not wanted:
        return 0, size - 1
    unit, _, span = wanted.partition("=")
    first, _, last = span.partition("-")
    try:
        begin = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
    except ValueError:
        begin, end = 1, 0
    if unit.strip() != "bytes" or begin > end or begin < 0:
        raise UserErrorException(
            f"The range {wanted!r} does not fit a file of {size} bytes. Ask for bytes=0-{size - 1}."
        )
    return begin, end
