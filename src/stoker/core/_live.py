"""What a settings class needs of a workspace: its connection to the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from stoker.exceptions import UserErrorException

if TYPE_CHECKING:
    from typing import Protocol

    class Api(Protocol):
        """The calls that settings classes make; `stoker.client.http.Api` has them."""

        def get(self, path: str, **params: Any) -> Any:
            """Return the JSON answer of a GET."""

        def post(self, path: str, body: Any = None, **params: Any) -> Any:
            """Return the JSON answer of a POST."""

        def patch(self, path: str, body: Any = None, **params: Any) -> Any:
            """Return the JSON answer of a PATCH."""

        def delete(self, path: str, **params: Any) -> Any:
            """Return the JSON answer of a DELETE."""

    class LiveWorkspace(Protocol):
        """A workspace that is connected."""

        @property
        def _api(self) -> Any:
            """The connection."""


__all__ = ["api_of", "segment"]


def api_of(workspace: LiveWorkspace) -> Api:
    """Return the workspace's connection.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The argument is no workspace.
    """
    try:
        return cast("Api", workspace._api)  # noqa: SLF001  # the connection is private to the SDK, not to one module
    except AttributeError as error:
        raise UserErrorException(
            f"{workspace!r} is not a workspace. Give the Workspace object, as Workspace.from_config() returns it.",
            error,
            target="workspace",
        ) from error


def segment(name: str) -> str:
    """Return a name as one segment of a URL's path.

    Examples
    --------
    >>> segment("my env")
    'my%20env'
    """
    import urllib.parse

    return urllib.parse.quote(str(name), safe="")
