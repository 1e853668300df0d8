"""The routers of the REST interface, alike in all but their tag."""

from __future__ import annotations

from fastapi import APIRouter

from stoker.service.api.models import ErrorAnswer
from stoker.service.names import AsciiJSONResponse

__all__ = ["rest_router"]


def rest_router(*tags: str) -> APIRouter:
    """Return a router whose routes are complete in themselves, so that the application can have them as its own.

    Routers that are included in others are searched three times over for each request, and have all that FastAPI knows
    of a route made once more when it is first asked for.
    """
    return APIRouter(
        prefix="/api/v1",
        tags=list(tags),
        default_response_class=AsciiJSONResponse,
        responses={"4XX": {"model": ErrorAnswer}, "5XX": {"model": ErrorAnswer}},
    )
