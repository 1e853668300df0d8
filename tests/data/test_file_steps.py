"""Operations of a file dataset, on files that are only named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.data._file_steps import apply, chosen, holds
from stoker.data._storage.base import Entry
from stoker.data._storage.folder import FolderStorage
from stoker.data._storage.resolve import SourceFile
from stoker.exceptions import DatasetExecutionError

NOON = dt.datetime(2019, 10, 1, 12, tzinfo=dt.timezone.utc).timestamp()


def file(name: str, size: int = 0, mtime: float = NOON) -> SourceFile:
    return SourceFile(FolderStorage("/nowhere"), Entry(name, size, "", mtime), f"datastore://s/{name}", name, None)


def nothing(_: SourceFile) -> dict[str, Any]:
    return {}


def names(files: list[SourceFile]) -> list[str]:
    return [item.relative for item in files]


FILES = [file(f"{number:03}.csv", size=number) for number in range(200)]


def test_take_and_skip_count_files_in_order() -> None:
    left = apply(FILES, [{"op": "skip", "count": 2}, {"op": "take", "count": 3}], nothing)
    assert names(left) == ["002.csv", "003.csv", "004.csv"]


@given(st.floats(0, 1), st.integers())
def test_a_split_gives_each_file_to_one_part(percentage: float, seed: int) -> None:
    step = {"op": "split", "percentage": percentage, "seed": seed}
    first = apply(FILES, [{**step, "part": 0}], nothing)
    second = apply(FILES, [{**step, "part": 1}], nothing)

    assert sorted(names(first) + names(second)) == names(FILES)
    assert first == apply(FILES, [{**step, "part": 0}], nothing)


def test_a_split_is_about_as_large_as_asked_for() -> None:
    left = apply(FILES, [{"op": "split", "percentage": 0.8, "seed": 7, "part": 0}], nothing)
    assert 140 < len(left) < 180


@given(st.text(), st.integers())
def test_whether_a_file_is_chosen_depends_on_itself_alone(name: str, seed: int) -> None:
    assert chosen(name, seed, 0.3) is chosen(name, seed, 0.3)
    assert chosen(name, seed, 1.0)
    assert not chosen(name, seed, 0.0)
    assert not chosen(name, seed, 0.3) or chosen(name, seed, 0.6)


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ([">", ["meta", "Size"], ["value", 5]], True),
        (["<=", ["meta", "Size"], ["value", 5]], False),
        (["==", ["meta", "Extension"], ["value", ".csv"]], True),
        (["<", ["meta", "LastModifiedTime"], ["datetime", "2019-10-01T13:00:00"]], True),
        (["<", ["meta", "LastModifiedTime"], ["datetime", "2019-10-01T13:00:00+02:00"]], False),
        (["starts_with", ["meta", "Path"], "datastore://s/a"], True),
        (["contains", ["col", "Path"], "/b"], False),
        (["and", ["value", True], ["not", ["value", False]]], True),
        (["or", ["value", False], ["ends_with", ["col", "region"], "th"]], True),
        (["==", ["col", "gone"], ["value", 1]], None),
        (["is_null", ["col", "gone"]], True),
        (["and", ["==", ["col", "gone"], ["value", 1]], ["value", False]], False),
        (["or", ["==", ["col", "gone"], ["value", 1]], ["value", True]], True),
        (["not", ["==", ["col", "gone"], ["value", 1]]], None),
    ],
)
def test_an_expression_holds_as_in_sql(expression: Any, answer: Any) -> None:
    assert holds(expression, file("a.csv", size=9), {"region": "north", "gone": None}) is answer


def test_rows_where_a_value_is_missing_are_left_out_on_both_sides() -> None:
    values: Callable[[SourceFile], dict[str, Any]] = lambda _: {"gone": None}  # noqa: E731
    equal = ["==", ["col", "gone"], ["value", 1]]
    assert apply(FILES, [{"op": "filter", "expression": equal}], values) == []
    assert apply(FILES, [{"op": "filter", "expression": ["not", equal]}], values) == []


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"op": "filter", "expression": [">", ["meta", "Size"], ["value", "x"]]}, "ordered"),
        ({"op": "filter", "expression": [">", ["col", "none"], ["value", 1]]}, "'none'"),
        ({"op": "filter", "expression": [">", ["meta", "Colour"], ["value", 1]]}, "Colour"),
        ({"op": "recent", "column": "t", "seconds": 1, "include_boundary": True}, "rows"),
    ],
)
def test_what_can_not_be_asked_of_a_file_is_said(step: dict[str, Any], said: str) -> None:
    with pytest.raises(DatasetExecutionError, match=said):
        apply(FILES, [step], nothing)
