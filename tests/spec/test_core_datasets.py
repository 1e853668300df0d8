"""Section 9: Dataset, and the traps of section 12 about it."""

from __future__ import annotations

import copy
import datetime as dt
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stoker.core import Dataset, Experiment, Run, ScriptRunConfig, Workspace
from stoker.core.datastore import Datastore
from stoker.data import DataPath, DataType, FileDataset, OutputFileDatasetConfig, TabularDataset
from stoker.data.dataset_consumption_config import DatasetConsumptionConfig
from stoker.data.dataset_type_definitions import PromoteHeadersBehavior
from stoker.exceptions import (
    DatasetExecutionError,
    DatasetTimestampMissingError,
    DatasetValidationError,
    UserErrorException,
)

Config = Callable[..., ScriptRunConfig]

ROWS = "id,region,v\n" + "".join(f"{number},{'ns'[number % 2]},{number * 10}\n" for number in range(1, 41))


@pytest.fixture(scope="module")
def store(ws: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Datastore:
    """Return the default datastore, with a few files on it."""
    folder = tmp_path_factory.mktemp("data")
    files = {
        "rows.csv": ROWS,
        "many/a.csv": "x,y\n1,2\n",
        "many/b.csv": "x,y\n3,4\n",
        "many/deep/c.csv": "x,y\n5,6\n",
        "sales/north/2019/01/15/data.csv": "amount\n1\n",
        "sales/south/2019/02/20/data.csv": "amount\n2\n",
        "series.csv": "t,value\n" + "".join(f"2019-01-{day:02},{day}\n" for day in range(1, 32)),
        "lines.jsonl": '{"a": 1}\nnot json\n{"a": 2}\n',
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    pd.DataFrame({"a": [1, 2, 3], "b": list("xyz")}).to_parquet(folder / "table.parquet")
    default: Datastore = ws.get_default_datastore()
    default.upload(str(folder), show_progress=False)
    return default


@pytest.fixture
def rows(store: Datastore) -> TabularDataset:
    return Dataset.Tabular.from_delimited_files((store, "rows.csv"))


def moment(year: int, month: int, day: int) -> dt.datetime:
    return dt.datetime(year, month, day)  # noqa: DTZ001  # columns have no zone


def values(dataset: TabularDataset, column: str) -> list[Any]:
    return list(dataset.to_pandas_dataframe()[column])


# 9.1 Creation


def test_a_path_is_given_in_many_ways(store: Datastore, in_folder: Path) -> None:
    (in_folder / "local.csv").write_text(ROWS)
    ways = [
        (store, "rows.csv"),
        [(store, "rows.csv")],
        DataPath(store, "rows.csv"),
        store.path("rows.csv"),
        "local.csv",
        str(in_folder / "local.csv"),
        in_folder / "local.csv",
    ]
    for way in ways:
        assert len(Dataset.Tabular.from_delimited_files(way).to_pandas_dataframe()) == 40
        assert Dataset.File.from_files(way).to_path() in (["/rows.csv"], ["/local.csv"])


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("many/*.csv", ["/a.csv", "/b.csv"]),
        ("many/?.csv", ["/a.csv", "/b.csv"]),
        ("many/**/*.csv", ["/a.csv", "/b.csv", "/deep/c.csv"]),
        ("many/**", ["/a.csv", "/b.csv", "/deep/c.csv"]),
        ("many", ["/a.csv", "/b.csv", "/deep/c.csv"]),
        ("/many/", ["/a.csv", "/b.csv", "/deep/c.csv"]),
    ],
)
def test_patterns_and_folders_name_files(store: Datastore, pattern: str, found: list[str]) -> None:
    assert Dataset.File.from_files((store, pattern)).to_path() == found


def test_what_matches_nothing_fails_at_once_or_when_it_is_read(store: Datastore) -> None:
    for make in (Dataset.File.from_files, Dataset.Tabular.from_delimited_files, Dataset.Tabular.from_parquet_files):
        with pytest.raises(DatasetValidationError, match="absent"):
            make((store, "absent/*.csv"))
    with pytest.raises(DatasetValidationError, match="absent"):
        Dataset.File.from_files((store, "absent"), validate=False).to_path()
    with pytest.raises(DatasetValidationError, match="absent"):
        Dataset.Tabular.from_delimited_files((store, "absent"), validate=False).to_pandas_dataframe()


