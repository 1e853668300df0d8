"""From a datastore's record, or a URL, to its storage."""

from __future__ import annotations

import os
import urllib.parse
from typing import Any

from stoker.data._storage.base import Storage
from stoker.exceptions import UserErrorException

__all__ = ["open_storage", "storage_at", "storage_of"]

_OBJECT_STORES = {
    "s3": "s3",
    "s3a": "s3",
    "az": "azure",
    "azure": "azure",
    "abfs": "azure",
    "abfss": "azure",
    "wasb": "azure",
    "wasbs": "azure",
    "gs": "gcs",
    "gcs": "gcs",
}


def open_storage(record: dict[str, Any], home: str | None = None) -> Storage:
    """Return the storage that a datastore's record describes; nothing is asked of it yet.

    Parameters
    ----------
    record : dict
        As the service gives it, with `secret` for a place that wants one.
    home : str, optional
        The workspace's `.stoker` folder, where folders with a relative path lie.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is a database, is not on this machine, or needs a library that is missing.
    """
    kind, name, config = record["kind"], str(record["name"]), record.get("config") or {}
    if kind == "folder":
        from stoker.data._storage.folder import FolderStorage

        return FolderStorage(_root(record, home), name, make=not os.path.isabs(config["path"]))
    if kind == "fsspec":
        return _remote(str(config["url"]), config.get("options") or {}, record.get("secret") or {}, name)
    raise UserErrorException(
        f"The datastore {name!r} is a database ({record['type']}), and has no files. "
        "Use it for Dataset.Tabular.from_sql_query, or name a datastore of files.",
        target="datastore",
    )


def _root(record: dict[str, Any], home: str | None) -> str:
    path = str(record["config"]["path"])
    if os.path.isabs(path):
        return path
    if home is not None and os.path.isdir(home):
        return os.path.join(home, path)
    root = record.get("root")
    if root and os.path.isdir(os.path.dirname(root)):
        return str(root)
    raise UserErrorException(
        f"The datastore {record['name']!r} is a folder on the machine of the workspace's service ({root or path}), "
        "which can't be seen from here. Use a datastore that both reach, as an S3 bucket or an Azure container."
    )


def storage_of(workspace: Any, name: str) -> Storage:
    """Return the storage of a workspace's datastore, its secret fetched where it needs one.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is no such datastore, or `open_storage` says why.
    """
    from stoker.client.http import quote_name
    from stoker.data._storage.cache import DEFAULT_BYTES

    api = workspace._api  # noqa: SLF001  # the connection is private to the SDK, not to one module
    path = f"/datastores/{quote_name(name)}"
    record = api.get(path)
    if record["has_secret"] and record["kind"] != "folder":
        record = api.get(path, secret=True)
    storage = open_storage(record, workspace._home)  # noqa: SLF001  # the same
    if record["kind"] != "folder":
        storage.cache_bytes = workspace._setting("data_cache_bytes", DEFAULT_BYTES)  # noqa: SLF001  # the same
    return storage


def storage_at(url: str) -> tuple[Storage, str]:
    """Return the storage of a URL that no datastore stands for, and the path below it.

    Keys come from the environment, as the libraries of the place have it (`AWS_ACCESS_KEY_ID`, ...).

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is no URL of a kind that is known here.
    """
    parts = urllib.parse.urlsplit(url)
    if not parts.scheme:
        raise UserErrorException(
            f"{url!r} is no address. Give one as 'https://host/file.csv' or 's3://bucket/folder/*.csv'.", target="path"
        )
    # Not parts.path: a `?` in a pattern is no query.
    base, _, path = url.partition("://")[2].partition("/")
    root = f"{parts.scheme}://{base}"
    return _remote(root, {}, {}, root), path


def _remote(url: str, options: dict[str, Any], secret: dict[str, Any], name: str) -> Storage:
    scheme = url.partition("://")[0].lower()
    if scheme == "file":
        from stoker.data._storage.folder import FolderStorage

        return FolderStorage(urllib.parse.unquote(urllib.parse.urlsplit(url).path), name)
    if scheme in _OBJECT_STORES:
        from stoker.data._storage.objects import ObjectStorage

        return ObjectStorage(_OBJECT_STORES[scheme], url, options, secret, name)
    from stoker.data._storage.fsspec_places import FsspecStorage

    return FsspecStorage(url, {**options, **secret}, name)
