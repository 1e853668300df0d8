"""Registration of databases, and of the clusters that v1 knew."""

from __future__ import annotations

from stoker.core._datastore_places import given, register
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace

__all__ = ["Databases"]


class Databases:
    """How databases and clusters become datastores."""

    @staticmethod
    def register_sql_database(
        workspace: Workspace, datastore_name: str, url: str, password: str | None = None, overwrite: bool = False
    ) -> Any:
        """Register a database, for `Dataset.Tabular.from_sql_query`.

        Parameters
        ----------
        workspace : Workspace
        datastore_name : str
        url : str
            As SQLAlchemy has it: `sqlite:////data/sales.db`, `postgresql+psycopg://reader@host/sales`. A password in it
            is taken out, and kept encrypted.
        password : str, optional
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.

        Examples
        --------
        >>> Datastore.register_sql_database(ws, "sales", "sqlite:///sales.db")  # doctest: +SKIP
        """
        clean, inside = _apart(url)
        secret = {"password": password if password is not None else inside}
        return register(workspace, datastore_name, ("SqlDatabase", "sql"), {"url": clean}, secret, overwrite=overwrite)

    @staticmethod
    def register_azure_sql_database(
        workspace: Workspace,
        datastore_name: str,
        server_name: str,
        database_name: str,
        tenant_id: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        resource_url: str | None = None,
        authority_url: str | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        username: str | None = None,
        password: str | None = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        grant_workspace_access: object = False,
        **settings: object,
    ) -> Any:
        """Register a SQL Server database; it is read through pyodbc and Microsoft's ODBC driver 18.

        Parameters
        ----------
        workspace : Workspace
        datastore_name, server_name, database_name : str
        tenant_id, client_id, client_secret : str, optional
            A service principal; or
        username, password : str, optional
            a user of the database.
        endpoint : str, default="database.windows.net"
            What follows the server's name.
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.
        resource_url, authority_url, subscription_id, resource_group : str, optional
            Kept.
        grant_workspace_access, **settings
            v1's other arguments, without effect.
        """
        del grant_workspace_access, settings, subscription_id, resource_group
        query = "driver=ODBC+Driver+18+for+SQL+Server"
        if username is None and client_id is not None:
            query += "&authentication=ActiveDirectoryServicePrincipal"
        host = f"{server_name}.{endpoint or 'database.windows.net'}:1433"
        facts = {
            "server_name": server_name,
            "database_name": database_name,
            "tenant_id": tenant_id,
            "client_id": client_id,
            "resource_url": resource_url,
            "authority_url": authority_url,
            "username": username,
        }
        url = f"mssql+pyodbc://{_user(username or client_id)}{host}/{_quoted(database_name)}?{query}"
        secret = {"password": password, "client_secret": client_secret}
        config = {"url": url, "facts": given(facts)}
        return register(workspace, datastore_name, ("AzureSqlDatabase", "sql"), config, secret, overwrite=overwrite)

    @staticmethod
    def register_azure_postgre_sql(
        workspace: Workspace,
        datastore_name: str,
        server_name: str,
        database_name: str,
        user_id: str,
        user_password: str,
        port_number: str | int | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        enforce_ssl: bool = True,
        **settings: object,
    ) -> Any:
        """Register a PostgreSQL database; it is read through psycopg.

        Parameters
        ----------
        workspace : Workspace
        datastore_name, server_name, database_name, user_id, user_password : str
        port_number : str, default="5432"
        endpoint : str, default="postgres.database.azure.com"
            What follows the server's name.
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.
        enforce_ssl : bool, default=True
        **settings
            v1's other arguments, without effect.
        """
        del settings
        host = f"{server_name}.{endpoint or 'postgres.database.azure.com'}:{port_number or 5432}"
        more = "?sslmode=require" if enforce_ssl else ""
        facts = _facts(server_name, database_name, user_id, port_number, enforce_ssl=enforce_ssl)
        url = f"postgresql+psycopg://{_user(user_id)}{host}/{_quoted(database_name)}{more}"
        config, secret = {"url": url, "facts": facts}, {"password": user_password}
        return register(workspace, datastore_name, ("AzurePostgreSql", "sql"), config, secret, overwrite=overwrite)

    @staticmethod
    def register_azure_my_sql(
        workspace: Workspace,
        datastore_name: str,
        server_name: str,
        database_name: str,
        user_id: str,
        user_password: str,
        port_number: str | int | None = None,
        endpoint: str | None = None,
        overwrite: bool = False,
        **settings: object,
    ) -> Any:
        """Register a MySQL database; it is read through PyMySQL.

        Parameters
        ----------
        workspace : Workspace
        datastore_name, server_name, database_name, user_id, user_password : str
        port_number : str, default="3306"
        endpoint : str, default="mysql.database.azure.com"
            What follows the server's name.
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.
        **settings
            v1's other arguments, without effect.
        """
        del settings
        host = f"{server_name}.{endpoint or 'mysql.database.azure.com'}:{port_number or 3306}"
        facts = _facts(server_name, database_name, user_id, port_number)
        url = f"mysql+pymysql://{_user(user_id)}{host}/{_quoted(database_name)}"
        config, secret = {"url": url, "facts": facts}, {"password": user_password}
        return register(workspace, datastore_name, ("AzureMySql", "sql"), config, secret, overwrite=overwrite)

    @staticmethod
    def register_dbfs(workspace: Workspace, datastore_name: str) -> Any:
        """Register the file system of Databricks; it can be used where fsspec reaches it (`dbfs://`)."""
        return register(workspace, datastore_name, ("DBFS", "fsspec"), {"url": "dbfs:///"})

    @staticmethod
    def register_hdfs(
        workspace: Workspace,
        datastore_name: str,
        protocol: str,
        namenode_address: str,
        hdfs_server_certificate: str | None,
        kerberos_realm: str | None,
        kerberos_kdc_address: str | None,
        kerberos_principal: str | None,
        kerberos_keytab: str | None = None,
        kerberos_password: str | None = None,
        overwrite: bool = False,
    ) -> Any:
        """Register a Hadoop file system; it is reached through fsspec, by pyarrow or WebHDFS.

        Parameters
        ----------
        workspace : Workspace
        datastore_name : str
        protocol : {"http", "https", "hdfs"}
            `http` and `https` are WebHDFS.
        namenode_address : str
            Host and port.
        hdfs_server_certificate : str or None
            Path of the certificate.
        kerberos_realm, kerberos_kdc_address, kerberos_principal : str or None
        kerberos_keytab, kerberos_password : str, optional
            The secret: path of the keytab, or password.
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.
        """
        facts = {
            "protocol": protocol,
            "namenode_address": namenode_address,
            "hdfs_server_certificate_data": hdfs_server_certificate,
            "kerberos_realm": kerberos_realm,
            "kerberos_kdc_address": kerberos_kdc_address,
            "kerberos_principal": kerberos_principal,
        }
        scheme = "webhdfs" if protocol.lower() in {"http", "https"} else "hdfs"
        options = {"use_https": True} if protocol.lower() == "https" else {}
        if kerberos_principal and scheme == "webhdfs":
            options["kerberos"] = True
        config = {"url": f"{scheme}://{namenode_address}", "options": options, "facts": given(facts)}
        secret = {"kerberos_keytab": kerberos_keytab, "kerberos_password": kerberos_password}
        return register(workspace, datastore_name, ("HDFS", "fsspec"), config, secret, overwrite=overwrite)


