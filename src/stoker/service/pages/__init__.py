"""The pages that a browser sees: server-rendered HTML, no store access, nothing from another host."""

from __future__ import annotations

from stoker.service.pages.render import (
    CONTENT_SECURITY_POLICY,
    STATIC_FOLDER,
    render_login,
    render_message,
    render_run,
    render_runs,
)
from stoker.service.pages.views import RunsView, RunView

__all__ = [
    "CONTENT_SECURITY_POLICY",
    "STATIC_FOLDER",
    "RunView",
    "RunsView",
    "render_login",
    "render_message",
    "render_run",
    "render_runs",
]
