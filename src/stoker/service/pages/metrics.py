"""How a run's metrics are shown: single values, charts, tables, pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stoker.service.pages.format import number, to_float
from stoker.service.pages.svg import Line, line_chart
from stoker.service.pages.views import Record

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Chart", "Metrics", "Picture", "Table", "Value", "metrics_of", "resource_charts"]

MOST_ROWS = 50
"""Rows of a table on the page; the rest is one command away."""
MOST_LINES = 8
REFERENCE = "aml://artifactId/"
"""How the value of a metric that is a file begins."""
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp")


@dataclass(frozen=True)
class Chart:
    """A metric drawn as lines; `legend` is empty for a single line."""

    name: str
    svg: Markup
    legend: tuple[str, ...]
    last: str
    note: str
    description: str


@dataclass(frozen=True)
class Table:
    """A metric with columns, or a list of values that can't be drawn."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int
    description: str
    is_drawn: bool
    is_part: bool


@dataclass(frozen=True)
class Value:
    """A metric with one value; `file`: the run's file that it names, as a confusion matrix does."""

    name: str
    shown: str
    exact: str
    description: str
    file: str = ""


@dataclass(frozen=True)
class Picture:
    """A metric that is an image file of the run."""

    name: str
    file: str
    description: str


@dataclass(frozen=True)
class Metrics:
    """All metrics of a run, by the way they are shown."""

    values: tuple[Value, ...]
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    pictures: tuple[Picture, ...]

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.values or self.charts or self.tables or self.pictures)


def metrics_of(metrics: Mapping[str, Any], series: Sequence[Record], files: Sequence[Record]) -> Metrics:
    """Sort a run's metrics.

    Parameters
    ----------
    metrics : mapping
        Collapsed values by name.
    series : sequence of Record
        The points.
    files : sequence of Record
        The run's files: a metric that names an image among them is shown as a picture.
    """
    by_name: dict[str, list[Record]] = {}
    for item in series:
        by_name.setdefault(str(item["name"]), []).append(item)
    names = {str(file["name"]) for file in files}
    images = {name for name in names if name.lower().endswith(PICTURES)}
    values, charts, tables, pictures = [], [], [], []
    for name in dict.fromkeys([*metrics, *by_name]):
        items, value = by_name.get(name, []), metrics.get(name)
        description = str(items[0].get("description") or "") if items else ""
        picture, chart = _picture(name, value, images, description), _chart(name, items, description)
        if picture:
            pictures.append(picture)
            continue
        if chart:
            charts.append(chart)
        columns = _columns(value, is_drawn=chart is not None)
        if columns:
            is_part = any(item.get("is_part") for item in items)
            tables.append(_table(name, columns, description, is_drawn=chart is not None, is_part=is_part))
        elif name in metrics and not isinstance(value, list):
            values.append(_value(name, value, names, description))
    return Metrics(tuple(values), tuple(charts), tuple(tables), tuple(pictures))


def _value(name: str, value: Any, files: set[str], description: str) -> Value:
    file = _file(value, files) if str(value).startswith(REFERENCE) else ""
    return Value(name, file.rpartition("/")[2] or number(value), file or _exact(value), description, file)


def _exact(value: Any) -> str:
    return repr(value) if isinstance(value, float) else number(value)


def _columns(value: Any, *, is_drawn: bool) -> dict[str, list[Any]]:
    """Return what is shown as a table: rows and tables always, a list only when it can't be drawn."""
    if isinstance(value, dict) and set(value) != {"$"}:
        return {str(key): cells if isinstance(cells, list) else [cells] for key, cells in value.items()}
    return {"value": value} if isinstance(value, list) and value and not is_drawn else {}


def _picture(name: str, value: Any, images: set[str], description: str) -> Picture | None:
    file = _file(value[-1] if isinstance(value, list) and value else value, images)
    return Picture(name, file, description) if file else None


def _file(reference: Any, files: set[str]) -> str:
    """Return the file that a value refers to; empty when it refers to none of them."""
    if not isinstance(reference, str):
        return ""
    found = [file for file in files if reference == file or reference.endswith(f"/{file}")]
    return max(found, key=len, default="")


