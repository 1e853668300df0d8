"""Where things lie: a workspace's home, a run's folder, the user's own places."""

from __future__ import annotations

import os

__all__ = ["WORKSPACE_FOLDER", "RunPaths", "WorkspacePaths", "cache_home", "stoker_home"]

WORKSPACE_FOLDER = ".stoker"
"""The folder that makes another one a workspace: records, objects, and keys."""


def stoker_home() -> str:
    """Return the folder of the registry and of workspaces made by name (`STOKER_HOME`)."""
    return os.environ.get("STOKER_HOME") or os.path.expanduser("~/.local/share/stoker")


def cache_home() -> str:
    """Return the folder of environments and caches, shared by all workspaces (`STOKER_CACHE`)."""
    return os.environ.get("STOKER_CACHE") or os.path.expanduser("~/.cache/stoker")


class WorkspacePaths:
    """The files of one workspace, below `ROOT/.stoker`.

    Parameters
    ----------
    home : str
        The `.stoker` folder.
    """

    def __init__(self, home: str) -> None:
        self.home = os.path.abspath(home)
        self.root = os.path.dirname(self.home)
        self.config = os.path.join(self.home, "config.json")
        self.database = os.path.join(self.home, "stoker.db")
        self.key = os.path.join(self.home, "key")
        self.token = os.path.join(self.home, "token")
        self.service = os.path.join(self.home, "service.json")
        self.service_lock = os.path.join(self.home, "service.lock")
        self.start_lock = os.path.join(self.home, "start.lock")
        self.logs = os.path.join(self.home, "logs")
        self.objects = os.path.join(self.home, "objects")
        self.logfiles = os.path.join(self.home, "logfiles")
        self.agent = os.path.join(self.home, "agent")
        self.runs = os.path.join(self.home, "runs")
        self.trash = os.path.join(self.home, "trash")

    @classmethod
    def of_root(cls, root: str) -> WorkspacePaths:
        """Return the paths of the workspace in the folder `root`."""
        return cls(os.path.join(root, WORKSPACE_FOLDER))

    def run(self, run_id: str) -> RunPaths:
        """Return the paths of one run's folder."""
        return RunPaths(os.path.join(self.runs, run_id))


class RunPaths:
    """The files of one run's folder on the machine where it runs."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.spec = os.path.join(folder, "spec.json")
        self.state = os.path.join(folder, "state.json")
        self.cancel = os.path.join(folder, "cancel.json")
        self.work = os.path.join(folder, "work")
        self.user_logs = os.path.join(folder, "user_logs")
        self.system_logs = os.path.join(folder, "system_logs")
        self.journals = os.path.join(folder, "journal")
        self.resources = os.path.join(folder, "resources.jsonl")
        self.shipped = os.path.join(folder, "shipped.json")
        self.ended = os.path.join(folder, "ended")
