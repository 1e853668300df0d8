"""The small tables of a run's page: what it started, where, with what."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from stoker.base.arguments import shown_arguments
from stoker.base.states import RunStatus
from stoker.service.pages import format as words
from stoker.service.pages.ansi import to_html
from stoker.service.pages.views import Record

__all__ = ["command", "environment_rows", "error_tail", "git_rows", "next_commands", "packages", "usage_rows"]

TAIL_LINES = 12
_GIT = (
    ("Repository", "azureml.git.repository_uri"),
    ("Branch", "azureml.git.branch"),
    ("Commit", "azureml.git.commit"),
    ("Uncommitted changes", "azureml.git.dirty"),
)


def git_rows(properties: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return where the source came from."""
    return [(label, str(properties[key])) for label, key in _GIT if key in properties]


def command(definition: Mapping[str, Any]) -> str:
    """Return what the run started, as one would type it."""
    line = definition.get("command")
    if line:
        return line if isinstance(line, str) else shlex.join(str(item) for item in line)
    script = definition.get("script")
    return shlex.join([str(script), *shown_arguments(definition)]) if script else ""


def error_tail(error: Mapping[str, Any] | None, log_text: str) -> Markup:
    """Return the traceback that the error holds, else the last lines of the log."""
    if not error:
        return Markup("")
    details = error.get("details")
    if isinstance(details, Mapping):
        for key in ("traceback", "tail", "log_tail"):
            if isinstance(details.get(key), str):
                return to_html(details[key].strip("\n"))
    lines = log_text.rstrip("\n").split("\n")
    return to_html("\n".join(lines[-TAIL_LINES:]))


def environment_rows(run: Record) -> list[tuple[str, str]]:
    """Return the environment's name, its interpreter, and what is not as it was asked for."""
    environment, resolved = run["environment"] or {}, run["resolved"] or {}
    rows = []
    if environment.get("name"):
        rows.append(("Name", f"{environment['name']} {environment.get('version') or ''}".strip()))
    rows += [
        (label, str(resolved[key]))
        for label, key in (("Python", "python"), ("Interpreter", "interpreter"))
        if resolved.get(key)
    ]
    python = resolved.get("python_moved")
    moved = [{"name": "Python", **python}] if python else []
    rows += [
        ("Moved pin", f"{item.get('name')} {item.get('from')} to {item.get('to')}")
        for item in [*moved, *(resolved.get("moved") or [])]
    ]
    return rows


def usage_rows(resources: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the run used in all."""
    rows = [
        ("CPU time", words.duration(resources.get("cpu_seconds"))),
        ("Memory, peak", words.size(resources.get("memory_peak"))),
        ("GPU memory, peak", words.size(resources.get("gpu_memory_peak"))),
    ]
    return [row for row in rows if row[1]]


def packages(resolved: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return name and version of what was installed."""
    return sorted((str(name), str(version)) for name, version in (resolved.get("packages") or {}).items())


def next_commands(run: Record) -> list[tuple[str, str]]:
    """Return what a user may want next: a command and what it does."""
    quoted, status = shlex.quote(str(run["id"])), RunStatus(run["status"])
    if not status.is_terminal:
        return [
            (f"stoker run logs {quoted} --follow", "follow the log in a terminal"),
            (f"stoker run cancel {quoted}", "stop it"),
        ]
    commands = [
        (f"stoker run logs {quoted}", "read the whole log"),
        (f"stoker run metrics {quoted}", "its metrics in a terminal"),
        (f"stoker run download {quoted}", "fetch its files"),
    ]
    if run["kind"] == "submitted":
        commands.append((f"stoker run rerun {quoted}", "run the same source and settings again"))
    return commands
