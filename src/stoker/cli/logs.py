"""Show a run's logs."""

from __future__ import annotations

from typing import Any

from stoker.base.states import RunStatus
from stoker.cli.follow import BUILD_LOG, LogTail, default_log, follow, status_of, user_logs
from stoker.cli.output import emit, write_bytes
from stoker.cli.refs import run_path, segment
from stoker.cli.session import say
from stoker.cli.table import Column
from stoker.cli.units import size
from stoker.client import Api
from stoker.exceptions import NotFoundException

__all__ = ["list_logs", "show_log"]


def list_logs(api: Api, run: dict[str, Any]) -> None:
    """Write the names and sizes of a run's logs."""
    found = api.get(run_path(run, "logs"))["logs"]
    emit(found, [Column("LOG", "name"), Column("SIZE", lambda log: size(log["size"]), right=True)], empty="No logs.")


def show_log(
    api: Api, run: dict[str, Any], *, file: str | None, rank: int | None, tail: int | None, follow_it: bool
) -> int:
    """Write a log to stdout, and what is added until the run has ended; return the exit status."""
    names = user_logs(api, run)
    name = _chosen(file, rank, run, names)
    ended = RunStatus(run["status"]).is_terminal
    if name not in names and (ended or not follow_it):
        return _absent(run, name, names, rank)
    shown = LogTail(api, run, name)
    if tail is not None and name in names:
        _write_tail(api, run, shown, tail)
    if not follow_it:
        if tail is None:
            shown.pump()
        return 0
    return status_of(follow(api, run, [shown]))


def _chosen(file: str | None, rank: int | None, run: dict[str, Any], names: list[str]) -> str:
    if file is None:
        return default_log(run, names, rank)
    if file in names:
        return file
    ends = [name for name in names if name.endswith(f"/{file}")]
    if len(ends) == 1:
        return ends[0]
    from stoker.base.names import suggestion

    if RunStatus(run["status"]).is_terminal:
        raise NotFoundException(f"The run {run['id']} has no log {file!r}. {suggestion(file, names)}")
    return file


def _absent(run: dict[str, Any], name: str, names: list[str], rank: int | None) -> int:
    """Say why there is nothing to show; a build that failed has its own log."""
    if rank is not None and RunStatus(run["status"]).is_terminal:
        ranks = max(1, sum("std_log_process_" in name for name in names))
        raise NotFoundException(
            f"The run {run['id']} has no process of rank {rank}. "
            + (f"Its ranks are 0 to {ranks - 1}." if ranks > 1 else "It has one process: leave `--rank` out.")
        )
    if name != "user_logs/std_log.txt" and names and RunStatus(run["status"]).is_terminal:
        from stoker.base.names import suggestion

        raise NotFoundException(f"The run {run['id']} has no log {name!r}. {suggestion(name, names)}")
    say(f"The run is {run['status']} and has written nothing.")
    message = (run.get("error") or {}).get("message")
    if message:
        say(message)
    if BUILD_LOG in names:
        say(f"How its environment was made: stoker run logs {run['id']} --file environment.txt")
    return 0


def _write_tail(api: Api, run: dict[str, Any], shown: LogTail, count: int) -> None:
    """Write the last lines, and go on from the end of the log as it was before they were read."""
    sizes = {log["name"]: int(log["size"]) for log in api.get(run_path(run, "logs"))["logs"]}
    path = run_path(run, "logs", segment(shown.name))
    write_bytes(api.request("GET", path, params={"tail": count}).data)
    shown.offset = sizes[shown.name]
