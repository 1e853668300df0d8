"""The quick reader gives what the exact one gives, whatever the text."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.data.engine.tables import Table, csv, delimited

from stoker.data._engine.blocks import Form, blocks_of, is_plain
from stoker.data._engine.convert import values_of
from stoker.data._engine.kinds import arrow_type, convert, settled
from stoker.data._engine.texts import fields_of, records

# What the two could disagree on: spellings of numbers, dates and booleans, quotes, ends of lines, spaces, letters.
SPELLED = [
    *("1", "0", "-5", "007", "+5", " 5", "5 ", "3.5", "1e3", "1_0", "0x10", "0X1f", "-", ".5", "5.", "1e400", "1e-400"),
    *("nan", "nan(1)", "NaN", "inf", "9223372036854775807", "9223372036854775808", "true", "T", "tRue", "false", "f"),
    *("", '""', '"a"', '"a,b"', '"a""b"', 'x"y', '"x"y', '"x', 'x"', ' "x"', '"a\nb"', '"a\r\nb"', "NA", "null"),
    *("2019-01-02", "2019-1-2", "2019-02-30", "0000-01-01", "9999-12-31", "13/02/2019", "01/02/2019", "3-Feb-19"),
    *("2019-01-02 10:11:12", "2019-01-02T10:11:12", "2019-01-02 10:11", "2019-01-02 10:11:12.5", "2019-01-02 25:00:00"),
    *("2019-01-02T10:11:12Z", "2019-01-02T10:11:12.1234567Z", "2019-01-02T10:11:12+02:00", "1/2/2019 1:02 PM"),
    *("é", "\u20285", "\xa05", "  ", "\t7", "x\0y", "\r", "a\rb", "\ufeffx"),
]
CELL = st.one_of(st.sampled_from(SPELLED), st.text(alphabet='a1",\n\r \t.;-é0', max_size=6))
ROWS = st.lists(st.lists(CELL, min_size=1, max_size=4), min_size=1, max_size=14)
KINDS = [{"type": kind} for kind in ("long", "float", "bool", "string", "datetime")]


def comparable(column: Any) -> list[str]:
    """Return values as texts, by which NaN equals NaN; times as numbers, since Python has no year 0."""
    plain = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    return [repr(value) for value in plain.to_pylist()]


def assert_alike(table: Table, block_bytes: int) -> None:
    exact_schema, exact = delimited(table, quick=False)
    quick_schema, quick = delimited(table, quick=True, block_bytes=block_bytes)

    assert quick_schema == exact_schema
    if exact is None or quick is None:
        assert not exact
        assert not quick
        return
    assert quick.num_rows == exact.num_rows
    for name in exact.column_names:
        found = quick[name] if name in quick.column_names else pa.nulls(exact.num_rows)
        assert comparable(found) == comparable(exact[name]), name


@settings(deadline=None, max_examples=300)
@given(
    rows=ROWS,
    ends=st.lists(st.sampled_from(["\n", "\r\n"]), min_size=1, max_size=3),
    separator=st.sampled_from([",", ";", "\t"]),
    kinds=st.lists(st.sampled_from(KINDS), max_size=4),
    block_bytes=st.integers(1, 60),
    options=st.fixed_dictionaries(
        {
            "support_multi_line": st.booleans(),
            "empty_as_string": st.booleans(),
            "header": st.sampled_from(["NO_HEADERS", "ALL_FILES_HAVE_SAME_HEADERS"]),
        }
    ),
    ended=st.booleans(),
)
@example(
    rows=[['"', '",']],
    ends=["\n"],
    separator=",",
    kinds=[],
    block_bytes=9,
    options={"header": "NO_HEADERS"},
    ended=False,
)
def test_any_text_is_read_alike_by_both(
    rows: list[list[str]],
    ends: list[str],
    separator: str,
    kinds: list[dict[str, Any]],
    block_bytes: int,
    options: dict[str, Any],
    ended: bool,
) -> None:
    text = "".join(separator.join(row) + ends[place % len(ends)] for place, row in enumerate(rows))
    types = {f"Column{place}": kind for place, kind in enumerate(kinds, 1)}
    if options["header"] == "NO_HEADERS":
        options = {**options, "column_types": types or None}
    with tempfile.TemporaryDirectory() as folder:
        table = csv(Path(folder), text if ended else text.rstrip("\r\n"), {**options, "separator": separator})
        assert_alike(table, block_bytes)


@settings(deadline=None, max_examples=300)
@given(
    texts=st.lists(
        st.one_of(st.none(), st.sampled_from(SPELLED), st.from_regex(r"[-+]?\d{0,20}\.?\d{0,3}")), max_size=30
    ),
    kind=st.sampled_from(
        [
            *KINDS,
            {"type": "float", "decimal_mark": ","},
            {"type": "datetime", "formats": ["%Y-%m-%d"]},
            {"type": "datetime", "formats": ["%Y-%m-%d %H:%M:%S"]},
            {"type": "datetime", "formats": ["%Y-%m-%dT%H:%M:%S"]},
            {"type": "datetime", "formats": ["%Y-%m-%dT%H:%M:%S%z"]},
            {"type": "datetime", "formats": ["%Y-%m-%d %H:%M:%S.%f"]},
            {"type": "datetime", "formats": ["%d/%m/%Y", "%d-%b-%y"]},
        ]
    ),
)
def test_a_column_is_converted_at_once_as_it_is_one_by_one(texts: list[str | None], kind: dict[str, Any]) -> None:
    kind = settled(kind, texts)
    values, wrong = convert(texts, kind)

    found, misfit = values_of(pa.array(texts, pa.string()), kind)

    assert comparable(found) == comparable(pa.array(values, arrow_type(kind)))
    assert (misfit and (misfit.count, misfit.row)) == ((len(wrong), wrong[0]) if wrong else None)


@pytest.mark.parametrize(
    ("line", "times"),
    [
        ("1,2019-10-01 10:11:12,x,true", 300),
        ("1.5,2019-10-01,,0", 300),
        ('2,"a ""b"", c",x,1', 300),
    ],
)
@pytest.mark.parametrize("late", ["x,never,y,2", "1,2", "1,2,3,4,5,6", '"x', "0x10,2019-10-01T10:11:12,,T", 'a"b,,,'])
def test_what_comes_after_the_sample_is_read_alike(tmp_path: Path, line: str, times: int, late: str) -> None:
    body = f"{line}\n" * times
    assert_alike(csv(tmp_path, f"a,b,c,d\n{body}{late}\n{body}{late}\n{line}\n"), 1000)


def test_a_record_longer_than_what_is_read_at_once_is_read_alike(tmp_path: Path) -> None:
    table = csv(tmp_path, "a,b\n1,x\n2," + "y" * (3 << 20) + "\n3,z\n")

    assert_alike(table, 1 << 16)


@given(st.lists(st.text(alphabet='ab",', max_size=5), min_size=1, max_size=5))
def test_fields_that_were_written_by_the_rules_come_back(values: list[str]) -> None:
    line = ",".join('"' + value.replace('"', '""') + '"' for value in values)

    assert fields_of(line, ",") == values


def test_records_over_several_lines_are_joined_when_asked_to() -> None:
    text = 'a,"two\nlines",b\n"open,c\n'

    assert list(records(text, ",", multi_line=True)) == [["a", "two\nlines", "b"], ['"open', "c"]]
    assert list(records(text, ",", multi_line=False)) == [["a", '"two'], ['lines"', "b"], ['"open', "c"]]


@pytest.mark.parametrize(
    ("block", "plain"),
    [
        (b"a,b\n1,2\n", True),
        (b'"a","b ""c"""\n', True),
        (b'a"b,c\n', False),
        (b'a"b,c"d\n', False),
        (b'"a"b,c\n', False),
        (b'"a\nb",c\n', False),
        (b'"a,b\n', False),
        (b"a\rb\n", False),
        (b"a,b\r\n1,2\r\n", True),
        (b'""\n', True),
        (b'"a"', True),
        (b"\xef\xbb\xbfa\n", False),
    ],
)
def test_what_every_reader_reads_alike_is_known(block: bytes, plain: bool) -> None:
    assert is_plain(block, Form()) is plain


@settings(deadline=None)
@given(ROWS, st.booleans(), st.integers(1, 30))
def test_blocks_are_the_text_cut_behind_records(rows: list[list[str]], multi_line: bool, size: int) -> None:
    text = "\n".join(",".join(row) for row in rows)
    form = Form(multi_line=multi_line)
    with tempfile.TemporaryDirectory() as folder:
        _, files = csv(Path(folder), text)
        blocks = list(blocks_of(files[0], form, size))

    assert b"".join(blocks) == text.encode().removeprefix(b"\xef\xbb\xbf")
    whole = list(records(b"".join(blocks).decode(), ",", multi_line=multi_line))
    parts = [found for block in blocks for found in records(block.decode(), ",", multi_line=multi_line)]
    assert parts == whole
