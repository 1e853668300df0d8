"""Hashes: of a file's bytes, and of a snapshot's manifest."""

from __future__ import annotations

import hashlib
import uuid

from stoker.base.jsonio import canonical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["file_digest", "snapshot_id"]


def file_digest(path: str) -> tuple[str, int]:
    """Return the SHA-256 (hex) and the size in bytes of a file."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb", buffering=0) as file:
        while True:
            block = file.read(1 << 20)
            if not block:
                return digest.hexdigest(), size
            digest.update(block)
            size += len(block)


def snapshot_id(manifest: dict[str, Any]) -> str:
    """Return the id of a snapshot: a GUID made of its manifest, so the same tree has the same id."""
    return str(uuid.UUID(bytes=hashlib.sha256(canonical(manifest)).digest()[:16], version=5))
