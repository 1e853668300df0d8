"""Many small files in one request: for each the length of its name, its size, the name and the bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["AS_SENT", "pack", "unpack"]

AS_SENT = (1 << 64) - 1
"""Stands for the size of a file that was sent before and is the same still: its bytes are left out."""

_HEAD = struct.Struct(">IQ")


def pack(name: str, data: bytes | None) -> bytes:
    """Return one file's part of a pack.

    Parameters
    ----------
    name : str
        Bytes that are not UTF-8 are surrogate escapes.
    data : bytes or None
        None: as it was sent before.
    """
    label = name.encode("utf-8", "surrogateescape")
    return _HEAD.pack(len(label), AS_SENT if data is None else len(data)) + label + (data or b"")


def unpack(body: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Yield (name, bytes) of each file of a pack; the bytes are None for one that is as it was sent before.

    Raises
    ------
    ValueError
        The pack is cut off.

    Examples
    --------
    >>> list(unpack(pack("a", b"1") + pack("b", None)))
    [('a', b'1'), ('b', None)]
    """
    view, at = memoryview(body), 0
    while at < len(view):
        if at + _HEAD.size > len(view):
            raise ValueError("the pack ends within a head")
        length, size = _HEAD.unpack_from(view, at)
        at += _HEAD.size
        end = at + length + (0 if size == AS_SENT else size)
        if end > len(view):
            raise ValueError("the pack ends within a file")
        name = bytes(view[at : at + length]).decode("utf-8", "surrogateescape")
        yield name, None if size == AS_SENT else bytes(view[at + length : end])
        at = end
