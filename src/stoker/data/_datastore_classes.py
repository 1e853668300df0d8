"""From a datastore's record to an object of v1's class for its type."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.data.abstract_datastore import AbstractDatastore

__all__ = ["made"]

_CLASSES = {
    "AzureBlob": ("azure_storage_datastore", "AzureBlobDatastore"),
    "AzureFile": ("azure_storage_datastore", "AzureFileDatastore"),
    "AzureDataLake": ("azure_data_lake_datastore", "AzureDataLakeDatastore"),
    "AzureDataLakeGen2": ("azure_data_lake_datastore", "AzureDataLakeGen2Datastore"),
    "AzureSqlDatabase": ("azure_sql_database_datastore", "AzureSqlDatabaseDatastore"),
    "AzurePostgreSql": ("azure_postgre_sql_datastore", "AzurePostgreSqlDatastore"),
    "AzureMySql": ("azure_my_sql_datastore", "AzureMySqlDatastore"),
    "DBFS": ("dbfs_datastore", "DBFSDatastore"),
    "HDFS": ("hdfs_datastore", "HDFSDatastore"),
}
_OWN = {
    "LocalFolder": ("_own_datastores", "LocalFolderDatastore"),
    "S3": ("_own_datastores", "S3Datastore"),
    "GCS": ("_own_datastores", "GcsDatastore"),
    "Fsspec": ("_own_datastores", "FsspecDatastore"),
    "SqlDatabase": ("_sql_datastore", "SqlDatabaseDatastore"),
}


def made(workspace: Any, record: dict[str, Any]) -> AbstractDatastore:
    """Return the datastore of a record.

    Parameters
    ----------
    workspace : Workspace
    record : dict
        As the service gives it.
    """
    import importlib

    kind, name = record["type"], record["name"]
    config = record.get("config") or {}
    found: Any
    if kind in _CLASSES:
        module, title = _CLASSES[kind]
        known = getattr(importlib.import_module(f"stoker.data.{module}"), title)
        found = known(workspace, name, **{**config.get("facts", {}), **(config.get("options") or {})})
        found._has_secret = record["has_secret"]  # noqa: SLF001  # one package
    else:
        module, title = _OWN.get(kind, _OWN["Fsspec"])
        found = getattr(importlib.import_module(f"stoker.data.{module}"), title)(workspace, name, kind)
    found._config = config  # noqa: SLF001  # the same
    result: AbstractDatastore = found
    return result
