"""Data that are wrong: said with file, line and column, or missing values."""

from __future__ import annotations

import logging
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.data.engine.tables import csv, made, rows

from stoker.data import _engine
from stoker.exceptions import DatasetExecutionError, DatasetValidationError, UserErrorException


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("utf8", "id\né\n".encode("latin-1")),
        ("utf8", "id\né\n".encode("utf-16")),
        ("utf16", b"id\n1\n2"),
        ("utf32", b"id,a\n12,3\n"),
    ],
)
def test_a_wrong_encoding_is_said_with_the_file(tmp_path: Path, encoding: str, data: bytes) -> None:
    table = csv(tmp_path, data, {"encoding": encoding})

    with pytest.raises(DatasetExecutionError, match=r"a\.csv is not in the encoding"):
        rows(*table)
    with pytest.raises(DatasetValidationError, match=r"a\.csv is not in the encoding"):
        _engine.check(*table)


@pytest.mark.parametrize(
    ("beginning", "advice"),
    [(b"PAR1", "from_parquet_files"), (b"\x1f\x8b\x08", "unpack it first"), (b"PK\x03\x04", "zip archive")],
)
def test_a_file_that_is_no_text_says_what_it_is(tmp_path: Path, beginning: bytes, advice: str) -> None:
    with pytest.raises(DatasetExecutionError, match=advice):
        rows(*csv(tmp_path, beginning + b"\x80\n1\n\xff\n"))


@pytest.mark.parametrize("encoding", ["utf16", "utf32"])
def test_a_file_that_says_its_encoding_itself_is_believed_in_the_advice(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(DatasetExecutionError, match=f": give encoding='{encoding}'"):
        rows(*csv(tmp_path, "id\né\n".encode(encoding)))


def test_a_wrong_byte_far_in_is_said_with_its_line(tmp_path: Path) -> None:
    data = b"id,a\n" + b"1,x\n" * 300_000 + b"2,\xff\n" + b"1,x\n" * 300_000

    with pytest.raises(DatasetExecutionError, match=r"a\.csv is not in the encoding 'utf8': in line 300002"):
        rows(*csv(tmp_path, data))


def test_a_misfit_is_said_with_line_and_column_or_missing_and_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = csv(tmp_path, "id,a\n" + "\n7,5\n" * 300_000 + "2,x\n3,y\n")

    with caplog.at_level(logging.WARNING, "stoker"):
        assert rows(*table)[-1] == {"id": 3, "a": None}
    assert "Column 'a': 2 values become missing; the first: 'x' in" in caplog.text
    assert "row 300001 is not a whole number" in caplog.text
    with pytest.raises(DatasetExecutionError, match=r"a\.csv, line 600002, column 'a': 'x' is not a whole number"):
        rows(*table, on_error="fail")


def test_lines_are_counted_where_records_have_several(tmp_path: Path) -> None:
    table = csv(tmp_path, 'id,a\n1,"x\ny"\n' + '1,"z\n\n"\n' * 300 + "no,b\n", {"support_multi_line": True})

    with pytest.raises(DatasetExecutionError, match=r"a\.csv, line 904, column 'id': 'no'"):
        rows(*table, on_error="fail")


def test_one_misfit_is_said_as_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "stoker"):
        rows(*csv(tmp_path, "id\n" + "7\n" * 250 + "x\n"))

    assert "Column 'id': 1 value becomes missing" in caplog.text


def test_misfits_of_many_columns_are_summed_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = ",".join("abcdefgh") + "\n" + "5,5,5,5,5,5,5,5\n" * 200 + "x,x,x,x,x,x,x,x\n"

    with caplog.at_level(logging.WARNING, "stoker"):
        rows(*csv(tmp_path, text))

    assert len(caplog.records) == 6
    assert caplog.records[-1].getMessage() == "The same happened in 3 more columns."