@pytest.mark.parametrize("path", [None, [], "", 5, ("store", "x"), [None], (1, 2, 3)])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(UserErrorException, match="path"):
        Dataset.File.from_files(path, validate=False)
    with pytest.raises(UserErrorException, match="path"):
        Dataset.Tabular.from_delimited_files(path, validate=False)


def test_addresses_and_datastores_are_not_mixed(store: Datastore) -> None:
    with pytest.raises(UserErrorException, match="mixed"):
        Dataset.File.from_files([(store, "rows.csv"), "https://example.org/a.csv"], validate=False)


def test_a_path_does_not_leave_its_datastore(store: Datastore) -> None:
    with pytest.raises(UserErrorException, match="leads out"):
        Dataset.File.from_files((store, "many/../../secrets.key"), validate=False)


def test_without_validation_nothing_is_read(ws: Workspace, tmp_path: Path) -> None:
    gone = Datastore.register_local_folder(ws, "gone", str(tmp_path))
    tmp_path.rmdir()
    dataset = Dataset.Tabular.from_delimited_files((gone, "a.csv"), validate=False)
    dataset.keep_columns("a").filter(dataset["a"] > 1).take(3).with_timestamp_columns("t").to_csv_files().as_mount()
    assert dataset.register(ws, "gone").version == 1


@pytest.mark.parametrize("header", [True, PromoteHeadersBehavior.ALL_FILES_HAVE_SAME_HEADERS])
def test_the_first_line_names_the_columns(store: Datastore, header: Any) -> None:
    frame = Dataset.Tabular.from_delimited_files((store, "many/*.csv"), header=header).to_pandas_dataframe()
    assert list(frame.columns) == ["x", "y"]
    assert list(frame["x"]) == [1, 3]


@pytest.mark.parametrize("header", [False, PromoteHeadersBehavior.NO_HEADERS])
def test_without_header_columns_are_numbered(store: Datastore, header: Any) -> None:
    dataset = Dataset.Tabular.from_delimited_files((store, "many/a.csv"), header=header, infer_column_types=False)
    assert list(dataset.to_pandas_dataframe().columns) == ["Column1", "Column2"]
    with pytest.raises(UserErrorException, match="header"):
        Dataset.Tabular.from_delimited_files((store, "many/a.csv"), header="yes")  # type: ignore[arg-type]


def test_types_are_inferred_or_set_or_text(store: Datastore) -> None:
    where = (store, "rows.csv")
    inferred = Dataset.Tabular.from_delimited_files(where).to_pandas_dataframe()
    plain = Dataset.Tabular.from_delimited_files(where, infer_column_types=False).to_pandas_dataframe()
    wanted = {"id": DataType.to_string(), "v": DataType.to_float()}
    chosen = Dataset.Tabular.from_delimited_files(where, set_column_types=wanted).to_pandas_dataframe()

    assert inferred["v"].dtype.kind == "i"
    assert list(plain["v"][:2]) == ["10", "20"]
    assert list(chosen["id"][:2]) == ["1", "2"]
    assert chosen["v"].dtype.kind == "f"


@pytest.mark.parametrize("types", [{"a": "string"}, {1: DataType.to_long()}, ["a"], "a"])
def test_types_are_given_as_data_types(types: Any) -> None:
    with pytest.raises(UserErrorException, match="set_column_types"):
        Dataset.Tabular.from_delimited_files("a.csv", validate=False, set_column_types=types)


def test_an_unknown_encoding_or_separator_is_refused() -> None:
    for wrong in ({"encoding": "ebcdic"}, {"encoding": None}, {"separator": ""}, {"separator": "\n"}):
        with pytest.raises(UserErrorException, match=next(iter(wrong))):
            Dataset.Tabular.from_delimited_files("a.csv", validate=False, **wrong)


def test_each_row_may_tell_its_file(store: Datastore) -> None:
    frame = Dataset.Tabular.from_delimited_files((store, "many/*.csv"), include_path=True).to_pandas_dataframe()
    assert [str(path).rsplit("/", 1)[1] for path in frame["Path"]] == ["a.csv", "b.csv"]


