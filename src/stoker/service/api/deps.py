"""What every router needs: the service's context, who asks, and whether he may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from stoker.base.agent import poke
from stoker.base.names import check_run_id
from stoker.exceptions import ConflictException, ServiceException, UserErrorException
from stoker.service.context import ServiceContext
from stoker.service.errors import ForbiddenError
from stoker.service.tokens import Principal

__all__ = [
    "Caller",
    "Context",
    "Offset",
    "Owner",
    "Positive",
    "Seen",
    "WritableRun",
    "behind",
    "wait_for_seen",
    "writable_run",
]

LARGEST = 2**63 - 1
"""The largest whole number that the database and the file system know."""
Offset = Annotated[int, Query(ge=0, le=LARGEST)]
Positive = Annotated[int, Query(ge=1, le=LARGEST)]

SEEN_SECONDS = 30.0
"""How long a read waits for what its reader has written."""


# These are coroutines although they wait for nothing: of functions FastAPI has each called in a thread of its own, and
# finding one costs more than what they do.


async def _context(request: Request) -> ServiceContext:
    context: ServiceContext = request.app.state.context
    return context


async def _principal(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


Context = Annotated[ServiceContext, Depends(_context)]
Caller = Annotated[Principal, Depends(_principal)]


async def _owner(caller: Caller) -> Principal:
    if not caller.is_owner:
        raise ForbiddenError("A run's token may not do this. Use the token of the workspace's owner.")
    return caller


Owner = Annotated[Principal, Depends(_owner)]


def writable_run(context: ServiceContext, caller: Principal, run_id: str) -> dict[str, Any]:
    """Return a run that the caller may change.

    Raises
    ------
    stoker.service.errors.ForbiddenError
        The caller is a run of another tree.
    """
    run = context.store.runs.get(check_run_id(run_id))
    if not caller.is_owner:
        assert caller.run_id is not None
        if context.store.runs.get(caller.run_id)["root_id"] != run["root_id"]:
            raise ForbiddenError(
                f"The token of the run {caller.run_id} may not change the run {run_id}, which is not of its tree."
            )
    return run


async def _writable_run(run_id: str, context: Context, caller: Caller) -> dict[str, Any]:
    return writable_run(context, caller, run_id)


WritableRun = Annotated[dict[str, Any], Depends(_writable_run)]
"""The run of the path, when the caller may change it."""

Seen = Annotated[tuple[str, ...], Query(description="`journal:offset`: answer once that is stored")]


def behind(what: str, stored: int, offset: int) -> ConflictException:
    """Return the error for a piece that begins beyond what is stored; the sender goes back to `details["stored"]`."""
    return ConflictException(
        f"{what} is stored up to {stored}, and {offset} comes after it. Send what lies between.",
        details={"stored": stored},
    )


async def wait_for_seen(context: ServiceContext, run_id: str, seen: Sequence[str]) -> None:
    """Wait until everything that the reader says to have written is stored.

    Raises
    ------
    stoker.exceptions.ServiceException
        It did not come in time; the message names the journal.
    """
    if not seen:
        return
    home = context.journal_home(run_id)
    poke(context.paths.home, home)
    for item in seen:
        journal, wanted = _position(item)

        def stored(journal: str = journal, wanted: int = wanted) -> bool:
            return context.store.journals.stored(home, journal) >= wanted

        if not await context.bus.until(run_id, stored, SEEN_SECONDS) and not stored():
            raise ServiceException(
                f"What this process wrote to its journal {journal} has not arrived within {SEEN_SECONDS:g} s. "
                "The agent may be gone; `stoker doctor` says more. What was written is safe on disk."
            )


def _position(text: str) -> tuple[str, int]:
    journal, _, offset = text.rpartition(":")
    if journal and offset.isascii() and offset.isdecimal() and len(offset) < 20:
        return journal, int(offset)
    raise UserErrorException(
        f"{text!r} is no position in a journal. Send `journal:offset`, the offset in bytes.", target="seen"
    )
