"""Line charts as SVG: no script, no style attribute, colours by class so that they follow the theme."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from stoker.service.pages.format import number, visible

__all__ = ["Line", "line_chart"]

WIDTH, HEIGHT = 400.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 10.0, 10.0, 24.0
COLOURS = 8
BANDS = 120
"""Most hover targets in one chart."""
MARKS = 40
"""Lines of at most so many points show each of them as a dot."""
BUCKETS = 400
"""Longer lines are drawn by the lowest and highest point of each of so many stretches."""


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes
    ----------
    name : str
        Shown on hover and in the legend.
    points : sequence of (float, float)
        x (finite, ascending) and y; NaN leaves a gap.
    """

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        # Halved first: the distance between two floats may be too large for a float.
        share = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.start + share * (self.end - self.start)


def line_chart(title: str, lines: Sequence[Line], x_label: str = "step", *, from_zero: bool = False) -> Markup:
    """Return an `<svg>` of the lines, or an empty string when no line has a finite point.

    Parameters
    ----------
    title : str
        Read out by screen readers.
    lines : sequence of Line
        Drawn in the order given; colours repeat after eight.
    x_label : str, default="step"
        Word before the x value in the hover text.
    from_zero : bool, default=False
        Whether the y axis begins at zero.
    """
    finite = [(x, y) for line in lines for x, y in line.points if math.isfinite(y)]
    if not finite:
        return Markup("")
    xs = _scale((x for x, _ in finite), LEFT, WIDTH - RIGHT)
    ys = _scale(_with_zero([y for _, y in finite], from_zero=from_zero), HEIGHT - BOTTOM, TOP, room=0.06)
    parts = [
        _grid(xs, ys, whole=all(x.is_integer() for x, _ in finite)),
        *(_line(line, place % COLOURS, xs, ys) for place, line in enumerate(lines)),
        _bands(lines, xs, x_label),
    ]
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="xMidYMid meet">{}</svg>'
    ).format(_short(WIDTH), _short(HEIGHT), visible(title), Markup("").join(parts))


def _with_zero(values: list[float], *, from_zero: bool) -> list[float]:
    return [*values, 0.0] if from_zero else values


def _scale(values: Iterable[float], start: float, end: float, room: float = 0.0) -> _Scale:
    known = list(values)
    low, high = min(known), max(known)
    if low == high or not low < low / 2 + high / 2 < high:
        reach = max(abs(low) * 0.1, abs(high) * 0.1, 1e-3 if low else 1.0)
        low, high = _held(low - reach), _held(high + reach)
    more = (high / 2 - low / 2) * (2 * room)
    return _Scale(_held(low - more), _held(high + more), start, end)


def _held(value: float) -> float:
    return min(max(value, -sys.float_info.max), sys.float_info.max)


def _grid(xs: _Scale, ys: _Scale, *, whole: bool) -> Markup:
    rows = [
        Markup(
            '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
            '<text class="tick" x="{3}" y="{4}" text-anchor="end">{5}</text>'
        ).format(_short(LEFT), _short(WIDTH - RIGHT), _short(y), _short(LEFT - 6), _short(y + 4), _tick(value))
        for value, y in ((value, ys(value)) for value in ticks(ys.low, ys.high, 4))
    ]
    columns = [
        Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            _short(xs(value)), _short(HEIGHT - 6), _tick(value)
        )
        for value in ticks(xs.low, xs.high, 5, whole=whole)
    ]
    return Markup("").join(rows + columns)


def ticks(low: float, high: float, wanted: int, *, whole: bool = False) -> list[float]:
    """Return about `wanted` round values between `low` and `high`; with `whole`, no fractions.

    Examples
    --------
    >>> ticks(0.0, 10.0, 4)
    [0.0, 2.5, 5.0, 7.5, 10.0]
    """
    span = (high / 2 - low / 2) / wanted * 2
    if not 1e-300 < span < 1e300:
        return [low, high]
    unit = 10.0 ** math.floor(math.log10(span))
    factors = (1, 2, 5) if whole else (1, 2, 2.5, 5)
    step = next((factor * unit for factor in factors if factor * unit >= span * 0.999), 10 * unit)
    if whole:
        step = max(step, 1.0)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first > 2 * wanted or abs(first) > 1e9:
        return [low, high]
    return [place * step for place in range(first, last + 1)]


def _line(line: Line, colour: int, xs: _Scale, ys: _Scale) -> Markup:
    path: list[str] = []
    dots: list[tuple[float, float]] = []
    stretches = list(_stretches(line.points))
    few = sum(len(stretch) for stretch in stretches) <= MARKS
    for stretch in stretches:
        places = [(xs(x), ys(y)) for x, y in _thinned(stretch)]
        path.append("M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in places))
        if few or len(places) == 1:
            dots += places
    marks = Markup("").join(
        Markup('<circle class="dot c{}" cx="{}" cy="{}" r="2.5"/>').format(colour, _short(x), _short(y))
        for x, y in dots
    )
    return Markup('<path class="line c{}" d="{}"/>{}').format(colour, "".join(path), marks)


def _stretches(points: Sequence[tuple[float, float]]) -> Iterable[list[tuple[float, float]]]:
    """Give the runs of finite points between the gaps."""
    held: list[tuple[float, float]] = []
    for x, y in points:
        if math.isfinite(y):
            held.append((x, y))
        elif held:
            yield held
            held = []
    if held:
        yield held


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Keep of each bucket the first, lowest, highest and last point: the drawn line looks the same."""
    if len(points) <= 4 * BUCKETS:
        return points
    width = math.ceil(len(points) / BUCKETS)
    kept: list[tuple[float, float]] = []
    for start in range(0, len(points), width):
        bucket = range(start, min(start + width, len(points)))
        lowest = min(bucket, key=lambda place: points[place][1])
        highest = max(bucket, key=lambda place: points[place][1])
        kept += [points[place] for place in sorted({bucket[0], lowest, highest, bucket[-1]})]
    return kept


def _bands(lines: Sequence[Line], xs: _Scale, x_label: str) -> Markup:
    """Return invisible columns that say the values below the pointer."""
    places = sorted({x for line in lines for x, _ in line.points if xs.low <= x <= xs.high})
    chosen = places[:: max(1, math.ceil(len(places) / BANDS))]
    values: dict[float, list[str]] = {x: [] for x in chosen}
    for line in lines:
        for x, y in line.points:
            if x in values:
                text = number(y) if math.isfinite(y) else "not finite"
                values[x].append(f"{visible(line.name)}: {text}" if len(lines) > 1 else text)
    edges = [xs.start, *((xs(a) + xs(b)) / 2 for a, b in pairwise(chosen)), xs.end]
    return Markup("").join(
        Markup('<rect class="band" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
            _short(left),
            _short(TOP),
            _short(max(right - left, 0.1)),
            _short(HEIGHT - TOP - BOTTOM),
            f"{x_label} {_tick(x)}\n" + "\n".join(values[x][:COLOURS]),
        )
        for x, (left, right) in zip(chosen, pairwise(edges), strict=True)
    )


def _tick(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 1e6 or abs(value) < 1e-4:
        mantissa, _, exponent = f"{value:.2e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) < 10 else f"{value:.6g}"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
