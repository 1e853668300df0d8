"""What a notebook shows of a run: one plain dict, made of the service's records."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.client.http import Api

__all__ = ["facts_of", "text_of"]

MOST_METRICS = 50
MOST_POINTS = 300
MOST_CHILDREN = 100
LOG_LINES = 200
TERMINAL = frozenset({"Completed", "Failed", "Canceled"})


def facts_of(api: Api, run_id: str) -> dict[str, Any]:
    """Return the run's state, metrics, the end of its log, and its children.

    Parameters
    ----------
    api : Api
    run_id : str

    Returns
    -------
    dict
        JSON: `id`, `name`, `experiment`, `status`, `ended` (bool), `started`, `finished`, `error`, `url`, `metrics`
        (each `name`, `last`, `points` as `[x, y]`), `log` (`name`, `text`), `children` (each `id`, `name`, `status`,
        `metrics`).
    """
    record = api.get(f"/runs/{run_id}")
    return {
        "id": record["id"],
        "name": record.get("display_name") or record["id"],
        "experiment": record["experiment"],
        "status": record["status"],
        "ended": record["status"] in TERMINAL,
        "started": record.get("started"),
        "finished": record.get("ended"),
        "error": (record.get("error") or {}).get("message"),
        "url": f"{api.url}/runs/{run_id}",
        "metrics": _metrics(api, run_id),
        "log": _log(api, run_id),
        "children": _children(api, run_id),
    }


def _children(api: Api, run_id: str) -> list[dict[str, Any]]:
    records = api.get(f"/runs/{run_id}/children")["runs"][:MOST_CHILDREN]
    if not records:
        return []
    metrics = api.get(f"/runs/{run_id}/metrics", recursive=True)["runs"]
    return [_child(record, metrics.get(record["id"]) or {}) for record in records]


def _child(record: dict[str, Any], metrics: dict[str, Any]) -> dict[str, Any]:
    last = {name: value[-1] if isinstance(value, list) and value else value for name, value in metrics.items()}
    scalars = {name: value for name, value in last.items() if isinstance(value, (int, float, str, bool))}
    return {
        "id": record["id"],
        "name": record.get("display_name") or record["id"],
        "status": record["status"],
        "metrics": dict(list(scalars.items())[:5]),
    }


def _metrics(api: Api, run_id: str) -> list[dict[str, Any]]:
    series = api.get(f"/runs/{run_id}/metrics/series")["series"]
    return [_metric(one) for one in series[:MOST_METRICS] if one["points"]]


def _metric(series: dict[str, Any]) -> dict[str, Any]:
    points = series["points"]
    name = series["name"] if series["column"] == series["name"] else f"{series['name']}: {series['column']}"
    stride = max(1, len(points) // MOST_POINTS)
    chosen = points[::stride] if stride > 1 else points
    if chosen[-1] is not points[-1]:
        chosen = [*chosen, points[-1]]
    numbers = [
        [step if isinstance(step, (int, float)) else place * stride, value]
        for place, (_, step, value) in enumerate(chosen)
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    last = points[-1][2]
    return {"name": name, "last": last["$"] if isinstance(last, dict) and "$" in last else last, "points": numbers}


def _log(api: Api, run_id: str) -> dict[str, str]:
    from stoker.client.http import quote_name

    logs = [log["name"] for log in api.get(f"/runs/{run_id}/logs")["logs"] if log["size"]]
    if not logs:
        return {"name": "", "text": ""}
    name = min(logs, key=lambda name: (not name.startswith("user_logs/"), name))
    answer = api.request("GET", f"/runs/{run_id}/logs/{quote_name(name)}", params={"tail": LOG_LINES})
    return {"name": name, "text": answer.data.decode("utf-8", "replace")}


def text_of(facts: dict[str, Any]) -> str:
    """Return the same as a plain table, for where nothing can be drawn.

    Examples
    --------
    >>> facts = {"name": "a", "id": "a", "experiment": "e", "status": "Running", "error": None, "url": "http://x/runs/a",
    ...          "metrics": [{"name": "loss", "last": 0.5, "points": []}], "children": []}
    >>> print(text_of(facts))
    a: Running (experiment e)
    http://x/runs/a
      loss  0.5
    """
    lines = [f"{facts['name']}: {facts['status']} (experiment {facts['experiment']})", facts["url"]]
    if facts["error"]:
        lines.append(f"  {facts['error']}")
    metrics: list[tuple[str, ...]] = [(metric["name"], _short(metric["last"])) for metric in facts["metrics"]]
    lines += _columns(metrics)
    children: list[tuple[str, ...]] = [
        (
            child["name"],
            child["status"],
            ", ".join(f"{name} {_short(value)}" for name, value in child["metrics"].items()),
        )
        for child in facts["children"]
    ]
    if children:
        lines += ["children:", *_columns(children)]
    return "\n".join(lines)


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  " + "  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
