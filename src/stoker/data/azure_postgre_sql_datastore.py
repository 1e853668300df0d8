"""Datastores that are PostgreSQL databases."""

from __future__ import annotations

from stoker.data._sql_datastore import SqlDatastore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace

__all__ = ["AzurePostgreSqlDatastore"]


class AzurePostgreSqlDatastore(SqlDatastore):
    """A PostgreSQL database.

    Parameters
    ----------
    workspace : Workspace
    name, server_name, database_name, user_id, user_password : str
    port_number : str, optional
        Default: 5432.
    enforce_ssl : bool, default=True
    **settings
        v1's other arguments, without effect.
    """

    def __init__(
        self,
        workspace: Workspace | None,
        name: str,
        server_name: str | None = None,
        database_name: str | None = None,
        user_id: str | None = None,
        user_password: str | None = None,
        port_number: str | int | None = None,
        enforce_ssl: bool = True,
        **settings: object,
    ) -> None:
        del settings
        super().__init__(workspace, name, "AzurePostgreSql")
        self.server_name = server_name
        self.database_name = database_name
        self.user_id = user_id
        self.port_number = port_number
        self.enforce_ssl = enforce_ssl
        self._given = user_password

    def _facts(self) -> dict[str, Any]:
        names = ("name", "server_name", "database_name", "user_id", "port_number")
        return {name: getattr(self, name) for name in names}

    @property
    def user_password(self) -> str | None:
        """The user's password, asked of the workspace; None when there is none."""
        return self._given or self._secret("password")