def test_ragged_rows_are_filled_up_and_what_is_too_much_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = csv(tmp_path, "id,a\n" + "7,2\n" * 300 + "3\n4,5,6\n")

    with caplog.at_level(logging.WARNING, "stoker"):
        assert rows(*table)[-2:] == [{"id": 3, "a": None}, {"id": 4, "a": 5}]
    assert "left out here: Column3" in caplog.text


@pytest.mark.parametrize("text", ["", "\n\n", "a,b\n", "a,b"])
def test_a_file_without_rows_has_none_and_is_said_when_it_is_looked_at(tmp_path: Path, text: str) -> None:
    table = csv(tmp_path, text)

    assert rows(*table) == []
    assert len(_engine.to_pandas(*table)) == 0
    with pytest.raises(DatasetValidationError, match=r"a\.csv holds no row"):
        _engine.check(*table)


@pytest.mark.parametrize("kind", ["json_lines_files", "parquet_files"])
def test_an_empty_file_of_another_kind_is_said(tmp_path: Path, kind: str) -> None:
    with pytest.raises(DatasetValidationError, match=r"a\.x (holds no row|is no whole Parquet file)"):
        _engine.check(*made(tmp_path, kind, {"a.x": ""}))


def test_an_empty_file_before_others_is_passed_over(tmp_path: Path) -> None:
    table = made(tmp_path, "delimited_files", {"a.csv": "", "b.csv": "id,a\n1,x\n", "c.csv": "\n"})

    assert rows(*table) == [{"id": 1, "a": "x"}]


def test_names_are_made_for_headers_that_are_empty_or_doubled(tmp_path: Path) -> None:
    assert _engine.columns(*csv(tmp_path, "a,,a,Column2, b ,\n1,2,3,4,5,6\n")) == [
        *("a", "Column2", "a_1", "Column2_2"),
        *("b", "Column6"),
    ]


def test_ten_thousand_columns_are_read(tmp_path: Path) -> None:
    names = [f"c{n}" for n in range(10_000)]
    text = ",".join(names) + "\n" + (",".join("5" for _ in names) + "\n") * 30 + "6\n"
    table = csv(tmp_path, text)
    frame = _engine.to_pandas(*table)

    assert frame.shape == (31, 10_000)
    assert frame["c0"].sum() == 156
    assert rows(*table, columns=["c9999"])[-2:] == [{"c9999": 5}, {"c9999": None}]


@pytest.mark.parametrize("kept", [0.5, 0.99, 0.0])
def test_a_parquet_file_that_is_cut_short_is_named(tmp_path: Path, kept: float) -> None:
    parquet.write_table(pa.table({"id": list(range(1000))}), tmp_path / "whole.parquet")
    data = (tmp_path / "whole.parquet").read_bytes()
    table = made(tmp_path, "parquet_files", {"cut.parquet": data[: int(len(data) * kept)]})

    with pytest.raises(DatasetValidationError, match=r"cut\.parquet is no whole Parquet file"):
        _engine.check(*table)


def test_a_parquet_file_whose_middle_is_damaged_is_named(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"id": list(range(100_000))}), tmp_path / "a.parquet", compression="gzip")
    data = bytearray((tmp_path / "a.parquet").read_bytes())
    data[1000:90_000] = b"\0" * 89_000
    table = made(tmp_path, "parquet_files", {"b.parquet": bytes(data)})

    with pytest.raises(DatasetExecutionError, match=r"b\.parquet is no whole Parquet file"):
        rows(*table)


def test_a_file_that_has_gone_is_named(tmp_path: Path) -> None:
    table = csv(tmp_path, "id\n1\n")
    (tmp_path / "a.csv").unlink()

    with pytest.raises(UserErrorException, match=r"a\.csv can't be read"):
        rows(*table)


def test_a_quote_that_nothing_closes_opens_nothing(tmp_path: Path) -> None:
    text = 'id,a\n1,"x\n2,y\n'

    assert rows(*csv(tmp_path, text, {"support_multi_line": True})) == [{"id": 1, "a": '"x'}, {"id": 2, "a": "y"}]
