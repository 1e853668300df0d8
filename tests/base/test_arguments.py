from __future__ import annotations

from typing import Any

import pytest

from stoker.base.arguments import shown_arguments

WORD = "DatasetConsumptionConfig:x"


def section(**dataset: Any) -> dict[str, Any]:
    return {"x": {"dataLocation": {"dataset": dataset}}}


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (section(id="d1", name="houses", version=2), "houses:2"),
        (section(name="houses", version=None), "houses:latest"),
        (section(id="d1", name=None), "input x"),
        ({"x": {"dataLocation": {"uri": {"path": "https://example.org/x.csv"}}}}, "input x"),
        ({"x": None}, "input x"),
        ({"x": "odd"}, "input x"),
        (None, "input x"),
    ],
)
def test_an_input_is_shown_as_its_data(data: Any, shown: str) -> None:
    assert shown_arguments({"arguments": ["--data", WORD], "data": data}) == ["--data", shown]


def test_a_word_inside_a_text_is_shown_too() -> None:
    data = section(name="houses", version=3)

    assert shown_arguments({"arguments": [f"--data={WORD}/a.csv"], "data": data}) == ["--data=houses:3/a.csv"]


def test_an_output_is_shown_by_its_name() -> None:
    assert shown_arguments({"arguments": ["DatasetOutputConfig:clean"]}) == ["output clean"]


@pytest.mark.parametrize("definition", [None, {}, {"arguments": None}])
def test_no_arguments_are_none(definition: Any) -> None:
    assert shown_arguments(definition) == []
