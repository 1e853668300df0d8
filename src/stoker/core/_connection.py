"""With which rights this process speaks to a workspace's service."""

from __future__ import annotations

import os

from stoker.exceptions import WorkspaceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stoker.client.http import Api

__all__ = ["connection"]


def connection(place: str, home: str | None) -> Api:
    """Return the connection with this process' rights: a run's token inside a run, else the owner's."""
    from stoker.client import connect, from_environment
    from stoker.client.http import Api

    inside = os.environ.get("STOKER_RUN_ID") and os.environ.get("STOKER_TOKEN")
    if home is not None:
        same = os.path.realpath(home) == os.path.realpath(os.environ.get("STOKER_HOME_DIR") or os.devnull)
        return from_environment() if inside and same else connect(home)
    if inside and place == os.environ.get("STOKER_URL"):
        return from_environment()
    token = os.environ.get("STOKER_TOKEN")
    if not token:
        raise WorkspaceException(
            f"The workspace is on the server {place}, which wants a token. Set STOKER_TOKEN to yours and try again."
        )
    return Api(place, token)