def _facts(server: str, database: str, user: str, port: str | int | None, **more: object) -> dict[str, Any]:
    facts = {"server_name": server, "database_name": database, "user_id": user, "port_number": port, **more}
    return given(facts)


def _user(name: str | None) -> str:
    return f"{_quoted(name)}@" if name else ""


def _quoted(text: str) -> str:
    import urllib.parse

    return urllib.parse.quote(text, safe="")


def _apart(url: str) -> tuple[str, str | None]:
    """Return a database's address without the password, and that; a file of SQLite by its absolute path."""
    import os
    import urllib.parse

    scheme, mark, rest = url.partition("://")
    if not scheme or not mark:
        raise UserErrorException(
            f"{url!r} is no address of a database. Give one as 'sqlite:////data/sales.db' or "
            "'postgresql+psycopg://user@host/name'.",
            target="url",
        )
    if scheme.partition("+")[0] == "sqlite":
        path = rest.lstrip("/") if not rest.startswith("//") else rest[1:]
        return f"{scheme}:///{os.path.abspath(path)}", None
    host, slash, path = rest.partition("/")
    login, at, where = host.rpartition("@")
    user, colon, password = login.partition(":")
    if not colon:
        return url, None
    return f"{scheme}{mark}{user}{at}{where}{slash}{path}", urllib.parse.unquote(password)
