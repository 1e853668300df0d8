"""Copies of a dataset's files on this machine."""

from __future__ import annotations

import os

from stoker.exceptions import NotFoundException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from stoker.data._storage.resolve import SourceFile

__all__ = ["download"]


def download(
    files: Sequence[SourceFile], target_path: str | None, overwrite: bool, ignore_not_found: bool
) -> list[str]:
    """Copy files below a folder and return the absolute paths of the copies, in order.

    Parameters
    ----------
    files : sequence of SourceFile
    target_path : str or None
        None: a new temporary folder.
    overwrite : bool
        Whether files that are there are replaced.
    ignore_not_found : bool
        Whether files that have gone meanwhile are left out.

    Raises
    ------
    stoker.exceptions.UserErrorException
        A file is there already, and `overwrite` is False; nothing is copied then.
    """
    import tempfile

    from stoker.data._storage.view import materialise

    folder = os.path.abspath(target_path) if target_path else tempfile.mkdtemp(prefix="stoker-data-")
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise UserErrorException(
            f"{folder!r} is a file, and the dataset's files go below a folder. Name another one.", target="target_path"
        )
    kept = [file for file in files if not ignore_not_found or _is_there(file)]
    if kept:
        materialise(kept, folder, "download", overwrite=overwrite)
    else:
        os.makedirs(folder, exist_ok=True)
    return [os.path.join(folder, *file.relative.split("/")) for file in kept]


def _is_there(file: SourceFile) -> bool:
    if file.local is not None:
        return os.path.isfile(file.local)
    try:
        file.open().close()
    except NotFoundException:
        return False
    return True
