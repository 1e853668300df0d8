"""Metrics of a run, and what differs between runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from stoker.cli.output import emit
from stoker.cli.plot import plot, sparkline
from stoker.cli.refs import run_path, segment
from stoker.cli.session import UsageProblem
from stoker.cli.table import Column, cell, facts, table
from stoker.cli.text import clean, terminal_width
from stoker.cli.units import duration, number, parameters
from stoker.client import Api
from stoker.exceptions import NotFoundException

__all__ = ["all_parameters", "compare_runs", "diff_runs", "metric_rows", "show_metrics"]


def all_parameters(api: Api, run: dict[str, Any]) -> dict[str, str]:
    """Return the parameters in a run's arguments, and those that an MLflow client has logged."""
    return {**parameters(run), **api.get(run_path(run, "params"))["params"]}


def show_metrics(api: Api, run: dict[str, Any], name: str | None, *, plot: bool) -> None:
    """Write a run's metrics: as `get_metrics` has them for a program, as rows or plots for people."""
    answer = api.get(run_path(run, "metrics"), name=name)["metrics"]
    if name is not None and not answer:
        from stoker.base.names import suggestion

        known = api.get(run_path(run, "metrics"))["metrics"]
        raise NotFoundException(f"The run {run['id']} has no metric {name!r}. {suggestion(name, known)}")
    if not answer:
        emit(answer, text=lambda: f"The run {run['id']} has logged no metrics.")
        return
    if plot:
        emit(answer, text=lambda: _plots(_series(api, run, name)))
    else:
        emit(answer, text=lambda: table(metric_rows(api, run, name), _METRICS))


_METRICS = [
    Column("METRIC", "metric"),
    Column("LAST", "last", right=True, shrink=True, named=True),
    Column("LEAST", "least", right=True, named=True),
    Column("GREATEST", "greatest", right=True, named=True),
    Column("POINTS", "points", right=True, named=True),
    Column("", "line"),
]


def _series(api: Api, run: dict[str, Any], name: str | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(run_path(run, "metrics", "series"), name=name)["series"]
    return found


def metric_rows(api: Api, run: dict[str, Any], name: str | None = None) -> list[dict[str, Any]]:
    """Return a row for each metric of a run, and for each column of one that has several."""
    return [_row(series) for series in _series(api, run, name)]


def _title(series: Mapping[str, Any]) -> str:
    column = series.get("column")
    return str(series["name"] if column in {None, "", series["name"]} else f"{series['name']}.{column}")


def _row(series: Mapping[str, Any]) -> dict[str, Any]:
    values = [point[2] for point in series["points"]]
    numbers = [found for value in values if (found := number(value)) is not None]
    finite = [value for value in numbers if math.isfinite(value)]
    several = len(values) > 1
    last = values[-1] if values else None
    return {
        "metric": _title(series),
        "last": numbers[-1] if numbers and number(last) is not None else last,
        "least": min(finite) if finite and several else None,
        "greatest": max(finite) if finite and several else None,
        "points": len(values),
        "line": sparkline(numbers, 16) if len(numbers) > 1 else None,
    }


def _plots(series: Sequence[Mapping[str, Any]]) -> str:
    cells = max(10, min(terminal_width() or 80, 100) - 14)
    parts = []
    for one in series:
        stepped = all(point[1] is not None for point in one["points"])
        points = [
            (float(step) if stepped else float(place), value)
            for place, (_, step, raw) in enumerate(one["points"])
            if (value := number(raw)) is not None
        ]
        if len(points) > 1:
            parts.append(f"{clean(_title(one))}\n{plot(points, cells)}")
        else:
            parts.append(f"{clean(_title(one))}: {cell(_row(one)['last'])}")
    return "\n\n".join(parts)


def compare_runs(api: Api, runs: Sequence[dict[str, Any]]) -> None:
    """Write the parameters and last metrics of runs side by side; `*` marks what differs."""
    if len(runs) < 2:
        raise UsageProblem("One run was named, and there is nothing to compare it with. Name two or more.")
    facts_of = [
        {
            "id": run["id"],
            "status": run["status"],
            "parameters": all_parameters(api, run),
            "metrics": {row["metric"]: row["last"] for row in metric_rows(api, run)},
        }
        for run in runs
    ]
    emit(facts_of, text=lambda: _side_by_side(runs, facts_of))


def _side_by_side(runs: Sequence[Mapping[str, Any]], facts_of: Sequence[dict[str, Any]]) -> str:
    labels = [ascii_uppercase[place] if len(runs) <= 26 else str(place + 1) for place in range(len(runs))]
    legend = [
        {"label": label, "id": run["id"], "status": run["status"], "time": duration(run)}
        for label, run in zip(labels, runs, strict=True)
    ]
    head = table(
        legend,
        [Column("", "label"), Column("RUN", "id"), Column("STATUS", "status"), Column("TIME", "time", right=True)],
    )
    parts = [part for kind in ("parameters", "metrics") if (part := _rows(kind, labels, facts_of))]
    return "\n\n".join([head, *(parts or ["None has parameters or metrics."])])


def _rows(kind: str, labels: Sequence[str], facts_of: Sequence[dict[str, Any]]) -> str:
    rows = []
    for name in dict.fromkeys(name for one in facts_of for name in one[kind]):
        values = [cell(one[kind].get(name)) for one in facts_of]
        mark = "*" if len(set(values)) > 1 else ""
        rows.append({"name": name, **dict(zip(labels, values, strict=True)), "mark": mark})
    title = Column(kind.upper(), "name", shrink=True)
    columns = [title, *(Column(label, label, right=True, shrink=True) for label in labels), Column("", "mark")]
    return table(rows, columns) if rows else ""


def diff_runs(api: Api, first: dict[str, Any], second: dict[str, Any]) -> None:
    """Write what differs between two runs."""
    found = {
        "parameters": _changes(all_parameters(api, first), all_parameters(api, second)),
        "environment": _changes(_environment(first), _environment(second)),
        "source": _source_changes(api, first.get("snapshot_id"), second.get("snapshot_id")),
    }
    emit(found, text=lambda: _diff_text(found))


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[Any]]:
    names = dict.fromkeys([*old, *new])
    return {name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)}


