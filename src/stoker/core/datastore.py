"""Datastores: places for data that a workspace knows by name."""

from __future__ import annotations

import os

from stoker.core._datastore_azure import AzureStorage
from stoker.core._datastore_databases import Databases
from stoker.core._datastore_places import as_text, checked, given, register
from stoker.data._file_datastore import FileDatastore
from stoker.data.abstract_datastore import AbstractDatastore
from stoker.exceptions import NotFoundException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace

__all__ = ["Datastore", "all_datastores"]


class _AnyDatastore(type):
    """Makes every datastore an instance of `Datastore`, of whatever class it is."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, AbstractDatastore)


class Datastore(AzureStorage, Databases, FileDatastore, metaclass=_AnyDatastore):
    """A datastore of a workspace, as an object of v1's class for its type.

    Every workspace has two, both folders: `workspaceblobstore`, the default, and `workspacefilestore`.

    Parameters
    ----------
    workspace : Workspace
    name : str, optional
        Capital and small letters are the same. Default: the workspace's default.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is none of that name; the message suggests the nearest.

    Examples
    --------
    >>> store = Datastore(ws)  # doctest: +SKIP
    >>> store.upload("images", "images/2019")  # doctest: +SKIP
    """

    if TYPE_CHECKING:

        def __init__(self, workspace: Workspace, name: str | None = None) -> None: ...

    def __new__(cls, workspace: Workspace, name: str | None = None) -> Datastore:  # noqa: PYI034  # of another class
        """Return the datastore of that name, or the default."""
        return cls.get_default(workspace) if name is None else cls.get(workspace, name)

    @staticmethod
    def get(workspace: Workspace, datastore_name: str) -> Datastore:
        """Return the datastore of that name.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is none; the message suggests the nearest.
        """
        from stoker.client.http import quote_name

        name = _name(datastore_name)
        return _made(workspace, _api(workspace).get(f"/datastores/{quote_name(name)}"))

    @staticmethod
    def get_default(workspace: Workspace) -> Datastore:
        """Return the workspace's default datastore."""
        return _made(workspace, _api(workspace).get("/datastores/default"))

    @staticmethod
    def register_local_folder(
        workspace: Workspace,
        datastore_name: str,
        path: str | os.PathLike[str],
        overwrite: bool = False,
        create_if_not_exists: bool = False,
    ) -> Any:
        """Register a folder of this machine; its files are used in place.

        Parameters
        ----------
        workspace : Workspace
        datastore_name, path : str
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.
        create_if_not_exists : bool, default=False
            Whether the folder is made.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is no such folder, or there is a datastore of that name.

        Examples
        --------
        >>> Datastore.register_local_folder(ws, "pictures", "/data/pictures")  # doctest: +SKIP
        """
        folder = os.path.abspath(os.path.expanduser(os.fspath(path)))
        if create_if_not_exists:
            os.makedirs(folder, exist_ok=True)
        if not os.path.isdir(folder):
            raise UserErrorException(
                f"There is no folder {folder!r}. Correct the path, or pass create_if_not_exists=True.", target="path"
            )
        return register(workspace, datastore_name, ("LocalFolder", "folder"), {"path": folder}, overwrite=overwrite)

    @staticmethod
    def register_s3_bucket(
        workspace: Workspace,
        datastore_name: str,
        bucket_name: str,
        prefix: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        overwrite: bool = False,
        skip_validation: bool = False,
    ) -> Any:
        """Register a bucket of S3, or of a server that speaks like it.

        Parameters
        ----------
        workspace : Workspace
        datastore_name, bucket_name : str
        prefix : str, optional
            The folder in the bucket that is the datastore's root.
        access_key_id, secret_access_key, session_token : str, optional
            Kept encrypted. Default: those of the environment where it is used (`AWS_ACCESS_KEY_ID`, ...), else none.
        region : str, optional
            Default: `AWS_REGION`, else us-east-1.
        endpoint_url : str, optional
            Of a server that is not Amazon's.
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.
        skip_validation : bool, default=False
            Whether the bucket is not looked at now.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The bucket does not let us in, or there is a datastore of that name.
        """
        config = {
            "url": _below(f"s3://{bucket_name}", prefix),
            "options": given({"region": region, "endpoint_url": endpoint_url}),
        }
        secret = {
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
            "session_token": session_token,
        }
        if not skip_validation:
            checked(datastore_name, config, secret)
        return register(workspace, datastore_name, ("S3", "fsspec"), config, secret, overwrite=overwrite)

    @staticmethod
    def register_gcs_bucket(
        workspace: Workspace,
        datastore_name: str,
        bucket_name: str,
        prefix: str | None = None,
        service_account_key: str | dict[str, Any] | None = None,
        endpoint_url: str | None = None,
        overwrite: bool = False,
        skip_validation: bool = False,
    ) -> Any:
        """Register a bucket of Google Cloud Storage.

        Parameters
        ----------
        workspace : Workspace
        datastore_name, bucket_name : str
        prefix : str, optional
            The folder in the bucket that is the datastore's root.
        service_account_key : str or dict, optional
            The key as JSON, or the path of its file; kept encrypted. Default: that of the environment.
        endpoint_url : str, optional
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.
        skip_validation : bool, default=False
            Whether the bucket is not looked at now.
        """
        key = service_account_key
        if isinstance(key, (str, os.PathLike)) and not str(key).lstrip().startswith("{"):
            key = _file_text(os.fspath(key))
        config = {
            "url": _below(f"gs://{bucket_name}", prefix),
            "options": given({"endpoint_url": endpoint_url}),
        }
        secret = {"service_account_key": None if key is None else as_text(key)}
        if not skip_validation:
            checked(datastore_name, config, secret)
        return register(workspace, datastore_name, ("GCS", "fsspec"), config, secret, overwrite=overwrite)

    @staticmethod
    def register_fsspec(
        workspace: Workspace,
        datastore_name: str,
        url: str,
        options: dict[str, Any] | None = None,
        secret: dict[str, str] | None = None,
        overwrite: bool = False,
        skip_validation: bool = False,
    ) -> Any:
        """Register any place that fsspec reaches.

        Parameters
        ----------
        workspace : Workspace
        datastore_name : str
        url : str
            As `sftp://host/folder`, `memory://data`; `s3://`, `az://` and `gs://` too.
        options : dict, optional
            For the file system; shown, so no secrets.
        secret : dict, optional
            For the file system too, as `{"password": ...}`; kept encrypted.
        overwrite : bool, default=False
            Whether a datastore of that name is replaced.
        skip_validation : bool, default=False
            Whether the place is not looked at now.

        Examples
        --------
        >>> Datastore.register_fsspec(ws, "lab", "sftp://lab/data", {"username": "me"})  # doctest: +SKIP
        """
        config: dict[str, Any] = {"url": url, "options": dict(options or {})}
        if not skip_validation:
            checked(datastore_name, config, dict(secret or {}))
        return register(workspace, datastore_name, ("Fsspec", "fsspec"), config, secret, overwrite=overwrite)


def all_datastores(workspace: Workspace) -> dict[str, Datastore]:
    """Return name -> datastore of a workspace."""
    records = _api(workspace).get("/datastores")["datastores"]
    return {record["name"]: _made(workspace, record) for record in records}


def _api(workspace: Workspace) -> Any:
    from stoker.core._live import api_of

    return api_of(workspace)


def _made(workspace: Workspace, record: dict[str, Any]) -> Datastore:
    from stoker.data._datastore_classes import made

    found: Any = made(workspace, record)
    result: Datastore = found
    return result


def _name(name: object) -> str:
    if isinstance(name, str) and name and name != "default" and "/" not in name:
        return name
    raise NotFoundException(
        f"There is no datastore {name!r}. A name has letters, digits and underscores.", target="datastore_name"
    )


def _below(url: str, prefix: str | None) -> str:
    from stoker.data._storage.paths import check_path

    clean = check_path(prefix)
    return f"{url}/{clean}" if clean else url


def _file_text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise UserErrorException(
            f"The key file {path!r} can't be read: {error.strerror or error}. Give its path, or the key as JSON.",
            error,
            target="service_account_key",
        ) from error
