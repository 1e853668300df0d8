"""How things are measured: both sides in turn in one run, the median of several."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Row", "in_turn", "python_seconds", "show"]


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
    """

    what: str
    measured: float
    unit: str
    budget: float | None
    beside: str = ""

    @property
    def verdict(self) -> str:
        """Return whether the budget is met."""
        if self.budget is None:
            return ""
        return "met" if self.measured <= self.budget else "MISSED"


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


def show(rows: Sequence[Row]) -> None:
    """Print rows as a Markdown table."""
    print("| what | measured | budget | | beside |")
    print("|---|---|---|---|---|")
    for row in rows:
        budget = "" if row.budget is None else f"{row.budget:g} {row.unit}"
        print(f"| {row.what} | {row.measured:.3g} {row.unit} | {budget} | {row.verdict} | {row.beside} |")
