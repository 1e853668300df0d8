"""What v1's own engine reads from files, case by case; and the same on files of our own, for a checkout alone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stoker.data import TabularDataset
from stoker.data._types import DataType
from stoker.data.dataset_factory import TabularDatasetFactory as Tabular

KINDS = {"int64": "i", "float64": "f", "bool": "b", "object": "O", "datetime64[ns]": "M"}


def plain(value: Any) -> Any:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value


def shown(dataset: TabularDataset) -> tuple[dict[str, str], list[list[Any]]]:
    frame = dataset.to_pandas_dataframe()
    kinds = {
        name: "O" if frame[name].dtype.kind in "OUT" or str(frame[name].dtype) == "str" else frame[name].dtype.kind
        for name in frame.columns
    }
    return kinds, [[plain(value) for value in row] for row in frame.itertuples(index=False, name=None)]


def _read(path: str, **more: Any) -> TabularDataset:
    return Tabular.from_delimited_files(path, **more)


LATE = dt.datetime.fromisoformat("2019-01-27")
CALLS: dict[str, Callable[[str], TabularDataset]] = {
    "tab separated": lambda path: _read(path, separator="\t"),
    "no header": lambda path: _read(path, header=False),
    "set types": lambda path: _read(
        path,
        set_column_types={
            "code": DataType.to_string(),
            "when": DataType.to_datetime("%Y-%m-%d"),
            "id": DataType.to_float(),
        },
    ),
    "path column": lambda path: _read(path, include_path=True).keep_columns(["id"]),
    "drop": lambda path: _read(path).drop_columns("name"),
    "time after": lambda path: _read(path).with_timestamp_columns("t").time_after(LATE, include_boundary=False),
    "filter equal": lambda path: _filtered(path, lambda d: d["v"] == 10),
    "filter and": lambda path: _filtered(path, lambda d: (d["region"] == "s") & (d["v"] > 50)),
    "filter or not": lambda path: _filtered(path, lambda d: ~((d["v"] < 54) | (d["region"] == "n"))),
}


def _filtered(path: str, condition: Any) -> TabularDataset:
    dataset = _read(path)
    return dataset.filter(condition(dataset))


def test_every_case_of_v1_is_read_alike(shared: Path) -> None:
    folder = shared / "data" / "v1" / "datasets"
    cases = json.loads((folder / "expected.json").read_text())
    wrong = {}
    for name, case in cases.items():
        call = CALLS.get(name, _read)
        found = shown(call(str(folder / case["file"])))
        expected = {column: KINDS[kind] for column, kind in case["dtypes"].items()}, case["rows"]
        if found != expected:
            wrong[name] = found, expected

    assert len(cases) >= 17
    assert wrong == {}


OURS: dict[str, tuple[str, list[str], list[list[Any]]]] = {
    "booleans": ("a,b\nTrue,0\nfalse,1\n", ["b", "b"], [[True, False], [False, True]]),
    "ones alone": ("a\n1\n1\n", ["b"], [[True], [True]]),
    "letters": ("a,b\nt,T\nf,F\n", ["b", "b"], [[True, True], [False, False]]),
    "zeros ahead are numbers": ("a\n01\n00\n", ["i"], [[1], [0]]),
    "yes is a text": ("a,b\nyes,tRue\nno,fALSE\n", ["O", "O"], [["yes", "tRue"], ["no", "fALSE"]]),
    "forms of numbers": ("a,b\n.5,+1\n1E+3,-2\n5.,3\n", ["f", "i"], [[0.5, 1], [1000.0, -2], [5.0, 3]]),
    "infinite": ("a\ninf\n-Infinity\n", ["f"], [[float("inf")], [float("-inf")]]),
    "nan alone": ("a\nnan\nNaN\n", ["f"], [[None], [None]]),
    "no numbers": ("a,b,c\n1_0,0x10,5%\n", ["O", "O", "O"], [["1_0", "0x10", "5%"]]),
    "numbers in quotes": ('a,b\n"1","true"\n"2","f"\n', ["i", "b"], [[1, True], [2, False]]),
    "missing among booleans": ("a,b\ntrue,1\n,2\n", ["O", "i"], [[True, 1], [None, 2]]),
    "nothing at all": ("a,b\n,1\n,2\n", ["O", "i"], [[None, 1], [None, 2]]),
    "empty text among numbers": ('a\n""\n5\n', ["O"], [[""], ["5"]]),
    "quotes in the middle": (
        'a\nx"y\n"x"y\n"x" \n "x"\n"x"y"z"\n""x\n',
        ["O"],
        [['x"y'], ["xy"], ["x "], [' "x"'], ['xy"z"'], ["x"]],
    ),
    "missing and empty": ('a,b\n,""\nNA,null\n', ["O", "O"], [[None, ""], ["NA", "null"]]),
    "nan is missing": ("a\n1.5\nnan\n", ["f"], [[1.5], [None]]),
    "leading zeros": ("a\n007\n8\n", ["i"], [[7], [8]]),
    "large numbers": ("a\n9223372036854775807\n-9223372036854775808\n", ["i"], [[2**63 - 1], [-(2**63)]]),
    "too large for a whole number": ("a\n9223372036854775808\n1\n", ["f"], [[float(2**63)], [1.0]]),
    "a line is a record": (
        'a,b\n"two\nlines",1\nplain,2\n',
        ["O", "f"],
        [['"two', None], ['lines"', 1.0], ["plain", 2.0]],
    ),
    "doubled quotes": ('a\n"O""Neil, J"\n', ["O"], [['O"Neil, J']]),
    "more fields": ("a,b\n1\n2,3,4\n", ["i", "f", "f"], [[1, None, None], [2, 3.0, 4.0]]),
    "day first": ("a\n13/02/2019\n01/02/2019\n", ["M"], [["2019-02-13T00:00:00"], ["2019-02-01T00:00:00"]]),
    "month first where both fit": ("a\n01/02/2019\n", ["M"], [["2019-01-02T00:00:00"]]),
    "a zone": ("a\n2019-01-01T10:00:00+02:00\n", ["M"], [["2019-01-01T08:00:00"]]),
    "blank lines": ("a,b\n\n1,2\n\n\n3,4", ["i", "i"], [[1, 2], [3, 4]]),
    "windows lines": ("a,b\r\n1,x\r\n2,y\r\n", ["i", "O"], [[1, "x"], [2, "y"]]),
    "a return inside": ("a,b\r\nx,1\r\ny\rz,2", ["O", "i"], [["x", 1], ["y\rz", 2]]),
    "several formats": (
        "a\n2019-01-02\n2019/01/03\n2019-01-04T10:00:00Z\n",
        ["M"],
        [["2019-01-02T00:00:00"], ["2019-01-03T00:00:00"], ["2019-01-04T10:00:00"]],
    ),
    "month names": ("a\n3-Feb-2019\n04-MAR-2019\n", ["M"], [["2019-02-03T00:00:00"], ["2019-03-04T00:00:00"]]),
    "fine fractions": ("a\n2019-01-01T10:11:12.1234567Z\n", ["M"], [["2019-01-01T10:11:12.123456700"]]),
    "afternoon": ("a\n10/13/2019 1:02:03 PM\n", ["M"], [["2019-10-13T13:02:03"]]),
    "days that fit no one order": ("a\n13/2/2019\n2/13/2019\n", ["O"], [["13/2/2019"], ["2/13/2019"]]),
    "no dates": ("a,b\n2019-02-30,13.02.2019\n", ["O", "O"], [["2019-02-30", "13.02.2019"]]),
    "spaces": (" a ,b \n 1 , x \n2,y\n", ["i", "O"], [[1, " x "], [2, "y"]]),
}


@pytest.mark.parametrize("case", OURS)
def test_a_small_file_is_read_so(tmp_path: Path, case: str) -> None:
    text, kinds, rows = OURS[case]
    (tmp_path / "a.csv").write_bytes(text.encode())

    found_kinds, found_rows = shown(_read(str(tmp_path / "a.csv")))

    assert (list(found_kinds.values()), found_rows) == (kinds, rows)


def test_names_of_columns_are_made_whole(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,,a,a_1\n1,2,3,4\n")

    assert list(_read(str(tmp_path / "a.csv")).to_pandas_dataframe().columns) == ["a", "Column2", "a_1", "a_1_2"]


def test_a_later_value_that_does_not_fit_is_missing(tmp_path: Path) -> None:
    line = "5,true,2019-01-01,2.5\n"
    late = "x,x,x,x\n3.5,2,2020/02/01,7\n4.0,0,2019-13-13,inf\n 8 , t , 2019-02-01 , 2 \n"
    (tmp_path / "a.csv").write_text("a,b,c,d\n" + line * 200 + late)

    _, rows = shown(_read(str(tmp_path / "a.csv")).skip(200))

    assert rows == [
        [None, None, None, None],
        [None, None, None, 7.0],
        [4.0, False, None, float("inf")],
        [8.0, True, "2019-02-01T00:00:00", 2.0],
    ]


def test_values_beyond_the_known_columns_come_as_texts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "5,6\n" * 300 + "7,8,9,z\n")

    frame = _read(str(tmp_path / "a.csv")).to_pandas_dataframe()

    assert list(frame.columns) == ["a", "b", "Column3", "Column4"]
    assert [plain(value) for value in frame.iloc[-1]] == [7, 8, "9", "z"]
    assert frame["Column3"].isna().sum() == 300
