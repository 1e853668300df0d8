"""Copies of many files of a storage on this machine, each visible whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence

from stoker.data._storage.base import Entry, Progress, Storage
from stoker.data._storage.copying import PARTS
from stoker.data._storage.threads import AT_ONCE, in_threads
from stoker.exceptions import UserErrorException

__all__ = ["beside", "fetch_many"]


def fetch_many(storage: Storage, pairs: Sequence[tuple[Entry, str]], progress: Progress | None = None) -> None:
    """Copy listed files to local paths; folders are made, files there are replaced.

    Raises
    ------
    stoker.exceptions.UserErrorException
        A file can't be fetched or written; others may have been.
    """
    for folder in dict.fromkeys(os.path.dirname(local) for _, local in pairs):
        try:
            os.makedirs(folder or ".", exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error

    def fetch(pair: tuple[Entry, str]) -> None:
        entry, local = pair
        part = beside(local)
        try:
            storage.download(entry.path, part, entry.mark or None)
            os.replace(part, local)
        except OSError as error:
            raise _unwritable(local, error) from error
        finally:
            if os.path.lexists(part):
                os.unlink(part)
        if progress is not None:
            progress(1, entry.size)

    in_threads(fetch, pairs, 1 if storage.local_path("") is not None else AT_ONCE)


def beside(target: str) -> str:
    """Return where a file is written before it is renamed to its name."""
    return os.path.join(os.path.dirname(target), f"{PARTS}{os.getpid():x}-{os.urandom(6).hex()}")


def _unwritable(path: str, error: OSError) -> UserErrorException:
    return UserErrorException(
        f"{path!r} can't be written: {error.strerror or error}. Look at the folder's permissions and free space, or "
        "choose another one.",
        error,
        target="target_path",
    )
