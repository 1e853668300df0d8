"""The verbs that have no noun: `init`, `status`, `studio`, `gc`."""

from __future__ import annotations

import os
import shlex
import sys
from typing import Annotated, Any

from typer import Argument

from stoker.cli.app import Noun, option
from stoker.cli.output import emit
from stoker.cli.session import SESSION, hint, say
from stoker.cli.table import Column, facts, table
from stoker.cli.units import ago, duration, size

app = Noun()


@app.verb("init")
def init(
    path: Annotated[str, Argument(metavar="PATH", help="Default: this folder")] = ".",
    name: Annotated[str | None, option("--name", about="Default: the folder's, numbered if taken")] = None,
    experiment: Annotated[
        str | None, option("--experiment", "-e", about="Experiment of what is submitted here", metavar="EXPERIMENT")
    ] = None,
) -> None:
    """Make a workspace in a folder: no questions, no account."""
    from stoker.base.names import check_experiment_name, legal_workspace_name
    from stoker.base.paths import WorkspacePaths
    from stoker.client.layout import create_workspace, read_config
    from stoker.client.registry import all_workspaces, register

    root = os.path.abspath(path)
    home = WorkspacePaths.of_root(root).home
    if os.path.exists(WorkspacePaths.of_root(root).config) and name is None:
        config = read_config(home)
        emit({**config, "root": root}, text=lambda: f"The workspace {config['name']} is in {root} already.")
        return
    if experiment is not None:
        check_experiment_name(experiment)
    known = all_workspaces()
    _check_free(name, root, known)
    taken = [key for key, place in known.items() if place != root]
    chosen = name or legal_workspace_name(os.path.basename(root), taken)
    config = create_workspace(root, chosen, experiment=experiment)
    register(chosen, root)
    emit({**config, "root": root}, text=lambda: f"Made the workspace {chosen} in {home}.")
    where = "" if root == os.getcwd() else f"cd {shlex.quote(path)} && "
    say(f"Next:  {where}stoker run submit SCRIPT")


def _check_free(name: str | None, root: str, known: dict[str, str]) -> None:
    from stoker.exceptions import ConflictException

    place = known.get(name or "")
    if place is not None and place != root:
        raise ConflictException(
            f"There is a workspace {name!r} already. It is in {place}. Choose another name, or leave `--name` out."
        )


@app.verb("status")
def status() -> None:
    """Show what runs now, and what it takes; never starts the service."""
    config = SESSION.config()
    api = SESSION.api_if_running()
    found: dict[str, Any] = {"workspace": config["name"], "root": SESSION.root(), "service": None, "runs": []}
    if api is None:
        found["disk"] = _disk(SESSION.home())
        found["runs"] = _going_on(SESSION.home())
    else:
        service = api.get("/service")
        found["service"] = {key: service.get(key) for key in ("url", "pid", "version", "started", "idle_seconds")}
        found["disk"] = service.get("disk") or {}
        found["runs"] = service.get("running") or []
    emit(found, text=lambda: _status_text(found))


def _status_text(found: dict[str, Any]) -> str:
    service, disk = found["service"], found["disk"]
    head = [
        ("Workspace", f"{found['workspace']} ({found['root']})"),
        ("Service", f"{service['url']}, started {ago(service['started'])}" if service else "not running"),
        ("On disk", f"{size(disk.get('workspace_bytes'))}, {size(disk.get('free_bytes'))} free"),
    ]
    columns = [
        Column("RUN", "id"),
        Column("STATUS", "status"),
        Column("TIME", duration, right=True),
        Column("TARGET", "target", shrink=True),
    ]
    none = "No run is unfinished." if service else "No run goes on."
    runs = table(found["runs"], columns) if found["runs"] else none
    return f"{facts(head)}\n\n{runs}"


def _going_on(home: str) -> list[dict[str, Any]]:
    """Return the runs that go on without the service: those whose supervisor lives."""
    from stoker.base.jsonio import read_json
    from stoker.base.paths import WorkspacePaths
    from stoker.base.processes import Identity, is_alive
    from stoker.base.states import RunStatus
    from stoker.base.times import iso

    paths, found = WorkspacePaths(home), []
    for run_id in sorted(os.listdir(paths.runs) if os.path.isdir(paths.runs) else []):
        state = read_json(paths.run(run_id).state) or {}
        if state.get("started") and is_alive(Identity(state["pid"], state["start"], state["boot"])):
            status = RunStatus.RUNNING.value
            found.append({"id": run_id, "status": status, "started": iso(state["started"])})
    return found


def _disk(home: str) -> dict[str, int]:
    """Return the sizes that the service would have told."""
    import shutil

    total = 0
    for base, _, names in os.walk(home):
        for name in names:
            try:
                total += os.lstat(os.path.join(base, name)).st_size
            except OSError:
                continue
    usage = shutil.disk_usage(home)
    return {"workspace_bytes": total, "free_bytes": usage.free, "total_bytes": usage.total}


@app.verb("studio")
def studio(
    run: Annotated[str | None, Argument(metavar="RUN", help="Open the page of that run")] = None,
    no_browser: Annotated[bool, option("--no-browser", about="Print the link only")] = False,
) -> None:
    """Open the workspace in a browser, by a link that works once."""
    from stoker.cli.refs import find_run, segment

    api = SESSION.api()
    page = "/" if run is None else f"/runs/{segment(find_run(api, run)['id'])}"
    made = api.post("/codes", {"next": page})
    emit({"url": made["url"]}, text=lambda: str(made["url"]))
    if not no_browser and _has_screen() and sys.stdout.isatty():
        import webbrowser

        if webbrowser.open(made["url"]):
            say("Opened it in the browser.")
        else:
            say("No browser could be opened; open the link yourself.")


def _has_screen() -> bool:
    """Whether a browser would have a window: else `webbrowser` may take over this terminal with a text browser."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@app.verb("gc")
def gc(dry_run: Annotated[bool, option("--dry-run", about="Only say what would go")] = False) -> None:
    """Clear environments, caches and stored files that nothing refers to."""
    answer = SESSION.api().post("/gc", {"dry_run": dry_run})
    columns = [
        Column("WHAT", "kind"),
        Column("NAME", "name", shrink=True),
        Column("SIZE", lambda row: size(row.get("size")), right=True),
    ]
    emit(answer["removed"], columns, empty="There is nothing to clear.")
    if answer["removed"]:
        say(f"{size(answer['bytes'])} {'would be' if dry_run else 'is'} free again.")
    if dry_run and answer["removed"]:
        hint("Clear it:  stoker gc")
