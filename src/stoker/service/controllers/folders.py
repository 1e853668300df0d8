"""The folders of ended runs: kept until the agent has taken note, then removed."""

from __future__ import annotations

import contextlib
import os
import threading
import time

from stoker.base.paths import WorkspacePaths
from stoker.base.states import RunStatus
from stoker.base.trees import remove_tree
from stoker.exceptions import NotFoundException
from stoker.service.store import Store

__all__ = ["EndedFolders"]

CLEAN_SECONDS = 10.0
"""How long the agent has to take note that a run has ended before its folder goes."""


class EndedFolders:
    """Removes the folders of submitted runs that have ended.

    A folder goes at once from where the agent looks, and then its files one by one in a thread: there may be very many,
    and the queue must not wait for them.

    Parameters
    ----------
    paths : WorkspacePaths
    store : Store
    """

    def __init__(self, paths: WorkspacePaths, store: Store) -> None:
        self._paths = paths
        self._store = store
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()
        self._is_emptying = False

    def add(self, run_id: str) -> None:
        """Have the folder of an ended run removed soon."""
        self._until[run_id] = time.monotonic() + CLEAN_SECONDS

    def sweep(self) -> None:
        """Add what an earlier service left: it may have been killed between the end of a run and the removal."""
        try:
            names = os.listdir(self._paths.runs)
        except FileNotFoundError:
            return
        for name in names:
            if os.path.exists(self._paths.run(name).ended) or self._is_over(name):
                self.add(name)
        self._empty()

    def clean(self) -> None:
        """Remove the folders that the agent has marked, and those for which it has had its time."""
        for run_id, until in list(self._until.items()):
            folder = self._paths.run(run_id)
            if os.path.exists(folder.ended) or time.monotonic() > until:
                self._throw_away(folder.folder)
                del self._until[run_id]

    def _throw_away(self, folder: str) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(self._paths.trash, 0o700)
        try:
            os.rename(folder, os.path.join(self._paths.trash, os.urandom(8).hex()))
        except OSError:
            # It is gone, or the runs have a disk of their own.
            remove_tree(folder)
        self._empty()

    def _empty(self) -> None:
        """Have a thread empty the trash, unless one is at it; what a killed service leaves, the next one takes."""
        with self._lock:
            if self._is_emptying or not _names(self._paths.trash):
                return
            self._is_emptying = True
        threading.Thread(target=self._empty_now, name="trash", daemon=True).start()

    def _empty_now(self) -> None:
        names = _names(self._paths.trash)
        while names:
            for name in names:
                remove_tree(os.path.join(self._paths.trash, name))
            with self._lock:
                # What can't be removed is left for the next start: trying again and again would help nobody.
                names = sorted(set(_names(self._paths.trash)) - set(names))
                self._is_emptying = bool(names)

    def _is_over(self, run_id: str) -> bool:
        try:
            run = self._store.runs.get(run_id)
        except NotFoundException:
            return False
        # What an interactive run has written may still be on its way after its end.
        return run["kind"] == "submitted" and RunStatus(run["status"]).is_terminal


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
