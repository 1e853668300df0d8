"""Server-Sent Events: what changes, as it changes. A cursor says what a client has; the store says the rest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from stoker.base.states import RunStatus
from stoker.exceptions import UserErrorException
from stoker.service.api.deps import Context
from stoker.service.api.routing import rest_router
from stoker.service.context import ServiceContext
from stoker.service.events import ALL_RUNS

__all__ = ["Cursor", "router"]

router = rest_router("events")

LOG_BYTES = 256 * 1024
"""Most bytes of a log in one event."""
POINTS = 2000
"""Most metric points in one look."""
LOOK_SECONDS = 10.0
"""A stream looks again after so long without a notice."""


@dataclass(frozen=True)
class Cursor:
    """What a client has of a run: the record's version, metric points, and bytes of each log.

    Examples
    --------
    >>> Cursor.read(str(Cursor(2, 7, {"user_logs/std_log.txt": 5}))).logs
    {'user_logs/std_log.txt': 5}
    """

    version: int = -1
    metric: int = 0
    logs: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        pairs = [("v", self.version), ("m", self.metric), *((f"l.{name}", at) for name, at in self.logs.items())]
        return urlencode(pairs, errors="surrogateescape")

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Read a cursor's text.

        Raises
        ------
        stoker.exceptions.UserErrorException
            It is none.
        """
        try:
            pairs = dict(parse_qsl(text, errors="surrogateescape", strict_parsing=bool(text)))
            logs = {name[2:]: int(value) for name, value in pairs.items() if name.startswith("l.")}
            return cls(int(pairs.get("v", -1)), int(pairs.get("m", 0)), logs)
        except ValueError as error:
            raise UserErrorException(
                f"The cursor {text!r} is none of this service. Leave it out to begin at the beginning.", target="cursor"
            ) from error


@router.get("/runs/{run_id}/events")
async def run_events(
    run_id: str, request: Request, context: Context, logs: bool = False, metrics: bool = False, cursor: str = ""
) -> EventSourceResponse:
    """Follow a run: `run`, `log` and `metric` events, then `end`. Resumable by `Last-Event-ID` or `cursor`."""
    context.store.runs.get(run_id)
    place = Cursor.read(request.headers.get("last-event-id") or cursor)
    return EventSourceResponse(_follow(context, run_id, place, logs=logs, metrics=metrics))


@router.get("/events")
async def all_events(request: Request, context: Context, cursor: str = "") -> EventSourceResponse:
    """Follow all runs of the workspace: a `run` event for each change, from now on or from the cursor."""
    text = request.headers.get("last-event-id") or cursor
    if text and not text.isdecimal():
        raise UserErrorException(f"The cursor {text!r} is none of this service. Leave it out.", target="cursor")
    return EventSourceResponse(_follow_all(context, int(text) if text else context.store.runs.sequence()))


async def _follow(
    context: ServiceContext, run_id: str, cursor: Cursor, *, logs: bool, metrics: bool
) -> AsyncIterator[ServerSentEvent]:
    with context.bus.subscription(run_id) as woken:
        while context.leaving is None:
            woken.clear()
            before = cursor
            run, events, cursor = await run_in_threadpool(_look, context, run_id, cursor, logs=logs, metrics=metrics)
            for event in events:
                yield event
            if cursor != before:
                continue
            if RunStatus(run["status"]).is_terminal:
                yield _event("end", run, cursor)
                return
            await _wait(woken)


def _look(
    context: ServiceContext, run_id: str, cursor: Cursor, *, logs: bool, metrics: bool
) -> tuple[dict[str, Any], list[ServerSentEvent], Cursor]:
    """Return the run and what is new; the state last, so that whoever sees the end has seen the rest."""
    run = context.store.runs.get(run_id)
    found: list[ServerSentEvent] = []
    for part in [*([_log_events] if logs else []), *([_metric_events] if metrics else []), _run_events]:
        events, cursor = part(context, run, cursor)
        found += events
    return run, found, cursor


def _run_events(context: ServiceContext, run: dict[str, Any], cursor: Cursor) -> tuple[list[ServerSentEvent], Cursor]:
    del context
    if run["version"] == cursor.version:
        return [], cursor
    cursor = replace(cursor, version=run["version"])
    return [_event("run", run, cursor)], cursor


def _log_events(context: ServiceContext, run: dict[str, Any], cursor: Cursor) -> tuple[list[ServerSentEvent], Cursor]:
    events = []
    for log in context.store.logs.list(run["id"]):
        offset = cursor.logs.get(log["name"], 0)
        if log["size"] <= offset:
            continue
        data = _whole_characters(context.logs.read(run["id"], log["name"], offset, LOG_BYTES))
        if not data:
            continue
        cursor = replace(cursor, logs={**cursor.logs, log["name"]: offset + len(data)})
        body = {"name": log["name"], "offset": offset, "text": data.decode("utf-8", "replace")}
        events.append(_event("log", body, cursor))
    return events, cursor


def _metric_events(
    context: ServiceContext, run: dict[str, Any], cursor: Cursor
) -> tuple[list[ServerSentEvent], Cursor]:
    points = context.store.metrics.points_since(run["id"], cursor.metric, POINTS)
    if not points:
        return [], cursor
    grouped: dict[tuple[str, str], list[list[Any]]] = {}
    for point in points:
        grouped.setdefault((point.name, point.column), []).append([point.t, point.step, point.value])
    after = replace(cursor, metric=points[-1].cursor)
    bodies = [{"name": name, "column": column, "points": values} for (name, column), values in grouped.items()]
    # Only the last event of a look may move the cursor: a cut between two would lose the second.
    events = [_event("metric", body, cursor) for body in bodies[:-1]]
    return [*events, _event("metric", bodies[-1], after)], after


async def _follow_all(context: ServiceContext, sequence: int) -> AsyncIterator[ServerSentEvent]:
    with context.bus.subscription(ALL_RUNS) as woken:
        while context.leaving is None:
            woken.clear()
            changes = await run_in_threadpool(context.store.runs.changed_since, sequence)
            for number, run in changes:
                sequence = number
                yield ServerSentEvent(json.dumps(run), event="run", id=str(number))
            if not changes:
                await _wait(woken)


async def _wait(woken: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(woken.wait(), LOOK_SECONDS)
    except TimeoutError:
        return


def _event(name: str, body: dict[str, Any], cursor: Cursor) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(body), event=name, id=str(cursor))


def _whole_characters(data: bytes) -> bytes:
    """Leave the beginning of a UTF-8 character at the end for the next look; other bytes are shown as they are."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 2 if byte >> 5 == 0b110 else 3 if byte >> 4 == 0b1110 else 4 if byte >> 3 == 0b11110 else 1
        return data[:-back] if length > back else data
    return data
