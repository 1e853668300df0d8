"""The ASGI application: door, interface, pages."""

from __future__ import annotations

from fastapi import FastAPI

from stoker.base.version import __version__
from stoker.service import api, errors, mlflow
from stoker.service.api import browser
from stoker.service.context import ServiceContext
from stoker.service.gate import Gate, cookie_name
from stoker.service.limits import BodyLimit

__all__ = ["create_app"]


_ASKED_IN_LOOPS = frozenset({"/api/2.0/mlflow/runs/log-metric", "/api/2.0/mlflow/runs/log-batch"})


def create_app(context: ServiceContext) -> FastAPI:
    """Return the application of one workspace's service."""
    app = FastAPI(
        title="Stoker",
        version=__version__,
        description="Runs, metrics, files, environments and compute targets of one workspace.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.context = context
    routes = [route for router in (*api.routers, browser.router, *mlflow.routers) for route in router.routes]
    # They are tried one after the other.
    app.router.routes.extend(sorted(routes, key=lambda route: getattr(route, "path", "") not in _ASKED_IN_LOOPS))
    errors.install(app)
    hosts = frozenset({context.settings.host})
    app.add_middleware(BodyLimit, max_upload_bytes=context.settings.max_upload_bytes)
    # Added last, so asked first.
    app.add_middleware(
        Gate,
        signer=context.signer,
        cookie=cookie_name(context.config["id"]),
        hosts=hosts,
        activity=context.activity,
    )
    return app
