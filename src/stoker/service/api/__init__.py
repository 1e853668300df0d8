"""The REST interface: a router a resource; each validates, calls, answers."""

from __future__ import annotations

from stoker.service.api import compute, environments, events, files, objects, run_data, runs, workspace

__all__ = ["routers"]

routers = [part.router for part in (workspace, runs, run_data, files, events, objects, environments, compute)]
