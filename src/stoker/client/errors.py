"""From the service's answer to the exception that a caller sees: the one place where they are mapped."""

from __future__ import annotations

import json

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

__all__ = ["error_of"]

_BY_CODE: dict[str, type[StokerException]] = {
    "ComputeTargetError": ComputeTargetException,
    "EnvironmentError": EnvironmentBuildException,
    "TooLarge": SnapshotException,
    "WorkspaceError": WorkspaceException,
}
_BY_STATUS: dict[int, type[StokerException]] = {
    400: UserErrorException,
    401: AuthenticationException,
    403: AuthenticationException,
    404: NotFoundException,
    409: ConflictException,
    413: SnapshotException,
    422: UserErrorException,
}


def error_of(status: int, data: bytes, request: str) -> StokerException:
    """Return the exception for an answer with an error status.

    Parameters
    ----------
    status : int
        The HTTP status.
    data : bytes
        The answer's body: `{"error": {"code", "message", "target", "details"}}`.
    request : str
        Method and path, for an answer that is not of that form.
    """
    try:
        error = json.loads(data)["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        text = data[:300].decode("utf-8", "replace")
        message = f"The service answered {request} with status {status}: {text!r}. Look at .stoker/logs/service.log."
        return ServiceException(message, status=status)
    facts = {"target": error.get("target"), "details": error.get("details")}
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if kind is None:
        return ServiceException(message, status=status, **facts)
    return kind(message, **facts)
