"""Errors in the form that MLflow's clients read."""

from __future__ import annotations

from stoker.exceptions import StokerException
from stoker.service.errors import mlflow_error
from stoker.service.names import AsciiJSONResponse

__all__ = ["MlflowError", "answer_of", "invalid", "not_implemented"]

_STATUS = {
    "BAD_REQUEST": 400,
    "INVALID_PARAMETER_VALUE": 400,
    "RESOURCE_ALREADY_EXISTS": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "ENDPOINT_NOT_FOUND": 404,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "RESOURCE_CONFLICT": 409,
    "INTERNAL_ERROR": 500,
    "INVALID_STATE": 500,
    "NOT_IMPLEMENTED": 501,
    "TEMPORARILY_UNAVAILABLE": 503,
}


class MlflowError(StokerException):
    """An answer that is no success, in the protocol's own code.

    Parameters
    ----------
    code : str
        One of the protocol's codes, as `RESOURCE_DOES_NOT_EXIST`; it decides on the status.
    message : str
        What is wrong and what to do.

    Examples
    --------
    >>> MlflowError("RESOURCE_DOES_NOT_EXIST", "There is no run 'x'.").status
    404
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = _STATUS[code]


def invalid(message: str) -> MlflowError:
    """Return the error for a parameter that is missing or wrong."""
    return MlflowError("INVALID_PARAMETER_VALUE", message)


def not_implemented(message: str) -> MlflowError:
    """Return the error for what is not served; the message names what to use."""
    return MlflowError("NOT_IMPLEMENTED", message)


def answer_of(error: StokerException) -> AsciiJSONResponse:
    """Return the answer for an exception, ours or the protocol's."""
    if isinstance(error, MlflowError):
        return AsciiJSONResponse({"error_code": error.code, "message": error.message}, error.status)
    return mlflow_error(error)
