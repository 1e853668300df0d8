"""Names that v1 has here: kinds of datastores, ways to deliver data."""

from __future__ import annotations

__all__ = [
    "ACCOUNT_KEY",
    "AZURE_BLOB",
    "AZURE_DATA_LAKE",
    "AZURE_DATA_LAKE_GEN2",
    "AZURE_FILE",
    "AZURE_MYSQL",
    "AZURE_POSTGRESQL",
    "AZURE_SQL_DATABASE",
    "CLIENT_CREDENTIALS",
    "CONFLICT_MESSAGE",
    "CUSTOM",
    "DBFS",
    "DIRECT_MODE",
    "DOWNLOAD_MODE",
    "HDFS",
    "HDFS_MODE",
    "LINK_MODE",
    "MANAGED_DATASET",
    "MOUNT_MODE",
    "NONE",
    "SAS",
    "SERVICE_PRINCIPAL",
    "SQL_AUTHENTICATION",
    "UPLOAD_MODE",
    "WORKSPACE_BLOB_DATASTORE",
    "WORKSPACE_FILE_DATASTORE",
]

AZURE_BLOB = "AzureBlob"
AZURE_DATA_LAKE = "AzureDataLake"
AZURE_DATA_LAKE_GEN2 = "AzureDataLakeGen2"
AZURE_FILE = "AzureFile"
AZURE_MYSQL = "AzureMySql"
AZURE_POSTGRESQL = "AzurePostgreSql"
AZURE_SQL_DATABASE = "AzureSqlDatabase"
CUSTOM = "Custom"
DBFS = "DBFS"
HDFS = "Hdfs"

ACCOUNT_KEY = "AccountKey"
CLIENT_CREDENTIALS = "ClientCredentials"
NONE = "None"
SAS = "Sas"
SERVICE_PRINCIPAL = "ServicePrincipal"
SQL_AUTHENTICATION = "SqlAuthentication"

WORKSPACE_BLOB_DATASTORE = "workspaceblobstore"
WORKSPACE_FILE_DATASTORE = "workspacefilestore"
MANAGED_DATASET = "managed-dataset"
CONFLICT_MESSAGE = "Another datastore with the same name already exists"

DIRECT_MODE = "direct"
DOWNLOAD_MODE = "download"
HDFS_MODE = "hdfs"
LINK_MODE = "link"
MOUNT_MODE = "mount"
UPLOAD_MODE = "upload"
