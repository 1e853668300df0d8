"""The page on speed: its table has a place, and every script behind it is named and can be run alone."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType

import pytest
from benchmarks.__main__ import BEGIN, END, PAGE, PARTS, between
from benchmarks.measure import Row, percentile, table


def test_the_page_has_a_place_for_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")

    written = between(page, "what was measured")
    assert written.count(BEGIN) == written.count(END) == 1
    assert f"{BEGIN}\nwhat was measured\n{END}" in written
    assert between(between(page, "first"), "what was measured") == written


def test_a_page_without_a_place_stays_as_it_is() -> None:
    with pytest.raises(SystemExit, match="marks"):
        between("# Performance\n", "what was measured")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: str(part.__name__))
def test_each_script_is_named_on_the_page(part: ModuleType) -> None:
    assert part.__file__ is not None
    assert f"`benchmarks/{Path(part.__file__).name}`" in PAGE.read_text(encoding="utf-8")
    assert list(inspect.signature(part.rows).parameters) == ["quick"]


def test_a_row_says_whether_its_budget_is_met() -> None:
    rows = [
        Row("a", 5.0, "ms", 5.0),
        Row("b", 5.1, "ms", 5.0),
        Row("c", 99_000.0, "points/s", 100_000.0, at_least=True),
        Row("d", 1.0, "ms", None),
    ]

    assert [row.verdict for row in rows] == ["met", "**missed**", "**missed**", ""]
    assert "| c | 99,000 points/s | ≥ 100,000 points/s | **missed** |  |" in table(rows)


def test_a_percentile_is_a_figure_that_was_measured() -> None:
    figures = [float(n) for n in range(100, 0, -1)]

    assert (percentile(figures, 95), percentile(figures, 100), percentile([7.0], 95)) == (95.0, 100.0, 7.0)
