"""Hashes: of a file's bytes, and of a snapshot's manifest."""

from __future__ import annotations

import hashlib
import uuid

from stoker.base.jsonio import canonical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["file_digest", "snapshot_id", "stream_digest"]


def file_digest(path: str) -> tuple[str, int]:
    """Return the SHA-256 (hex) and the size in bytes of a file."""
    with open(path, "rb", buffering=0) as file:
        return stream_digest(file)


def stream_digest(stream: Any) -> tuple[str, int]:
    """Return the same of what a binary stream gives from here to its end."""
    digest, size = hashlib.sha256(), 0
    while True:
        block = stream.read(1 << 20)
        if not block:
            return digest.hexdigest(), size
        digest.update(block)
        size += len(block)


def snapshot_id(manifest: dict[str, Any]) -> str:
    """Return the id of a snapshot: a GUID made of its manifest, so the same tree has the same id."""
    return str(uuid.UUID(bytes=hashlib.sha256(canonical(manifest)).digest()[:16], version=5))
