"""The REST interface: a router a resource; each validates, calls, answers."""

from __future__ import annotations

from stoker.service.api import (
    compute,
    datasets,
    datastores,
    environments,
    events,
    files,
    lineage,
    objects,
    registry,
    run_data,
    runs,
    secrets,
    workspace,
)

__all__ = ["routers"]

_RUNS = (workspace, runs, run_data, files, events, objects, environments, compute)
_DATA = (secrets, datastores, datasets, lineage, registry)
routers = [part.router for part in (*_RUNS, *_DATA)]
