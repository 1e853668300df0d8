"""Bytes by hash, and the snapshots that are made of them."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from stoker.base.failpoints import reach
from stoker.exceptions import SnapshotException, UserErrorException
from stoker.service.api.deps import Caller, Context
from stoker.service.api.models import HashesBody, SnapshotBody
from stoker.service.api.routing import rest_router
from stoker.service.store.manifests import archive

__all__ = ["router"]

router = rest_router("snapshots")

_HEAD = struct.Struct(">32sQ")


@router.post("/objects/missing")
def missing_objects(body: HashesBody, context: Context) -> dict[str, Any]:
    """Say which of the hashes are not stored."""
    return {"missing": context.objects.missing(body.hashes)}


@router.post("/objects/pack")
async def take_pack(context: Context, _: Caller, request: Request) -> dict[str, Any]:
    """Store objects: for each its SHA-256 (32 bytes), its length (8, big-endian) and its bytes."""
    count = 0
    reader = _Reader(request.stream())
    while head := await reader.read(_HEAD.size, end_allowed=True):
        digest, length = _HEAD.unpack(head)
        with context.objects.writer() as writer:
            async for block in reader.blocks(length):
                await run_in_threadpool(writer.write, block)
            await run_in_threadpool(writer.commit, digest.hex())
        count += 1
        reach("snapshot-between-objects")
    return {"stored": count}


@router.get("/objects/{sha256}")
def get_object(sha256: str, context: Context) -> Response:
    """Return an object's bytes."""
    return StreamingResponse(
        context.objects.read(sha256),
        headers={"Content-Length": str(context.objects.size(sha256)), "X-Content-Type-Options": "nosniff"},
        media_type="application/octet-stream",
    )


@router.post("/snapshots")
def put_snapshot(body: SnapshotBody, context: Context, _: Caller) -> dict[str, Any]:
    """Keep a manifest whose objects are stored."""
    size, limit = sum(item[2] for item in body.files), context.settings.snapshot_max_bytes
    if size > limit or len(body.files) > context.settings.snapshot_max_files:
        raise SnapshotException(
            f"The snapshot has {len(body.files)} files and {size} bytes; the limits are "
            f"{context.settings.snapshot_max_files} files and {limit} bytes. Leave files out with .amlignore, or raise "
            "snapshot_max_bytes and snapshot_max_files in .stoker/config.json."
        )
    reach("snapshot-before-manifest")
    manifest = {"format": 1, "files": [list(item) for item in body.files], "dirs": body.dirs}
    return {"id": context.store.snapshots.put({**manifest, "links": [list(i) for i in body.links]}, context.objects)}


@router.get("/snapshots/{snapshot_id}")
def get_snapshot(snapshot_id: str, context: Context) -> dict[str, Any]:
    """Return a manifest."""
    return context.store.snapshots.get(snapshot_id)


@router.head("/snapshots/{snapshot_id}")
async def has_snapshot(snapshot_id: str, context: Context) -> Response:
    """Say whether a manifest is kept."""
    return Response(status_code=200 if context.store.snapshots.exists(snapshot_id) else 404)


@router.get("/snapshots/{snapshot_id}/archive")
def get_archive(snapshot_id: str, context: Context) -> Response:
    """Return a snapshot as a zip file."""
    manifest = context.store.snapshots.get(snapshot_id)
    return StreamingResponse(archive(manifest, context.objects), media_type="application/zip")


class _Reader:
    """Reads exact lengths from a stream of blocks."""

    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream
        self._rest = b""

    async def read(self, length: int, *, end_allowed: bool = False) -> bytes:
        parts = [block async for block in self.blocks(length, end_allowed=end_allowed)]
        return b"".join(parts)

    async def blocks(self, length: int, *, end_allowed: bool = False) -> AsyncIterator[bytes]:
        left = length
        while left:
            if not self._rest:
                self._rest = await anext(self._stream, b"")
                if not self._rest:
                    if end_allowed and left == length:
                        return
                    raise UserErrorException("The pack ends in the middle of an object. Send it again whole.")
            block, self._rest = self._rest[:left], self._rest[left:]
            left -= len(block)
            yield block
