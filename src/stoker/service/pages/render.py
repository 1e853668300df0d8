"""From records to HTML: pure functions, no store. Every text is escaped by the templates."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stoker.base.arguments import shown_arguments
from stoker.base.states import RunStatus
from stoker.service.pages import data, facts
from stoker.service.pages import format as words
from stoker.service.pages.ansi import to_html
from stoker.service.pages.metrics import metrics_of, resource_charts
from stoker.service.pages.views import RunsView, RunView

__all__ = [
    "CONTENT_SECURITY_POLICY",
    "STATIC_FOLDER",
    "render_login",
    "render_message",
    "render_run",
    "render_runs",
]

HERE = os.path.dirname(os.path.abspath(__file__))
STATIC_FOLDER = os.path.join(HERE, "static")
"""Folder of the files below `/static/`."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Header for every page: nothing inline, nothing from another host."""

MOST_FILES = 500


def render_run(view: RunView) -> str:
    """Return the page of one run.

    Examples
    --------
    >>> view = RunView(workspace={"name": "w"}, run={"id": "r1", "status": "Running", "experiment": "e"})
    >>> "<h1" in render_run(view)
    True
    """
    run = {**_EMPTY_RUN, **view.run}
    metrics = metrics_of(view.metrics, view.series, view.files)
    pictures = data.pictures_of(view.files, {picture.file for picture in metrics.pictures})
    return _page(
        "run.html",
        view=view,
        run=run,
        seconds=words.run_seconds(run, view.now),
        definition=run["definition"] or {},
        parameters=words.parameters(shown_arguments(run["definition"])),
        command=facts.command(run["definition"] or {}),
        metrics=metrics,
        pictures=pictures[: data.MOST_PICTURES],
        pictures_total=len(pictures),
        inputs=data.inputs_of(view.lineage),
        outputs=data.outputs_of(view.lineage),
        models=data.models_of(view.lineage),
        resources=resource_charts(view.samples),
        logs=sorted(view.logs, key=lambda log: not str(log["name"]).startswith("user_logs/")),
        log=to_html(view.log_text),
        files=view.files[:MOST_FILES],
        git=facts.git_rows(run["properties"] or {}),
        children=[{**_EMPTY_RUN, **child} for child in view.children],
        error_tail=facts.error_tail(run["error"], view.log_text),
        environment_rows=facts.environment_rows(run),
        packages=facts.packages(run["resolved"] or {}),
        usage_rows=facts.usage_rows(run["resources"] or {}),
        definition_text=json.dumps(run["definition"], indent=2, ensure_ascii=False),
        commands=facts.next_commands(run),
        is_live=not RunStatus(run["status"]).is_terminal,
    )


def render_runs(view: RunsView) -> str:
    """Return the page of the workspace: its runs."""
    kept = {"experiment": view.experiment, "status": view.status, "search": view.search, "after": view.next_cursor}
    query = urlencode({key: words.as_bytes(value) for key, value in kept.items() if value})
    return _page("runs.html", view=view, runs=[{**_EMPTY_RUN, **run} for run in view.runs], next_query=query)


def render_login(next_path: str = "/", problem: str | None = None) -> str:
    """Return the page that asks for a one-time code.

    Parameters
    ----------
    next_path : str, default="/"
        Where to go afterwards; the route must have checked that it is a path of this service.
    problem : str, optional
        Why the last code did not do.
    """
    return _page("login.html", next_path=next_path, problem=problem)


def render_message(title: str, text: str, status: int) -> str:
    """Return a page that says one thing: an error, mostly."""
    return _page("message.html", title=title, text=text, status=status)


_EMPTY_RUN: dict[str, Any] = {
    "id": "",
    "number": None,
    "experiment": "",
    "type": None,
    "kind": "submitted",
    "status": "NotStarted",
    "status_reason": None,
    "display_name": None,
    "description": None,
    "parent_id": None,
    "created": None,
    "queued": None,
    "started": None,
    "ended": None,
    "target": None,
    "tags": {},
    "properties": {},
    "definition": None,
    "snapshot_id": None,
    "environment": None,
    "resolved": None,
    "error": None,
    "warnings": [],
    "submitted_by": None,
    "node_count": None,
    "exit": None,
    "resources": None,
    "version": 0,
}


def _status_kind(status: str) -> str:
    """Return the group that gives a state its colour."""
    state = RunStatus(status)
    if state.is_terminal:
        return str(state).lower()
    if state is RunStatus.RUNNING:
        return "running"
    return "waiting" if state.is_waiting else "between"


def _page(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


@functools.lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(os.path.join(HERE, "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_final,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        duration=words.duration,
        moment=words.moment,
        number=words.number,
        size=words.size,
        status_kind=_status_kind,
        url=lambda text: quote(words.as_bytes(str(text)), safe=""),
        visible=lambda text: words.visible(str(text)),
    )
    environment.globals.update(
        file_url=words.file_url, run_seconds=words.run_seconds, static=_static_url, statuses=_statuses()
    )
    return environment


def _final(value: Any) -> Any:
    """Make each value that a template prints fit to be sent."""
    if isinstance(value, Markup):
        return value
    return "" if value is None else words.clean(str(value))


def _statuses() -> Sequence[str]:
    return [str(status) for status in RunStatus]


@functools.cache
def _static_url(name: str) -> str:
    """Return the address of a static file; it changes with the content, so that browsers may keep it."""
    with open(os.path.join(STATIC_FOLDER, name), "rb") as file:
        return f"/static/{name}?v={hashlib.sha256(file.read()).hexdigest()[:12]}"
