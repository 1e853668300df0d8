"""The records and the bytes of a workspace.

`Store` holds the records, `ArtifactStore` the objects, `LogFiles` the logs. Nothing above knows what lies below them.
"""

from __future__ import annotations

from stoker.service.store.base import IngestResult, MetricPoint, Store
from stoker.service.store.base_runs import Record
from stoker.service.store.logfiles import LogFiles
from stoker.service.store.objects import ArtifactStore, FolderArtifactStore, ObjectWriter, StoredObject
from stoker.service.store.remote_objects import FsspecArtifactStore
from stoker.service.store.sql.store import SqlStore

__all__ = [
    "ArtifactStore",
    "FolderArtifactStore",
    "FsspecArtifactStore",
    "IngestResult",
    "LogFiles",
    "MetricPoint",
    "ObjectWriter",
    "Record",
    "SqlStore",
    "Store",
    "StoredObject",
]