def _chart(name: str, items: Sequence[Record], description: str) -> Chart | None:
    drawn = [(str(item.get("column") or name), _points(item), item) for item in items]
    if any(_names_rows(points, item) for _, points, item in drawn):
        return None
    lines = [Line(column, points) for column, points, _ in drawn if len(points) > 1][:MOST_LINES]
    if not lines:
        return None
    has_steps = any(point[1] is not None for item in items for point in item["points"])
    svg = line_chart(f"Chart of {name}", lines, "step" if has_steps else "call")
    if not svg:
        return None
    gaps = sum(1 for line in lines for _, y in line.points if math.isnan(y))
    legend = tuple(line.name for line in lines) if len(lines) > 1 else ()
    last = number(lines[0].points[-1][1]) if len(lines) == 1 else ""
    drawn_part = (
        f"drawn by {max(len(line.points) for line in lines)} of its points"
        if any(item.get("is_part") for item in items)
        else ""
    )
    note = "; ".join(part for part in (drawn_part, _gap_note(gaps)) if part)
    return Chart(name, svg, legend, last, note, description)


def _names_rows(points: Sequence[tuple[float, float]], item: Record) -> bool:
    """Whether a column of a row or table is text, so that the rows are things and no course of events."""
    return not points and any(isinstance(value, str) for _, _, value in item["points"])


def _gap_note(gaps: int) -> str:
    if not gaps:
        return ""
    return "1 value is not finite: a gap" if gaps == 1 else f"{gaps} values are not finite: gaps"


def _points(item: Record) -> list[tuple[float, float]]:
    """Return x and y of what can be drawn; x is the step, else the place in the order of calls."""
    points = [
        (place if step is None else step, to_float(value)) for place, (_, step, value) in enumerate(item["points"])
    ]
    drawn = [(x, y) for place, y in points if y is not None and (x := to_float(place)) is not None]
    return sorted((point for point in drawn if math.isfinite(point[0])), key=lambda point: point[0])


def _table(name: str, columns: Mapping[str, list[Any]], description: str, *, is_drawn: bool, is_part: bool) -> Table:
    total = max((len(cells) for cells in columns.values()), default=0)
    rows = tuple(
        tuple(number(cells[row]) if row < len(cells) else "" for cells in columns.values())
        for row in range(min(total, MOST_ROWS))
    )
    return Table(name, tuple(columns), rows, total, description, is_drawn, is_part)


_RESOURCES = (
    ("CPU", "%", 1.0, "cpu", None),
    ("Memory", "MB", 1e-6, "memory", None),
    ("GPU", "%", 1.0, "utilization", "gpus"),
    ("GPU memory", "MB", 1e-6, "memory", "gpus"),
)


def resource_charts(samples: Sequence[Record]) -> tuple[Chart, ...]:
    """Return small charts of a run's use of the machine; x is seconds since the first sample, a line for each GPU."""
    charts = []
    # The last sample is taken when all processes have ended: it sums up, and shows no use.
    samples = [sample for sample in samples if sample.get("processes", 1)]
    for title, unit, factor, key, devices in _RESOURCES:
        lines = _use(samples, key, factor, devices)
        svg = line_chart(f"{title} in {unit} over seconds", lines, "second", from_zero=True)
        if svg:
            peak = max(y for line in lines for _, y in line.points)
            legend = tuple(line.name for line in lines) if len(lines) > 1 else ()
            charts.append(Chart(f"{title}, {unit}", svg, legend, f"peak {peak:.4g}", "", ""))
    return tuple(charts)


def _use(samples: Sequence[Record], key: str, factor: float, devices: str | None) -> list[Line]:
    points: dict[str, list[tuple[float, float]]] = {}
    for sample in samples:
        for device in [sample] if devices is None else sample.get(devices) or ():
            value = to_float(device.get(key))
            if value is not None:
                points.setdefault(str(device.get("index", "")), []).append((float(sample["t"]), value * factor))
    start = min((x for line in points.values() for x, _ in line), default=0.0)
    drawn = {name: sorted((x - start, y) for x, y in line) for name, line in points.items() if len(line) > 1}
    return [Line(f"{devices or ''} {name}".strip().replace("gpus", "GPU"), line) for name, line in drawn.items()][
        :MOST_LINES
    ]
