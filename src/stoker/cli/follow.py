"""Follow a run to its end: its log as it grows, pushed by the service; Ctrl-C leaves the run alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from stoker.base.states import RunStatus
from stoker.cli.output import write_bytes
from stoker.cli.refs import run_path, segment
from stoker.cli.session import SESSION, say
from stoker.client import Api
from stoker.exceptions import NotFoundException

__all__ = ["BUILD_LOG", "LogTail", "default_log", "follow", "status_of", "user_logs"]

BUILD_LOG = "system_logs/environment.txt"
"""The log of making the run's environment."""

_BLOCK = 1 << 20


class LogTail:
    """What of one log of a run has not been written yet.

    Parameters
    ----------
    api : Api
    run : dict
        The run's record.
    name : str
        The log's name.
    write : callable, optional
        Takes the bytes; by default they go to stdout.
    offset : int, default=0
        Where in the log to begin.
    """

    def __init__(
        self,
        api: Api,
        run: dict[str, Any],
        name: str,
        write: Callable[[bytes], None] = write_bytes,
        offset: int = 0,
    ) -> None:
        self._api = api
        self._path = run_path(run, "logs", segment(name))
        self._write = write
        self.name = name
        self.offset = offset

    def pump(self) -> None:
        """Write what the service has and we have not: exact bytes, whatever their encoding."""
        while True:
            params = {"offset": self.offset, "limit": _BLOCK}
            try:
                data = self._api.request("GET", self._path, params=params).data
            except NotFoundException:
                return
            if not data:
                return
            self._write(data)
            self.offset += len(data)


def user_logs(api: Api, run: dict[str, Any]) -> list[str]:
    """Return the names of the run's logs: what the user's processes wrote comes first."""
    names = [log["name"] for log in api.get(run_path(run, "logs"))["logs"]]
    return sorted(names, key=lambda name: (not name.startswith("user_logs/"), name.startswith("system_logs/"), name))


def default_log(run: dict[str, Any], names: list[str], rank: int | None = None) -> str:
    """Return the log that a person means: of one process, or of rank 0 where there are several."""
    if rank is None and not any("std_log_process_" in name for name in names):
        return "user_logs/std_log.txt"
    if rank is None or "user_logs/std_log.txt" not in names or (run.get("node_count") or 1) > 1 or rank > 0:
        return f"user_logs/std_log_process_{rank or 0}.txt"
    return "user_logs/std_log.txt"


def follow(api: Api, run: dict[str, Any], tails: list[LogTail], *, progress: bool = True) -> dict[str, Any]:
    """Wait until the run has ended and return its record; write its logs meanwhile.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C; how to come back has been said, and the run goes on.
    """
    last = ""
    try:
        for event in api.events(run_path(run, "events"), logs=bool(tails) or None):
            if event.name in {"run", "end"}:
                run = {**run, **event.data}
            if event.name == "run" and progress and run["status"] != last:
                last = run["status"]
                _say_status(run)
            if event.name in {"log", "end"}:
                _pump(tails, None if event.name == "end" else event.data.get("name"))
            if event.name == "end":
                break
    except KeyboardInterrupt:
        _say_detached(run)
        raise
    return run


def _pump(tails: list[LogTail], name: str | None) -> None:
    for tail in tails:
        if name is None or tail.name == name:
            tail.pump()


def _say_status(run: dict[str, Any]) -> None:
    if RunStatus(run["status"]).is_terminal or not sys.stderr.isatty():
        return
    reason = run.get("status_reason")
    say(f"[{run['status']}{': ' + reason if reason else ''}]")


def _say_detached(run: dict[str, Any]) -> None:
    if SESSION.only_errors:
        return
    say(
        f"\nDetached; the run goes on.\nCome back:  stoker run logs {run['id']} --follow\n"
        f"Cancel it:  stoker run cancel {run['id']}"
    )


def status_of(run: dict[str, Any]) -> int:
    """Return the exit status for a run that was waited for: 0 when it completed, else 1."""
    return 0 if run["status"] == str(RunStatus.COMPLETED) else 1
