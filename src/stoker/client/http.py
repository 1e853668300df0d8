"""The one HTTP client of SDK, command line and runs: keep-alive, repeated on a closed door, errors mapped once."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Iterator

from stoker.client._line import CUT, LEAVING_HEADER, Connection, Patience, let_in
from stoker.client.errors import error_of
from stoker.exceptions import ServiceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["LEAVING_HEADER", "Api", "Event", "Response", "quote_name"]

PREFIX = "/api/v1"


class Response:
    """An answer of the service.

    Attributes
    ----------
    status : int
    headers : http.client.HTTPMessage
    data : bytes
    """

    def __init__(self, status: int, headers: http.client.HTTPMessage, data: bytes) -> None:
        self.status = status
        self.headers = headers
        self.data = data

    def json(self) -> Any:
        """Return the body read as JSON; None when it is empty."""
        return json.loads(self.data) if self.data else None


class Event:
    """One Server-Sent Event.

    Attributes
    ----------
    name : str
        `run`, `log`, `metric` or `end`.
    data : dict
    id : str
        The cursor to go on from.
    """

    def __init__(self, name: str, data: Any, cursor: str) -> None:
        self.name = name
        self.data = data
        self.id = cursor


class Api:
    """A connection to one workspace's service, safe to use from several threads and after a fork.

    Parameters
    ----------
    url : str
        Address of the service, as `http://127.0.0.1:8080`.
    token : str
    reconnect : callable, optional
        Called when nobody answers; returns the new `(url, token)`, or None to give up. It may start the service.
    timeout : float, default=60
        Seconds to wait for an answer.

    Examples
    --------
    >>> api = Api("http://127.0.0.1:8080", "secret")
    >>> api.get("/runs", limit=1)  # doctest: +SKIP
    {'runs': [], 'next': None, 'total': 0}
    """

    def __init__(
        self,
        url: str,
        token: str,
        reconnect: Callable[[], tuple[str, str] | None] | None = None,
        timeout: float = 60.0,
    ) -> None:
        self.url = url
        self.token = token
        self.timeout = timeout
        self._reconnect = reconnect
        self._local = threading.local()

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON answer of a GET; parameters that are None are left out, lists are repeated."""
        return self.request("GET", path, params=params).json()

    def post(self, path: str, body: Any = None, **params: Any) -> Any:
        """Return the JSON answer of a POST of `body` as JSON."""
        return self.request("POST", path, body=body, params=params).json()

    def put(self, path: str, body: Any = None, **params: Any) -> Any:
        """Return the JSON answer of a PUT of `body` as JSON."""
        return self.request("PUT", path, body=body, params=params).json()

    def patch(self, path: str, body: Any = None, **params: Any) -> Any:
        """Return the JSON answer of a PATCH of `body` as JSON."""
        return self.request("PATCH", path, body=body, params=params).json()

    def delete(self, path: str, **params: Any) -> Any:
        """Return the JSON answer of a DELETE."""
        return self.request("DELETE", path, params=params).json()

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: dict[str, Any] | None = None,
        raw: bytes | Callable[[], Iterable[bytes]] | None = None,
        headers: dict[str, str] | None = None,
        length: int | None = None,
    ) -> Response:
        """Send a request and return the whole answer.

        Parameters
        ----------
        method, path : str
            The path is below `/api/v1`.
        body : object, optional
            Sent as JSON.
        params : dict, optional
            The query.
        raw : bytes or callable returning an iterable of bytes, optional
            Sent as it is; a callable, so that the request can be repeated.
        headers : dict, optional
        length : int, optional
            Bytes that `raw()` gives in all, when known.

        Raises
        ------
        stoker.exceptions.StokerException
            The class that fits the status; its message is the service's.
        """
        response, data = self._open(method, path, body, params, raw, headers, length)
        if response.status >= 400:
            raise error_of(response.status, data, f"{method} {path}")
        return Response(response.status, response.headers, data)

    def download(self, path: str, file: Any, progress: Callable[[int], None] | None = None, **params: Any) -> int:
        """Write the answer's body to the open binary `file`; return its size in bytes.

        When the connection is cut, the file goes back to where it was and all comes again.
        """
        start, patience = file.tell(), Patience()
        while True:
            response, _ = self._open("GET", path, None, params, None, None, None, whole=False)
            if response.status >= 400:
                raise error_of(response.status, response.read(), f"GET {path}")
            size = 0
            try:
                for block in iter(lambda: response.read(1 << 20), b""):  # noqa: B023  # used within this turn
                    file.write(block)
                    size += len(block)
                    if progress is not None:
                        progress(len(block))
                if response.length:
                    # Read in parts, a body that is cut short looks like one that has ended.
                    raise http.client.IncompleteRead(b"", response.length)
                return size
            except CUT as error:
                self._drop()
                file.seek(start)
                file.truncate()
                if progress is not None:
                    progress(-size)
                patience.wait(error, self)

    def events(self, path: str, cursor: str | None = None, **params: Any) -> Iterator[Event]:
        """Yield Server-Sent Events; goes on from where it was when the connection is cut, until `end` has come."""
        patience = Patience()
        while True:
            try:
                for event in self._events_once(path, cursor, params, patience):
                    cursor = event.id or cursor
                    patience.reset()
                    yield event
                    if event.name == "end":
                        return
            except (*CUT, socket.timeout) as error:
                patience.wait(error, self)

    def _events_once(
        self, path: str, cursor: str | None, params: dict[str, Any], patience: Patience
    ) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream"}
        if cursor:
            headers["Last-Event-ID"] = cursor
        connection = Connection(self.url, self.timeout)
        try:
            connection.send("GET", _target(path, params), None, {**self._headers(), **headers})
            response = let_in(connection.answer())
            if response.status >= 400:
                raise error_of(response.status, response.read(), f"GET {path}")
            patience.answered()
            yield from _parse_events(response)
        finally:
            connection.close()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _open(
        self,
        method: str,
        path: str,
        body: Any,
        params: dict[str, Any] | None,
        raw: bytes | Callable[[], Iterable[bytes]] | None,
        headers: dict[str, str] | None,
        length: int | None,
        *,
        whole: bool = True,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a request, again while the door is closed; return the answer, and with `whole` its body."""
        target = _target(path, params or {})
        extra = dict(headers or {})
        if body is not None:
            raw = json.dumps(body).encode()
            extra["Content-Type"] = "application/json"
        if length is not None:
            extra["Content-Length"] = str(length)
        patience = Patience()
        while True:
            connection, fresh = self._connection()
            try:
                connection.send(method, target, raw() if callable(raw) else raw, {**self._headers(), **extra})
                response = let_in(connection.answer())
                return response, response.read() if whole else b""
            except CUT as error:
                self._drop()
                if fresh:
                    patience.wait(error, self)
            except socket.timeout as error:
                self._drop()
                raise ServiceException(
                    f"The workspace service at {self.url} did not answer {method} {path} within {self.timeout:g} s. "
                    "It may be busy. Look at `stoker server status` and at .stoker/logs/service.log."
                ) from error

    def _connection(self) -> tuple[Connection, bool]:
        """Return this thread's connection and whether it is new; a forked child makes its own."""
        kept = getattr(self._local, "connection", None)
        if kept is not None and kept.owner == os.getpid() and kept.url == self.url:
            return kept, False
        self._local.connection = Connection(self.url, self.timeout)
        return self._local.connection, True

    def _drop(self) -> None:
        kept = getattr(self._local, "connection", None)
        if kept is not None:
            kept.close()
            self._local.connection = None

    def close(self) -> None:
        """Close this thread's connection."""
        self._drop()

    def revive(self) -> bool:
        """Look for the service again, or start it; return whether there is one."""
        found = self._reconnect() if self._reconnect is not None else None
        if found is None:
            return False
        self.url, self.token = found
        return True


def _target(path: str, params: dict[str, Any]) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        if value is None:
            continue
        items = value if isinstance(value, (list, tuple)) else [value]
        pairs.extend((name, _word(item)) for item in items)
    query = urllib.parse.urlencode(pairs, errors="surrogateescape")
    quoted = urllib.parse.quote(path, safe="/%:@-._~!$&'()*+,;=", errors="surrogateescape")
    return f"{PREFIX}{quoted}{'?' + query if query else ''}"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def quote_name(name: str) -> str:
    """Return a name as one or more path segments of a URL: slashes stay, all else is percent-encoded.

    Examples
    --------
    >>> quote_name("outputs/my model.pkl")
    'outputs/my%20model.pkl'
    """
    try:
        return urllib.parse.quote(name, safe="/", errors="surrogateescape")
    except UnicodeEncodeError:
        # Half a character stands for no byte. Nothing has such a name, nor one with a control character, and the
        # service says so.
        return urllib.parse.quote("".join("\x1f" if "\ud800" <= c <= "\udfff" else c for c in name), safe="/")


def _parse_events(response: http.client.HTTPResponse) -> Iterator[Event]:
    name, cursor = "message", ""
    data: list[str] = []
    while True:
        line = response.readline()
        if not line:
            raise ConnectionResetError("the event stream ended")
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            if data:
                yield Event(name, json.loads("\n".join(data)), cursor)
            name, data = "message", []
        elif text.startswith("data:"):
            data.append(text[5:].lstrip(" "))
        elif text.startswith("event:"):
            name = text[6:].strip()
        elif text.startswith("id:"):
            cursor = text[3:].strip()
