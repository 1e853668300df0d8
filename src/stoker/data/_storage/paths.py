"""What a path below a storage may look like."""

from __future__ import annotations

import os
import posixpath

from stoker.exceptions import UserErrorException

__all__ = ["check_path", "escapes", "shown_path"]


def check_path(path: object) -> str:
    """Return a path below a storage in its one spelling.

    Parameters
    ----------
    path : str or os.PathLike
        A first slash, `.` and doubled slashes are taken out; None and `""` are the storage itself.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It leads out of the storage, or is no path.

    Examples
    --------
    >>> check_path("/data/./2019//a.csv")
    'data/2019/a.csv'
    """
    if path is None:
        return ""
    if isinstance(path, os.PathLike):
        path = os.fspath(path)
    if not isinstance(path, str) or "\0" in path:
        raise UserErrorException(
            f"{path!r} is no path on a datastore. Give a text such as 'data/2019/a.csv'.", target="path"
        )
    clean = posixpath.normpath(path.lstrip("/")) if path.strip("/") else ""
    if clean == ".." or clean.startswith("../"):
        raise escapes(path)
    return "" if clean == "." else clean


def escapes(path: str, name: str = "", target: str = "") -> UserErrorException:
    """Return the error of a path that leads out of its datastore."""
    where = f" {name!r}" if name else ""
    through = f", to {target!r}" if target else ""
    return UserErrorException(
        f"The path {path!r} leads out of the datastore{where}{through}. A datastore gives only what lies below it. "
        "Name a path inside, or register the other place as a datastore of its own.",
        target="path",
    )


def shown_path(path: str) -> str:
    """Return how a message calls a path, which may be the datastore itself."""
    return repr(path) if path else "its files"
