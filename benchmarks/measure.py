"""How things are measured: both sides in turn in one run, the median of several."""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Row", "in_turn", "percentile", "python_seconds", "show", "table"]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    what : str
    measured : float
    unit : str
    budget : float or None
        At most this; None: no budget, for comparison only.
    beside : str
        What it was measured against.
    at_least : bool
        Whether the budget is a lower limit instead.
    """

    what: str
    measured: float
    unit: str
    budget: float | None
    beside: str = ""
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """Return whether the budget is met."""
        if self.budget is None:
            return ""
        met = self.measured >= self.budget if self.at_least else self.measured <= self.budget
        return "met" if met else "**missed**"


def python_seconds(*arguments: str) -> float:
    """Return the wall time of one run of this interpreter."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - began


def in_turn(sides: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """Return the median of each side, measured in turn so that both see the same machine.

    Parameters
    ----------
    sides : sequence of callable
        Each returns its own figure.
    rounds : int
        How often each is asked; one more comes first and is not counted.
    """
    figures: list[list[float]] = [[] for _ in sides]
    for turn in range(rounds + 1):
        for place, side in enumerate(sides):
            figure = side()
            if turn:
                figures[place].append(figure)
    return [statistics.median(column) for column in figures]


def percentile(figures: Sequence[float], percent: float) -> float:
    """Return the smallest figure that so many percent of all do not exceed.

    Examples
    --------
    >>> percentile([1.0, 2.0, 3.0, 4.0], 50)
    2.0
    """
    place = math.ceil(len(figures) * percent / 100)
    return sorted(figures)[max(0, place - 1)]


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = ["| What | Measured | Budget | | Beside |", "|---|---|---|---|---|"]
    for row in rows:
        budget = "" if row.budget is None else f"{'≥ ' if row.at_least else ''}{_number(row.budget)} {row.unit}"
        measured = f"{_number(row.measured)} {row.unit}"
        lines.append(f"| {row.what} | {measured} | {budget} | {row.verdict} | {row.beside} |")
    return "\n".join(lines)


def show(rows: Sequence[Row]) -> None:
    """Print rows as a Markdown table."""
    print(table(rows))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
