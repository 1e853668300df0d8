"""Which files go where when they are uploaded to a datastore or downloaded from it."""

from __future__ import annotations

import os

from stoker.base.paths import WORKSPACE_FOLDER
from stoker.data._storage.paths import check_path
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from stoker.data._storage.base import Entry, Storage

__all__ = ["download_pairs", "file_pairs", "folder_pairs"]


def folder_pairs(folder: str, target_path: str | None) -> list[tuple[str, str]]:
    """Return (local, path on the datastore) of all files below a folder.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is no such folder, or it can't be read.
    """
    if not os.path.isdir(folder):
        raise UserErrorException(
            f"There is no folder {folder!r}, so nothing was uploaded. Relative paths begin at {os.getcwd()}.",
            target="src_dir",
        )
    pairs: list[tuple[str, str]] = []
    _scan(folder.rstrip(os.sep) or folder, _folder_path(target_path), pairs, ())
    return pairs


def file_pairs(files: Any, relative_root: Any, target_path: str | None) -> list[tuple[str, str]]:
    """Return (local, path on the datastore) of named files, which keep their paths below their common folder.

    Raises
    ------
    stoker.exceptions.UserErrorException
        A file is missing or not below `relative_root`, or no list was given.
    """
    if isinstance(files, (str, os.PathLike)):
        raise UserErrorException(
            f"files={files!r} is one path. Give a list: upload_files([{os.fspath(files)!r}]).", target="files"
        )
    paths = [os.path.abspath(os.fspath(file)) for file in files]
    for path in paths:
        if not os.path.isfile(path):
            raise UserErrorException(
                f"There is no file {path!r}, so nothing was uploaded. Relative paths begin at {os.getcwd()}.",
                target="files",
            )
    prefix = _folder_path(target_path)
    return [(path, prefix + name) for path, name in zip(paths, _names(paths, relative_root))]


def download_pairs(storage: Storage, folder: str, prefix: str | None, *, overwrite: bool) -> list[tuple[Entry, str]]:
    """Return (file, local) of the files whose paths begin with `prefix`; those in the way only to be replaced."""
    begins = (prefix or "").lstrip("/")
    check_path(begins)
    pairs = []
    for entry in storage.list(begins.rpartition("/")[0]):
        local = os.path.join(folder, *check_path(entry.path).split("/"))
        if entry.path.startswith(begins) and (overwrite or not os.path.lexists(local)):
            pairs.append((entry, local))
    return pairs


def _scan(folder: str, prefix: str, pairs: list[tuple[str, str]], above: tuple[tuple[int, int], ...]) -> None:
    """Add (local, path) of all files below a folder; links are followed, unless they lead back up."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=_name)
    except OSError as error:
        raise UserErrorException(
            f"The folder {folder!r} can't be read: {error.strerror or error}, so nothing was uploaded. "
            "Look at its permissions.",
            error,
            target="src_dir",
        ) from error
    for entry in entries:
        if entry.name == WORKSPACE_FOLDER:
            # It lies in a project's folder, with keys that go nowhere.
            continue
        if entry.is_dir():
            stat = os.stat(entry.path)
            identity = (stat.st_dev, stat.st_ino)
            if identity not in above:
                _scan(entry.path, f"{prefix}{entry.name}/", pairs, (*above, identity))
        elif entry.is_file() or entry.is_symlink():
            pairs.append((entry.path, prefix + entry.name))


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _folder_path(target_path: str | None) -> str:
    """Return a folder on the datastore with its last slash; nothing for the root."""
    clean = check_path(target_path)
    return f"{clean}/" if clean else ""


def _names(paths: Sequence[str], relative_root: Any) -> list[str]:
    if not paths:
        return []
    if relative_root is None:
        root = os.path.commonpath([os.path.dirname(path) for path in paths])
    else:
        root = os.path.abspath(os.fspath(relative_root))
    ahead = root.rstrip(os.sep) + os.sep
    for path in paths:
        if not path.startswith(ahead):
            raise UserErrorException(
                f"The file {path!r} is not below relative_root={root!r}, so nothing was uploaded. "
                "Name a folder that holds all files.",
                target="relative_root",
            )
    return [path[len(ahead) :].replace(os.sep, "/") for path in paths]
