"""Timestamp columns and the operations that they make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from stoker.data.dataset_factory import TabularDatasetFactory
from stoker.data.tabular_dataset import TabularDataset
from stoker.exceptions import DatasetTimestampMissingError, UserErrorException

DAY = dt.datetime(2019, 10, 2, 15, 30)  # noqa: DTZ001  # columns have no zone


def table(**options: Any) -> TabularDataset:
    return TabularDatasetFactory.from_parquet_files("https://example.org/a.parquet", validate=False, **options)


def steps(dataset: TabularDataset) -> list[dict[str, Any]]:
    return list(dataset._definition["steps"])


def test_columns_are_set_and_cleared() -> None:
    dataset = table().with_timestamp_columns("t", "day")
    assert dataset.timestamp_columns == ("t", "day")
    assert dataset.with_timestamp_columns(None).timestamp_columns == (None, None)
    assert dataset.with_timestamp_columns("t").timestamp_columns == ("t", None)
    assert dataset.with_timestamp_columns(fine_grain_timestamp="a", coarse_grain_timestamp="b").timestamp_columns == (
        "a",
        "b",
    )


@pytest.mark.parametrize(
    "given",
    [
        {"partition_timestamp": "day"},
        {"timestamp": "t", "partition_timestamp": "t"},
        {"timestamp": "t", "fine_grain_timestamp": "t"},
        {"coarse_grain_timestamp": "day"},
    ],
)
def test_columns_that_do_not_go_together_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UserErrorException):
        table().with_timestamp_columns(**given)


@pytest.mark.parametrize(
    "call",
    [
        lambda d: d.time_before(DAY),
        lambda d: d.time_after(DAY),
        lambda d: d.time_between(DAY, DAY),
        lambda d: d.time_recent(dt.timedelta(1)),
    ],
)
@pytest.mark.parametrize(
    "make",
    [
        lambda d: d,
        lambda d: d.with_timestamp_columns("t").drop_columns("t"),
        lambda d: d.with_timestamp_columns("t").keep_columns(["a"]),
        lambda d: d.with_timestamp_columns("t").with_timestamp_columns(),
    ],
)
def test_a_filter_without_timestamp_column_fails_when_it_is_called(
    call: Callable[[TabularDataset], TabularDataset], make: Callable[[TabularDataset], TabularDataset]
) -> None:
    with pytest.raises(DatasetTimestampMissingError, match="with_timestamp_columns"):
        call(make(table()))


def test_bounds_are_kept_in_utc_and_may_be_left_out() -> None:
    dataset = table().with_timestamp_columns("t")
    zoned = DAY.replace(tzinfo=dt.timezone(dt.timedelta(hours=2)))

    assert steps(dataset.time_after(zoned, include_boundary=False)) == [
        {
            "op": "time",
            "column": "t",
            "start": "2019-10-02T13:30:00",
            "end": None,
            "start_included": False,
            "end_included": False,
        }
    ]
    assert steps(dataset.time_before(dt.date(2019, 1, 1)))[0]["end"] == "2019-01-01T00:00:00"  # type: ignore[arg-type]
    assert steps(dataset.time_recent(dt.timedelta(days=1)))[0]["seconds"] == 86400


@pytest.mark.parametrize(
    ("layout", "start"),
    [
        ("{day:yyyy}", "2019-01-01T00:00:00"),
        ("{day:yyyy/MM}", "2019-10-01T00:00:00"),
        ("{day:yyyy/MM/dd}", "2019-10-02T00:00:00"),
        ("{day:yyyy/MM/dd/HH}", "2019-10-02T15:00:00"),
        ("{day:yyyyMMddHHmm}", "2019-10-02T15:30:00"),
    ],
)
def test_files_of_other_periods_are_left_out_first(layout: str, start: str) -> None:
    dataset = table(partition_format=f"/{layout}/a.parquet").with_timestamp_columns("t", "day")
    end = DAY + dt.timedelta(hours=1)
    coarse, exact = steps(dataset.time_between(DAY, end))

    assert (coarse["column"], coarse["start"], coarse["end"]) == ("day", start, end.isoformat())
    assert (exact["column"], exact["start"]) == ("t", DAY.isoformat())


def test_keeping_only_the_partition_timestamp_still_filters_by_it() -> None:
    dataset = table().with_timestamp_columns("t", "day").drop_columns("t")
    assert dataset.timestamp_columns == (None, "day")
    assert steps(dataset.time_after(DAY))[-1]["column"] == "day"


@pytest.mark.parametrize("wrong", ["2019-10-01", 5, None])
def test_what_is_no_time_is_refused(wrong: Any) -> None:
    dataset = table().with_timestamp_columns("t")
    with pytest.raises(UserErrorException, match="no time"):
        dataset.time_after(wrong)
    with pytest.raises(UserErrorException, match="timedelta"):
        dataset.time_recent(wrong)
