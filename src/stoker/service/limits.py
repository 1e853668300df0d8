"""How much one request may send: a plain ASGI layer behind the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["MOST_IN_MEMORY", "BodyLimit"]

MOST_IN_MEMORY = 256 * 1024**2
"""Most bytes of a body that is read whole: JSON, a piece of a journal or log. One line may be long."""
MOST_THROWN_AWAY = 1024**3


class BodyLimit:
    """Ends the reading of a body that is too large with status 413; nothing of it is kept.

    Parameters
    ----------
    app : ASGIApp
    max_upload_bytes : int
        Limit for what goes to disk as it comes: files and packs of objects.
    """

    def __init__(self, app: ASGIApp, max_upload_bytes: int) -> None:
        self._app = app
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body counted."""
        if scope["type"] == "http":
            receive = self._counted(scope, receive)
        await self._app(scope, receive, send)

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        limit = self._max_upload_bytes if _is_upload(scope) else MOST_IN_MEMORY
        declared = Headers(scope=scope).get("content-length", "")
        too_large = declared.isdecimal() and int(declared) > limit
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if too_large or size > limit:
                await _throw_away(receive, message)
                raise HTTPException(
                    413,
                    f"The request's body is larger than {limit} bytes, so nothing of it was kept. Send less at a time; "
                    "for files, max_upload_bytes in .stoker/config.json can be raised",
                )
            return message

        return counted


def _is_upload(scope: Scope) -> bool:
    path: str = scope["path"]
    if path.endswith("/objects/pack"):
        return True
    # Names of secrets may have any slashes, so the address must say from its start what it is.
    is_file = path.startswith("/api/v1/runs/") and "/files/" in path
    return bool(scope["method"] == "PUT" and (is_file or "/mlflow-artifacts/artifacts/" in path))


async def _throw_away(receive: Receive, message: Message) -> None:
    """Read on for a while: a sender that looks for the answer only when all is sent would not see it."""
    left = MOST_THROWN_AWAY
    while message.get("more_body") and left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
