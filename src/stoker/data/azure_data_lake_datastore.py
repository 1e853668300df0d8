"""Datastores in Azure Data Lake, of both generations."""

from __future__ import annotations

from stoker.data._file_datastore import FileDatastore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace

__all__ = ["AbstractADLSDatastore", "AzureDataLakeDatastore", "AzureDataLakeGen2Datastore"]


class AbstractADLSDatastore(FileDatastore):
    """A data lake, reached as a service principal.

    Attributes
    ----------
    tenant_id, client_id, resource_url, authority_url : str or None
    """

    def __init__(
        self,
        workspace: Workspace | None,
        name: str,
        datastore_type: str,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        **settings: object,
    ) -> None:
        del settings
        super().__init__(workspace, name, datastore_type)
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.resource_url = resource_url
        self.authority_url = authority_url
        self._given_secret = client_secret

    @property
    def client_secret(self) -> str | None:
        """The service principal's secret, asked of the workspace; None when there is none."""
        return self._given_secret or self._secret("client_secret")


class AzureDataLakeDatastore(AbstractADLSDatastore):
    """A data lake of the first generation.

    Parameters
    ----------
    workspace : Workspace
    name, store_name : str
    tenant_id, client_id, client_secret, resource_url, authority_url, subscription_id, resource_group : str, optional
    **settings
        v1's other arguments, without effect.
    """

    def __init__(
        self,
        workspace: Workspace | None,
        name: str,
        store_name: str | None = None,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        **settings: object,
    ) -> None:
        del settings
        facts = (tenant_id, client_id, client_secret, resource_url, authority_url)
        super().__init__(workspace, name, "AzureDataLake", *facts)
        self.store_name = store_name
        self.subscription_id = subscription_id
        self.resource_group = resource_group

    def _facts(self) -> dict[str, Any]:
        return {"name": self.name, "store_name": self.store_name, "tenant_id": self.tenant_id}


class AzureDataLakeGen2Datastore(AbstractADLSDatastore):
    """A data lake of the second generation: a blob container with folders.

    Parameters
    ----------
    workspace : Workspace
    name, container_name, account_name : str
    tenant_id, client_id, client_secret, resource_url, authority_url, protocol, endpoint : str, optional
    **settings
        v1's other arguments, without effect.
    """

    def __init__(
        self,
        workspace: Workspace | None,
        name: str,
        container_name: str | None = None,
        account_name: str | None = None,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        **settings: object,
    ) -> None:
        del settings
        facts = (tenant_id, client_id, client_secret, resource_url, authority_url)
        super().__init__(workspace, name, "AzureDataLakeGen2", *facts)
        self.container_name = container_name
        self.account_name = account_name
        self.protocol = protocol
        self.endpoint = endpoint

    def _facts(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "container_name": self.container_name,
            "account_name": self.account_name,
            "protocol": self.protocol,
            "endpoint": self.endpoint,
        }
