"""The one grammar of searches: what it reads, and what it says of what it can't read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.exceptions import UserErrorException
from stoker.service.store.base_mlflow import RUN_SEARCH
from stoker.service.store.filter_terms import like
from stoker.service.store.filters import LABEL, TEXT, Comparison, Grammar, Ordering

SMALL = Grammar({"name": TEXT}, {"tag": LABEL})
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("name='a'", ("attribute", "name", "=", "a")),
        ("attr.name <> 'a'", ("attribute", "name", "!=", "a")),
        ("tags.`a b` = 'x'", ("tag", "a b", "=", "x")),
        ('tag."a.b" = "x"', ("tag", "a.b", "=", "x")),
        ("tags.a-b/c LIKE 'x'", ("tag", "a-b/c", "LIKE", "x")),
        ("tags . a = 'x'", ("tag", "a", "=", "x")),
        ("tags.1 = 'x'", ("tag", "1", "=", "x")),
        ("tags.and = 'x'", ("tag", "and", "=", "x")),
        ("name not in ('a','b')", ("attribute", "name", "NOT IN", ("a", "b"))),
        ("tags.a is not null", ("tag", "a", "IS NOT NULL", None)),
    ],
)
def test_one_comparison_is_read(text: str, wanted: tuple[object, ...]) -> None:
    assert SMALL.parse(text) == [Comparison(*wanted)]  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("-0.5", -0.5), ("1e3", 1000), (".5", 0.5), ("'7'", 7)])
def test_a_metric_is_compared_with_a_number(text: str, value: float) -> None:
    assert RUN_SEARCH.parse(f"metrics.loss<{text}") == [Comparison("metric", "loss", "<", value)]


@pytest.mark.parametrize("nothing", [None, "", "  \n"])
def test_no_text_asks_for_nothing(nothing: str | None) -> None:
    assert SMALL.parse(nothing) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name", "an operator"),
        ("name =", "its end"),
        ("name = 5", "'5'"),
        ("name = 'a", "quote"),
        ("nam = 'a'", "Did you mean 'name'"),
        ("name > 'a'", "> can't be asked"),
        ("name IS NULL", "IS NULL can't be asked"),
        ("name = 'a' OR name = 'b'", "Only AND"),
        ("name = 'a' AND", "its end"),
        ("name IN 'a'", "brackets"),
        ("name IN ('a'", "closing bracket"),
        ("metrics.x = 1", "nothing called 'metrics.x'"),
        ("name = 'a'" + " AND name = 'a'" * 500, "more than 500"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(UserErrorException, match=said):
        SMALL.parse(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("metrics.loss", ("metric", "loss", False)),
        ("metrics.`val loss` desc", ("metric", "val loss", True)),
        ("Created ASC", ("attribute", "start_time", False)),
        ("params.lr DESC", ("param", "lr", True)),
    ],
)
def test_an_order_is_read(text: str, wanted: tuple[str, str, bool]) -> None:
    assert RUN_SEARCH.order(text) == Ordering(*wanted)


@pytest.mark.parametrize("text", ["", "loss", "metrics.loss up", "metrics.loss DESC, run_id", "dataset.colour"])
def test_a_wrong_order_is_told(text: str) -> None:
    with pytest.raises(UserErrorException):
        RUN_SEARCH.order(text)


@given(key=_texts.filter(lambda text: text and "`" not in text), value=_texts)
def test_any_key_and_any_text_can_be_asked_for(key: str, value: str) -> None:
    quoted = value.replace("'", "''")

    assert SMALL.parse(f"tags.`{key}` = '{quoted}'") == [Comparison("tag", key, "=", value)]


@given(text=_texts | st.text("tags.nme='\"`()ANDIN<>=! 1,", max_size=40))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        found = RUN_SEARCH.parse(text)
    except UserErrorException:
        return

    assert all(isinstance(one, Comparison) for one in found)


@given(text=_texts)
def test_a_pattern_of_its_own_letters_fits_itself_alone(text: str) -> None:
    letters = text.replace("%", "").replace("_", "")

    assert like(letters, letters, any_case=False)
    assert not like(f"{letters}x", letters, any_case=False)
    assert like(f"a{letters}b", f"%{letters}%", any_case=False)


@given(text=st.text("ab_", max_size=8), pattern=st.text("ab_%", max_size=8), any_case=st.booleans())
def test_a_pattern_means_what_it_means_to_a_regular_expression(text: str, pattern: str, any_case: bool) -> None:
    marks = {"%": ".*", "_": "."}
    wanted = re.fullmatch("".join(marks.get(letter, letter) for letter in pattern), text)

    assert like(text.upper() if any_case else text, pattern, any_case=any_case) == (wanted is not None)


def test_a_pattern_with_many_marks_is_decided_in_one_walk_over_the_text() -> None:
    text = "a" * 20_000

    assert not like(text, "%a" * 2_000 + "%b", any_case=False)
    assert not like(text, "%_a" * 1_000 + "%_b%", any_case=True)


def test_a_comparison_of_what_is_not_there_holds_for_null_alone() -> None:
    assert Comparison("tag", "a", "IS NULL", None).fits(None)
    assert not Comparison("tag", "a", "!=", "x").fits(None)
    assert Comparison("tag", "a", "NOT IN", ("x",)).fits("y")
