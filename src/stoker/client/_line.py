"""One line to the service: what counts as cut, and how long to go on trying."""

from __future__ import annotations

import http.client
import os
import time
import urllib.parse

from stoker.exceptions import ServiceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.client.http import Api

__all__ = ["CUT", "LEAVING_HEADER", "Connection", "Patience", "let_in"]

LEAVING_HEADER = "X-Stoker-Leaving"
"""Stands on the answer of a service that has begun to leave and did nothing: a closed door, said in words."""
_CLOSED_DOOR = (ConnectionError, http.client.RemoteDisconnected, http.client.BadStatusLine, FileNotFoundError)
_CUTS = 3
"""How often a request is repeated over a line that is cut, where nobody can look after the service."""
CUT = (*_CLOSED_DOOR, http.client.IncompleteRead)


class Connection:
    """One HTTP connection; knows its process, so that a fork does not share it."""

    def __init__(self, url: str, timeout: float) -> None:
        parts = urllib.parse.urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.url = url
        self.owner = os.getpid()
        self._base = parts.path.rstrip("/")
        self._connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=timeout)

    def send(self, method: str, target: str, body: Any, headers: dict[str, str]) -> None:
        """Send a request."""
        self._connection.request(method, self._base + target, body=body, headers=headers)

    def answer(self) -> http.client.HTTPResponse:
        """Return the answer; its body is still to be read."""
        return self._connection.getresponse()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def __del__(self) -> None:
        # Users need not close what they never opened themselves: it goes with the thread or the Api.
        self._connection.close()


class Patience:
    """How long a client goes on knocking at a closed door: at once, then for some seconds from the first failure on."""

    def __init__(self, seconds: float = 20.0) -> None:
        self._seconds = seconds
        self.reset()

    def reset(self) -> None:
        """Begin anew: something came."""
        self._tries = 0
        self.answered()

    def answered(self) -> None:
        """Begin anew with the next failure, but no quicker: whoever answers and hangs up is not asked in a hurry."""
        self._until = 0.0

    def wait(self, error: BaseException, api: Api) -> None:
        """Find or start the service again and wait a little.

        Raises
        ------
        stoker.exceptions.ServiceException
            It took too long, or there is no way to it.
        """
        self._tries += 1
        self._until = self._until or time.monotonic() + self._seconds
        if not self._may_go_on(error, api):
            raise ServiceException(
                f"The workspace service at {api.url} does not answer ({error or type(error).__name__}). "
                "It may have been stopped. Start it with `stoker server start` and try again."
            ) from error
        if self._tries > 1:
            time.sleep(min(0.02 * 2**self._tries, 1.0))

    def _may_go_on(self, error: BaseException, api: Api) -> bool:
        if time.monotonic() > self._until:
            return False
        # A line that was cut is worth another try also where nobody knows how to find or start a service.
        refused = isinstance(error, (ConnectionRefusedError, FileNotFoundError))
        return api.revive() or (self._tries <= _CUTS and not refused)


def let_in(response: http.client.HTTPResponse) -> http.client.HTTPResponse:
    """Return the answer, unless it says that the door is closing."""
    if response.status == 503 and response.headers.get(LEAVING_HEADER):
        response.close()
        raise ConnectionResetError("the service is leaving")
    return response
