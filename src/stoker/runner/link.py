"""The shipper's line to the service: found again when it moved, started again when it died."""

from __future__ import annotations

import http.client
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from stoker.base.paths import WorkspacePaths
from stoker.client.connection import connect_running
from stoker.client.http import Api
from stoker.exceptions import AuthenticationException, ServiceException, StokerException

if TYPE_CHECKING:
    from typing import Any

__all__ = ["AwayError", "Link", "say"]

T = TypeVar("T")
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 2.0
_LONGEST_START_PAUSE = 60.0
_SETTLED = 1.0


class AwayError(Exception):
    """Nobody answers, or not sensibly; try again later."""


def say(text: str) -> None:
    """Write a line to the agent's log."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    sys.stderr.write(f"{now} shipper: {text}\n")
    sys.stderr.flush()


class Link:
    """Calls to the service of one workspace, with a pause after each failure that doubles up to two seconds.

    Parameters
    ----------
    home : str
    """

    def __init__(self, home: str) -> None:
        self._paths = WorkspacePaths(home)
        self._api: Api | None = None
        self._again_at = 0.0
        self._pause = _FIRST_PAUSE
        self._start_at = 0.0
        self._start_pause = 0.5
        self._absent_since: float | None = None
        self._said = ""

    @property
    def rests(self) -> float:
        """Seconds until the next try is due; 0 when calls may be made."""
        return max(0.0, self._again_at - time.monotonic())

    def call(self, do: Callable[[Api], T]) -> T:
        """Return what `do` returns, given the connection.

        Raises
        ------
        AwayError
            The service did not answer, or failed.
        stoker.exceptions.StokerException
            The service refused what was asked.
        """
        if self.rests:
            raise AwayError("resting")
        api = self._api = self._api or self._find()
        if api is None:
            self._failed("no service runs")
            raise AwayError("no service runs")
        try:
            answer = do(api)
        except (ServiceException, AuthenticationException, http.client.HTTPException, OSError) as error:
            api.close()
            self._api = None
            self._failed(str(error))
            raise AwayError(str(error)) from error
        except StokerException:
            self._works()
            raise
        self._works()
        return answer

    def api(self) -> Api | None:
        """Return the connection, for use in another thread; None when calls must rest."""
        if self.rests:
            return None
        self._api = self._api or self._find()
        return self._api

    def drop(self, why: str) -> None:
        """Take note of a failure in another thread: look for the service anew after a rest."""
        self._api = None
        self._failed(why)

    def _works(self) -> None:
        self._pause = _FIRST_PAUSE
        self._start_pause = 0.5
        self._absent_since = None
        if self._said:
            self._said = ""
            say("the service answers again")

    def _failed(self, why: str) -> None:
        """Rest before the next try."""
        if not self._said:
            self._said = why
            say(f"the service does not take what is sent: {why}")
        self._again_at = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _find(self) -> Api | None:
        try:
            return connect_running(self._paths.home)
        except (StokerException, OSError):
            return None

    def tend(self, needed: bool) -> bool:
        """Look after a service that is not there; return whether it has left for good and nobody needs it.

        Parameters
        ----------
        needed : bool
            Whether there is something to ship. One that died without leaving (its `service.json` is still there) is
            started again in any case.
        """
        if self._find() is not None:
            self._absent_since = None
            return False
        now = time.monotonic()
        if self._absent_since is None:
            self._absent_since = now
        died = os.path.exists(self._paths.service)
        if not died and now - self._absent_since < _SETTLED:
            # It may be about to write the file.
            return False
        if not died and not needed:
            return now - self._absent_since > 5 * _SETTLED
        if now >= self._start_at and os.path.exists(self._paths.config):
            self._restart(now)
        return False

    def _restart(self, now: float) -> None:
        from stoker.client.starter import start

        say("the service is gone while there is work for it; starting it")
        try:
            start(self._paths.home)
        except (StokerException, OSError) as error:
            say(f"it did not start: {error}")
            self._start_pause = min(self._start_pause * 2, _LONGEST_START_PAUSE)
        self._start_at = now + self._start_pause
        self._again_at = 0.0


def stored_of(error: Any) -> int | None:
    """Return how far the service says it has stored, from a conflict's details."""
    stored = (getattr(error, "details", None) or {}).get("stored")
    return stored if isinstance(stored, int) and stored >= 0 else None
