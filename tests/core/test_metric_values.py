from __future__ import annotations

import decimal
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.base.journal import plain as journal_form
from stoker.core._metrics import decoded, metric_name, metric_step, pieces, plain_value, row_of, table_of, table_pieces
from stoker.exceptions import UserErrorException

PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())


@given(PLAIN)
def test_plain_values_are_kept_as_they_are(value: Any) -> None:
    assert plain_value(value) is value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.float64(0.25), 0.25),
        (np.int64(7), 7),
        (np.uint8(255), 255),
        (np.bool_(True), True),
        (np.array(3), 3),
        (np.array(2.5), 2.5),
        (np.str_("word"), "word"),
        (np.longdouble(1.5), 1.5),
        (decimal.Decimal("0.1"), "0.1"),
        (1 + 2j, "(1+2j)"),
        (b"bytes", "b'bytes'"),
    ],
)
def test_other_single_values_become_plain(value: Any, expected: object) -> None:
    found = plain_value(value)

    assert found == expected
    assert type(found) is type(expected)


@given(st.floats(width=32))
def test_numpy_floats_keep_their_value_even_when_not_finite(value: float) -> None:
    found = plain_value(np.float32(value))

    assert type(found) is float
    assert found == value or (math.isnan(found) and math.isnan(value))


@pytest.mark.parametrize("value", [[1, 2], (1, 2), {"a": 1}, {1}, np.array([1, 2]), np.array([5])])
def test_a_list_given_to_log_becomes_its_text_with_a_warning(value: Any) -> None:
    with pytest.warns(UserWarning, match="log_list"):
        assert plain_value(value) == str(value)


def test_any_iterable_is_a_list_and_a_text_is_its_characters() -> None:
    assert list(pieces("a", (n for n in range(3)))) == [[0, 1, 2]]
    assert list(pieces("a", np.array([1.5, 2.5]))) == [[1.5, 2.5]]
    assert list(pieces("a", "ab")) == [["a", "b"]]
    assert list(pieces("a", [])) == []


def test_what_has_no_elements_is_no_list() -> None:
    with pytest.raises(UserErrorException, match="Use log for a single value"):
        list(pieces("a", 3))


@given(st.integers(0, 9000))
def test_long_lists_are_cut_into_parts_that_give_the_whole(length: int) -> None:
    parts = list(pieces("a", range(length)))

    assert [item for part in parts for item in part] == list(range(length))
    assert all(0 < len(part) <= 2000 for part in parts)


@given(st.integers(0, 5000))
def test_long_tables_are_cut_into_parts_that_give_the_whole(rows: int) -> None:
    parts = list(table_pieces({"a": list(range(rows)), "b": ["x"] * rows}))

    assert [cell for part in parts for cell in part["a"]] == list(range(rows))
    assert [cell for part in parts for cell in part["b"]] == ["x"] * rows


def test_a_row_can_not_hold_lists() -> None:
    assert row_of("r", {"x": np.int64(1), "y": None}) == {"x": 1, "y": None}
    with pytest.raises(UserErrorException, match="rows cannot contain list values"):
        row_of("r", {"x": [1]})
    with pytest.raises(UserErrorException, match="'y'"):
        row_of("r", {"x": 1, "y": np.array([1, 2])})


@pytest.mark.parametrize("value", [3, "text", [1], None])
def test_a_table_is_a_dict(value: Any) -> None:
    with pytest.raises(UserErrorException, match="Give a dict"):
        table_of("t", value)


@pytest.mark.parametrize("column", [1, "text", None, {"a": 1}, np.float64(1)])
def test_a_column_is_a_list(column: Any) -> None:
    with pytest.raises(UserErrorException, match="'x'"):
        table_of("t", {"x": column})


def test_columns_of_different_length_are_both_named() -> None:
    with pytest.raises(UserErrorException, match=r"'x' has 2 values, 'y' has 3"):
        table_of("t", {"x": [1, 2], "y": [1, 2, 3]})


def test_columns_may_be_arrays_or_generators() -> None:
    assert table_of("t", {"x": np.array([1, 2]), "y": (n for n in (3, 4))}) == {"x": [1, 2], "y": [3, 4]}


def test_a_metric_has_a_name() -> None:
    assert metric_name("loss") == "loss"
    assert metric_name(7) == "7"
    for empty in ("", None):
        with pytest.raises(UserErrorException, match="no name"):
            metric_name(empty)


def test_a_step_is_a_finite_number() -> None:
    assert metric_step(None) is None
    assert metric_step(np.int32(4)) == 4
    assert metric_step(0.5) == 0.5
    for wrong in ("one", True, float("nan")):
        with pytest.raises(UserErrorException, match="step"):
            metric_step(wrong)


@given(st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=2), inner), max_leaves=20))
def test_what_the_journal_writes_is_read_back_the_same(value: Any) -> None:
    assert repr(decoded(journal_form(value))) == repr(_within_64_bits(value))


def _within_64_bits(value: Any) -> Any:
    if isinstance(value, list):
        return [_within_64_bits(item) for item in value]
    if isinstance(value, dict):
        return {key: _within_64_bits(item) for key, item in value.items()}
    is_large = type(value) is int and not -(1 << 63) <= value < 1 << 63
    return float(value) if is_large else value
