"""What a script of a run took of models: on record as inputs of the run."""

from __future__ import annotations

import contextlib
import os

from stoker.exceptions import StokerException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace

__all__ = ["note_use", "run_workspace"]

_noted: set[tuple[str, str, str]] = set()


def run_workspace() -> Workspace | None:
    """Return the workspace of the run that this process belongs to, or None outside of runs."""
    if not os.environ.get("STOKER_RUN_ID"):
        return None
    from stoker.core.run import Run

    workspace: Workspace = Run.get_context().experiment.workspace
    return workspace


def note_use(workspace: Any, record: dict[str, Any], mechanism: str) -> None:
    """Record a model as an input of this process' run, once; a model that the run has made itself is none.

    That is never why a script fails: without the service, it is left out.
    """
    run_id = os.environ.get("STOKER_RUN_ID")
    if not run_id or record.get("run_id") == run_id or not _is_of_run(workspace):
        return
    key = (run_id, record["id"], mechanism)
    if key in _noted:
        return
    _noted.add(key)
    item = {
        "direction": "input",
        "kind": "model",
        "ref": record["id"],
        "name": record["name"],
        "mechanism": mechanism,
        "details": {},
    }
    with contextlib.suppress(StokerException):
        workspace._api.post(f"/runs/{run_id}/lineage", item)  # noqa: SLF001  # one package


def _is_of_run(workspace: Any) -> bool:
    own = run_workspace()
    if own is None:
        return False
    if own is workspace:
        return True
    ours, theirs = (getattr(item, "_home", None) for item in (own, workspace))
    if ours and theirs:
        return bool(os.path.realpath(ours) == os.path.realpath(theirs))
    places = [getattr(item, "_place", None) for item in (own, workspace)]
    return bool(places[0] == places[1])
