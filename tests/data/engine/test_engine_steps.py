"""Operations on rows: in the order in which they were asked for, the same ones each time."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.engine.tables import Table, csv, left, made, rows

from stoker.data import _definition, _engine
from stoker.data._engine.expression import Expression, column
from stoker.data._engine.partition import PartitionFormat
from stoker.data._engine.steps import columns_needed
from stoker.exceptions import DatasetExecutionError, UserErrorException

CSV = "id,name,v\n" + "".join(f"{n},n{n % 3},{n / 2}\n" for n in range(1000))
THREE = "id,a,t,d,s,b,f\n0,1,abc,2019-01-01,x,true,1.5\n1,,xbz,2019-01-02,,false,nan\n2,3,ABC,,y,,2.5\n"


@pytest.fixture
def three(tmp_path: Path) -> Table:
    return csv(tmp_path, THREE)


def ids(table: Table, *steps: dict[str, Any]) -> list[Any]:
    return [row["id"] for row in rows(_definition.with_steps(table[0], *steps), table[1])]


def test_rows_are_taken_skipped_and_filtered_in_the_order_of_the_operations(tmp_path: Path) -> None:
    small = {"op": "filter", "expression": (column("v") < 5).to_json()}
    table = csv(tmp_path, CSV)
    skip, take = {"op": "skip", "count": 3}, {"op": "take", "count": 2}

    assert ids(table, skip, small) == [3, 4, 5, 6, 7, 8, 9]
    assert ids(table, skip, small, take) == [3, 4]
    assert ids(table, take, skip) == []
    assert ids(table, {"op": "take", "count": 0}) == []
    assert ids(table, {"op": "skip", "count": 5000}) == []


def test_columns_are_kept_in_the_data_s_order_and_only_they_are_read(tmp_path: Path) -> None:
    keep = {"op": "keep_columns", "columns": ["v", "id"]}
    definition, files = csv(tmp_path, CSV, None, keep, {"op": "take", "count": 1})

    assert rows(definition, files) == [{"id": 0, "v": 0.0}]
    assert rows(definition, files, columns=["v"]) == [{"v": 0.0}]
    assert rows(definition, files, columns=["v", "id"]) == [{"v": 0.0, "id": 0}]
    assert list(rows(definition, files, columns=["v", "id"])[0]) == ["v", "id"]
    assert _engine.columns(definition, files) == ["id", "v"]
    assert columns_needed(definition["steps"], None) == {"id", "v"}


def test_a_filter_by_a_column_that_is_dropped_after_it_works(tmp_path: Path) -> None:
    table = csv(tmp_path, CSV)
    small = {"op": "filter", "expression": (column("v") < 1).to_json()}

    assert rows(
        _definition.with_steps(table[0], small, {"op": "drop_columns", "columns": ["v", "name"]}), table[1]
    ) == [
        {"id": 0},
        {"id": 1},
    ]


@pytest.mark.parametrize("op", ["keep_columns", "drop_columns"])
def test_a_column_that_is_not_there_is_named(tmp_path: Path, op: str) -> None:
    definition, files = csv(tmp_path, CSV, None, {"op": op, "columns": ["nmae"]})

    with pytest.raises(DatasetExecutionError, match=r"no column 'nmae'\. Did you mean 'name'"):
        rows(definition, files)
    with pytest.raises(DatasetExecutionError, match=r"no column 'q'. There is: id, name, v"):
        rows(*csv(tmp_path, CSV), columns=["q"])


def test_a_filter_or_a_time_of_a_column_that_is_gone_is_said(tmp_path: Path) -> None:
    keep = {"op": "keep_columns", "columns": ["id"]}
    gone = {"op": "filter", "expression": (column("v") < 5).to_json()}

    with pytest.raises(DatasetExecutionError, match="no column 'v'"):
        rows(*csv(tmp_path, CSV, None, keep, gone))
    with pytest.raises(DatasetExecutionError, match="no column 'when'"):
        rows(*csv(tmp_path, CSV, None, {"op": "recent", "column": "when", "seconds": 1, "include_boundary": True}))


@settings(deadline=None, max_examples=30)
@given(share=st.floats(0, 1), seed=st.integers(-(2**70), 2**70))
def test_the_parts_of_a_split_complete_each_other_and_come_out_again(
    tmp_path_factory: pytest.TempPathFactory, share: float, seed: int
) -> None:
    table = csv(tmp_path_factory.mktemp("split"), CSV)

    def part(number: int) -> list[Any]:
        return ids(table, {"op": "split", "percentage": share, "seed": seed, "part": number})

    first, second = part(0), part(1)
    assert sorted(first + second) == list(range(1000))
    assert part(0) == first
    assert first == sorted(first)


def test_a_split_s_parts_have_about_their_share_and_depend_on_the_seed(tmp_path: Path) -> None:
    table = csv(tmp_path, CSV)

    def part(seed: int | None) -> list[Any]:
        return ids(table, {"op": "split", "percentage": 0.3, "seed": seed, "part": 0})

    assert 230 < len(part(7)) < 370
    assert part(7) != part(8)
    assert part(None) == part(None)


def test_a_split_of_a_split_by_the_same_seed_chooses_anew(tmp_path: Path) -> None:
    split = {"op": "split", "percentage": 0.5, "seed": 3, "part": 0}

    assert 190 < len(ids(csv(tmp_path, CSV), split, split)) < 310


def test_a_sample_with_a_seed_comes_out_again_and_one_without_does_not(tmp_path: Path) -> None:
    table = csv(tmp_path, CSV)

    def sample(seed: int | None) -> list[Any]:
        return ids(table, {"op": "sample", "probability": 0.5, "seed": seed})

    assert sample(1) == sample(1)
    assert sample(None) != sample(None)
    assert ids(table, {"op": "sample", "probability": 1.0, "seed": None}) == list(range(1000))


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        (column("a").is_null(), [1]),
        (~(column("a") == 1), [2]),
        (column("a") != 1, [2]),
        ((column("a") == 1) | column("a").is_null(), [0, 1]),
        (column("a") == column("id"), []),
        (column("a") > column("id"), [0, 2]),
        (column("t").starts_with("a"), [0]),
        (column("t").ends_with("z"), [1]),
        (column("t").contains("b"), [0, 1]),
        (column("t") >= "abc", [0, 1]),
        (column("s").is_null(), [1]),
        (column("d") > dt.datetime.fromisoformat("2019-01-01"), [1]),
        (column("d") > dt.datetime.fromisoformat("2019-01-01T12:00:00+12:00"), [1]),
        (column("d") <= dt.datetime.fromisoformat("2019-01-01").date(), [0]),
        (column("d") == "2019-01-02", [1]),
        (column("b"), [0]),
        (~column("b"), [1]),
        (column("b") == 1, [0]),
        (column("b") == False, [1]),  # noqa: E712  # it makes an expression
        (column("f") < 3, [0, 2]),
        (~(column("f") < 2), [1, 2]),
        (column("a") == None, []),  # noqa: E711  # the same
        (column("a") >= 2.5, [2]),
        (column("t") == 'a"b\n', []),
    ],
)
def test_a_condition_leaves(three: Table, expression: Expression, found: list[int]) -> None:
    assert left(three, expression) == found


@pytest.mark.parametrize(
    "wrong",
    [
        column("t") > 3,
        column("a") > "x",
        column("d") == "x",
        column("a").contains("1"),
        column("d") > 5,
        column("a"),
        column("a") & (column("a") > 1),
    ],
)
def test_what_can_not_be_compared_is_said(three: Table, wrong: Expression) -> None:
    with pytest.raises(DatasetExecutionError, match=r"The filter .*(can't be compared|is no condition)"):
        left(three, wrong)


def test_a_column_of_texts_is_no_time_to_compare_with(three: Table) -> None:
    with pytest.raises(DatasetExecutionError, match="one is a text and the other a time"):
        left(three, column("t") > dt.datetime.fromisoformat("2019-01-01"))


def test_rows_have_no_metadata_of_files(three: Table) -> None:
    step = {"op": "filter", "expression": [">", ["meta", "Size"], ["value", 1]]}

    with pytest.raises(DatasetExecutionError, match="no metadata of files"):
        ids(three, step)


@pytest.mark.parametrize("wrong", [lambda: bool(column("a") > 1), lambda: column("a") & 3, lambda: column("a") > [1]])
def test_a_wrong_expression_is_said_when_it_is_made(wrong: Any) -> None:
    with pytest.raises(UserErrorException):
        wrong()


def between(start: str | None, end: str | None, *, included: bool = True) -> dict[str, Any]:
    bounds = {"start": start, "end": end, "start_included": included, "end_included": included}
    return {"op": "time", "column": "d", **bounds}


def test_times_are_bounded(three: Table) -> None:
    assert ids(three, between("2019-01-01", "2019-01-02")) == [0, 1]
    assert ids(three, between("2019-01-01", None, included=False)) == [1]
    assert ids(three, between(None, "2019-01-02", included=False)) == [0]
    assert ids(three, between(None, None)) == [0, 1]


def test_recent_rows_are_counted_back_from_now(tmp_path: Path) -> None:
    now = dt.datetime.now(dt.timezone.utc)
    times = [now - dt.timedelta(hours=hours) for hours in (50, 3, 1)]
    text = "id,d\n" + "".join(f"{place},{time:%Y-%m-%d %H:%M:%S}\n" for place, time in enumerate(times))
    recent = {"op": "recent", "column": "d", "seconds": 7200, "include_boundary": True}

    assert ids(csv(tmp_path, text), recent) == [2]


def test_paths_give_columns(tmp_path: Path) -> None:
    texts = {f"{region}/2020/0{month}/x.csv": f"id\n{month}\n" for region in ("n", "s") for month in (1, 2)}
    options = {"partition_format": "{region}/{when:yyyy/MM}/x.csv", "include_path": True}
    table = made(tmp_path, "delimited_files", texts, options)
    found = rows(*table)

    assert list(found[0]) == ["Path", "id", "region", "when"]
    assert [(row["region"], row["when"]) for row in found][:2] == [
        ("n", dt.datetime.fromisoformat("2020-01-01")),
        ("n", dt.datetime.fromisoformat("2020-02-01")),
    ]
    assert left(table, column("region") == "s", column("when") > dt.datetime.fromisoformat("2020-01-15")) == [2]
    assert left(table, column("Path").ends_with("n/2020/01/x.csv")) == [1]
    assert rows(*table, columns=["region"])[0] == {"region": "n"}


def test_a_file_whose_path_rules_it_out_is_not_opened(tmp_path: Path) -> None:
    texts = {f"{region}/x.csv": "id\n" + "7\n" * 250 for region in ("a", "b", "c")}
    table = made(tmp_path, "delimited_files", texts, {"partition_format": "{region}/x.csv"})
    (tmp_path / "c" / "x.csv").unlink()

    assert left(table, column("region") == "b") == [7] * 250
    with pytest.raises(UserErrorException, match=r"c/x\.csv can't be read"):
        rows(*table)


def test_a_path_of_another_form_gives_missing_values_and_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    texts = {"a/2020/x.csv": "id\n1\n", "other.csv": "id\n2\n"}
    table = made(tmp_path, "delimited_files", texts, {"partition_format": "{region}/{when:yyyy}/x.csv"})

    with caplog.at_level(logging.WARNING, "stoker"):
        assert rows(*table)[1] == {"id": 2, "region": None, "when": None}
    assert "1 path is not of the form of partition_format='{region}/{when:yyyy}/x.csv'" in caplog.text
    assert "other.csv" in caplog.text


def test_a_path_of_another_form_ends_a_reading_that_takes_no_missing_values(tmp_path: Path) -> None:
    texts = {"a/2020/x.csv": "id\n1\n", "other.csv": "id\n2\n"}
    table = made(tmp_path, "delimited_files", texts, {"partition_format": "{region}/{when:yyyy}/x.csv"})

    with pytest.raises(DatasetExecutionError, match=r"other\.csv is not of the form of partition_format"):
        rows(*table, on_error="fail")


def test_a_path_s_column_that_the_data_have_too_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetExecutionError, match="include_path adds a column 'Path'"):
        rows(*csv(tmp_path, "Path,b\n1,2\n", {"include_path": True}))
    with pytest.raises(DatasetExecutionError, match="partition_format adds a column 'b'"):
        rows(*csv(tmp_path, "a,b\n1,2\n", {"partition_format": "{b}.csv"}))


@pytest.mark.parametrize("text", ["", "no keys", "{open", "{a}}"])
def test_a_wrong_form_of_paths_is_refused(text: str) -> None:
    with pytest.raises(UserErrorException, match="partition_format"):
        PartitionFormat(text)


def test_the_operation_on_partition_keys_changes_no_row(tmp_path: Path) -> None:
    assert len(ids(csv(tmp_path, CSV), {"op": "partition_keys", "keys": ["name"]})) == 1000


def test_a_reader_that_is_left_early_leaves_nothing_open(tmp_path: Path) -> None:
    table = csv(tmp_path, "id,t\n" + "1,abcdefgh\n" * 3_000_000)

    with _engine.scan(*table) as reader:
        first = next(iter(reader))

    assert first.num_rows > 0
