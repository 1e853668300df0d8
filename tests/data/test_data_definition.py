"""A dataset's definition: what is written, what is refused, what a digest says."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stoker.data import _definition
from stoker.exceptions import UserErrorException

PATHS = [{"datastore": "store", "path": "a/*.csv"}]

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
steps = st.one_of(
    st.builds(lambda names: {"op": "keep_columns", "columns": names}, st.lists(texts, min_size=1, max_size=3)),
    st.builds(lambda count: {"op": "take", "count": count}, st.integers(0, 10**9)),
    st.builds(lambda seed: {"op": "sample", "probability": 0.5, "seed": seed}, st.integers()),
)


def made(**options: Any) -> dict[str, Any]:
    return _definition.build("delimited_files", copy.deepcopy(PATHS), options)


def test_options_at_their_default_are_not_written() -> None:
    source = made(separator=",", header="ALL_FILES_HAVE_SAME_HEADERS", encoding="utf8", include_path=False)["source"]

    assert source == {"type": "delimited_files", "paths": PATHS, "options": {}}
    assert made(separator=";")["source"]["options"] == {"separator": ";"}
    assert _definition.option(made(), "separator") == ","
    assert _definition.option(made(separator=";"), "separator") == ";"


def test_equal_datasets_have_equal_digests_and_others_do_not() -> None:
    assert _definition.digest(made(separator=",")) == _definition.digest(made())
    assert _definition.digest(made(separator=";")) != _definition.digest(made())
    taken = _definition.with_steps(made(), {"op": "take", "count": 1})
    assert _definition.digest(taken) != _definition.digest(made())


def test_a_step_leaves_the_definition_that_it_is_added_to_as_it_was() -> None:
    first = made()
    _definition.with_steps(first, {"op": "take", "count": 1})
    assert first["steps"] == []


@given(st.lists(steps, max_size=5), texts)
def test_a_definition_survives_json_and_keeps_its_digest(wanted: list[dict[str, Any]], separator: str) -> None:
    definition = _definition.with_steps(made(separator=separator), *wanted)
    again = json.loads(json.dumps(definition))

    _definition.check(again)
    assert _definition.digest(again) == _definition.digest(definition)
    assert len(_definition.describe(again)) == 1 + len(wanted)


def broken(change: Any) -> dict[str, Any]:
    definition = _definition.with_steps(made(), {"op": "take", "count": 1})
    change(definition)
    return definition


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(format=2), "format"),
        (lambda d: d.pop("source"), "source"),
        (lambda d: d.update(kind="File"), "kind"),
        (lambda d: d["source"].update(type="excel_files"), "excel_files"),
        (lambda d: d["source"].update(paths=[]), "paths"),
        (lambda d: d["source"].update(paths=["a.csv"]), "a.csv"),
        (lambda d: d["source"].update(paths=[{"datastore": "s", "path": "../x"}]), r"\.\."),
        (lambda d: d["source"].update(paths=[{"local": "/a\0b"}]), "zero byte"),
        (lambda d: d["source"]["options"].update(colour="red"), "colour"),
        (lambda d: d["steps"].append({"op": "explode"}), "explode"),
        (lambda d: d["steps"].append({"op": "take"}), "take"),
        (lambda d: d["steps"].append("take"), "take"),
    ],
)
def test_a_wrong_definition_is_refused_by_the_name_of_its_member(change: Any, said: str) -> None:
    with pytest.raises(UserErrorException, match=said):
        _definition.check(broken(change))


@given(st.recursive(st.none() | st.integers() | texts, lambda part: st.lists(part) | st.dictionaries(texts, part)))
def test_what_is_no_definition_is_refused_in_words(value: Any) -> None:
    with pytest.raises(UserErrorException):
        _definition.check(value)


def test_operations_on_columns_leave_all_rows_and_others_do_not() -> None:
    columns = _definition.with_steps(made(), {"op": "keep_columns", "columns": ["a"]})
    assert not _definition.changes_rows(columns)
    assert _definition.changes_rows(_definition.with_steps(columns, {"op": "skip", "count": 1}))


def test_the_keys_of_a_partition_format_come_in_the_order_of_the_path() -> None:
    assert _definition.partition_keys(made(partition_format="{b}/x-{a:yyyy}/{b}.csv")) == ["b", "a"]
    assert _definition.partition_keys(made()) == []


def test_what_a_run_wrote_is_read_as_its_output_says() -> None:
    reading = json.dumps({"type": "parquet_files", "options": {}, "steps": [], "path_glob": "*.parquet"})

    assert _definition.of_output("store", "out")["source"]["paths"] == [{"datastore": "store", "path": "out"}]
    assert _definition.of_output("store", "out")["kind"] == "File"
    table = _definition.of_output("store", "out", reading)
    assert (table["kind"], table["source"]["paths"][0]["path"]) == ("Tabular", "out/*.parquet")
