"""How a method of the MLflow protocol is served: a plain function of the request's parameters.

These are Starlette's routes, not FastAPI's: a client sends one request for each value that a script logs, so what lies
between the socket and the database counts, and the protocol's description is not ours to publish.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stoker.exceptions import StokerException
from stoker.service.context import ServiceContext
from stoker.service.errors import ForbiddenError
from stoker.service.mlflow.errors import answer_of, invalid
from stoker.service.names import AsciiJSONResponse
from stoker.service.store.documents import check_text
from stoker.service.tokens import Principal

__all__ = ["MOST_EXPERIMENTS", "MOST_KEYS", "Call", "MlflowRouter", "Parameters"]

Parameters = dict[str, Any]
"""What a request says: its JSON body, the parts of its address and its query; the body counts first."""

SMALL = 16 * 1024
"""Bytes of a body up to which a quick method is answered in the event loop's own thread."""
LATEST = 253_402_300_800_000
"""The end of the year 9999 in milliseconds: later times can't be written as dates."""
MOST_KEYS = 50
"""Most keys of an order, or data sets of a search: each is a part of the database's statement."""
MOST_EXPERIMENTS = 30_000
"""Most experiments of a search: each is a value in the database's statement, which takes 32,766."""
V2, V3 = "/api/2.0/mlflow", "/api/3.0/mlflow"


@dataclass(frozen=True)
class Call:
    """A request to one method.

    Attributes
    ----------
    context : ServiceContext
    caller : Principal
        Who asks.
    parameters : dict
        What is asked; see `Parameters`.
    """

    context: ServiceContext
    caller: Principal
    parameters: Parameters

    def text(self, name: str, default: str | None = None) -> str:
        """Return a parameter that is text.

        Parameters
        ----------
        name : str
        default : str, optional
            For one that is missing or empty; None: it must be there.

        Raises
        ------
        stoker.service.mlflow.errors.MlflowError
            `INVALID_PARAMETER_VALUE`: it is missing or empty, or no text.
        """
        value = self.optional_text(name)
        if not value:
            if default is None:
                raise invalid(f"Missing value for required parameter '{name}'. Give it as text.")
            return default
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a parameter that is text, or None when it is missing."""
        value = self.parameters.get(name)
        if value is None:
            return None
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise invalid(f"The parameter '{name}' is {value!r}. Give it as text.")
        try:
            return check_text(value)
        except ValueError as error:
            raise invalid(f"The parameter '{name}' can't be kept: {error}.") from error

    def number(self, name: str, default: int | None = None) -> int | None:
        """Return a parameter that is a whole number of 64 bits; it may come as text."""
        value = self.parameters.get(name)
        if value is None or value == "":
            return default
        return whole(name, value)

    def time(self, name: str) -> float | None:
        """Return a parameter that is a time in milliseconds, in seconds; None when it is missing."""
        value = self.number(name)
        if value is not None and not 0 <= value < LATEST:
            raise invalid(f"The parameter '{name}' is {value}. Give a time in milliseconds since 1970.")
        return None if value is None else value / 1000

    def items(self, name: str, most: int | None = None) -> list[Parameters]:
        """Return a parameter that is a list of objects, `most` of them at most; empty when it is missing."""
        value = self.parameters.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise invalid(f"The parameter '{name}' is no list of objects. Send it as the protocol describes.")
        return _at_most(name, value, most)

    def texts(self, name: str, most: int | None = None) -> list[str]:
        """Return a parameter that is a list of texts, `most` of them at most, or one text; empty when missing."""
        value = self.parameters.get(name) or []
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
            raise invalid(f"The parameter '{name}' is no list of texts. Send it as the protocol describes.")
        return _at_most(name, values, most)

    def flag(self, name: str) -> bool:
        """Return a parameter that is true or false; false when it is missing."""
        value = self.parameters.get(name)
        return value is True or (isinstance(value, str) and value.lower() == "true")

    def sub(self, parameters: Parameters) -> Call:
        """Return the same call with other parameters, as of one item of a list."""
        return Call(self.context, self.caller, parameters)

    def owner_only(self, what: str) -> None:
        """Refuse a run's token.

        Raises
        ------
        stoker.service.errors.ForbiddenError
            The caller is a run; the message says that it may not do `what`.
        """
        if not self.caller.is_owner:
            raise ForbiddenError(f"A run's token may not {what}. Use the token of the workspace's owner.")


Method = Callable[[Call], Parameters]
_M = TypeVar("_M", bound=Method)
_T = TypeVar("_T")


class MlflowRouter:
    """Collects methods of the protocol.

    Attributes
    ----------
    routes : list of Route
        What the application serves.
    served : list of (str, str)
        HTTP method and path of each, below `/api/2.0`, in the order of being added.

    Examples
    --------
    >>> router = MlflowRouter()
    >>> @router.method("POST", "runs/set-tag")
    ... def set_tag(call):
    ...     return {}
    >>> router.served
    [('POST', '/mlflow/runs/set-tag')]
    """

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self.served: list[tuple[str, str]] = []

    def method(self, http: str, path: str, *, quick: bool = False, v3: bool = False) -> Callable[[_M], _M]:
        """Serve a method: the function takes a `Call` and returns the answer's JSON.

        Parameters
        ----------
        http : str
            `GET`, `POST`, `PATCH`, `DELETE`; several with a space between.
        path : str
            Below `/api/2.0/mlflow/`, with `{names}` that become parameters.
        quick : bool, default=False
            Whether it is done sooner than a thread is found for it; a large body is given to a thread all the same.
        v3 : bool, default=False
            Whether clients ask for it below `/api/3.0` too.
        """

        def add(function: _M) -> _M:
            endpoint = _endpoint(function, quick=quick)
            for prefix in (V2, V3) if v3 else (V2,):
                self.routes.append(Route(f"{prefix}/{path}", endpoint, methods=http.split()))
            self.served.extend((verb, f"/mlflow/{path}") for verb in http.split())
            return function

        return add


def _at_most(name: str, values: list[_T], most: int | None) -> list[_T]:
    if most is not None and len(values) > most:
        raise invalid(f"The parameter '{name}' has {len(values)} entries; at most {most} go in one request.")
    return values


def whole(name: str, value: object) -> int:
    """Return a whole number of 64 bits, also from text; anything else is `INVALID_PARAMETER_VALUE`."""
    number = 1 << 63
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        with contextlib.suppress(ValueError, OverflowError):
            number = int(value)
    if not -(1 << 63) <= number < 1 << 63:
        raise invalid(f"The parameter '{name}' is {value!r}. Give a whole number of 64 bits.")
    return number


def _endpoint(function: Method, *, quick: bool) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            body = await request.body()
            call = Call(request.app.state.context, request.state.principal, _parameters(request, body))
            if quick and len(body) <= SMALL:
                return AsciiJSONResponse(function(call))
            return AsciiJSONResponse(await run_in_threadpool(function, call))
        except StokerException as error:
            return answer_of(error)

    return endpoint


def _parameters(request: Request, body: bytes) -> Parameters:
    found: Parameters = {}
    for key, value in request.query_params.multi_items():
        known = found.get(key)
        found[key] = value if known is None else [*(known if isinstance(known, list) else [known]), value]
    found.update(request.path_params)
    if not body.strip():
        return found
    try:
        said = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(f"The body is no JSON: {error}. Send one JSON object.") from error
    if not isinstance(said, dict):
        raise invalid("The body is no JSON object. Send one.")
    return {**found, **said}
