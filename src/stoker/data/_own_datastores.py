"""Datastores of kinds that v1 had not: folders, S3, Google Cloud Storage, any fsspec place."""

from __future__ import annotations

from stoker.data._file_datastore import FileDatastore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["FsspecDatastore", "GcsDatastore", "LocalFolderDatastore", "S3Datastore"]


class LocalFolderDatastore(FileDatastore):
    """A folder of the machine that the workspace is on."""

    @property
    def root(self) -> str:
        """The folder."""
        return str(self._config.get("path") or "")

    def _facts(self) -> dict[str, Any]:
        return {"name": self.name, "datastore_type": self.datastore_type, "path": self.root}


class FsspecDatastore(FileDatastore):
    """A place that fsspec reaches."""

    @property
    def url(self) -> str:
        """The address, without secrets."""
        return str(self._config.get("url") or "")

    def _facts(self) -> dict[str, Any]:
        return {"name": self.name, "datastore_type": self.datastore_type, "url": self.url}


class S3Datastore(FsspecDatastore):
    """A bucket that speaks S3."""

    @property
    def bucket_name(self) -> str:
        """The bucket."""
        return self.url.partition("://")[2].partition("/")[0]


class GcsDatastore(S3Datastore):
    """A bucket of Google Cloud Storage."""
