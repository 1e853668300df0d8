"""Find a workspace from a folder, and the living service of a workspace."""

from __future__ import annotations

import os

from stoker.base.jsonio import read_json
from stoker.base.paths import WorkspacePaths
from stoker.base.processes import Identity, is_alive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["V1_PLACES", "find_config", "find_root", "folder_identity", "living_service"]

V1_PLACES = ("config.json", os.path.join(".azureml", "config.json"), os.path.join("aml_config", "config.json"))
"""Where v1 keeps its file, in the order in which each folder is searched."""


def find_config(start: str) -> str | None:
    """Return the first workspace file from `start` upwards: `.stoker/config.json`, then v1's three places."""
    folder = os.path.abspath(start)
    while True:
        for place in (os.path.join(".stoker", "config.json"), *V1_PLACES):
            path = os.path.join(folder, place)
            if os.path.isfile(path):
                return path
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def find_root(start: str) -> str | None:
    """Return the nearest folder from `start` upwards that holds a `.stoker` workspace, or None."""
    folder = os.path.abspath(start)
    while not os.path.isfile(os.path.join(folder, ".stoker", "config.json")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def folder_identity(home: str) -> list[int]:
    """Return what tells a `.stoker` folder from its copy, and stays when it is moved or mounted at another place."""
    try:
        facts = os.stat(home)
    except FileNotFoundError:
        return []
    return [facts.st_dev, facts.st_ino]


def living_service(home: str) -> dict[str, Any] | None:
    """Return what `service.json` says when its process lives (pid, start time and boot agree), else None.

    A copied folder has the file of its original, whose service is not its own.
    """
    facts = read_json(WorkspacePaths(home).service)
    if not isinstance(facts, dict) or not {"url", "pid", "start", "boot"} <= set(facts):
        return None
    if "folder" in facts and facts["folder"] != folder_identity(home):
        return None
    return facts if is_alive(Identity(facts["pid"], facts["start"], facts["boot"])) else None
