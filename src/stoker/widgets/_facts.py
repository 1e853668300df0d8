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
LOG_BYTES = 64 * 1024
TERMINAL = frozenset({"Completed", "Failed", "Canceled"})


def facts_of(api: Api, run_id: str) -> dict[str, Any]:
    """Return the run's state, metrics, the end of its log, and its children: little of each, however large the run.

    Parameters
    ----------
    api : Api
    run_id : str

    Returns
    -------
    dict
        JSON: `id`, `name`, `experiment`, `status`, `ended` (bool), `started`, `finished`, `error`, `url`, `metrics`
        (each `name`, `last`, `points` as `[x, y]`), `log` (`name`, `text`), `children` (each `id`, `name`, `status`,
        `metrics`), and how many are not among these: `more_metrics`, `more_children`.
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
        "log": _log(api, run_id),
        **_metrics(api, run_id),
        **_children(api, run_id),
    }


def _children(api: Api, run_id: str) -> dict[str, Any]:
    found = api.get(f"/runs/{run_id}/children/overview", limit=MOST_CHILDREN)
    children = [
        {
            "id": record["id"],
            "name": record["display_name"] or record["id"],
            "status": record["status"],
            "metrics": record["metrics"],
        }
        for record in found["runs"]
    ]
    return {"children": children, "more_children": found["total"] - len(children)}


def _metrics(api: Api, run_id: str) -> dict[str, Any]:
    found = api.get(f"/runs/{run_id}/metrics/overview", names=MOST_METRICS, points=MOST_POINTS)
    names = {series["name"] for series in found["series"]}
    metrics = [_metric(one) for one in found["series"] if one["points"]]
    shown = metrics[:MOST_METRICS]
    return {"metrics": shown, "more_metrics": found["total"] - len(names) + len(metrics) - len(shown)}


def _metric(series: dict[str, Any]) -> dict[str, Any]:
    points = series["points"]
    name = series["name"] if series["column"] == series["name"] else f"{series['name']}: {series['column']}"
    numbers = [
        [step if isinstance(step, (int, float)) else place, value]
        for place, (_, step, value) in enumerate(points)
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    last = points[-1][2]
    return {"name": name, "last": last["$"] if isinstance(last, dict) and "$" in last else last, "points": numbers}


def _log(api: Api, run_id: str) -> dict[str, str]:
    from stoker.client.http import quote_name

    sizes = {log["name"]: log["size"] for log in api.get(f"/runs/{run_id}/logs")["logs"] if log["size"]}
    if not sizes:
        return {"name": "", "text": ""}
    name = min(sizes, key=lambda name: (not name.startswith("user_logs/"), name))
    start = max(0, sizes[name] - LOG_BYTES)
    answer = api.request("GET", f"/runs/{run_id}/logs/{quote_name(name)}", params={"offset": start, "limit": LOG_BYTES})
    lines = answer.data.decode("utf-8", "replace").splitlines(keepends=True)
    return {"name": name, "text": "".join(lines[-LOG_LINES:])}


def text_of(facts: dict[str, Any]) -> str:
    """Return the same as a plain table, for where nothing can be drawn.

    Examples
    --------
    >>> facts = {"name": "a", "id": "a", "experiment": "e", "status": "Running", "error": None, "url": "http://x/runs/a",
    ...          "metrics": [{"name": "loss", "last": 0.5, "points": []}], "more_metrics": 7,
    ...          "children": [], "more_children": 0}
    >>> print(text_of(facts))
    a: Running (experiment e)
    http://x/runs/a
      loss  0.5
      and 7 more
    """
    lines = [f"{facts['name']}: {facts['status']} (experiment {facts['experiment']})", facts["url"]]
    if facts["error"]:
        lines.append(f"  {facts['error']}")
    metrics: list[tuple[str, ...]] = [(metric["name"], _short(metric["last"])) for metric in facts["metrics"]]
    lines += [*_columns(metrics), *_more(facts["more_metrics"])]
    children: list[tuple[str, ...]] = [
        (
            child["name"],
            child["status"],
            ", ".join(f"{name} {_short(value)}" for name, value in child["metrics"].items()),
        )
        for child in facts["children"]
    ]
    if children:
        lines += ["children:", *_columns(children), *_more(facts["more_children"])]
    return "\n".join(lines)


def _more(count: int) -> list[str]:
    return [f"  and {count} more"] if count else []


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  " + "  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
