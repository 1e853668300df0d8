"""Which datastores can be registered: their names, their types, where they are, and what is a secret about them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from stoker.base.names import suggestion
from stoker.exceptions import UserErrorException

__all__ = [
    "BLOB_STORE",
    "FILE_STORE",
    "OWN_FOLDERS",
    "READY_MADE",
    "TYPES",
    "check_config",
    "check_datastore_name",
    "check_secret",
    "check_type",
    "root_of",
]

BLOB_STORE, FILE_STORE = "workspaceblobstore", "workspacefilestore"
OWN_FOLDERS = "datastores"
"""The folder below the workspace's home where datastores may lie; all else there is the workspace's own."""
READY_MADE = {
    BLOB_STORE: ("AzureBlob", "folder", {"path": f"{OWN_FOLDERS}/{BLOB_STORE}"}),
    FILE_STORE: ("AzureFile", "folder", {"path": f"{OWN_FOLDERS}/{FILE_STORE}"}),
}
"""Name -> type, kind and config of those that every workspace has; with the types that v1 gives them."""

TYPES = (
    *("AzureBlob", "AzureFile", "AzureDataLake", "AzureDataLakeGen2", "AzureSqlDatabase", "AzurePostgreSql"),
    *("AzureMySql", "DBFS", "HDFS", "LocalFolder", "S3", "GCS", "Fsspec", "SqlDatabase"),
)
KINDS = ("folder", "fsspec", "sql")
_NAME = re.compile(r"[A-Za-z0-9_]{1,255}\Z")
_RESERVED = "default"
_SECRET_WORDS = re.compile(
    r"password|passwd|pwd|secret|sas_?token|account_?key|access_?key|connection_?string|credential|private_?key|(\A|_)"
    r"(token|sig|key)\Z",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"(?:\A|[?&;\s])(?:sig|pwd|password|account_?key|shared_?access_?key|shared_?access_?signature)=[^&;\s]",
    re.IGNORECASE,
)
_HERE = frozenset({"file", "local"})
"""What fsspec calls the disk of this machine."""
_HARMLESS = {"key_vault", "access_key_file", "client_id", "tenant_id"}


def check_datastore_name(name: object) -> str:
    """Return `name`, or raise `UserErrorException` with the rule it breaks."""
    if isinstance(name, str) and _NAME.match(name) and name.lower() != _RESERVED:
        return name
    raise UserErrorException(
        f"The datastore name {name!r} can't be used. A name has 1 to 255 letters, digits and underscores, and "
        f"{_RESERVED!r} is kept for the workspace's default. Choose another one.",
        target="name",
    )


def check_type(store_type: str, kind: str) -> None:
    """Raise `UserErrorException` for a type or a kind that is not known."""
    if store_type not in TYPES:
        raise UserErrorException(
            f"There is no type of datastore {store_type!r}. {suggestion(store_type, TYPES)}", target="type"
        )
    if kind not in KINDS:
        raise UserErrorException(f"There is no kind of datastore {kind!r}. {suggestion(kind, KINDS)}", target="kind")


def check_config(kind: str, config: Mapping[str, Any], home: str | None) -> None:
    """Raise `UserErrorException` when the place is not said, leads into the workspace's own files, or has a secret.

    Parameters
    ----------
    kind : {"folder", "fsspec", "sql"}
    config : mapping
    home : str or None
        The workspace's `.stoker` folder.
    """
    _check_no_secret(config, "config")
    if kind == "folder":
        _check_folder(config.get("path"), home)
    else:
        _check_url(config.get("url"), kind)


def check_secret(secret: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the secret as a dict of texts, or raise `UserErrorException` that does not say it."""
    for key, value in (secret or {}).items():
        if not isinstance(value, str):
            raise UserErrorException(
                f"The part {key!r} of the datastore's secret is no text. Give each part as a text.", target="secret"
            )
    return dict(secret or {})


def root_of(kind: str, config: Mapping[str, Any], home: str | None) -> str | None:
    """Return the absolute path of a folder's datastore; None for another kind, or when there is no home."""
    if kind != "folder":
        return None
    path = str(config.get("path"))
    if os.path.isabs(path):
        return path
    return None if home is None else os.path.join(home, path)


def _check_folder(path: object, home: str | None) -> None:
    if not isinstance(path, str) or not path or "\0" in path:
        raise UserErrorException(
            "The datastore has no folder. Give config={'path': '/absolute/path'}.", target="config.path"
        )
    if not os.path.isabs(path):
        parts = path.split("/")
        if parts[0] == OWN_FOLDERS and len(parts) > 1 and not {"", ".", ".."} & set(parts):
            return
        raise UserErrorException(
            f"The folder {path!r} of the datastore can't be used: it is relative. Give its absolute path.",
            target="config.path",
        )
    if home is not None and _is_private(os.path.realpath(path), os.path.realpath(home)):
        raise UserErrorException(
            f"The folder {path!r} can't be a datastore: it is or holds the workspace's own files. Choose a folder "
            "outside of .stoker.",
            target="config.path",
        )


def _is_private(path: str, home: str) -> bool:
    own = os.path.join(home, OWN_FOLDERS)
    within = os.path.commonpath([path, home]) == home
    return within and not (path != own and os.path.commonpath([path, own]) == own)


def _check_url(url: object, kind: str) -> None:
    example = "postgresql://user@host/database" if kind == "sql" else "s3://bucket/prefix"
    if not isinstance(url, str) or "://" not in url:
        raise UserErrorException(
            f"The datastore has no address. Give config={{'url': {example!r}}}.", target="config.url"
        )
    try:
        parts = urlsplit(url)
        secret = bool(parts.password) or any(_is_secret(key) for key, _ in parse_qsl(parts.query))
        secret = secret or _SECRET_VALUE.search(url) is not None
    except ValueError as error:
        raise UserErrorException(
            f"The datastore's address can't be read: {error}. Give one as {example}.", target="config.url"
        ) from error
    if secret:
        raise UserErrorException(
            "The datastore's address has a password or a key in it, and addresses are shown. Give it in the secret, "
            f"and the address without it, as {example}.",
            target="config.url",
        )
    # Of a chain, as `simplecache::file:///data`, each link may be the one that leads here.
    if kind == "fsspec" and any(link.partition(":")[0].lower() in _HERE for link in url.split("::")):
        raise UserErrorException(
            "The datastore's address is a folder of this machine. Register it as a folder, which is held to what it "
            "may be: Datastore.register_local_folder(ws, NAME, '/absolute/path').",
            target="config.url",
        )


def _check_no_secret(value: Any, place: str) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if _is_secret(str(key)) and isinstance(inner, str) and inner:
                raise UserErrorException(
                    f"{place}.{key} looks like a secret, and what is in config is shown. Give it in the secret.",
                    target=f"{place}.{key}",
                )
            _check_no_secret(inner, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_no_secret(inner, place)
    elif isinstance(value, str) and place != "config.url" and _SECRET_VALUE.search(value):
        raise UserErrorException(
            f"{place} has a password or a key in it, and what is in config is shown. Give it in the secret.",
            target=place,
        )


def _is_secret(key: str) -> bool:
    return key not in _HARMLESS and _SECRET_WORDS.search(key) is not None
