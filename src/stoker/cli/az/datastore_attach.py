"""`az ml datastore attach-...`: v1's kinds of places, with the secrets that reach them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from typer import Option

from stoker.cli.app import option
from stoker.cli.az.command import V1Group, truth
from stoker.cli.az.datastore import Secret, datastore_shape
from stoker.cli.az.given import answer, workspace
from stoker.cli.az.options import StoreName

app = V1Group()

_CLOUD_ACCESS = {"--grant-workspace-msi-access": "BOOL"}


def _needed(*names: str, about: str, metavar: str) -> Any:
    return Option(*names, help=about, metavar=metavar, show_default=False)


Account = Annotated[str, _needed("--account-name", "-a", about="The storage account", metavar="ACCOUNT")]
Sas = Annotated[str | None, option("--sas-token", about="Reaches the container; kept encrypted", metavar="TOKEN")]
Key = Annotated[str | None, option("--account-key", "-k", about="The account's key; kept encrypted", metavar="KEY")]
Protocol = Annotated[str, option("--protocol", about="https (default) or http", metavar="WORD")]
Endpoint = Annotated[str | None, option("--endpoint", about="What follows the account or server", metavar="HOST")]
Tenant = Annotated[str, _needed("--tenant-id", about="The service principal's tenant", metavar="ID")]
Client = Annotated[str, _needed("--client-id", about="The service principal", metavar="ID")]
ClientSecret = Annotated[str, _needed("--client-secret", about="Its secret; kept encrypted", metavar="WORD")]
Resource = Annotated[str | None, option("--resource-url", about="Kept on record", metavar="URL")]
Authority = Annotated[str | None, option("--authority-url", about="Where the principal signs in", metavar="URL")]
Server = Annotated[str, _needed("--server-name", about="The server", metavar="SERVER")]
Database = Annotated[str, _needed("--database-name", "-d", about="The database", metavar="DATABASE")]
User = Annotated[str, _needed("--user-id", "-u", about="The user", metavar="USER")]
Password = Annotated[str, _needed("--password", "-p", about="The password; kept encrypted", metavar="WORD")]
Port = Annotated[str | None, option("--port", about="The port", metavar="N")]

_AZURE = "core.windows.net"


def _bare(secret: str | None) -> str | None:
    """Return a secret without the quotes that shells of Windows leave around it."""
    return secret.strip('"') if secret else None


def _attach(register: Callable[..., Any], name: str, *, secret: bool, **facts: Any) -> None:
    """Register a datastore, in place of one of that name, as v1's command does."""
    answer(datastore_shape(register(workspace(), name, overwrite=True, **facts), secret=secret))


@app.v1(
    "attach-blob",
    cloud={**_CLOUD_ACCESS, "--storage-account-subscription-id": "ID", "--storage-account-resource-group": "GROUP"},
)
def attach_blob(
    name: StoreName,
    account: Account,
    container: Annotated[str, _needed("--container-name", "-c", about="The container", metavar="CONTAINER")],
    sas_token: Sas = None,
    account_key: Key = None,
    protocol: Protocol = "https",
    endpoint: Endpoint = _AZURE,
    include_secret: Secret = False,
) -> None:
    """Register a blob container, or the folder that stands for it."""
    from stoker.core import Datastore

    _attach(
        Datastore.register_azure_blob_container,
        name,
        secret=include_secret,
        container_name=container,
        account_name=account,
        sas_token=_bare(sas_token),
        account_key=_bare(account_key),
        protocol=protocol,
        endpoint=endpoint,
    )


@app.v1("attach-file")
def attach_file(
    name: StoreName,
    account: Account,
    share: Annotated[str, _needed("--share-name", "-c", about="The file share", metavar="SHARE")],
    sas_token: Sas = None,
    account_key: Key = None,
    protocol: Protocol = "https",
    endpoint: Endpoint = _AZURE,
    include_secret: Secret = False,
) -> None:
    """Register a file share by the folder where it is mounted."""
    from stoker.core import Datastore

    _attach(
        Datastore.register_azure_file_share,
        name,
        secret=include_secret,
        file_share_name=share,
        account_name=account,
        sas_token=_bare(sas_token),
        account_key=_bare(account_key),
        protocol=protocol,
        endpoint=endpoint,
    )


