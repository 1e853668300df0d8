"""What needn't be read is not read, and nothing that counts is left out."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from stoker.data import _definition, _engine
from stoker.data._engine.expression import column
from stoker.data._engine.pruning import Known, may_hold

VALUES = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from([0.5, float("nan")]))
COMPARISON = st.tuples(st.sampled_from([">", ">=", "<", "<=", "==", "!="]), st.integers(-4, 4), st.booleans()).map(
    lambda drawn: (
        [drawn[0], ["col", "a"], ["value", drawn[1]]] if drawn[2] else [drawn[0], ["value", drawn[1]], ["col", "a"]]
    )
)
CONDITION = st.recursive(
    st.one_of(COMPARISON, st.just(["is_null", ["col", "a"]])),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), inner, inner).map(list), inner.map(lambda part: ["not", part])
    ),
    max_leaves=4,
)


class Counted(io.BytesIO):
    """A file that counts what is read of it."""

    read_bytes = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.read_bytes += len(data)
        return data

    def close(self) -> None:
        """Stay open, to be read again."""


class File:
    """A file in memory."""

    shown = relative = "store://a.parquet"
    local = None

    def __init__(self, table: pa.Table, row_group_size: int) -> None:
        self.stream = Counted()
        parquet.write_table(table, self.stream, row_group_size=row_group_size)
        self.size = len(self.stream.getvalue())

    def open(self) -> Counted:
        self.stream.seek(0)
        return self.stream


def read(file: File, *steps: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    definition = _definition.with_steps(_definition.build("parquet_files", [{"local": "/x"}]), *steps)
    with _engine.scan(definition, [file], **more) as reader:
        found: list[dict[str, Any]] = reader.read_all().to_pylist()
    return found


@settings(deadline=None, max_examples=200)
@given(values=st.lists(VALUES, max_size=20), condition=CONDITION, size=st.integers(1, 5))
def test_row_groups_are_left_out_only_when_no_row_of_them_counts(
    values: list[Any], condition: list[Any], size: int
) -> None:
    table = pa.table({"id": list(range(len(values))), "a": pa.array(values, pa.float64())})
    step = {"op": "filter", "expression": condition}

    in_small_groups = read(File(table, size), step)

    # With a step that counts rows in front, nothing may be left out.
    assert repr(in_small_groups) == repr(read(File(table, 100), {"op": "skip", "count": 0}, step))


def test_of_parquet_only_the_columns_and_row_groups_that_count_are_read() -> None:
    count = 40_000
    table = pa.table(
        {"id": list(range(count)), **{f"c{place}": [float(n) for n in range(count)] for place in range(9)}}
    )
    file = File(table, 1000)
    steps = [
        {"op": "filter", "expression": ((column("id") >= 5000) & (column("c1") < 6000)).to_json()},
        {"op": "keep_columns", "columns": ["id"]},
    ]

    found = read(file, *steps)

    assert [row["id"] for row in found] == list(range(5000, 6000))
    assert file.stream.read_bytes < file.size / 10


def test_a_filter_behind_a_step_that_counts_rows_leaves_nothing_out() -> None:
    file = File(pa.table({"id": list(range(100))}), 10)
    late = {"op": "filter", "expression": (column("id") >= 90).to_json()}

    assert [row["id"] for row in read(file, {"op": "take", "count": 95}, late)] == [90, 91, 92, 93, 94]


def test_times_and_beginnings_of_texts_leave_out_row_groups() -> None:
    table = pa.table({"id": list(range(100)), "t": [f"k{n:03}" for n in range(100)]})
    file = File(table, 10)

    found = read(file, {"op": "filter", "expression": column("t").starts_with("k05").to_json()}, columns=["id"])

    assert [row["id"] for row in found] == list(range(50, 60))


@pytest.mark.parametrize(
    ("known", "condition", "possible"),
    [
        (Known(1, 5), ["==", ["col", "a"], ["value", 6]], False),
        (Known(1, 5), ["==", ["col", "a"], ["value", "x"]], True),
        (Known(1, 5, nulls=False), ["is_null", ["col", "a"]], False),
        (Known(None, None, values=False), ["<", ["col", "a"], ["value", 6]], False),
        (Known(1, 5), ["<", ["col", "a"], ["col", "b"]], True),
        (Known("b", "d"), ["starts_with", ["col", "a"], "e"], False),
        (None, ["<", ["col", "a"], ["value", 6]], True),
    ],
)
def test_what_is_known_decides(known: Known | None, condition: list[Any], possible: bool) -> None:
    assert may_hold(condition, {"a": known}.get) is possible


def test_nothing_of_delimited_files_beyond_the_rows_that_are_taken_is_read(tmp_path: Path) -> None:
    class Endless:
        shown = relative = "a.csv"
        local = None
        size = 0

        def open(self) -> io.BufferedReader:
            return io.BufferedReader(_Lines())

    class _Lines(io.RawIOBase):
        served = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            self.served += 1
            assert self.served < 100_000
            buffer[:] = (b"5,x\n" * (len(buffer) // 4 + 1))[: len(buffer)]
            return len(buffer) // 4 * 4

    del tmp_path
    definition = _definition.with_steps(
        _definition.build("delimited_files", [{"local": "/x"}], {"header": "NO_HEADERS"}), {"op": "take", "count": 3}
    )

    with _engine.scan(definition, [Endless()]) as reader:
        assert reader.read_all().num_rows == 3
