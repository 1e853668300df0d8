"""From a database's record to the address that it is opened with."""

from __future__ import annotations

import urllib.parse
from typing import Any

from stoker.exceptions import UserErrorException

__all__ = ["address_of", "database_of"]


def database_of(workspace: Any, name: str) -> str:
    """Return the address of a workspace's database, as SQLAlchemy has it, with its password.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is no such datastore, or it is no database.
    """
    from stoker.client.http import quote_name

    if workspace is None:
        raise UserErrorException(
            f"The query runs on the datastore {name!r}, and no workspace was given to look it up in. "
            "Get the dataset from its workspace (Dataset.get_by_name)."
        )
    api = workspace._api  # noqa: SLF001  # the connection is private to the SDK, not to one module
    return address_of(api.get(f"/datastores/{quote_name(name)}", secret=True))


def address_of(record: dict[str, Any]) -> str:
    """Return the address of a database with its password: not for records, logs or messages.

    Parameters
    ----------
    record : dict
        A datastore's, with its secret.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is no database.

    Examples
    --------
    >>> record = {"name": "sales", "type": "SqlDatabase", "kind": "sql", "config": {"url": "postgresql://me@host/sales"}}
    >>> address_of({**record, "secret": {"password": "p@ss"}})
    'postgresql://me:p%40ss@host/sales'
    """
    if record["kind"] != "sql":
        raise UserErrorException(
            f"The datastore {record['name']!r} ({record['type']}) is no database. Give a query on one, registered by "
            "Datastore.register_sql_database.",
            target="query",
        )
    url = str(record["config"]["url"])
    secret = record.get("secret") or {}
    password = secret.get("password") or secret.get("client_secret")
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    user, at, where = host.rpartition("@")
    if not password or not at:
        return url
    return f"{scheme}{mark}{user}:{urllib.parse.quote(password, safe='')}{at}{where}{slash}{path}"
