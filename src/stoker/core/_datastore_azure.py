"""Registration of v1's kinds of datastores in Azure storage."""

from __future__ import annotations

from stoker.core._datastore_places import checked, folder_for, given, naming_a_folder, register
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace

__all__ = ["AzureStorage"]


class AzureStorage:
    """How containers, shares and lakes become datastores."""

    @staticmethod
    def register_azure_blob_container(
        workspace: Workspace,
        datastore_name: str,
        container_name: str,
        account_name: str,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        create_if_not_exists: bool = False,
        skip_validation: bool = False,
        blob_cache_timeout: object = None,
        grant_workspace_access: object = False,
        subscription_id: str | None = None,
        resource_group: str | None = None,
    ) -> Any:
        """Register a blob container, or the folder that stands for it.

        Where the setting `azure_folders` (or `STOKER_AZURE_FOLDERS`) names a folder for `account/container`, that is
        used, and Azure is not asked. Else it is the container itself, by `pip install 'stoker[azure]'`.

        Parameters
        ----------
        workspace : Workspace
        datastore_name, container_name, account_name : str
        sas_token, account_key : str, optional
            The secret; kept encrypted.
        protocol : str, default="https"
        endpoint : str, optional
            `core.windows.net`, or a whole address, as an emulator has it.
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.
        create_if_not_exists : bool, default=False
            Whether the container is made.
        skip_validation : bool, default=False
            Whether the container is not looked at now.
        subscription_id, resource_group : str, optional
            Labels.
        blob_cache_timeout, grant_workspace_access
            v1's arguments, without effect.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is a datastore of that name, or the container does not let us in.
        """
        del blob_cache_timeout, grant_workspace_access
        facts = {
            **_place(container_name, account_name, protocol, endpoint),
            **given({"subscription_id": subscription_id, "resource_group": resource_group}),
        }
        secret = {"sas_token": sas_token, "account_key": account_key}
        folder = folder_for(workspace, account_name, container_name)
        if folder is not None:
            config: dict[str, Any] = {"path": folder, "facts": facts}
            return register(workspace, datastore_name, ("AzureBlob", "folder"), config, secret, overwrite=overwrite)
        config = {"url": f"az://{container_name}", "options": _options(account_name, protocol, endpoint)}
        if create_if_not_exists:
            from stoker.data._storage.containers import create_container

            create_container(container_name, config["options"], given(secret))
        if not skip_validation:
            with naming_a_folder(account_name, container_name):
                checked(datastore_name, config, secret)
        config["facts"] = facts
        return register(workspace, datastore_name, ("AzureBlob", "fsspec"), config, secret, overwrite=overwrite)

    @staticmethod
    def register_azure_file_share(
        workspace: Workspace,
        datastore_name: str,
        file_share_name: str,
        account_name: str,
        sas_token: str | None = None,
        account_key: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        create_if_not_exists: bool = False,
        skip_validation: bool = False,
    ) -> Any:
        """Register a file share by the folder where it is mounted.

        The setting `azure_folders` (or `STOKER_AZURE_FOLDERS`) names the folder for `account/share`.

        Parameters
        ----------
        workspace : Workspace
        datastore_name, file_share_name, account_name : str
        sas_token, account_key, protocol, endpoint : str, optional
            Kept, the secrets encrypted.
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.
        create_if_not_exists, skip_validation
            v1's arguments, without effect.

        Raises
        ------
        stoker.exceptions.UserErrorException
            No folder is named for the share.
        """
        del create_if_not_exists, skip_validation
        folder = folder_for(workspace, account_name, file_share_name)
        if folder is None:
            raise UserErrorException(
                f"The file share {account_name}/{file_share_name} can't be reached: file shares are used where they "
                "are mounted. Mount it, and set STOKER_AZURE_FOLDERS="
                f'{{"{account_name}/{file_share_name}": "/folder"}}, or use Datastore.register_local_folder.',
                target="file_share_name",
            )
        config = {"path": folder, "facts": _place(file_share_name, account_name, protocol, endpoint)}
        secret = {"sas_token": sas_token, "account_key": account_key}
        return register(workspace, datastore_name, ("AzureFile", "folder"), config, secret, overwrite=overwrite)

    @staticmethod
    def register_azure_data_lake(
        workspace: Workspace,
        datastore_name: str,
        store_name: str,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        overwrite: bool = False,
        grant_workspace_access: object = False,
    ) -> Any:
        """Register a data lake of the first generation, or the folder that stands for it.

        Azure has ended that service. The setting `azure_folders` names a folder for `STORE/*` or `STORE/`; else
        the lake is asked through fsspec's `adl`.

        Parameters
        ----------
        workspace : Workspace
        datastore_name, store_name : str
        tenant_id, client_id, client_secret, resource_url, authority_url : str, optional
        subscription_id, resource_group : str, optional
            Labels.
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.
        grant_workspace_access
            v1's argument, without effect.
        """
        del grant_workspace_access
        facts = given(
            {
                "store_name": store_name,
                "tenant_id": tenant_id,
                "client_id": client_id,
                "resource_url": resource_url,
                "authority_url": authority_url,
                "subscription_id": subscription_id,
                "resource_group": resource_group,
            }
        )
        secret = {"client_secret": client_secret}
        folder = folder_for(workspace, store_name, "")
        if folder is not None:
            config: dict[str, Any] = {"path": folder, "facts": facts}
            return register(workspace, datastore_name, ("AzureDataLake", "folder"), config, secret, overwrite=overwrite)
        options = given({"store_name": store_name, "tenant_id": tenant_id, "client_id": client_id})
        config = {"url": "adl://", "options": options, "facts": facts}
        return register(workspace, datastore_name, ("AzureDataLake", "fsspec"), config, secret, overwrite=overwrite)

    @staticmethod
    def register_azure_data_lake_gen2(
        workspace: Workspace,
        datastore_name: str,
        filesystem: str,
        account_name: str,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        protocol: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        grant_workspace_access: object = False,
    ) -> Any:
        """Register a data lake of the second generation, or the folder that stands for it.

        Parameters
        ----------
        workspace : Workspace
        datastore_name, filesystem, account_name : str
        tenant_id, client_id, client_secret, resource_url, authority_url : str, optional
            The service principal that reads it.
        protocol, endpoint : str, optional
            See `register_azure_blob_container`.
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.
        subscription_id, resource_group : str, optional
            Labels.
        grant_workspace_access
            v1's argument, without effect.
        """
        del grant_workspace_access, subscription_id, resource_group
        principal = given({"tenant_id": tenant_id, "client_id": client_id, "authority_url": authority_url})
        facts = {**_place(filesystem, account_name, protocol, endpoint), **principal}
        facts.update(given({"resource_url": resource_url}))
        secret = {"client_secret": client_secret}
        folder = folder_for(workspace, account_name, filesystem)
        kind = "AzureDataLakeGen2"
        if folder is not None:
            config: dict[str, Any] = {"path": folder, "facts": facts}
            return register(workspace, datastore_name, (kind, "folder"), config, secret, overwrite=overwrite)
        options = {**_options(account_name, protocol, endpoint), **principal}
        config = {"url": f"abfss://{filesystem}", "options": options, "facts": facts}
        return register(workspace, datastore_name, (kind, "fsspec"), config, secret, overwrite=overwrite)


def _place(container: str, account: str, protocol: str | None, endpoint: str | None) -> dict[str, Any]:
    """Return the facts that v1 shows of a place in a storage account."""
    facts = {"container_name": container, "account_name": account, "protocol": protocol, "endpoint": endpoint}
    return given(facts)


def _options(account: str, protocol: str | None, endpoint: str | None) -> dict[str, Any]:
    if endpoint and "://" in endpoint:
        return {"account_name": account, "endpoint_url": endpoint}
    return given({"account_name": account, "protocol": protocol, "endpoint": endpoint})
