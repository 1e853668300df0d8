"""Make and read the folder of a workspace."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys

from stoker.base.ids import new_guid
from stoker.base.jsonio import read_json, write_json, write_text
from stoker.base.names import check_workspace_name
from stoker.base.paths import WorkspacePaths
from stoker.base.times import now_iso
from stoker.exceptions import UserErrorException, WorkspaceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["FORMAT", "create_workspace", "read_config", "update_config"]

FORMAT = 1


def create_workspace(
    root: str,
    name: str,
    *,
    subscription_id: str | None = None,
    resource_group: str | None = None,
    location: str | None = None,
    tags: dict[str, str] | None = None,
    friendly_name: str | None = None,
    experiment: str | None = None,
) -> dict[str, Any]:
    """Make the workspace `name` in the folder `root` and return its config.

    Raises
    ------
    stoker.exceptions.WorkspaceException
        The folder has a workspace already, or can't be written.
    """
    check_workspace_name(name)
    paths = WorkspacePaths.of_root(root)
    if os.path.exists(paths.config):
        raise WorkspaceException(
            f"The folder {root} already holds a workspace ({read_config(paths.home).get('name')}). "
            "Open it with Workspace.from_config(), or choose another folder."
        )
    config = {
        "format": FORMAT,
        "id": new_guid(),
        "name": name,
        "subscription_id": subscription_id or "local",
        "resource_group": resource_group or "stoker",
        "location": location or "local",
        "created": now_iso(),
        "experiment": experiment,
        "tags": tags or {},
        "friendly_name": friendly_name or name,
        "root": os.path.realpath(root),
        "python": sys.executable,
        "settings": {},
    }
    try:
        _write_new(paths, config)
    except OSError as error:
        raise WorkspaceException(
            f"No workspace can be made in {root}: {error.strerror or error}. "
            "Choose a folder that you can write to, on a local disk."
        ) from error
    return config


def _write_new(paths: WorkspacePaths, config: dict[str, Any]) -> None:
    os.makedirs(paths.root, exist_ok=True)
    os.makedirs(paths.home, mode=0o700, exist_ok=True)
    os.chmod(paths.home, 0o700)
    for folder in (paths.logs, paths.objects, paths.logfiles, paths.agent, paths.runs):
        os.makedirs(folder, mode=0o700, exist_ok=True)
    write_text(os.path.join(paths.home, ".gitignore"), "*\n")
    write_keys(paths)
    write_json(paths.config, config)


def write_keys(paths: WorkspacePaths) -> None:
    """Make a new signing key; the service writes the owner's token, signed with it, when it starts."""
    write_text(paths.key, secrets.token_hex(32))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(paths.token)


def read_config(home: str) -> dict[str, Any]:
    """Return the config of the workspace whose `.stoker` folder is `home`.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is none, it is not readable JSON, or it is of a newer format.
    """
    path = WorkspacePaths(home).config
    config = read_json(path)
    if not isinstance(config, dict) or "id" not in config:
        state = "is not whole" if os.path.exists(path) else "is not there"
        raise UserErrorException(
            f"The workspace's file {path} {state}, so the workspace can't be opened. "
            "Run `stoker init` in the folder to make a workspace, or put the file back."
        )
    if config.get("format", 0) > FORMAT:
        raise WorkspaceException(
            f"The workspace in {os.path.dirname(home)} was made by a newer Stoker (format {config['format']}, this one "
            f"knows {FORMAT}). Upgrade Stoker here."
        )
    return config


def update_config(home: str, **changes: Any) -> dict[str, Any]:
    """Change values in the config and return it whole."""
    config = {**read_config(home), **changes}
    write_json(WorkspacePaths(home).config, config)
    return config
