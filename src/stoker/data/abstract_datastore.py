"""What all datastores have in common."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace

__all__ = ["AbstractDatastore"]


class AbstractDatastore:
    """A place for data, known to a workspace by its name.

    Parameters
    ----------
    workspace : Workspace
    name : str
    datastore_type : str
        v1's word: `AzureBlob`, `AzureFile`, ...; and `LocalFolder`, `S3`, `GCS`, `Fsspec`, `SqlDatabase`.

    Attributes
    ----------
    workspace : Workspace
    name, datastore_type : str
    """

    def __init__(self, workspace: Workspace | None, name: str, datastore_type: str) -> None:
        self._workspace = workspace
        self._name = name
        self._datastore_type = datastore_type
        self._config: dict[str, Any] = {}

    @property
    def workspace(self) -> Any:
        """The workspace."""
        return self._workspace

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def datastore_type(self) -> str:
        """The type, in v1's words."""
        return self._datastore_type

    def set_as_default(self) -> None:
        """Make it the workspace's default."""
        self._api.post(f"{self._path}/default")

    def unregister(self) -> None:
        """Forget it; what is in it stays.

        Raises
        ------
        stoker.exceptions.UserErrorException
            It is one of the two that every workspace has.
        """
        self._api.delete(self._path)

    @property
    def _api(self) -> Any:
        from stoker.core._live import api_of

        return api_of(self.workspace)

    @property
    def _path(self) -> str:
        from stoker.client.http import quote_name

        return f"/datastores/{quote_name(self.name)}"

    @property
    def _options(self) -> dict[str, Any]:
        """What is on record of the place, and is no secret."""
        found: dict[str, Any] = self._config.get("options") or {}
        return found

    def _secret(self, name: str) -> str | None:
        """Return a part of its secret, asked of the service."""
        found: str | None = (self._api.get(self._path, secret=True).get("secret") or {}).get(name)
        return found

    def _facts(self) -> dict[str, Any]:
        """Return what `str` shows."""
        return {"name": self.name, "datastore_type": self.datastore_type}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AbstractDatastore):
            return NotImplemented
        return self.name.lower() == other.name.lower() and _place(self) == _place(other)

    def __hash__(self) -> int:
        return hash(self.name.lower())

    def __str__(self) -> str:
        """Return the facts as JSON, without secrets."""
        import json

        return json.dumps(self._facts(), indent=2)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from stoker.core._html import datastore_table

        return datastore_table(self)


def _place(datastore: AbstractDatastore) -> Any:
    return getattr(datastore.workspace, "_place", datastore.workspace)
