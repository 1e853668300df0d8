"""Metrics as characters: a sparkline, and a plot of some lines."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

__all__ = ["plot", "sparkline"]

_BARS = "▁▂▃▄▅▆▇█"
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


def sparkline(values: Sequence[float], cells: int = 20) -> str:
    """Return the values as one line of bars; what is not finite is a gap.

    Examples
    --------
    >>> sparkline([1, 2, 3, 4])
    '▁▃▆█'
    """
    shown = _thinned(values, cells)
    finite = [value for value in shown if math.isfinite(value)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    return "".join(_bar(value, low, high) for value in shown)


def _bar(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return " "
    return _BARS[round(_share(value, low, high) * (len(_BARS) - 1))]


def _share(value: float, low: float, high: float) -> float:
    """Return where `value` lies between `low` and `high`; halves first, so that huge spans do not overflow."""
    if high <= low:
        return 0.5
    return min(1.0, max(0.0, (value / 2 - low / 2) / (high / 2 - low / 2)))


def _thinned(values: Sequence[float], cells: int) -> list[float]:
    if len(values) <= cells:
        return list(values)
    return [values[round(place * (len(values) - 1) / (cells - 1))] for place in range(cells)]


def plot(points: Sequence[tuple[float, float]], cells: int = 60, rows: int = 10) -> str:
    """Return the points (x, y) as a plot of dots, with its least and greatest values.

    Parameters
    ----------
    points : sequence of (float, float)
        In the order of x; what is not finite is left out.
    cells, rows : int
        The size of the field in characters.
    """
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    if not finite:
        return "(no finite values)"
    (left, right), (low, high) = _range([x for x, _ in finite]), _range([y for _, y in finite])
    field = [[0] * cells for _ in range(rows)]
    for across, down in _trace(finite, (left, right, low, high), cells * 2, rows * 4):
        field[down // 4][across // 2] |= _DOTS[across % 2][down % 4]
    labels = [f"{high:.4g}", *[""] * (rows - 2), f"{low:.4g}"]
    space = max(len(label) for label in labels)
    lines = [
        f"{label:>{space}} ┤{''.join(chr(0x2800 + dots) for dots in row).rstrip(chr(0x2800))}"
        for label, row in zip(labels, field, strict=True)
    ]
    first, last = f"{left:.6g}", f"{right:.6g}"
    return "\n".join([*lines, f"{'':>{space}} └{first}{last:>{max(1, cells - len(first))}}"])


def _range(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _trace(
    points: Sequence[tuple[float, float]], bounds: tuple[float, float, float, float], wide: int, high: int
) -> list[tuple[int, int]]:
    """Return the dots of the line through the points, as (across, down from the top)."""
    left, right, low, top = bounds
    dots = [
        (round(_share(x, left, right) * (wide - 1)), round((1 - _share(y, low, top)) * (high - 1))) for x, y in points
    ]
    line = dots[:1]
    for (x0, y0), (x1, y1) in itertools.pairwise(dots):
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        line.extend(
            (x0 + round((x1 - x0) * step / steps), y0 + round((y1 - y0) * step / steps)) for step in range(1, steps + 1)
        )
    return line
