"""Make an `Api`: for a workspace's folder, or inside a run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from stoker.base.jsonio import read_json
from stoker.base.paths import WorkspacePaths
from stoker.base.version import __version__
from stoker.client.discovery import living_service
from stoker.client.http import Api
from stoker.exceptions import AuthenticationException, RunEnvironmentException, ServiceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["connect", "connect_running", "from_environment"]

_LEAVE_PATIENCE = 30.0


def connect(home: str) -> Api:
    """Return a connection to the service of the workspace `home`, which is started when it does not run.

    Parameters
    ----------
    home : str
        The workspace's `.stoker` folder.
    """

    def find() -> tuple[str, str]:
        return _start(home)["url"], _owner_token(home)

    facts = living_service(home) or _start(home)
    if _is_older(str(facts.get("version", "0"))):
        facts = _hand_over(home, facts)
    return Api(facts["url"], _owner_token(home), find)


def connect_running(home: str) -> Api | None:
    """Return a connection to the service of `home` when one runs, else None; never starts one."""
    facts = living_service(home)
    return None if facts is None else Api(facts["url"], _owner_token(home))


def from_environment() -> Api:
    """Return the connection of the run that this process belongs to.

    Raises
    ------
    stoker.exceptions.RunEnvironmentException
        This process is not part of a run.
    """
    url, token = os.environ.get("STOKER_URL"), os.environ.get("STOKER_TOKEN")
    if not url or not token:
        raise RunEnvironmentException(
            "This code asked for its run, but no run has started it: STOKER_URL and STOKER_TOKEN are not set. "
            "Submit the script with `stoker run submit` or Experiment.submit."
        )
    return Api(url, token, _waiting_for(os.environ.get("STOKER_HOME_DIR"), token))


def _start(home: str) -> dict[str, Any]:
    from stoker.client.starter import start

    return start(home)


def _is_older(version: str) -> bool:
    """Whether a service of that version is older than this client; a newer one serves us."""
    return _numbers(version) < _numbers(__version__)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _hand_over(home: str, older: dict[str, Any]) -> dict[str, Any]:
    """Ask an older service to leave and return the facts of ours; its runs go on and are taken over."""
    api = Api(older["url"], _owner_token(home))
    try:
        api.post("/service/stop", {"mode": "detach"})
    except ServiceException:
        # It is gone already: another client has asked it too.
        pass
    finally:
        api.close()
    until = time.monotonic() + _LEAVE_PATIENCE
    facts: dict[str, Any] | None = older
    while facts is not None and _is_older(str(facts.get("version", "0"))):
        if time.monotonic() > until:
            raise ServiceException(
                f"The service at {older['url']} is of Stoker {older.get('version')}, this client is of {__version__}, "
                "and it does not leave. Stop it with `stoker server stop --detach`: its runs go on. Then try again."
            )
        time.sleep(0.01)
        facts = living_service(home)
    return facts or _start(home)


def _waiting_for(home: str | None, token: str) -> Callable[[], tuple[str, str] | None]:
    """Return a way to find the service again; inside a run the agent restarts it, so this only waits."""

    def find() -> tuple[str, str] | None:
        until = time.monotonic() + 15.0
        while home is not None and time.monotonic() < until:
            facts: dict[str, Any] | None = living_service(home)
            if facts is not None:
                return facts["url"], token
            time.sleep(0.05)
        facts = read_json(WorkspacePaths(home).service) if home else None
        return (facts["url"], token) if facts else None

    return find


def _owner_token(home: str) -> str:
    path = WorkspacePaths(home).token
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError as error:
        raise AuthenticationException(
            f"The workspace's token {path} can't be read ({error.strerror or error}). "
            "Only the user who owns the workspace may use it directly."
        ) from error
