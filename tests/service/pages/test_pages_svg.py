"""Line charts."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.service.pages.svg import BANDS, BUCKETS, HEIGHT, WIDTH, Line, line_chart, ticks

NUMBERS = st.floats(allow_infinity=True, allow_nan=True)
LINES = st.lists(
    st.builds(
        Line,
        st.text(max_size=8),
        st.lists(st.tuples(st.floats(allow_infinity=False, allow_nan=False), NUMBERS), max_size=30).map(sorted),
    ),
    max_size=3,
)


def parts(svg: str, tag: str) -> list[ET.Element]:
    return [element for element in ET.fromstring(svg).iter() if element.tag == tag]


def test_a_line_has_a_path_a_dot_for_each_point_and_titles_to_hover() -> None:
    svg = line_chart("loss", [Line("loss", [(0.0, 2.0), (1.0, 1.0), (2.0, 0.5)])])

    assert len(parts(svg, "path")) == 1
    assert len(parts(svg, "circle")) == 3
    assert [title.text for title in parts(svg, "title")] == ["step 0\n2", "step 1\n1", "step 2\n0.5"]


def test_a_value_that_is_not_finite_leaves_a_gap() -> None:
    svg = line_chart("loss", [Line("loss", [(0.0, 1.0), (1.0, 2.0), (2.0, math.nan), (3.0, 2.0), (4.0, 1.0)])])

    assert parts(svg, "path")[0].attrib["d"].count("M") == 2
    assert "not finite" in svg


def test_several_lines_share_the_axes_and_the_hover_text() -> None:
    svg = line_chart("score", [Line("train", [(0.0, 1.0), (1.0, 2.0)]), Line("valid", [(0.0, 3.0), (1.0, 4.0)])])

    assert len(parts(svg, "path")) == 2
    assert parts(svg, "title")[0].text == "step 0\ntrain: 1\nvalid: 3"


def test_nothing_finite_gives_no_chart() -> None:
    assert line_chart("loss", [Line("loss", [(0.0, math.nan), (1.0, math.inf)])]) == ""
    assert line_chart("loss", []) == ""


def test_a_long_line_is_thinned_and_keeps_its_peak() -> None:
    points = [(float(x), 1000.0 if x == 50_017 else math.sin(x)) for x in range(100_000)]

    svg = line_chart("loss", [Line("loss", points)])

    path = parts(svg, "path")[0].attrib["d"]
    assert path.count("L") < 5 * BUCKETS
    heights = [float(place.split()[1]) for place in path[1:].split("L")]
    assert min(heights) < 30
    assert len(parts(svg, "rect")) <= BANDS
    assert len(svg) < 100_000


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.25, 0.5, 0.75, 1.0]),
        (0.0, 95.0, [0.0, 25.0, 50.0, 75.0]),
        (-1.0, 1.0, [-1.0, -0.5, 0.0, 0.5, 1.0]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high, 4) == pytest.approx(expected)


def test_ticks_of_steps_are_whole() -> None:
    assert ticks(0.0, 1.0, 5, whole=True) == [0.0, 1.0]
    assert ticks(0.0, 11.0, 5, whole=True) == [0.0, 5.0, 10.0]


@given(LINES)
def test_any_numbers_give_a_chart_within_its_frame(lines: list[Line]) -> None:
    svg = line_chart("any", lines)

    if not svg:
        return
    for circle in parts(svg, "circle"):
        assert -1 <= float(circle.attrib["cx"]) <= WIDTH + 1
        assert -1 <= float(circle.attrib["cy"]) <= HEIGHT + 1
    for element in ET.fromstring(svg).iter():
        for name, value in element.attrib.items():
            if name not in {"aria-label", "class"}:
                assert "nan" not in value
                assert "inf" not in value
