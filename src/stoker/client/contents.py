"""Send the contents of chosen files to the workspace, by hash: what it has already is not sent again."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from stoker.client._scan import Tree, stat_tuple
from stoker.client._upload import Changed, Progress, upload
from stoker.exceptions import UserErrorException

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stoker.client.http import Api

__all__ = ["send_contents"]

_BLOCK = 1 << 20
_ATTEMPTS = 5


def send_contents(
    api: Api, root: str, names: Sequence[str], progress: Progress | None = None
) -> list[tuple[str, str, int]]:
    """Store the contents of files below a folder and return (name, SHA-256, bytes) of each.

    Parameters
    ----------
    api : Api
        Connection to the workspace's service.
    root : str
        The folder.
    names : sequence of str
        Paths below it, with slashes; links are followed.
    progress : callable, optional
        Called with the bytes sent so far and the bytes to send in all.

    Raises
    ------
    stoker.exceptions.UserErrorException
        A file can't be read, or never holds still.

    Examples
    --------
    >>> send_contents(api, "outputs", ["model.pkl"])  # doctest: +SKIP
    [('model.pkl', '9f86d081884c7d65...', 4)]
    """
    changed = ""
    for _ in range(_ATTEMPTS):
        tree, hashes = Tree(root), {}
        for name in names:
            hashes[name] = _hash(tree, name)
        try:
            upload(api, tree, hashes, progress)
        except Changed as change:
            changed = change.path
            continue
        return [(name, hashes[name], tree.stats[name][0]) for name in names]
    raise UserErrorException(
        f"The file {changed!r} was changed each time while it was being stored. Stop the program that writes it, and "
        "try again."
    )


def _hash(tree: Tree, name: str) -> str:
    path = os.path.join(tree.root, name)
    digest, size = hashlib.sha256(), 0
    try:
        with open(path, "rb", buffering=0) as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                digest.update(block)
                size += len(block)
            stat = os.fstat(file.fileno())
    except OSError as error:
        raise UserErrorException(
            f"The file {path!r} can't be read ({error.strerror or error}), so it was not stored. Change its "
            "permissions, or leave it out.",
            error,
            target=name,
        ) from error
    # As it was read: a file that grows meanwhile is found out when it is sent.
    tree.stats[name] = (size, *stat_tuple(stat)[1:])
    tree.size += size
    return digest.hexdigest()
