"""Hashes of local files as they were last read: an unchanged file costs one look, and no reading."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from stoker.base.digest import file_digest
from stoker.client._index import Index, Stat, is_settled

__all__ = ["HashIndex"]

_SPARE = 10_000


class HashIndex:
    """The hashes of files below one folder, kept among the caches.

    Parameters
    ----------
    root : str
        The folder.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._index = Index.load(root, "data/index")

    def marks(self, paths: Sequence[str], limit: int) -> list[tuple[int, str]]:
        """Return size and mark of each file: the SHA-256 of its content, or `size:mtime_ns` beyond `limit`.

        Parameters
        ----------
        paths : sequence of str
            Below the root.
        limit : int
            Bytes that may be read.

        Raises
        ------
        OSError
            A file can't be read.
        """
        cut = len(self._root.rstrip(os.sep)) + 1
        began = time.time_ns()
        known_stats, known_hashes = self._index.stats, self._index.hashes
        stats: list[Stat] = []
        result: list[tuple[int, str]] = []
        unread: list[int] = []
        for place, path in enumerate(paths):
            found = os.stat(path)
            stat = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode)
            stats.append(stat)
            name = path[cut:]
            if known_stats.get(name) == stat:
                result.append((stat[0], known_hashes[name]))
                continue
            limit -= stat[0]
            result.append((stat[0], f"{stat[0]}:{stat[1]}"))
            if limit >= 0:
                unread.append(place)
        if unread:
            for place, (digest, size) in zip(unread, _digests([paths[place] for place in unread])):
                result[place] = (size, digest)
            self._keep([(paths[place][cut:], stats[place], result[place]) for place in unread], began, len(paths))
        return result

    def _keep(self, read: list[tuple[str, Stat, tuple[int, str]]], began: int, current: int) -> None:
        """Add what was read, unless it may have changed meanwhile; an index of mostly absent files begins anew."""
        index = self._index
        if len(index.stats) > 2 * current + _SPARE:
            index.stats.clear()
            index.hashes.clear()
        for name, stat, (size, digest) in read:
            if size == stat[0] and is_settled(stat, began):
                index.stats[name] = stat
                index.hashes[name] = digest
        index.save()


def _digests(paths: Sequence[str]) -> list[tuple[str, int]]:
    # Hashing lets other threads run; more than a few only wait for the disk.
    if len(paths) == 1:
        return [file_digest(paths[0])]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1), "stoker-hash") as pool:
        return list(pool.map(file_digest, paths, chunksize=16))
