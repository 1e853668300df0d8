"""Make a workspace that is known by its name."""

from __future__ import annotations

from stoker.exceptions import WorkspaceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["create_by_name"]


def create_by_name(name: str, *, exist_ok: bool, **facts: Any) -> str:
    """Make a workspace in `STOKER_HOME` and return its folder, or the place of the one that is there.

    Raises
    ------
    stoker.exceptions.WorkspaceException
        The name is not legal, or is taken and `exist_ok` is False.
    """
    from stoker.base.names import check_workspace_name
    from stoker.client import layout, registry
    from stoker.core._locate import place_of_name, root_for_new

    place = place_of_name(check_workspace_name(name))
    if place is not None:
        if exist_ok:
            return place
        raise WorkspaceException(
            f"There is a workspace {name!r} already, in {place}. Open it with Workspace.get({name!r}), "
            "or pass exist_ok=True.",
            target="name",
        )
    root = root_for_new(name)
    layout.create_workspace(root, name, **facts)
    registry.register(name, root)
    return root