def test_a_path_gives_columns(store: Datastore) -> None:
    layout = "/sales/{region}/{day:yyyy/MM/dd}/data.csv"
    dataset = Dataset.Tabular.from_delimited_files((store, "sales/**/*.csv"), partition_format=layout)
    frame = dataset.to_pandas_dataframe()

    assert list(frame.columns) == ["amount", "region", "day"]
    assert list(frame["region"]) == ["north", "south"]
    assert list(frame["day"]) == [pd.Timestamp(2019, 1, 15), pd.Timestamp(2019, 2, 20)]
    assert dataset.partition_keys == ["region", "day"]
    assert dataset.get_partition_key_values(["region"]) == [{"region": "north"}, {"region": "south"}]
    assert len(dataset.get_partition_key_values()) == 2
    north = dataset.filter(dataset["region"] == "north")
    assert north.get_partition_key_values(["region"]) == [{"region": "north"}]
    assert values(north, "amount") == [1]
    with pytest.raises(UserErrorException, match="amount"):
        dataset.get_partition_key_values(["amount"])
    with pytest.raises(UserErrorException, match="partition"):
        Dataset.File.from_files((store, "many")).get_partition_key_values()


def test_parquet_json_lines_and_queries_are_read(store: Datastore, ws: Workspace, tmp_path: Path) -> None:
    assert values(Dataset.Tabular.from_parquet_files((store, "table.parquet")), "b") == ["x", "y", "z"]

    lines = Dataset.Tabular.from_json_lines_files((store, "lines.jsonl"), invalid_lines="drop")
    assert values(lines, "a") == [1, 2]
    with pytest.raises((DatasetValidationError, DatasetExecutionError)):
        Dataset.Tabular.from_json_lines_files((store, "lines.jsonl")).to_pandas_dataframe()
    with pytest.raises(UserErrorException, match="invalid_lines"):
        Dataset.Tabular.from_json_lines_files((store, "lines.jsonl"), invalid_lines="skip")

    import sqlite3

    base = sqlite3.connect(tmp_path / "base.db")
    base.execute("create table t (a integer, b text)")
    base.executemany("insert into t values (?, ?)", [(1, "x"), (2, "y")])
    base.commit()
    base.close()
    database = Datastore.register_sql_database(ws, "base", f"sqlite:///{tmp_path / 'base.db'}")
    for query in ((database, "select * from t"), DataPath(database, "select * from t")):
        assert values(Dataset.Tabular.from_sql_query(query), "b") == ["x", "y"]
    with pytest.raises(DatasetValidationError, match="missing"):
        Dataset.Tabular.from_sql_query((database, "select * from missing"))


def test_a_data_frame_is_stored_and_registered(ws: Workspace, store: Datastore) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b.c": ["x", "y"]}, index=[7, 8])
    first = Dataset.Tabular.register_pandas_dataframe(frame, (store, "frames"), "a frame", show_progress=False)
    second = Dataset.Tabular.register_pandas_dataframe(frame, store, "a frame", "d", {"k": "v"}, show_progress=False)

    assert (first.name, first.version, second.version) == ("a frame", 1, 2)
    assert (second.description, second.tags) == ("d", {"k": "v"})
    back = Dataset.get_by_name(ws, "a frame").to_pandas_dataframe()
    assert back.to_dict("list") == {"a": [1, 2], "b_c": ["x", "y"]}
    for wrong in (pd.DataFrame({"a": [[1], [2]]}), pd.DataFrame({"a": [1, "x"]}), {"a": [1]}):
        with pytest.raises(UserErrorException, match=r"dataframe|DataFrame|column"):
            Dataset.Tabular.register_pandas_dataframe(wrong, store, "wrong", show_progress=False)


