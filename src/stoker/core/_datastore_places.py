"""Putting a datastore on record: checked first, its secret apart from what is shown."""

from __future__ import annotations

import contextlib
import os

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from stoker.core.workspace import Workspace
    from stoker.data.abstract_datastore import AbstractDatastore

__all__ = ["FOLDERS_VARIABLE", "as_text", "checked", "folder_for", "given", "naming_a_folder", "register"]

FOLDERS_VARIABLE = "STOKER_AZURE_FOLDERS"
"""JSON: `{"account/container": "/folder"}`, the folders that stand for containers and shares of Azure."""


def register(
    workspace: Workspace,
    name: str,
    kind: tuple[str, str],
    config: dict[str, Any],
    secret: dict[str, Any] | None = None,
    *,
    overwrite: bool = False,
) -> AbstractDatastore:
    """Put a datastore on record and return it.

    Parameters
    ----------
    workspace : Workspace
    name : str
    kind : tuple of (str, str)
        Type and kind.
    config : dict
    secret : dict, optional
        What is None is left out.
    overwrite : bool, default=False

    Raises
    ------
    stoker.exceptions.ConflictException
        There is another one of that name.
    """
    from stoker.core._live import api_of
    from stoker.data._datastore_classes import made

    body = {
        "name": name,
        "type": kind[0],
        "kind": kind[1],
        "config": config,
        "secret": {key: as_text(value) for key, value in given(secret or {}).items()} or None,
        "overwrite": overwrite,
    }
    return made(workspace, api_of(workspace).post("/datastores", body))


def given(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what is not None."""
    return {key: value for key, value in facts.items() if value is not None}


def as_text(value: Any) -> str:
    """Return a part of a secret as a text: bytes as UTF-8, a dict as JSON."""
    import json

    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode()
    return json.dumps(value) if isinstance(value, dict) else str(value)


def checked(name: str, config: dict[str, Any], secret: dict[str, Any]) -> None:
    """Look whether a place answers and lets us in, before it is put on record.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It does not, or a library for it is missing; the message says why.
    """
    from stoker.data._storage.opening import open_storage

    record = {"name": name, "kind": "fsspec", "type": "", "config": config, "secret": given(secret)}
    open_storage(record).check()


@contextlib.contextmanager
def naming_a_folder(account: str, container: str) -> Iterator[None]:
    """Add to an error that a container can't be reached how old code runs without one."""
    try:
        yield
    except UserErrorException as error:
        raise type(error)(
            f"{error.message} Without Azure a folder can stand for it: "
            f"""set {FOLDERS_VARIABLE}='{{"{account}/{container}": "/folder"}}'.""",
            error.inner_exception,
            target=error.target,
        ) from error


def folder_for(workspace: Workspace, account: str, container: str) -> str | None:
    """Return the folder that stands for a container or share: of the environment, else of the workspace's settings.

    `account/*` stands for all of an account's, each in a folder of its name.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The list of folders can't be read, or the folder is missing.
    """
    folders = _folders(workspace)
    exact = folders.get(f"{account}/{container}")
    above = folders.get(f"{account}/*")
    folder = exact or (os.path.join(above, container) if above else None)
    if folder is None:
        return None
    path = os.path.abspath(os.path.expanduser(folder))
    if above and not exact:
        os.makedirs(path, exist_ok=True)
    if not os.path.isdir(path):
        raise UserErrorException(
            f"The folder {path!r} is to stand for {account}/{container}, and is not there. "
            f"Make it, or correct {FOLDERS_VARIABLE} (or the setting azure_folders)."
        )
    return path


def _folders(workspace: Workspace) -> dict[str, str]:
    import json

    text = os.environ.get(FOLDERS_VARIABLE)
    facts = getattr(workspace, "_facts", None) or {}
    found: Any = (facts.get("settings") or {}).get("azure_folders") or {}
    if text:
        try:
            found = json.loads(text)
        except ValueError:
            found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise UserErrorException(
            f"{FOLDERS_VARIABLE} (or the setting azure_folders) is no list of folders. "
            'Write it as {"account/container": "/folder"}.'
        )
    return found
