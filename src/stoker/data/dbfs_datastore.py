"""Datastores in the file system of Databricks."""

from __future__ import annotations

from stoker.data._file_datastore import FileDatastore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from stoker.core.workspace import Workspace

__all__ = ["DBFSDatastore"]


class DBFSDatastore(FileDatastore):
    """The file system of a Databricks workspace."""

    def __init__(self, workspace: Workspace | None, name: str, **settings: object) -> None:
        del settings
        super().__init__(workspace, name, "DBFS")
