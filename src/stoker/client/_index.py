"""What was hashed last time: so that an unchanged folder costs one look at each file, and no reading."""

from __future__ import annotations

import binascii
import hashlib
import marshal
import os
from typing import Any

from stoker.base.paths import cache_home

__all__ = ["Index", "Stat", "is_settled"]

Stat = tuple[int, int, int, int, int]
"""Size, mtime_ns, ctime_ns, inode, mode: a plain tuple, for marshal and for speed."""

_MAGIC = b"stoker-index-1 "
_TICK_NS = 50_000_000
_COARSE_TICK_NS = 3_000_000_000
_SECOND_NS = 1_000_000_000


def is_settled(stat: Stat, read_at_ns: int) -> bool:
    """Whether a file read at that time must show another stat when it is changed later.

    A change within the same tick of the file system's clock leaves the times as they were. Whole seconds point to a
    file system that keeps no fractions (its tick is 1 or 2 s).
    """
    newest = max(stat[1], stat[2])
    coarse = stat[1] % _SECOND_NS == 0 or stat[2] % _SECOND_NS == 0
    return newest + (_COARSE_TICK_NS if coarse else _TICK_NS) < read_at_ns


class Index:
    """The hashes of one source folder as they were at the last snapshot.

    Attributes
    ----------
    stats : dict of str to tuple
        Size, times, inode and mode of each file that had settled, by relative path.
    hashes : dict of str to str
        SHA-256 of the same files.
    shape : tuple
        Links and empty folders.
    snapshot_id : str
        The id of the tree, when `stats` and `shape` are all of it; else empty.
    """

    def __init__(self, path: str, root: str) -> None:
        self._path = path
        self._root = root
        self.stats: dict[str, Stat] = {}
        self.hashes: dict[str, str] = {}
        self.shape: tuple[Any, ...] = ()
        self.snapshot_id = ""

    @classmethod
    def load(cls, root: str, kind: str = "snapshots") -> Index:
        """Return the index of the folder `root` (a real path), empty when there is none or it is damaged.

        Parameters
        ----------
        root : str
        kind : str, default="snapshots"
            The folder among the caches where such indexes are kept.
        """
        name = hashlib.sha256(os.fsencode(root)).hexdigest()
        index = cls(os.path.join(cache_home(), kind, name), root)
        try:
            with open(index._path, "rb") as file:
                data = file.read()
        except OSError:
            return index
        payload = data[len(_MAGIC) + 4 :]
        if data == _MAGIC + _checksum(payload) + payload:
            index._fill(payload)
        return index

    def _fill(self, payload: bytes) -> None:
        try:
            version, root, *rest = marshal.loads(payload)  # noqa: S302  # our own file; its checksum was compared
        except (EOFError, ValueError, TypeError):
            return
        if version == marshal.version and root == self._root and len(rest) == 4:
            self.stats, self.hashes, self.shape, self.snapshot_id = rest

    def save(self) -> None:
        """Write the index; a cache that can't be written is done without."""
        facts = (marshal.version, self._root, self.stats, self.hashes, self.shape, self.snapshot_id)
        payload = marshal.dumps(facts)
        beside = f"{self._path}.{os.getpid()}.{os.urandom(3).hex()}"
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            with open(beside, "xb") as file:
                file.write(_MAGIC + _checksum(payload) + payload)
            os.replace(beside, self._path)
        except OSError:
            if os.path.exists(beside):
                os.unlink(beside)


def _checksum(payload: bytes) -> bytes:
    return binascii.crc32(payload).to_bytes(4, "big")