@app.v1("attach-adls", cloud={**_CLOUD_ACCESS})
def attach_adls(
    name: StoreName,
    store: Annotated[str, _needed("--store-name", "-c", about="The data lake", metavar="STORE")],
    tenant_id: Tenant,
    client_id: Client,
    client_secret: ClientSecret,
    subscription: Annotated[str | None, option("--adls-subscription-id", about="A label", metavar="ID")] = None,
    group: Annotated[str | None, option("--adls-resource-group", about="A label", metavar="GROUP")] = None,
    resource_url: Resource = None,
    authority_url: Authority = None,
    include_secret: Secret = False,
) -> None:
    """Register a data lake of the first generation, or the folder that stands for it."""
    from stoker.core import Datastore

    _attach(
        Datastore.register_azure_data_lake,
        name,
        secret=include_secret,
        store_name=store,
        tenant_id=tenant_id,
        client_id=client_id,
        client_secret=_bare(client_secret),
        resource_url=resource_url,
        authority_url=authority_url,
        subscription_id=subscription,
        resource_group=group,
    )


@app.v1(
    "attach-adls-gen2",
    cloud={**_CLOUD_ACCESS, "--adlsgen2-account-subscription-id": "ID", "--adlsgen2-account-resource-group": "GROUP"},
)
def attach_adls_gen2(
    name: StoreName,
    account: Account,
    file_system: Annotated[str, _needed("--file-system", "-c", about="The file system", metavar="NAME")],
    tenant_id: Tenant,
    client_id: Client,
    client_secret: ClientSecret,
    protocol: Protocol = "https",
    endpoint: Endpoint = _AZURE,
    resource_url: Resource = None,
    authority_url: Authority = None,
    include_secret: Secret = False,
) -> None:
    """Register a data lake of the second generation, or the folder that stands for it."""
    from stoker.core import Datastore

    _attach(
        Datastore.register_azure_data_lake_gen2,
        name,
        secret=include_secret,
        filesystem=file_system,
        account_name=account,
        tenant_id=tenant_id,
        client_id=client_id,
        client_secret=_bare(client_secret),
        protocol=protocol,
        endpoint=endpoint,
        resource_url=resource_url,
        authority_url=authority_url,
    )


@app.v1("attach-sqldb", cloud={**_CLOUD_ACCESS, "--sql-subscription-id": "ID", "--sql-resource-group": "GROUP"})
def attach_sqldb(
    name: StoreName,
    server: Server,
    database: Database,
    tenant_id: Annotated[
        str | None, option("--tenant-id", about="The service principal's tenant", metavar="ID")
    ] = None,
    client_id: Annotated[str | None, option("--client-id", about="The service principal", metavar="ID")] = None,
    client_secret: Annotated[str | None, option("--client-secret", about="Its secret", metavar="WORD")] = None,
    username: Annotated[str | None, option("--username", about="Or a user of the database", metavar="USER")] = None,
    password: Annotated[str | None, option("--password", about="The user's password", metavar="WORD")] = None,
    endpoint: Endpoint = None,
    resource_url: Resource = None,
    authority_url: Authority = None,
    include_secret: Secret = False,
) -> None:
    """Register a SQL Server database."""
    from stoker.core import Datastore

    _attach(
        Datastore.register_azure_sql_database,
        name,
        secret=include_secret,
        server_name=server,
        database_name=database,
        tenant_id=tenant_id,
        client_id=client_id,
        client_secret=_bare(client_secret),
        username=username,
        password=_bare(password),
        endpoint=endpoint,
        resource_url=resource_url,
        authority_url=authority_url,
    )


@app.v1("attach-psqldb")
def attach_psqldb(
    name: StoreName,
    server: Server,
    database: Database,
    user: User,
    password: Password,
    port: Port = None,
    enforce_ssl: Annotated[str, option("--enforce-ssl", about="true (default) or false", metavar="BOOL")] = "true",
    endpoint: Endpoint = None,
    include_secret: Secret = False,
) -> None:
    """Register a PostgreSQL database."""
    from stoker.core import Datastore

    _attach(
        Datastore.register_azure_postgre_sql,
        name,
        secret=include_secret,
        server_name=server,
        database_name=database,
        user_id=user,
        user_password=_bare(password),
        port_number=port,
        endpoint=endpoint,
        enforce_ssl=truth(enforce_ssl),
    )


@app.v1("attach-mysqldb")
def attach_mysqldb(
    name: StoreName,
    server: Server,
    database: Database,
    user: User,
    password: Password,
    port: Port = None,
    endpoint: Endpoint = None,
    include_secret: Secret = False,
) -> None:
    """Register a MySQL database."""
    from stoker.core import Datastore

    _attach(
        Datastore.register_azure_my_sql,
        name,
        secret=include_secret,
        server_name=server,
        database_name=database,
        user_id=user,
        user_password=_bare(password),
        port_number=port,
        endpoint=endpoint,
    )


@app.v1("attach-dbfs")
def attach_dbfs(name: StoreName) -> None:
    """Register the file system of Databricks."""
    from stoker.core import Datastore

    answer(datastore_shape(Datastore.register_dbfs(workspace(), name)))
