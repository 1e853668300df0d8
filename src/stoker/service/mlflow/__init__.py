"""The MLflow protocol: tracking, artifacts, registry and logged models for MLflow's own clients.

What a client logs lands in the same records as what our SDK logs; nothing of MLflow is needed to serve it.
"""

from __future__ import annotations

from stoker.service.mlflow import (
    artifacts,
    experiments,
    logged_models,
    metrics,
    registry,
    registry_versions,
    rest,
    runs,
    search,
)

__all__ = ["routers"]

routers = [
    part.router for part in (experiments, runs, metrics, search, artifacts, registry, registry_versions, logged_models)
]
# Last: it answers whatever the others do not know.
routers.append(rest.router)
