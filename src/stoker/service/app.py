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
    for router in (*api.routers, browser.router, *mlflow.routers):
        app.router.routes.extend(router.routes)
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