def _environment(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run ran with, flat: the environment's definition and what it was resolved to."""
    definition = (run.get("definition") or {}).get("environment")
    flat: dict[str, Any] = {}
    _flatten(definition if isinstance(definition, dict) else {}, "", flat)
    _flatten(run.get("resolved") or {}, "resolved", flat)
    return flat


def _flatten(value: Any, name: str, into: dict[str, Any]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _flatten(item, f"{name}.{key}" if name else str(key), into)
    elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        into.update({f"{name}: {item}": True for item in value})
    elif value not in (None, [], ""):
        into[name] = value


def _source_changes(api: Api, first: str | None, second: str | None) -> dict[str, list[str]]:
    """Return the names of files that were added, removed or changed."""
    if first == second:
        return {"added": [], "removed": [], "changed": []}
    old, new = _files(api, first), _files(api, second)
    return {
        "added": sorted(set(new) - set(old)),
        "removed": sorted(set(old) - set(new)),
        "changed": sorted(name for name in set(old) & set(new) if old[name] != new[name]),
    }


def _files(api: Api, snapshot: str | None) -> dict[str, Any]:
    if snapshot is None:
        return {}
    manifest = api.get(f"/snapshots/{segment(snapshot)}")
    files = {path: (digest, mode) for path, digest, _, mode in manifest["files"]}
    return {**files, **dict(manifest.get("links", []))}


def _diff_text(found: Mapping[str, Any]) -> str:
    parts = []
    for kind in ("parameters", "environment"):
        if found[kind]:
            pairs = [(name, _arrow(old, new)) for name, (old, new) in found[kind].items()]
            parts.append(f"{kind.capitalize()}\n{facts(pairs)}")
    marks = {"added": "+", "removed": "-", "changed": "~"}
    names = [f"{marks[how]} {clean(name)}" for how in marks for name in found["source"][how]]
    if names:
        parts.append("Source\n" + "\n".join(names))
    return "\n\n".join(parts) or "The two runs do not differ in parameters, environment or source."


def _arrow(old: Any, new: Any) -> str:
    if old is True and new is None:
        return "only in the first"
    if old is None and new is True:
        return "only in the second"
    return f"{cell(old) or '(none)'} -> {cell(new) or '(none)'}"