def test_a_folder_is_uploaded_as_a_dataset(store: Datastore, tmp_path: Path) -> None:
    for name in ("a.csv", "sub/b.csv", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    made = Dataset.File.upload_directory(str(tmp_path), (store, "uploaded"), pattern="*.csv", show_progress=False)

    assert made.to_path() == ["/a.csv", "/sub/b.csv"]
    with pytest.raises(UserErrorException, match="nowhere"):
        Dataset.File.upload_directory(str(tmp_path / "nowhere"), (store, "x"))
    with pytest.raises(UserErrorException, match=r"\.png"):
        Dataset.File.upload_directory(str(tmp_path), (store, "x"), pattern="*.png")


# 9.2 TabularDataset


def test_operations_give_new_datasets_and_leave_the_old(rows: TabularDataset) -> None:
    assert values(rows.take(2), "id") == [1, 2]
    assert values(rows.skip(38), "id") == [39, 40]
    assert list(rows.keep_columns(["v", "id"]).to_pandas_dataframe().columns) == ["id", "v"]
    assert list(rows.drop_columns("region").to_pandas_dataframe().columns) == ["id", "v"]
    assert len(rows.to_pandas_dataframe()) == 40
    assert rows.take(2).id is None


def test_a_missing_column_is_an_error_when_rows_are_read(rows: TabularDataset) -> None:
    for dataset in (rows.keep_columns(["id", "nope"]), rows.drop_columns("nope"), rows.filter(rows["nope"] > 1)):
        with pytest.raises(DatasetExecutionError, match="nope"):
            dataset.to_pandas_dataframe()
    with pytest.raises(DatasetValidationError, match="nope"):
        rows.keep_columns(["nope"], validate=True)


def test_a_split_is_complementary_and_the_same_for_a_seed(rows: TabularDataset) -> None:
    first, second = rows.random_split(0.7, seed=5)
    again, _ = rows.random_split(0.7, seed=5)

    assert sorted(values(first, "id") + values(second, "id")) == list(range(1, 41))
    assert values(first, "id") == values(again, "id")
    assert 0 < len(values(first, "id")) < 40
    drawn, rest = rows.random_split(0.5)
    assert sorted(values(drawn, "id") + values(rest, "id")) == list(range(1, 41))
    assert values(rows.take_sample(0.5, seed=1), "id") == values(rows.take_sample(0.5, seed=1), "id")


@pytest.mark.parametrize("share", [-0.1, 1.1, "half", None, float("nan")])
def test_a_share_lies_between_0_and_1(rows: TabularDataset, share: Any) -> None:
    with pytest.raises(UserErrorException, match="percentage"):
        rows.random_split(share)
    with pytest.raises(UserErrorException, match="probability"):
        rows.take_sample(share)


@pytest.mark.parametrize("count", [-1, 1.5, "3", None, True])
def test_a_count_is_a_whole_number(rows: TabularDataset, count: Any) -> None:
    for call in (rows.take, rows.skip):
        with pytest.raises(UserErrorException, match="count"):
            call(count)


def test_rows_are_filtered_by_expressions(rows: TabularDataset) -> None:
    assert values(rows.filter(rows["v"] == 10), "id") == [1]
    assert values(rows.filter((rows["region"] == "n") & (rows["v"] > 360)), "id") == [38, 40]
    assert values(rows.filter(~((rows["v"] > 20) | (rows["region"] == "n"))), "id") == [1]
    assert values(rows.filter(rows["region"].starts_with("s")).take(1), "id") == [1]
    assert values(rows.filter(rows["v"].is_null()), "id") == []
    with pytest.raises(UserErrorException, match="expression"):
        rows.filter("v > 10")  # type: ignore[arg-type]


def test_rows_become_files_when_they_are_wanted(rows: TabularDataset, tmp_path: Path) -> None:
    files = rows.take(3).to_csv_files(separator=";")
    assert isinstance(files, FileDataset)
    (path,) = files.download(str(tmp_path / "csv"))
    written = pd.read_csv(path, sep=";")
    assert (list(written.columns), list(written["id"])) == (["id", "region", "v"], [1, 2, 3])
    (path,) = rows.to_parquet_files().download(str(tmp_path / "parquet"))
    assert len(pd.read_parquet(path)) == 40
    with rows.to_parquet_files().mount() as mounted:
        assert len(os.listdir(mounted.mount_point)) == 1


@pytest.mark.parametrize("as_files", [False, True])
def test_a_table_is_cut_by_its_values(rows: TabularDataset, store: Datastore, as_files: bool) -> None:
    made = rows.partition_by(
        ["region"], (store, "cut"), name=f"cut {as_files}", show_progress=False, partition_as_file_dataset=as_files
    )

    assert (made.name, made.version) == (f"cut {as_files}", 1)
    assert sorted(item["region"] for item in made.get_partition_key_values()) == ["n", "s"]
    if isinstance(made, TabularDataset):
        frame = made.to_pandas_dataframe()
        assert sorted(frame["id"]) == list(range(1, 41))
        assert values(made.filter(made["region"] == "s").take(1), "id") == [1]
    else:
        assert sorted(path.split("/")[1] for path in made.to_path()) == ["n", "s"]


def test_times_become_folders_and_times_again(store: Datastore) -> None:
    series = Dataset.Tabular.from_delimited_files((store, "series.csv"))
    made = series.partition_by(["t"], (store, "days"), show_progress=False)

    assert made.partition_keys == ["t"]
    assert {"t": pd.Timestamp(2019, 1, 9)} in made.get_partition_key_values()
    assert isinstance(made, TabularDataset)
    assert values(made.filter(made["t"] == moment(2019, 1, 9)), "value") == [9]


def test_what_is_no_name_of_a_folder_is_no_partition(store: Datastore) -> None:
    frame = pd.DataFrame({"key": ["a/b", "c"], "v": [1, 2]})
    table = Dataset.Tabular.register_pandas_dataframe(frame, store, "slashed", show_progress=False)
    with pytest.raises(UserErrorException, match="a/b"):
        table.partition_by(["key"], (store, "cut"), show_progress=False)


@pytest.mark.parametrize("keys", [[], ["region", "region"], ["nope"]])
def test_partition_keys_are_columns_each_once(rows: TabularDataset, store: Datastore, keys: list[str]) -> None:
    with pytest.raises(UserErrorException, match="partition"):
        rows.partition_by(keys, (store, "cut"), show_progress=False)


def test_a_time_series_is_filtered_by_time(store: Datastore) -> None:
    plain = Dataset.Tabular.from_delimited_files((store, "series.csv"))
    series = plain.with_timestamp_columns("t")

    assert series.timestamp_columns == ("t", None)
    assert values(series.time_after(moment(2019, 1, 30)), "value") == [30, 31]
    assert values(series.time_after(moment(2019, 1, 30), include_boundary=False), "value") == [31]
    assert values(series.time_before(moment(2019, 1, 2)), "value") == [1, 2]
    assert values(series.time_between(moment(2019, 1, 3), moment(2019, 1, 4)), "value") == [3, 4]
    assert values(series.time_recent(dt.timedelta(days=1)), "value") == []
    assert len(values(series.time_recent(dt.timedelta(days=36500)), "value")) == 31
    with pytest.raises(DatasetTimestampMissingError):
        plain.time_after(moment(2019, 1, 1))
    frame = series.to_pandas_dataframe()
    assert list(frame.index) == list(frame["t"])


@pytest.mark.parametrize("given", [{"on_error": "skip"}, {"out_of_range_datetime": "clip"}])
def test_how_errors_are_taken_is_null_or_fail(rows: TabularDataset, given: dict[str, str]) -> None:
    with pytest.raises(UserErrorException, match="fail"):
        rows.to_pandas_dataframe(**given)


def test_a_profile_tells_of_each_column(rows: TabularDataset) -> None:
    profile = rows.get_profile()
    assert profile["v"]["Min"] == 10
    assert profile["v"]["Max"] == 400
    assert len(profile.to_pandas_dataframe()) == 3
    assert profile.is_stale() is False
    assert "region" in profile._repr_html_()


# 9.3 FileDataset


def test_files_are_copied_and_nothing_is_overwritten_unasked(store: Datastore, in_folder: Path) -> None:
    dataset = Dataset.File.from_files((store, "many/**/*.csv"))
    paths = dataset.download("here")

    assert paths == [str(in_folder / "here" / name) for name in ("a.csv", "b.csv", "deep/c.csv")]
    Path(paths[0]).write_text("mine")
    with pytest.raises(UserErrorException, match="overwrite"):
        dataset.download("here")
    assert Path(paths[0]).read_text() == "mine"
    assert dataset.download("here", overwrite=True) == paths
    assert Path(paths[0]).read_text() == "x,y\n1,2\n"
    assert all(os.path.isabs(path) and os.path.isfile(path) for path in dataset.download())


def test_files_that_are_gone_may_be_left_out(store: Datastore, tmp_path: Path) -> None:
    dataset = Dataset.File.from_files((store, "absent.csv"), validate=False)
    assert dataset.download(str(tmp_path / "x"), ignore_not_found=True) == []
    with pytest.raises(DatasetValidationError):
        dataset.download(str(tmp_path / "x"))


def test_files_are_seen_as_a_folder_for_as_long_as_wanted(store: Datastore, tmp_path: Path) -> None:
    dataset = Dataset.File.from_files((store, "many/*.csv"))
    view = dataset.mount(str(tmp_path / "view"))
    view.start()
    assert sorted(os.listdir(view.mount_point)) == ["a.csv", "b.csv"]
    view.stop()
    assert not os.path.exists(view.mount_point)
    with dataset.mount() as mounted:
        assert (Path(mounted.mount_point) / "a.csv").read_text() == "x,y\n1,2\n"
    assert not os.path.exists(mounted.mount_point)
    assert Dataset.File.from_files((store, "many/*.csv")).to_path() == ["/a.csv", "/b.csv"]


def test_operations_on_files_choose_files(store: Datastore) -> None:
    dataset = Dataset.File.from_files((store, "many/**"))
    assert dataset.take(1).to_path() == ["/a.csv"]
    assert dataset.skip(2).to_path() == ["/deep/c.csv"]
    first, second = dataset.random_split(0.5, seed=3)
    assert sorted(first.to_path() + second.to_path()) == dataset.to_path()
    assert dataset.filter(dataset.file_metadata("Size") > 7).to_path() == dataset.to_path()
    assert dataset.filter(dataset.file_metadata("Size") > 8).to_path() == []
    with pytest.raises(UserErrorException, match="Size"):
        dataset.file_metadata("Colour")


# 9.4 Registration


def test_registering_gives_another_object(ws: Workspace, rows: TabularDataset) -> None:
    registered = rows.register(workspace=ws, name="diabetes dataset", description="d", tags={"a": "b"})

    assert re.fullmatch(r"[0-9a-f-]{36}", str(registered.id))
    assert (registered.name, registered.version) == ("diabetes dataset", 1)
    assert (registered.description, registered.tags) == ("d", {"a": "b"})
    assert isinstance(registered.data_changed_time, dt.datetime)
    assert (rows.id, rows.name, rows.version, rows.tags) == (None, None, None, {})


def test_versions_follow_the_definition_and_not_the_data(ws: Workspace, rows: TabularDataset) -> None:
    first = rows.register(ws, "versions")
    assert rows.register(ws, "versions").version == 1
    assert rows.register(ws, "versions", create_new_version=True).id == first.id
    with pytest.raises(UserErrorException, match="create_new_version"):
        rows.take(5).register(ws, "versions")
    assert rows.take(5).register(ws, "versions", create_new_version=True).version == 2
    assert Dataset.get_by_name(ws, "versions").version == 2
    for version in (1, "1"):
        assert Dataset.get_by_name(ws, "versions", version=version).id == first.id
    assert ws.datasets["versions"].version == Dataset.get_all(ws)["versions"].version == 2


def test_what_is_not_there_is_said(ws: Workspace, rows: TabularDataset) -> None:
    rows.register(ws, "here")
    for name, version in (("no such dataset", "latest"), ("here", 9), ("here", "newest"), ("here", 0), ("", 1)):
        with pytest.raises(UserErrorException):
            Dataset.get_by_name(ws, name, version)
    with pytest.raises(UserErrorException, match="Cannot find dataset with id"):
        Dataset.get_by_id(ws, "00000000-0000-0000-0000-000000000000")
    with pytest.raises(UserErrorException, match="Cannot find dataset registered with name"):
        Dataset.get_by_name(ws, "no such dataset")


def test_facts_of_a_registered_dataset_are_changed(ws: Workspace, rows: TabularDataset) -> None:
    registered = rows.register(ws, "changed", tags={"a": "1"})
    registered.add_tags({"b": "2"})
    registered.remove_tags(["a"])
    registered.update(description="new")
    found = Dataset.get_by_name(ws, "changed")

    assert (found.tags, found.description) == ({"b": "2"}, "new")
    registered.update(tags={"c": "3"})
    assert Dataset.get_by_name(ws, "changed").tags == {"c": "3"}
    with pytest.raises(UserErrorException, match="registered"):
        rows.update("x")
    with pytest.raises(UserErrorException, match="registered"):
        rows.add_tags({"a": "b"})
    with pytest.raises(UserErrorException, match="registered"):
        rows.unregister_all_versions()


def test_a_name_is_taken_away_and_its_ids_stay(ws: Workspace, rows: TabularDataset) -> None:
    registered = rows.register(ws, "leaving")
    kept = str(registered.id)
    registered.unregister_all_versions()

    assert "leaving" not in ws.datasets
    assert Dataset.get_by_id(ws, kept).to_pandas_dataframe().shape == (40, 3)
    assert rows.register(ws, "leaving").version == 2


@pytest.mark.parametrize("name", ["", "  ", None, 5])
def test_a_dataset_has_a_name(ws: Workspace, rows: TabularDataset, name: Any) -> None:
    with pytest.raises(UserErrorException, match="name"):
        rows.register(ws, name)


def test_a_name_that_can_not_be_kept_is_refused_before_anything_is_written(
    ws: Workspace, rows: TabularDataset, store: Datastore
) -> None:
    frame = rows.to_pandas_dataframe()
    ways: list[Callable[[str], object]] = [
        lambda name: rows.register(ws, name),
        lambda name: rows.partition_by(["a"], (store, "long-names"), name=name),
        lambda name: Dataset.Tabular.register_pandas_dataframe(frame, (store, "long-names"), name),
    ]
    for register in ways:
        with pytest.raises(UserErrorException, match="has 256 characters, and at most 255 are kept"):
            register("x" * 256)

    with pytest.raises(DatasetValidationError):
        Dataset.File.from_files((store, "long-names"))


# 9.5 Consumption, and traps 13 to 16 and 32


def test_an_input_is_named_or_gets_a_name(rows: TabularDataset, store: Datastore) -> None:
    assert rows.as_named_input("training").mode == "direct"
    assert re.fullmatch(r"input_[0-9a-f]{8}", Dataset.File.from_files((store, "many")).as_mount().name)


def test_a_name_stands_for_its_latest_version(ws: Workspace, rows: TabularDataset) -> None:
    first = rows.register(ws, "moving")
    given = DatasetConsumptionConfig("data", (ws, "moving"))
    fixed = DatasetConsumptionConfig("data", (ws, "moving", 1)).as_mount()
    assert given.dataset.id == first.id
    second = rows.skip(1).register(ws, "moving", create_new_version=True)

    assert saved_id(given, ws) == second.id
    assert saved_id(fixed, ws) == first.id
    with pytest.raises(UserErrorException, match="another step"):
        OutputFileDatasetConfig("made").as_input("data")._to_data(ws)
    for wrong in ((ws,), (ws, "nothing of that name"), (ws, "moving", 1, 2)):
        with pytest.raises(UserErrorException):
            DatasetConsumptionConfig("data", wrong)


def saved_id(given: DatasetConsumptionConfig, ws: Workspace) -> str | None:
    location = given._to_data(ws).data_location
    assert location is not None
    assert location.dataset is not None
    return location.dataset.id


def test_being_an_input_saves_a_dataset(ws: Workspace, store: Datastore) -> None:
    dataset = Dataset.File.from_files((store, "many/a.csv"))
    given = dataset.as_named_input("one").as_mount()
    before = dataset.id
    saved = saved_id(given, ws)

    assert before is None
    assert (dataset.id, dataset.name) == (saved, None)
    assert Dataset.get_by_id(ws, str(saved)).to_path() == ["/a.csv"]
    assert dataset.take(1).id is None


def test_a_dataset_shows_itself_without_reading(ws: Workspace) -> None:
    dataset = Dataset.File.from_files("https://example.invalid/<b>.csv", validate=False)
    assert "&lt;b&gt;" in dataset._repr_html_()
    assert "https://example.invalid" in repr(dataset)
    assert str(dataset).startswith("FileDataset\n")
    assert "shown" in repr(dataset.register(ws, "shown"))
    assert copy.deepcopy(dataset).to_path is not None
    with pytest.raises(UserErrorException, match="get_by_name"):
        TabularDataset()


def test_a_script_that_opens_a_dataset_has_it_on_record(
    ws: Workspace, rows: TabularDataset, experiment: Experiment, config_of: Config
) -> None:
    registered = rows.register(ws, "opened by name")
    config = config_of(
        """
        from stoker.core import Dataset, Run
        ws = Run.get_context().experiment.workspace
        for _ in range(2):
            dataset = Dataset.get_by_name(ws, "opened by name")
        dataset.take(3).register(ws, "made by a run")
        """
    )
    run: Run = experiment.submit(config)
    run.wait_for_completion()
    noted = ws._api.get(f"/runs/{run.id}/lineage")

    assert [(item["ref"], item["mechanism"]) for item in noted["inputs"]] == [(registered.id, "direct")]
    made = Dataset.get_by_name(ws, "made by a run")
    assert [item["ref"] for item in noted["outputs"]] == [made.id]
