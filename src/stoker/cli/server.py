"""`stoker server`: the service of a workspace. It starts by itself; these are for looking and for teams."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

from stoker.base.paths import WorkspacePaths
from stoker.cli.app import Noun, option
from stoker.cli.output import emit
from stoker.cli.session import SESSION, UsageProblem, say
from stoker.cli.table import Column, facts
from stoker.cli.units import ago, size

app = Noun()


@app.verb("start")
def start() -> None:
    """Start the service, if it does not run."""
    from stoker.client import starter
    from stoker.client.discovery import living_service

    home = SESSION.home()
    ran = living_service(home) is not None
    found = starter.start(home)
    emit(found, text=lambda: f"The service {'runs already' if ran else 'runs'} at {found['url']}.")


@app.verb("stop")
def stop(
    cancel: Annotated[bool, option("--cancel", about="Cancel what runs")] = False,
    detach: Annotated[bool, option("--detach", about="Let it go on; the next start takes it over")] = False,
) -> None:
    """Stop the service and its agent."""
    from stoker.cli.services import stop_service

    if cancel and detach:
        raise UsageProblem("`--cancel` and `--detach` were both given. Runs either end or go on. Choose one.")
    mode = "cancel" if cancel else ("detach" if detach else None)
    stopped = stop_service(SESSION.home(), mode)
    text = f"Stopped {stopped['url']}." if stopped else "It did not run."
    emit({"stopped": stopped is not None}, text=lambda: text)


@app.verb("status")
def status() -> None:
    """Show whether the service runs, and what it does; never starts it."""
    api = SESSION.api_if_running()
    if api is None:
        text = f"No service runs for {SESSION.root()}. It starts by itself when a command needs it."
        emit({"state": "stopped"}, text=lambda: text)
        return
    found = {"state": "running", **api.get("/service")}
    emit(found, text=lambda: facts(_facts(found)))


def _facts(found: dict[str, Any]) -> list[tuple[str, Any]]:
    disk = found.get("disk") or {}
    return [
        ("Address", found["url"]),
        ("Process", str(found["pid"])),
        ("Version", found["version"]),
        ("Started", ago(found["started"])),
        ("Unfinished runs", str(found["unfinished"])),
        ("Leaves after", f"{found['idle_seconds']:g} s without work"),
        ("On disk", size(disk.get("workspace_bytes"))),
        ("Free", size(disk.get("free_bytes"))),
    ]


@app.verb("list")
def list_services() -> None:
    """List all services of this user."""
    from stoker.client.discovery import living_service
    from stoker.client.registry import all_workspaces

    found = []
    for name, place in sorted(all_workspaces().items()):
        if "://" in place:
            continue
        running = living_service(WorkspacePaths.of_root(place).home)
        if running is not None:
            found.append({"workspace": name, "url": running["url"], "pid": running["pid"], "root": place})
    columns = [
        Column("WORKSPACE", "workspace"),
        Column("ADDRESS", "url"),
        Column("PROCESS", "pid", right=True, named=True),
        Column("ROOT", "root", shrink=True),
    ]
    emit(found, columns, empty="No service runs.")


@app.verb("run")
def run() -> None:
    """Run the service in the foreground, for this machine only, until Ctrl-C."""
    from stoker.base.environ import service_environment
    from stoker.client.discovery import living_service

    home = SESSION.home()
    SESSION.config()
    running = living_service(home)
    if running is not None:
        raise UsageProblem(
            f"The service runs already at {running['url']} (process {running['pid']}). One workspace has one service. "
            "Stop it first: `stoker server stop`."
        )
    say(f"Serving {SESSION.root()}; Ctrl-C ends it.")
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "stoker.service", home], service_environment())  # noqa: S606  # no shell is wanted
