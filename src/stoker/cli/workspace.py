"""`stoker workspace`: where runs are kept."""

from __future__ import annotations

import os
from typing import Annotated, Any

from typer import Argument

from stoker.base.paths import WorkspacePaths
from stoker.cli.app import Noun, Yes
from stoker.cli.output import emit
from stoker.cli.session import SESSION, confirm, hint
from stoker.cli.table import Column, facts

app = Noun()

Place = Annotated[str, Argument(metavar="WORKSPACE", help="A name, or a folder that holds a workspace")]


@app.verb("list")
def list_workspaces() -> None:
    """List this user's workspaces."""
    from stoker.client.discovery import living_service
    from stoker.client.registry import all_workspaces

    found = []
    for name, place in sorted(all_workspaces().items()):
        facts_of = None if "://" in place else living_service(WorkspacePaths.of_root(place).home)
        found.append({"name": name, "root": place, "url": facts_of["url"] if facts_of else None})
    columns = [Column("NAME", "name"), Column("ROOT", "root", shrink=True), Column("SERVICE", "url")]
    emit(found, columns, empty="No workspaces. Make one with `stoker init`.")


@app.verb("show")
def show() -> None:
    """Show the workspace of this folder."""
    config = _shown(SESSION.config())
    names = ("name", "root", "id", "subscription_id", "resource_group", "location", "created", "experiment", "tags")
    emit(config, text=lambda: facts([(name.replace("_", " ").capitalize(), config.get(name)) for name in names]))


def _shown(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, "root": SESSION.root()}


@app.verb("create")
def create(
    name: Annotated[str, Argument(metavar="NAME")],
    path: Annotated[str | None, Argument(metavar="PATH", help="Default: a folder of Stoker's own")] = None,
) -> None:
    """Make a workspace of that name."""
    from stoker.client.layout import create_workspace
    from stoker.client.registry import register
    from stoker.core._locate import place_of_name, root_for_new
    from stoker.exceptions import ConflictException

    taken = place_of_name(name)
    if taken is not None:
        raise ConflictException(
            f"There is a workspace {name!r} already. It is in {taken}. Choose another name, or use that one with "
            f"`--workspace {name}`."
        )
    root = os.path.abspath(path or root_for_new(name))
    config = create_workspace(root, name)
    register(name, root)
    emit(config, text=lambda: f"Made the workspace {name} in {root}.")
    hint(f"Use it in this folder:  stoker workspace use {name}")


@app.verb("use")
def use(place: Place) -> None:
    """Make this folder belong to a workspace that is elsewhere.

    Writes .azureml/config.json, the file that v1's `Workspace.from_config()` reads.
    """
    SESSION.place = place
    _write_config(os.getcwd())


@app.verb("config")
def config(
    path: Annotated[str, Argument(metavar="PATH", help="Folder that gets .azureml/config.json")] = ".",
) -> None:
    """Write v1's file, .azureml/config.json, for the workspace."""
    _write_config(path)


def _write_config(folder: str) -> None:
    SESSION.workspace().write_config(path=folder)
    written = os.path.join(os.path.abspath(folder), ".azureml", "config.json")
    emit({"path": written, "workspace": SESSION.config()["name"]}, text=lambda: f"Wrote {written}.")


@app.verb("delete")
def delete(
    place: Annotated[str | None, Argument(metavar="WORKSPACE", help="Default: the one of this folder")] = None,
    yes: Yes = False,
) -> None:
    """Delete a workspace: its records, metrics, logs and files.

    Unfinished runs are canceled. The folder around it stays.
    """
    from stoker.cli.services import stop_service

    if place is not None:
        SESSION.place = place
    name, home, root = SESSION.config()["name"], SESSION.home(), SESSION.root()
    confirm(
        f"Delete the workspace {name} ({home}), with all runs, metrics, logs and files? What runs is canceled.", yes=yes
    )
    stop_service(home, "cancel")
    SESSION.workspace().delete()
    text = f"Deleted the workspace {name}; nothing else in {root} was touched."
    emit({"deleted": name, "root": root}, text=lambda: text)
