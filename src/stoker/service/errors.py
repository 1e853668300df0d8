"""From our exceptions to the answer on the wire: the one place where they are mapped."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from stoker.exceptions import (
    AuthenticationException,
    ComputeTargetException,
    ConflictException,
    EnvironmentBuildException,
    NotFoundException,
    ServiceException,
    SnapshotException,
    StokerException,
    UserErrorException,
    WorkspaceException,
)
from stoker.service.names import AsciiJSONResponse

__all__ = ["ForbiddenError", "answer_of", "install", "mlflow_error"]


class ForbiddenError(AuthenticationException):
    """A good token that does not allow this."""

    error_code = "Forbidden"


_ANSWERS: list[tuple[type[StokerException], int, str]] = [
    (ForbiddenError, 403, "Forbidden"),
    (AuthenticationException, 401, "Unauthorized"),
    (NotFoundException, 404, "NotFound"),
    (ConflictException, 409, "Conflict"),
    (SnapshotException, 413, "TooLarge"),
    (ComputeTargetException, 400, "ComputeTargetError"),
    (EnvironmentBuildException, 400, "EnvironmentError"),
    (WorkspaceException, 400, "WorkspaceError"),
    (UserErrorException, 400, "UserError"),
    (StokerException, 400, "UserError"),
]
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO})
"""What a disk says that is full, read-only or broken."""
_CODES = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 413: "TooLarge"}


_MLFLOW = re.compile(r"/api/\d+\.\d+/?mlflow")
"""The addresses of which MLflow's clients read the errors."""
_MLFLOW_CODES = {
    "Unauthorized": "UNAUTHENTICATED",
    "Forbidden": "PERMISSION_DENIED",
    "NotFound": "RESOURCE_DOES_NOT_EXIST",
    "MethodNotAllowed": "ENDPOINT_NOT_FOUND",
    "Conflict": "RESOURCE_CONFLICT",
    "TooLarge": "BAD_REQUEST",
    "Unavailable": "TEMPORARILY_UNAVAILABLE",
    "Internal": "INTERNAL_ERROR",
}


def answer_of(error: StokerException, path: str = "") -> JSONResponse:
    """Return the answer for an exception of ours, in the form of those who ask below `path`."""
    status, code = _status_of(error)
    return _answer(status, code, error.message, target=error.target, details=error.details, path=path)


def mlflow_error(error: StokerException) -> AsciiJSONResponse:
    """Return the answer for an exception of ours in the form that MLflow's clients read."""
    return _mlflow_answer(*_status_of(error), error.message)


def _status_of(error: StokerException) -> tuple[int, str]:
    if isinstance(error, ServiceException):
        # Nothing is wrong with the request: whoever sent it keeps it and sends it again.
        return error.status if error.status >= 500 else 503, "Unavailable"
    return next((status, code) for kind, status, code in _ANSWERS if isinstance(error, kind))


def _mlflow_answer(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> AsciiJSONResponse:
    body = {"error_code": _MLFLOW_CODES.get(code, "INVALID_PARAMETER_VALUE"), "message": message}
    return AsciiJSONResponse(body, status_code=status, headers=dict(headers or {}))


def install(app: FastAPI) -> None:
    """Make the application answer every error in the one form."""
    log = structlog.get_logger("stoker.service")

    async def ours(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, StokerException)
        return answer_of(error, request.url.path)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"The request is not valid at {place}: {first['msg']}. Send what the OpenAPI document describes."
        return _answer(400, "UserError", message, target=place)

    async def plain(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = _CODES.get(error.status_code, "UserError")
        message = f"{error.detail}."
        if error.status_code == 404:
            message = (
                f"There is nothing at {request.url.path}. If the end of it is a name, that is empty or has a slash or "
                "dots too many: look at the names there are with `list`. Else see docs/reference/rest.md."
            )
        return _answer(error.status_code, code, message, headers=error.headers, path=request.url.path)

    async def refused_by_disk(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, OSError)
        if error.errno not in _DISK:
            return await unexpected(request, error)
        log.error("the disk refused", method=request.method, path=request.url.path, error=str(error))
        message = (
            f"The workspace's disk does not take what was sent: {error.strerror}. Nothing of it was stored; what "
            "scripts log stays in their journals meanwhile. Free some space there, and it goes on."
        )
        return _answer(503, "Unavailable", message, path=request.url.path)

    async def gone(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ClientDisconnect)
        message = "The request was not whole: its sender went away. Send it again."
        return _answer(400, "UserError", message, path=request.url.path)

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
        return _answer(
            500,
            "Internal",
            f"The service failed at {request.method} {request.url.path} ({type(error).__name__}); this is a mistake in "
            "Stoker. The trace is in .stoker/logs/service.log.",
            path=request.url.path,
        )

    app.add_exception_handler(StokerException, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(OSError, refused_by_disk)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Exception, unexpected)


def _answer(
    status: int,
    code: str,
    message: str,
    *,
    target: str | None = None,
    details: dict[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    path: str = "",
) -> JSONResponse:
    if _MLFLOW.match(path):
        return _mlflow_answer(status, code, message, headers)
    error = {"code": code, "message": message, "target": target, "details": details or {}}
    return AsciiJSONResponse({"error": error}, status_code=status, headers=dict(headers or {}))
