"""What the commands of one call share: the common options, the workspace and the connection to its service."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from stoker.exceptions import StokerException, UserErrorException

if TYPE_CHECKING:
    from stoker.client import Api
    from stoker.core import Workspace

__all__ = ["SESSION", "Session", "UsageProblem", "confirm", "hint", "say"]


class UsageProblem(StokerException):
    """A command that is used wrongly: exit status 2."""

    error_code = "Usage"


class Session:
    """The common options of this call, and what follows from them.

    Attributes
    ----------
    words : list of str
        The words after the noun and verb, as typed.
    place : str or None
        `--workspace`: a name or a folder.
    output : str
        `table`, `json`, `tsv`, `yaml`, `jsonl` or `none`.
    query : str or None
        A JMESPath expression.
    only_errors, debug, no_color : bool
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self.place: str | None = None
        self.output = "table"
        self.query: str | None = None
        self.only_errors = False
        self.debug = False
        self.no_color = False
        self._home: str | None = None
        self._api: Api | None = None

    def home(self) -> str:
        """Return the `.stoker` folder of the workspace that this call is about."""
        if self._home is None:
            self._home = os.path.join(_root(self.place or os.environ.get("STOKER_WORKSPACE")), ".stoker")
        return self._home

    def root(self) -> str:
        """Return the folder that holds the workspace."""
        return os.path.dirname(self.home())

    def config(self) -> dict[str, Any]:
        """Return the workspace's config."""
        from stoker.client.layout import read_config

        return read_config(self.home())

    def api(self) -> Api:
        """Return the connection to the workspace's service, which is started when it does not run."""
        if self._api is None:
            from stoker.client import connect

            self._api = connect(self.home())
        return self._api

    def get(self, path: str, **params: Any) -> Any:
        """Return the JSON answer of a GET: the short way when the service runs and agrees, else by `api()`."""
        from stoker.cli.quick import get

        answer = get(self.home(), path, **params)
        return self.api().get(path, **params) if answer is None else answer

    def api_if_running(self) -> Api | None:
        """Return a connection when the service runs; never starts one."""
        from stoker.client.discovery import living_service

        if living_service(self.home()) is None:
            return None
        from stoker.client import connect_running

        return connect_running(self.home())

    def workspace(self) -> Workspace:
        """Return the SDK's view of the workspace."""
        from stoker.core import Workspace

        return Workspace.from_config(path=self.root())


SESSION = Session()
"""The session of this process: a command line answers one call."""


def _root(place: str | None) -> str:
    """Return the root folder of the workspace named by `place`, or of the one above the current folder."""
    from stoker.core._locate import locate, place_of_name

    if place is None:
        return _local(locate(None))
    found = place_of_name(place)
    if found is None and os.path.exists(place):
        found = locate(place)
    if found is None:
        from stoker.base.names import suggestion
        from stoker.client.registry import all_workspaces

        known = all_workspaces()
        raise UserErrorException(
            f"There is no workspace {place!r}. It is neither a name in the list of workspaces nor a folder. "
            + (suggestion(place, known) if known else "Make one with `stoker init`.")
        )
    return _local(found)


def _local(place: str) -> str:
    if "://" in place:
        raise UserErrorException(
            f"The workspace at {place} is on another machine. This version works with workspaces on this one. "
            "Name a local workspace with `--workspace`."
        )
    return place


def say(text: str) -> None:
    """Write a line for people to stderr, unless only errors are wanted."""
    if not SESSION.only_errors:
        from stoker.cli.text import clean

        sys.stderr.write(clean(text, keep="\n\t") + "\n")
        sys.stderr.flush()


def hint(*lines: str) -> None:
    """Write what to do next, for people at a terminal only."""
    if sys.stderr.isatty():
        for line in lines:
            say(line)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is destroyed.

    Raises
    ------
    UsageProblem
        Nobody can answer: stdin is no terminal, and `--yes` was not given.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageProblem(
            f"Nothing was changed: stdin is no terminal, so nobody can be asked. The question is: {question} "
            "Add `--yes` to go ahead."
        )
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    try:
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise
    if answer.strip().lower() not in {"y", "yes"}:
        _leave()


def _leave() -> NoReturn:
    raise UsageProblem("Nothing was changed. The question was not answered with yes. Add `--yes` to skip it.")
