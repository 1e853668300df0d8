"""Send the contents of a source folder that the service does not have yet."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from stoker.client._scan import Tree, unreadable
from stoker.exceptions import SnapshotException

if TYPE_CHECKING:
    from stoker.client.http import Api

__all__ = ["Changed", "Progress", "upload"]

Progress = Callable[[int, int], None]

_PACK = 32 << 20
_BLOCK = 1 << 20
_ASK_AT_ONCE = 10_000


class Changed(Exception):  # noqa: N818  # a signal that `take` answers
    """A file is no longer what was hashed."""

    def __init__(self, tree: Tree, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.path = os.path.join(tree.root, name)


def upload(api: Api, tree: Tree, hashes: dict[str, str], progress: Progress | None) -> int:
    """Send the contents that the service lacks; return their bytes."""
    by_hash = {digest: name for name, digest in hashes.items()}
    wanted = list(by_hash)
    missing: list[str] = []
    for start in range(0, len(wanted), _ASK_AT_ONCE):
        missing += api.post("/objects/missing", {"hashes": wanted[start : start + _ASK_AT_ONCE]})["missing"]
    items = sorted((by_hash[digest], digest) for digest in missing)
    total = sum(tree.stats[name][0] for name, _ in items)
    sent = 0
    for pack in _packs(tree, items):
        size = sum(tree.stats[name][0] for name, _ in pack)
        _send(api, tree, pack, size + 40 * len(pack))
        sent += size
        if progress is not None:
            progress(sent, total)
    return sent


def _packs(tree: Tree, items: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Yield the contents in groups of at most 32 MiB; a larger one is a group by itself."""
    pack: list[tuple[str, str]] = []
    size = 0
    for item in items:
        more = tree.stats[item[0]][0] + 40
        if pack and size + more > _PACK:
            yield pack
            pack, size = [], 0
        pack.append(item)
        size += more
    if pack:
        yield pack


def _send(api: Api, tree: Tree, pack: list[tuple[str, str]], length: int) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    try:
        api.request("POST", "/objects/pack", raw=lambda: _body(tree, pack), headers=headers, length=length)
    except (Changed, SnapshotException):
        # The request was left half said, so the connection can't be used for another.
        api.close()
        raise


def _body(tree: Tree, pack: list[tuple[str, str]]) -> Iterator[bytes]:
    """Yield a pack: hash, length and bytes of each content, in blocks of a size that suits the network."""
    waiting = bytearray()
    for name, digest in pack:
        size = tree.stats[name][0]
        waiting += bytes.fromhex(digest) + size.to_bytes(8, "big")
        for block in _blocks(tree, name, digest, size):
            waiting += block
            if len(waiting) >= _BLOCK:
                yield bytes(waiting)
                waiting.clear()
    if waiting:
        yield bytes(waiting)


def _blocks(tree: Tree, name: str, digest: str, size: int) -> Iterator[bytes]:
    """Yield a file's bytes; the last block only once all of them are known to be those that were hashed."""
    path = os.path.join(tree.root, name)
    sum_so_far = hashlib.sha256()
    try:
        with open(path, "rb", buffering=0) as file:
            left = size
            while True:
                block = file.read(min(left, _BLOCK))
                left -= len(block)
                sum_so_far.update(block)
                if not left or not block:
                    break
                yield block
    except FileNotFoundError:
        raise Changed(tree, name) from None
    except OSError as error:
        raise unreadable(error, path, name) from error
    if left or sum_so_far.hexdigest() != digest:
        raise Changed(tree, name)
    yield block
