"""Where a workspace is: from a folder upwards, from v1's file, or by name."""

from __future__ import annotations

import os

from stoker.exceptions import NotFoundException, UserErrorException, WorkspaceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["locate", "place_by_name", "place_of_name", "root_for_new", "write_v1_file"]

MOST_NAMED = 5
"""Workspaces that the error names when there is none in the folder."""


def locate(path: str | os.PathLike[str] | None, file_name: str | None = None) -> str:
    """Return the root folder or the address of the workspace that a script means.

    Parameters
    ----------
    path : str, optional
        A workspace file, or the folder where to begin; default: the working directory.
    file_name : str, optional
        The name of v1's file; default: `config.json`.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is none; the message names the file and the folder where the search began.
    """
    start = os.path.abspath(path or ".")
    if os.path.isfile(start):
        return _place_of_file(start)
    if not os.path.isdir(start):
        raise UserErrorException(
            f"There is no file or folder {start!r}, so no workspace can be read from it. "
            "Give the folder of your project, or leave the path out to begin in the working directory.",
            target="path",
        )
    found = _search(start, file_name or "config.json")
    if found is None:
        raise UserErrorException(
            f"No workspace was found: neither .stoker/ nor the file {file_name or 'config.json'} is in {start} (nor "
            f"in its .azureml/ and aml_config/), nor in any folder above. {_elsewhere()}Run `stoker init` there, or "
            "use Workspace.create(name=...).",
            target="path",
        )
    return _place_of_file(found)


def _elsewhere() -> str:
    """Return a sentence about the workspaces that this user has; empty without any."""
    from stoker.base.names import some_of
    from stoker.client.registry import all_workspaces

    names = sorted(all_workspaces())
    if not names:
        return ""
    shown = some_of(names, MOST_NAMED)
    return f"You have {shown} elsewhere: `-w NAME` on the command line and Workspace.get(NAME) open one. "


def _search(start: str, file_name: str) -> str | None:
    folder = start
    while True:
        for place in _places(file_name):
            path = os.path.join(folder, place)
            if os.path.isfile(path) and (place != file_name or _names_a_workspace(path)):
                return path
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _places(file_name: str) -> tuple[str, ...]:
    own = (os.path.join(".stoker", "config.json"),) if file_name == "config.json" else ()
    return (*own, file_name, os.path.join(".azureml", file_name), os.path.join("aml_config", file_name))


def _names_a_workspace(path: str) -> bool:
    """Whether the file is about a workspace; many other tools have a `config.json` too."""
    from stoker.base.jsonio import read_json

    content = read_json(path)
    return isinstance(content, dict) and bool({"workspace_name", "stoker"} & set(content))


def _place_of_file(path: str) -> str:
    folder = os.path.dirname(path)
    if os.path.basename(folder) == ".stoker":
        return os.path.dirname(folder)
    content = _read(path)
    place = _known_place(content, folder)
    if place is not None:
        return place
    name = str(content.get("workspace_name") or "")
    return place_of_name(name) or _make(content, name, folder)


def _read(path: str) -> dict[str, Any]:
    import json

    try:
        with open(path, encoding="utf-8-sig") as file:
            content = json.load(file)
    except json.JSONDecodeError as error:
        raise UserErrorException(
            f"The workspace file {path} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}. Mend it.",
            target="path",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserErrorException(f"The workspace file {path} can't be read: {error}.", target="path") from error
    if not isinstance(content, dict) or not ({"workspace_name", "stoker"} & set(content)):
        raise UserErrorException(
            f"The file {path} names no workspace: it has no 'workspace_name'. Write it with "
            "Workspace.write_config(), or run `stoker init` in the folder.",
            target="path",
        )
    return content


def _known_place(content: dict[str, Any], folder: str) -> str | None:
    """Return what a file that we wrote points to; None when that is gone, or v1 wrote the file."""
    given = content.get("stoker")
    if isinstance(given, dict):
        given = given.get("url") or given.get("root")
    if not isinstance(given, str) or not given:
        return None
    if "://" in given:
        return given
    root = os.path.abspath(os.path.join(folder, os.path.expanduser(given)))
    return root if _is_workspace(root) else None


def _is_workspace(root: str) -> bool:
    return os.path.isfile(os.path.join(root, ".stoker", "config.json"))


def place_of_name(name: str) -> str | None:
    """Return the root folder or the address of the workspace of that name, or None."""
    from stoker.client import registry

    place = registry.lookup(name)
    if place is None and name and _is_workspace(root_for_new(name)):
        return root_for_new(name)
    return place


def place_by_name(name: str) -> str:
    """Return the place of the workspace of that name, or raise `WorkspaceException`."""
    from stoker.base.names import suggestion
    from stoker.client import registry

    place = place_of_name(name)
    if place is None:
        raise WorkspaceException(
            f"There is no workspace {name!r} here. {suggestion(name, registry.all_workspaces())} "
            f"Make it with Workspace.create({name!r}), or run `stoker init` in a folder.",
            NotFoundException(),
            target="name",
        )
    return place


def root_for_new(name: str) -> str:
    """Return the folder of a workspace that is made by its name only."""
    from stoker.base.paths import stoker_home

    return os.path.join(stoker_home(), "workspaces", name)


def _make(content: dict[str, Any], name: str, folder: str) -> str:
    """Make the workspace that v1's file names, in the folder of the project."""
    import logging

    from stoker.base.names import legal_workspace_name
    from stoker.client import registry
    from stoker.client.layout import create_workspace

    root = os.path.dirname(folder) if os.path.basename(folder) in {".azureml", "aml_config"} else folder
    if not _is_workspace(root):
        legal = legal_workspace_name(name or os.path.basename(root), registry.all_workspaces())
        create_workspace(
            root,
            legal,
            subscription_id=_text(content.get("subscription_id")),
            resource_group=_text(content.get("resource_group")),
        )
        registry.register(legal, root)
        logging.getLogger("stoker").warning("The workspace %r was made in %s/.stoker.", legal, root)
    return root


def _text(value: Any) -> str | None:
    return str(value) if value else None


def write_v1_file(path: str | os.PathLike[str] | None, file_name: str | None, facts: dict[str, Any], place: str) -> str:
    """Write the file that `locate` reads and return its path: `<path>/.azureml/<file_name>`."""
    from stoker.base.jsonio import write_json

    folder = os.path.join(os.path.abspath(path or "."), ".azureml")
    target = os.path.join(folder, file_name or "config.json")
    content = {
        "subscription_id": facts["subscription_id"],
        "resource_group": facts["resource_group"],
        "workspace_name": facts["name"],
        "stoker": place,
    }
    try:
        os.makedirs(folder, exist_ok=True)
        write_json(target, content, 0o644)
    except OSError as error:
        raise WorkspaceException(
            f"The workspace file {target} can't be written: {error.strerror or error}. Choose another path.",
            target="path",
        ) from error
    return target
