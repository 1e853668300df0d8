"""Datastores that are SQL databases in Azure, or SQL Server."""

from __future__ import annotations

from stoker.data._sql_datastore import SqlDatastore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace

__all__ = ["AzureSqlDatabaseDatastore"]


class AzureSqlDatabaseDatastore(SqlDatastore):
    """A SQL Server database.

    Parameters
    ----------
    workspace : Workspace
    name, server_name, database_name : str
    tenant_id, client_id, client_secret, resource_url, authority_url, username, password : str, optional
    **settings
        v1's other arguments, without effect.
    """

    def __init__(
        self,
        workspace: Workspace | None,
        name: str,
        server_name: str | None = None,
        database_name: str | None = None,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        username: str | None = None,
        password: str | None = None,
        **settings: object,
    ) -> None:
        del settings
        super().__init__(workspace, name, "AzureSqlDatabase")
        self.server_name = server_name
        self.database_name = database_name
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.resource_url = resource_url
        self.authority_url = authority_url
        self.username = username
        self._given = {"password": password, "client_secret": client_secret}

    def _facts(self) -> dict[str, Any]:
        names = ("name", "server_name", "database_name", "tenant_id", "client_id", "username")
        return {name: getattr(self, name) for name in names}

    @property
    def password(self) -> str | None:
        """The user's password, asked of the workspace; None when there is none."""
        return self._given["password"] or self._secret("password")

    @property
    def client_secret(self) -> str | None:
        """The service principal's secret, asked of the workspace; None when there is none."""
        return self._given["client_secret"] or self._secret("client_secret")
