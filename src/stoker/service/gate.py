"""The door of the service: who may come in. A plain ASGI layer before everything else."""

from __future__ import annotations

import time
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from stoker.client.http import LEAVING_HEADER
from stoker.exceptions import AuthenticationException, ServiceException, StokerException
from stoker.service.errors import ForbiddenError, answer_of
from stoker.service.names import path_of
from stoker.service.tokens import Principal, TokenSigner

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Activity", "Gate", "cookie_name"]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def cookie_name(workspace_id: str) -> str:
    """Return the name of the workspace's cookie: cookies are shared by all ports of a host."""
    return f"stoker_{workspace_id.replace('-', '')[:12]}"


class Activity:
    """When the service was last asked for something, and how many answers are still under way.

    Attributes
    ----------
    closed : bool
        Whether the service leaves: who comes now is sent to the next one.
    """

    def __init__(self) -> None:
        self.last = time.monotonic()
        self.open_requests = 0
        self.closed = False

    def idle_seconds(self) -> float:
        """Return the seconds since the last request; 0 while one is open."""
        return 0.0 if self.open_requests else time.monotonic() - self.last


class Gate:
    """Checks Host and Origin, then the token, of every request.

    A browser that was lured to another site can neither read the service under a foreign name (Host) nor post to it
    (Origin); the cookie is SameSite=Strict besides.

    Parameters
    ----------
    app : ASGIApp
    signer : TokenSigner
    cookie : str
        Name of the browser's cookie.
    hosts : frozenset of str
        Names under which the service may be asked, beside those of loopback.
    activity : Activity
    """

    def __init__(
        self, app: ASGIApp, signer: TokenSigner, cookie: str, hosts: frozenset[str], activity: Activity
    ) -> None:
        self._app = app
        self._signer = signer
        self._cookie = cookie
        self._hosts = LOOPBACK | hosts
        self._activity = activity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._activity.closed:
            # A submit that came between the last look at the queue and the end would be nobody's.
            await _leaving(scope["path"])(scope, receive, send)
            return
        if scope.get("raw_path"):
            scope["path"] = path_of(scope["raw_path"])
        try:
            self._check_host(headers)
            scope.setdefault("state", {})["principal"] = self._principal(scope, headers)
        except StokerException as error:
            await answer_of(error, scope["path"])(scope, receive, send)
            return
        self._activity.open_requests += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._activity.open_requests -= 1
            self._activity.last = time.monotonic()

    def _check_host(self, headers: Headers) -> None:
        host = headers.get("host", "")
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        if name.lower() not in self._hosts:
            raise ForbiddenError(
                f"The service is not known by the name {name!r}. Use the address that `stoker server status` prints."
            )

    def _principal(self, scope: Scope, headers: Headers) -> Principal | None:
        bearer = headers.get("authorization", "")
        if bearer.lower().startswith("bearer "):
            return self._signer.read(bearer[7:].strip())
        is_page = not scope["path"].startswith("/api/")
        cookie = _cookies(headers).get(self._cookie)
        if cookie is not None:
            _check_origin(scope["method"], headers)
            try:
                return self._signer.read(cookie)
            except AuthenticationException:
                # A page says how to get in; a cookie that is no longer good must not bar the way to it.
                if not is_page:
                    raise
        if not is_page:
            raise AuthenticationException(
                "The request has no token. Send `Authorization: Bearer TOKEN` with the token in .stoker/token."
            )
        return None


def _cookies(headers: Headers) -> dict[str, str]:
    try:
        return {name: item.value for name, item in SimpleCookie("; ".join(headers.getlist("cookie"))).items()}
    except CookieError:
        return {}


def _leaving(path: str) -> Response:
    error = ServiceException("This service is leaving. Ask again: the next one is started by whoever needs it.")
    answer = answer_of(error, path)
    answer.headers[LEAVING_HEADER] = "1"
    answer.headers["Connection"] = "close"
    return answer


def _check_origin(method: str, headers: Headers) -> None:
    origin = headers.get("origin")
    if method in SAFE_METHODS and origin is None:
        return
    if origin is None or urlsplit(origin).netloc != headers.get("host"):
        raise ForbiddenError(
            "The request comes from a page of another site. Open the service's own page and try again."
        )
