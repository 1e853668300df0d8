"""What nothing refers to any more: environments that nobody uses, objects that no file, snapshot or model names."""

from __future__ import annotations

import time
from typing import Any

from stoker.service.environments import EnvironmentBuilder
from stoker.service.store import ArtifactStore, Store

__all__ = ["SPARED_SECONDS", "collect"]

SPARED_SECONDS = 3600.0
"""Younger objects stay: an upload stores its bytes before the record that names them."""


def collect(
    store: Store, objects: ArtifactStore, builder: EnvironmentBuilder, *, dry_run: bool, spared: float = SPARED_SECONDS
) -> dict[str, Any]:
    """Remove what is not needed and say what it was.

    Parameters
    ----------
    store : Store
    objects : ArtifactStore
    builder : EnvironmentBuilder
    dry_run : bool
        Only say what would go.
    spared : float, default=SPARED_SECONDS
        Objects younger than this, in seconds, stay.

    Returns
    -------
    dict
        `removed`: a list of `{"kind", "name", "size"}`; `bytes`: what it frees in all.
    """
    removed = [{"kind": "environment", "name": item.key, "size": item.size} for item in builder.gc((), dry_run=dry_run)]
    for sha256 in _unreferenced(store, objects, time.time() - spared):
        removed.append({"kind": "object", "name": sha256, "size": objects.size(sha256)})
        if not dry_run:
            objects.delete(sha256)
    return {"removed": removed, "bytes": sum(item["size"] for item in removed)}


def _unreferenced(store: Store, objects: ArtifactStore, older_than: float) -> list[str]:
    found = set(objects.hashes(older_than))
    for part in (store.artifacts, store.snapshots, store.models):
        found -= part.referenced(found)
    return sorted(found)
