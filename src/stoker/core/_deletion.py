"""Delete a workspace: stop what runs for it, then remove its folder."""

from __future__ import annotations

import os
import time

from stoker.exceptions import WorkspaceException

__all__ = ["delete_workspace"]

PATIENCE = 60.0
"""Seconds in which the service must have ended its runs and left."""


def delete_workspace(root: str, home: str) -> None:
    """Stop the service with its agent and runs, remove `home`, and forget the workspace.

    Parameters
    ----------
    root : str
        The workspace's folder; it is removed too when it was made by its name only and is empty then.
    home : str
        Its `.stoker` folder.
    """
    from stoker.client import registry
    from stoker.client.discovery import living_service

    if living_service(home) is not None or _has_agent(home):
        _stop(home)
    _remove(home)
    registry.forget(root)
    _remove_if_ours(root)


def _has_agent(home: str) -> bool:
    from stoker.base.locks import acquire, release

    path = os.path.join(home, "agent", "lock")
    if not os.path.exists(path):
        return False
    lock = acquire(path, timeout=0)
    if lock is None:
        return True
    release(lock)
    return False


def _stop(home: str) -> None:
    """Have the service end everything: it knows the agent and the runs, and is started for that if need be."""
    from stoker.base.processes import Identity, is_alive
    from stoker.client import connect
    from stoker.client.discovery import living_service

    api = connect(home)
    facts = living_service(home)
    api.post("/service/stop", {"mode": "cancel"})
    api.close()
    # Its process is waited for, not its word: it still writes while it leaves.
    process = None if facts is None else Identity(facts["pid"], facts["start"], facts["boot"])
    until = time.monotonic() + PATIENCE
    while process is not None and is_alive(process):
        if time.monotonic() > until:
            raise WorkspaceException(
                f"The service of {os.path.dirname(home)} did not stop within {PATIENCE:g} s, so nothing was deleted. "
                "Look at `stoker server status`, stop it with `stoker server stop --cancel`, and call delete again."
            )
        time.sleep(0.01)


def _remove(home: str) -> None:
    """Remove the folder; a supervisor that ends just now may take a file away while we look."""
    import shutil

    from stoker.base.trees import remove_tree

    until = time.monotonic() + 5.0
    while os.path.exists(home):
        if remove_tree(home):
            return
        try:
            shutil.rmtree(home)
        except OSError as error:
            if time.monotonic() > until:
                raise WorkspaceException(
                    f"The workspace's folder {home} can't be removed: {error}. Remove it by hand and call delete again."
                ) from error
            time.sleep(0.02)


def _remove_if_ours(root: str) -> None:
    from stoker.base.paths import stoker_home

    if os.path.dirname(root) == os.path.join(stoker_home(), "workspaces") and not os.listdir(root):
        os.rmdir(root)
