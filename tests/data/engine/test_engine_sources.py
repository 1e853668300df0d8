"""Delimited files of many kinds, Parquet and JSON lines."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.data.engine.tables import Table, csv, made, rows

from stoker.data import _definition, _engine
from stoker.data._engine.expression import Expression, column
from stoker.data._storage.resolve import resolve_paths
from stoker.exceptions import DatasetExecutionError


def test_headers_of_several_files(tmp_path: Path) -> None:
    def read(header: str, *texts: str) -> list[dict[str, Any]]:
        files = {f"{place}.csv": text for place, text in enumerate(texts)}
        return rows(*made(tmp_path, "delimited_files", files, {"header": header}))

    first = "id,a\n1,2\n"
    assert read("ALL_FILES_HAVE_SAME_HEADERS", first, "x,y\n3,4\n") == [{"id": 1, "a": 2}, {"id": 3, "a": 4}]
    assert read("ONLY_FIRST_FILE_HAS_HEADERS", first, "3,4\n") == [{"id": 1, "a": 2}, {"id": 3, "a": 4}]
    assert read("NO_HEADERS", "1,2\n", "3,4\n")[1] == {"Column1": 3, "Column2": 4}
    assert read("COMBINE_ALL_FILES_HEADERS", first, "b,id\n5,6\n") == [
        {"id": 1, "a": 2, "b": None},
        {"id": 6, "a": None, "b": 5},
    ]
    assert read("COMBINE_ALL_FILES_HEADERS", first, "id,b\n3,z,9\n")[1] == {"id": 3, "a": None, "b": "z", "Column3": 9}


def test_types_are_inferred_from_the_first_rows_of_all_files(tmp_path: Path) -> None:
    table = made(tmp_path, "delimited_files", {"a.csv": "a\n1\n", "b.csv": "a\nx\n", "c.csv": ""})

    assert _engine.infer_types(*table) == {"a": {"type": "string"}}
    assert rows(*table) == [{"a": "1"}, {"a": "x"}]


def test_inferred_types_are_told_as_a_definition_has_them(tmp_path: Path) -> None:
    table = csv(tmp_path, "a,b,c,d,e\n5,1.5,true,2019-01-02T10:11:12.1234567Z,x\n")

    assert _engine.infer_types(*table) == {
        "a": {"type": "long"},
        "b": {"type": "float"},
        "c": {"type": "bool"},
        "d": {"type": "datetime", "formats": ["%Y-%m-%dT%H:%M:%S.%f%z"]},
        "e": {"type": "string"},
    }
    assert set(rows(*csv(tmp_path, "a,b\n1,2\n", {"infer_column_types": False}))[0].values()) == {"1", "2"}


@pytest.mark.parametrize(
    "encoding", ["latin1", "utf16", "utf32", "windows1252", "iso88591", "utf8bom", "utf8", "ascii"]
)
def test_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    names = {"latin1": "latin-1", "windows1252": "cp1252", "iso88591": "latin-1", "utf8bom": "utf-8-sig"}
    names.update(utf8="utf-8-sig", ascii="utf-8")
    data = "id,naïve\n1,é\n".encode(names.get(encoding, encoding))

    assert rows(*csv(tmp_path, data, {"encoding": encoding})) == [{"id": 1, "naïve": "é"}]


def test_names_of_latin_1_mean_the_table_that_the_web_means(tmp_path: Path) -> None:
    assert rows(*csv(tmp_path, b"a\nx\x80\x81\n", {"encoding": "latin1"})) == [{"a": "x€\x81"}]


@pytest.mark.parametrize("separator", ["\t", ";", "|", "||", "é", " "])
def test_any_separator_is_read(tmp_path: Path, separator: str) -> None:
    text = separator.join(["id", '"a b"', "c"]) + "\n" + separator.join(["5", f'"x{separator}y"', "2.5"]) + "\n"

    assert rows(*csv(tmp_path, text, {"separator": separator})) == [{"id": 5, "a b": f"x{separator}y", "c": 2.5}]


def test_types_that_are_asked_for_win(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    types = {"a": {"type": "float", "decimal_mark": ","}, "d": {"type": "datetime", "formats": ["%d.%m.%y"]}}
    text = 'a;d;e\n"1,5";31.01.20;007\nx;never;8\n'
    options = {"column_types": {**types, "e": {"type": "string"}, "z": {"type": "bool"}}, "separator": ";"}

    with caplog.at_level(logging.WARNING, "stoker"):
        found = rows(*csv(tmp_path, text, options))

    assert found == [
        {"a": 1.5, "d": dt.datetime.fromisoformat("2020-01-31"), "e": "007"},
        {"a": None, "d": None, "e": "8"},
    ]
    assert "set_column_types names the column 'z'" in caplog.text
    assert "'never' in" in caplog.text


@pytest.mark.parametrize(
    ("form", "text", "iso"),
    [
        ("%d %B %Y", "3 March 2019", "2019-03-03"),
        ("%A, %d %b %Y", "Sunday, 3 Mar 2019", "2019-03-03"),
        ("%Y%m%d", "20190303", "2019-03-03"),
        ("%j %Y", "062 2019", "2019-03-03"),
        ("%F %T", "2019-03-03 10:11:12", "2019-03-03T10:11:12"),
        ("%d/%m/%y %I %p", "03/03/19 12 am", "2019-03-03"),
        ("%Y-%m-%dT%H:%M:%S%z", "2019-03-03T10:00:00+0530", "2019-03-03T04:30:00"),
    ],
)
def test_formats_of_dates_are_as_strptime_has_them(tmp_path: Path, form: str, text: str, iso: str) -> None:
    options = {"column_types": {"a": {"type": "datetime", "formats": [form]}}, "separator": ";"}

    assert rows(*csv(tmp_path, f"a\n{text}\n", options)) == [{"a": dt.datetime.fromisoformat(iso)}]


def test_times_that_pandas_can_not_hold_are_missing_or_an_error(tmp_path: Path) -> None:
    table = csv(tmp_path, "t\n2019-01-01\n3000-01-01\n")
    frame = _engine.to_pandas(*table)

    assert [str(value) for value in frame["t"]] == ["2019-01-01 00:00:00", "NaT"]
    assert str(frame["t"].dtype) == "datetime64[ns]"
    with pytest.raises(DatasetExecutionError, match="before 1677 or after 2262"):
        _engine.to_pandas(*table, out_of_range_datetime="fail")


def numbers(folder: Path, table: pa.Table, row_group_size: int = 100, **options: Any) -> Table:
    parquet.write_table(table, folder / "a.parquet", row_group_size=row_group_size)
    files = resolve_paths([{"local": str(folder / "a.parquet")}])
    return _definition.build("parquet_files", [{"local": "/x"}], options), files


def test_parquet_keeps_its_types_times_become_plain_and_codes_values(tmp_path: Path) -> None:
    moment = dt.datetime(2019, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int32()),
            "word": pa.array(["a", None]).dictionary_encode(),
            "when": pa.array([moment, None], pa.timestamp("us", "+02:00")),
            "parts": [[1, 2], None],
        }
    )
    definition, files = numbers(tmp_path, table)

    assert rows(definition, files) == [
        {"id": 1, "word": "a", "when": dt.datetime.fromisoformat("2019-01-01T10:00:00"), "parts": [1, 2]},
        {"id": 2, "word": None, "when": None, "parts": None},
    ]
    assert _engine.infer_types(definition, files)["word"] == {"type": "string"}


def test_parquet_columns_take_the_types_that_are_asked_for(tmp_path: Path) -> None:
    table = pa.table({"a": ["1", "x", None], "b": [1, 2, 3], "c": ["31.01.2019", "", None]})
    types = {"a": {"type": "long"}, "b": {"type": "string"}, "c": {"type": "datetime", "formats": ["%d.%m.%Y"]}}
    definition, files = numbers(tmp_path, table, column_types=types)

    assert rows(definition, files)[:2] == [
        {"a": 1, "b": "1", "c": dt.datetime.fromisoformat("2019-01-31")},
        {"a": None, "b": "2", "c": None},
    ]
    with pytest.raises(DatasetExecutionError, match=r"a\.parquet, row 2, column 'a': 'x' is not a whole number"):
        rows(definition, files, on_error="fail")


def test_parquet_files_of_several_schemas_are_read_as_the_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parts = [{"id": [1], "a": ["x"]}, {"id": ["2"], "b": [5]}, {"id": ["no"], "a": [3]}]
    texts: dict[str, bytes | str] = {}
    for place, part in enumerate(parts):
        sink = io.BytesIO()
        parquet.write_table(pa.table(part), sink)
        texts[f"{place}.parquet"] = sink.getvalue()

    table = made(tmp_path, "parquet_files", texts)
    with caplog.at_level(logging.WARNING, "stoker"):
        assert rows(*table) == [
            {"id": 1, "a": "x"},
            {"id": 2, "a": None},
            {"id": None, "a": "3"},
        ]
    assert "1.parquet has columns that the first file does not have, which are left out: b" in caplog.text
    assert "Column 'id': 1 value becomes missing; the first: 'no' in" in caplog.text
    with pytest.raises(DatasetExecutionError, match=r"2\.parquet, row 1, column 'id': 'no' is not a whole number"):
        rows(*table, on_error="fail")


def test_a_number_too_large_for_the_first_parquet_file_s_type_is_missing_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    texts: dict[str, bytes | str] = {}
    for name, kind, values in (("a", pa.int8(), [1]), ("b", pa.int64(), [2, 300, None])):
        sink = io.BytesIO()
        parquet.write_table(pa.table({"id": pa.array(values, kind)}), sink)
        texts[f"{name}.parquet"] = sink.getvalue()

    with caplog.at_level(logging.WARNING, "stoker"):
        found = rows(*made(tmp_path, "parquet_files", texts))
    assert [row["id"] for row in found] == [1, 2, None, None]
    assert "'300 (too large for int8)' in" in caplog.text


def lines(*found: Any) -> str:
    return "".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in found)


def test_json_lines_are_read_and_wrong_ones_are_said_or_left_out(tmp_path: Path) -> None:
    text = lines({"id": 1, "a": 1.5, "t": "x"}, "", "no", {"id": 2, "b": True})
    table = made(tmp_path, "json_lines_files", {"a.jsonl": text}, {"invalid_lines": "drop"})

    assert rows(*table) == [
        {"id": 1, "a": 1.5, "t": "x", "b": None},
        {"id": 2, "a": None, "t": None, "b": True},
    ]
    with pytest.raises(DatasetExecutionError, match=r"a\.jsonl, line 3: 'no' is no JSON object"):
        rows(*made(tmp_path, "json_lines_files", {"a.jsonl": text}))


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([1, 2], [1, 2]),
        ([1, 2.5], [1.0, 2.5]),
        ([1, "x"], ["1", "x"]),
        ([1, True], ["1", "true"]),
        ([1 << 63, 1], [float(1 << 63), 1.0]),
        (["2019-01-01", "5"], ["2019-01-01", "5"]),
        ([{"b": 1}, None], [{"b": 1}, None]),
        ([[1, 2], [3]], [[1, 2], [3]]),
        ([[1], {"a": 2}], ["[1]", '{"a": 2}']),
        ([None, None], [None, None]),
        (["\ud800", "é"], ["?", "é"]),
    ],
)
def test_json_values_have_the_type_that_holds_all(tmp_path: Path, values: list[Any], found: list[Any]) -> None:
    text = lines(*({"a": value, "id": 1} for value in values))

    assert [row["a"] for row in rows(*made(tmp_path, "json_lines_files", {"a.jsonl": text}))] == found


def test_json_values_that_come_late_and_do_not_fit_are_missing_and_new_ones_texts(tmp_path: Path) -> None:
    text = lines(*({"id": n} for n in range(10_000)), {"id": "x"}, {"id": 7, "new": [1]})
    table = made(tmp_path, "json_lines_files", {"a.jsonl": text})

    frame = _engine.to_pandas(*table)

    assert frame["id"].isna().sum() == 1
    assert frame["new"].iloc[-1] == "[1]"
    assert set(rows(*table)[-1]) == {"id"}
    with pytest.raises(DatasetExecutionError, match=r"a\.jsonl, line 10001, column 'id': 'x' is not a whole number"):
        rows(*table, on_error="fail")


def test_json_types_can_be_asked_for(tmp_path: Path) -> None:
    types = {"d": {"type": "datetime", "formats": ["%Y-%m-%d"]}, "n": {"type": "string"}}
    table = made(tmp_path, "json_lines_files", {"a.jsonl": lines({"d": "2019-01-02", "n": 5})}, {"column_types": types})

    assert rows(*table) == [{"d": dt.datetime.fromisoformat("2019-01-02"), "n": "5"}]


def test_rows_are_written_and_read_back(tmp_path: Path) -> None:
    text = "id,name,v\n" + "".join(f'{n},"n ""{n % 3}"", x",{n / 2}\n' for n in range(1000))
    table = csv(tmp_path, text)
    for kind, write in (("delimited_files", _engine.write_csv), ("parquet_files", _engine.write_parquet)):
        with (tmp_path / kind).open("wb") as sink, _engine.scan(*table) as reader:
            write(reader, sink)
        again = _definition.build(kind, [{"local": "/x"}])
        assert rows(again, resolve_paths([{"local": str(tmp_path / kind)}])) == rows(*table)


def test_parquet_is_written_in_row_groups_of_the_size_that_is_asked_for(tmp_path: Path) -> None:
    table = csv(tmp_path, "id\n" + "5\n" * 1050)
    with (tmp_path / "out").open("wb") as sink, _engine.scan(*table) as reader:
        _engine.write_parquet(reader, sink, row_group_size=500)

    metadata = parquet.ParquetFile(tmp_path / "out").metadata
    assert [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)] == [500, 500, 50]


def test_values_inside_values_are_written_to_csv_as_json(tmp_path: Path) -> None:
    table = made(tmp_path, "json_lines_files", {"a.jsonl": lines({"id": 5, "l": [1, 2]})})
    with (tmp_path / "out").open("wb") as sink, _engine.scan(*table) as reader:
        _engine.write_csv(reader, sink, separator=";")

    assert (tmp_path / "out").read_text() == '"id";"l"\n5;"[1, 2]"\n'


def test_an_expression_shows_what_it_is_made_of() -> None:
    expression: Expression = (column("a") > 3) & ~column("b").is_null()

    assert (
        repr(expression) == "Expression(['and', ['>', ['col', 'a'], ['value', 3]], ['not', ['is_null', ['col', 'b']]]])"
    )
