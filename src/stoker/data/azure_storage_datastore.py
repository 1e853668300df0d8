"""Datastores in Azure storage accounts, or in the folders that stand for them."""

from __future__ import annotations

from stoker.data._file_datastore import FileDatastore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace

__all__ = ["AbstractAzureStorageDatastore", "AzureBlobDatastore", "AzureFileDatastore"]


class AbstractAzureStorageDatastore(FileDatastore):
    """A datastore of files in a storage account.

    Attributes
    ----------
    container_name, account_name : str or None
        None for a folder of this machine that stands for no container.
    protocol, endpoint : str or None
    """

    def __init__(
        self,
        workspace: Workspace | None,
        name: str,
        datastore_type: str,
        container_name: str | None,
        account_name: str | None,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
    ) -> None:
        super().__init__(workspace, name, datastore_type)
        self.container_name = container_name
        self.account_name = account_name
        self.protocol = protocol
        self.endpoint = endpoint
        self._given = {"sas_token": sas_token, "account_key": account_key}

    @property
    def account_key(self) -> str | None:
        """The account's key, asked of the workspace; None when there is none."""
        return self._given["account_key"] or (self._secret("account_key") if self._has_secret else None)

    @property
    def sas_token(self) -> str | None:
        """The shared access signature, asked of the workspace; None when there is none."""
        return self._given["sas_token"] or (self._secret("sas_token") if self._has_secret else None)

    @property
    def is_sas(self) -> bool:
        """Whether it is reached by a shared access signature."""
        return bool(self.sas_token)

    _has_secret = False

    def _facts(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "container_name": self.container_name,
            "account_name": self.account_name,
            "protocol": self.protocol,
            "endpoint": self.endpoint,
        }


class AzureBlobDatastore(AbstractAzureStorageDatastore):
    """A blob container; the workspace's own `workspaceblobstore` is a folder.

    Parameters
    ----------
    workspace : Workspace
    name, container_name, account_name : str
    sas_token, account_key, protocol, endpoint : str, optional
    **settings
        v1's other arguments, without effect.
    """

    def __init__(
        self,
        workspace: Workspace | None,
        name: str,
        container_name: str | None = None,
        account_name: str | None = None,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        **settings: object,
    ) -> None:
        del settings
        facts = (container_name, account_name, sas_token, account_key, protocol, endpoint)
        super().__init__(workspace, name, "AzureBlob", *facts)


class AzureFileDatastore(AbstractAzureStorageDatastore):
    """A file share; the workspace's own `workspacefilestore` is a folder.

    Parameters
    ----------
    workspace : Workspace
    name, container_name, account_name : str
        The container is the share.
    sas_token, account_key, protocol, endpoint : str, optional
    **settings
        v1's other arguments, without effect.
    """

    def __init__(
        self,
        workspace: Workspace | None,
        name: str,
        container_name: str | None = None,
        account_name: str | None = None,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        **settings: object,
    ) -> None:
        del settings
        facts = (container_name, account_name, sas_token, account_key, protocol, endpoint)
        super().__init__(workspace, name, "AzureFile", *facts)
