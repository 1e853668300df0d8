"""A copied workspace has the records of its original, and nothing of what is running there."""

from __future__ import annotations

from stoker.base.states import RunStatus
from stoker.service.store import Store

__all__ = ["close_copied"]


def close_copied(store: Store, workspace_id: str) -> None:
    """End, in the records of a copy, the runs that go on in the original; nothing happens to any other workspace.

    Parameters
    ----------
    store : Store
    workspace_id : str
        The id of the workspace that is served; records of another one were copied.
    """
    with store.write():
        owner = store.workspace.get().get("records_of")
        if owner == workspace_id:
            return
        for run in store.runs.unfinished(None) if owner else ():
            message = "The workspace was copied while this run was unfinished. It goes on there; submit it here anew."
            store.runs.set_handle(run["id"], None)
            store.runs.transition(run["id"], RunStatus.FAILED, error={"code": "Copied", "message": message})
        store.workspace.update(records_of=workspace_id)
