from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stoker.cli.output import plain_numbers
from stoker.cli.pairs import pairs, tag_changes
from stoker.cli.plot import plot, sparkline
from stoker.cli.problems import lines
from stoker.cli.refs import name_of
from stoker.cli.session import UsageProblem
from stoker.cli.submit import with_parameter
from stoker.cli.table import Column, cell, facts, table
from stoker.cli.text import clean, clip, width, wrap
from stoker.cli.transfer import place_of
from stoker.cli.units import number, parameters, size, span
from stoker.exceptions import UserErrorException

numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(st.text(), st.integers(1, 60))
def test_a_clipped_text_fits(text: str, cells: int) -> None:
    assert width(clip(text, cells)) <= max(cells, 1)


@given(st.text())
def test_a_cleaned_text_can_not_steer_the_terminal(text: str) -> None:
    cleaned = clean(text)

    assert cleaned.isprintable()
    cleaned.encode("utf-8")


@given(st.text(), st.integers(5, 80))
def test_wrapping_loses_no_word(text: str, cells: int) -> None:
    assert wrap(text, cells).split() == text.split()


def test_wide_characters_count_as_two_cells() -> None:
    assert width("日本 ok") == 7
    assert width("e\u0301") == 1


ROWS = [
    {
        "id": f"diabetes_17323456{place}_ab12cd3{place}",
        "status": "Completed",
        "name": "a rather long name of a run " * 2,
    }
    for place in range(3)
]
COLUMNS = [Column("RUN", "id"), Column("STATUS", "status"), Column("NAME", "name", shrink=True)]


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_a_table_fits_its_terminal_and_never_cuts_an_id(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    text = table(ROWS, COLUMNS)

    assert all(width(line) <= columns for line in text.splitlines())
    assert all(row["id"] in text and row["status"] in text for row in ROWS)


def test_a_table_that_goes_elsewhere_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)

    assert ROWS[0]["name"].strip() in table(ROWS, COLUMNS)


def test_a_column_without_values_is_left_out() -> None:
    assert table([{"id": "a"}], COLUMNS).splitlines()[0] == "RUN"


def test_facts_without_a_value_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")

    assert facts([("Name", "a"), ("Tags", {}), ("Zero", 0), ("None", None)]) == "Name  a\nZero  0"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (0.1 + 0.2, "0.3"),
        ({"a": "1", "b": None}, "a=1 b"),
        ([1, 2], "1, 2"),
        ("a\nb", "a\\nb"),
    ],
)
def test_a_value_is_shown_on_one_line(value: Any, text: str) -> None:
    assert cell(value) == text


@given(st.lists(numbers, max_size=300), st.integers(2, 40))
def test_a_sparkline_fits(values: list[float], cells: int) -> None:
    assert len(sparkline(values, cells)) <= cells


@given(st.lists(st.tuples(numbers, numbers), max_size=50), st.integers(10, 60), st.integers(2, 12))
def test_a_plot_has_its_size_whatever_the_values(points: list[tuple[float, float]], cells: int, rows: int) -> None:
    text = plot(points, cells, rows)

    if any(math.isfinite(x) and math.isfinite(y) for x, y in points):
        assert len(text.splitlines()) == rows + 1
    else:
        assert text == "(no finite values)"


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | numbers,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
)
@example({"$": []})
def test_what_is_written_as_json_is_strict_json(value: Any) -> None:
    json.loads(json.dumps(plain_numbers(value), allow_nan=False))


def test_a_metric_that_is_not_finite_keeps_its_name() -> None:
    assert plain_numbers({"loss": [{"$": "nan"}, {"$": "-inf"}, 1.0]}) == {"loss": ["NaN", "-Infinity", 1.0]}
    assert number({"$": "inf"}) == math.inf
    assert number("text") is None
    assert number(True) is None


def test_a_message_becomes_three_lines() -> None:
    assert lines("What happened. Why it did. And more of why. Do this.") == [
        "What happened.",
        "Why it did. And more of why.",
        "Do this.",
    ]
    assert lines("Version 1.2 is old. Use `b`.") == ["Version 1.2 is old.", "Use `b`."]
    assert lines("It failed. Look.\n  log line. One") == ["It failed.", "Look.", "  log line. One"]
    assert lines("") == ["Something failed."]


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("http://127.0.0.1:8080/runs/a_1", "a_1"),
        ("https://host/base/runs/a_1/?tab=logs#x", "a_1"),
        ("http://127.0.0.1:8080/login?next=/runs/a", "http://127.0.0.1:8080/login?next=/runs/a"),
        ("@last", "@last"),
        ("my run", "my run"),
    ],
)
def test_a_run_is_named_by_its_address_too(reference: str, name: str) -> None:
    assert name_of(reference) == name


def test_parameters_are_read_from_arguments() -> None:
    run = {"definition": {"arguments": ["--lr", "-0.1", "--fast", "--n=3", "-k", "v", "data.csv"]}}

    assert parameters(run) == {"lr": "-0.1", "fast": "true", "n": "3", "k": "v", "argument 1": "data.csv"}
    assert parameters({"definition": {"command": ["echo", 1]}}) == {"command": "echo 1"}
    assert parameters({"definition": None}) == {}


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        (["--alpha", "0.1", "--n", "2"], ["--alpha", "0.5", "--n", "2"]),
        (["--n", "2", "--alpha=0.1"], ["--n", "2", "--alpha=0.5"]),
        (["-alpha", 0.1], ["-alpha", "0.5"]),
    ],
)
def test_a_parameter_is_replaced_in_its_own_form(words: list[Any], changed: list[Any]) -> None:
    assert with_parameter({"id": "r"}, words, "alpha", "0.5") == changed


def test_a_parameter_that_the_run_does_not_have_is_refused_with_the_nearest() -> None:
    run = {"id": "r", "definition": {"arguments": ["--alpha", "1"]}}

    with pytest.raises(UsageProblem, match="'alpha'"):
        with_parameter(run, ["--alpha", "1"], "alpah", "2")


def test_tags_are_set_and_removed() -> None:
    assert tag_changes(["a=1", "b", "c-", "d=x-"]) == {"tags": {"a": "1", "b": None, "d": "x-"}, "remove_tags": ["c"]}
    with pytest.raises(UsageProblem, match="k=v"):
        pairs(["=1"])
    with pytest.raises(UsageProblem, match="k=v"):
        pairs(["a"], need_value=True)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../b", "a//b", "a\0b"])
def test_a_file_name_that_leads_out_of_the_folder_is_refused(name: str) -> None:
    with pytest.raises(UserErrorException, match="leads out"):
        place_of("folder", name)


def test_sizes_and_spans_are_words() -> None:
    assert [size(0), size(1023), size(1024), size(5 * 1024**3)] == ["0 B", "1023 B", "1.0 KiB", "5.0 GiB"]
    assert [span(0), span(59.9), span(60), span(3600), span(86400)] == [
        "0.0 s",
        "59 s",
        "1 m 0 s",
        "1 h 0 m",
        "1 d 0 h",
    ]
