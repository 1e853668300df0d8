"""How a run is told of its inputs and outputs: names, modes, sections."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from stoker.data.dataset_consumption_config import DatasetConsumptionConfig
from stoker.data.dataset_factory import FileDatasetFactory, TabularDatasetFactory
from stoker.data.output_dataset_config import (
    HDFSOutputDatasetConfig,
    LinkFileOutputDatasetConfig,
    LinkTabularOutputDatasetConfig,
    OutputFileDatasetConfig,
    OutputTabularDatasetConfig,
)
from stoker.exceptions import UserErrorException

FILES = FileDatasetFactory.from_files("https://example.org/a.csv", validate=False)
TABLE = TabularDatasetFactory.from_delimited_files("https://example.org/a.csv", validate=False)

BAD_NAMES = ["1a", "a-b", "a b", "é", "a\n", "path", "HOME", "ld_library_path", "Shell"]


@pytest.mark.parametrize("name", [*BAD_NAMES, "", None, 3])
def test_an_input_has_a_name_that_a_variable_can_have(name: Any) -> None:
    with pytest.raises(UserErrorException, match="input name"):
        FILES.as_named_input(name)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_an_output_has_a_name_that_a_variable_can_have(name: str) -> None:
    with pytest.raises(UserErrorException, match="output name"):
        OutputFileDatasetConfig(name)


def test_names_are_made_where_none_is_given() -> None:
    assert re.fullmatch(r"input_[0-9a-f]{8}", FILES.as_mount().name)
    assert FILES.as_mount().name != FILES.as_mount().name
    assert re.fullmatch(r"output_[0-9a-f]{8}", OutputFileDatasetConfig().name)


def test_a_named_input_is_direct_until_a_mode_is_asked_for() -> None:
    given = FILES.as_named_input("data")
    assert (given.name, given.mode, given.dataset, given.path_on_compute) == ("data", "direct", FILES, None)
    assert given.arg_val == "DatasetConsumptionConfig:data"
    mounted = given.as_mount("/tmp/x")
    assert (mounted.name, mounted.mode, mounted.path_on_compute) == ("data", "mount", "/tmp/x")
    assert given.mode == "direct"
    assert given.as_download().mode == "download"
    assert given.as_hdfs().mode == "hdfs"
    assert DatasetConsumptionConfig("data", FILES, mode="DOWNLOAD").mode == "download"


@pytest.mark.parametrize("mode", ["copy", "", None, 1])
def test_an_unknown_mode_is_refused(mode: Any) -> None:
    with pytest.raises(UserErrorException, match="mount"):
        DatasetConsumptionConfig("data", FILES, mode=mode)


@pytest.mark.parametrize("dataset", ["diabetes", None, 5])
def test_what_is_no_dataset_is_refused(dataset: Any) -> None:
    with pytest.raises(UserErrorException, match="no dataset"):
        DatasetConsumptionConfig("data", dataset)


def test_a_parameter_of_a_pipeline_stands_for_its_dataset() -> None:
    class Parameter:
        default_value = FILES

    parameter = Parameter()
    assert DatasetConsumptionConfig("data", parameter).dataset is parameter


def test_a_table_is_seen_as_files_only_while_its_rows_are_those_of_its_files() -> None:
    assert TABLE.as_named_input("data").as_mount().mode == "mount"
    assert TABLE.keep_columns("a").as_named_input("data").as_download().mode == "download"
    for changed in (TABLE.take(5), TABLE.filter(TABLE["a"] > 1), TABLE.random_split(0.5)[0]):
        with pytest.raises(UserErrorException, match="to_csv_files"):
            changed.as_named_input("data").as_mount()
        assert changed.to_csv_files().as_mount().mode == "mount"


def test_outputs_are_mounted_at_first_and_changed_by_copies() -> None:
    output = OutputFileDatasetConfig("prepared")
    upload = output.as_upload(overwrite=True, source_globs="*.csv")

    assert (output.mode, output.name, output.destination, output.source) == ("mount", "prepared", None, None)
    assert output.arg_val == "DatasetOutputConfig:prepared"
    assert (upload.mode, upload.name) == ("upload", "prepared")
    assert upload.as_mount().mode == "mount"
    assert output.mode == "mount"
    output.name = "other"
    assert (output.name, upload.name) == ("other", "prepared")
    with pytest.raises(UserErrorException):
        output.name = "not so"


@pytest.mark.parametrize("name", ["", None])
def test_registration_wants_a_name(name: Any) -> None:
    with pytest.raises(ValueError, match="name"):
        OutputFileDatasetConfig("prepared").register_on_complete(name)


@pytest.mark.parametrize("name", ["x" * 256, "half \ud800"])
def test_a_name_that_no_dataset_can_have_is_refused_before_the_run(name: str) -> None:
    with pytest.raises(UserErrorException, match="dataset name"):
        OutputFileDatasetConfig("prepared").register_on_complete(name)


@pytest.mark.parametrize("destination", [(1, "x"), ("a", "b", "c"), ("store", 5), 7])
def test_a_destination_is_a_datastore_and_a_path(destination: Any) -> None:
    with pytest.raises(UserErrorException, match="destination"):
        OutputFileDatasetConfig("prepared", destination=destination)


@pytest.mark.parametrize(
    ("path", "said"), [("../x", "leads out"), ("a/../../x", "leads out"), ("x/{run_id}", "{run_id}")]
)
def test_a_destination_that_no_run_could_write_to_is_refused_at_once(path: str, said: str) -> None:
    with pytest.raises(UserErrorException, match=said):
        OutputFileDatasetConfig("prepared", destination=("store", path))


def test_an_output_becomes_a_section_of_the_run() -> None:
    output = OutputFileDatasetConfig("prepared", destination=("store", "out/{run-id}"), source="/tmp/here")
    output = output.as_upload(True, ["*.csv"]).register_on_complete("table", "a table", {"k": "v"})
    section = output._to_output_data()
    options = section.additional_options

    assert section.mechanism == "upload"
    assert section.output_location is not None
    assert options is not None
    assert options.path_on_compute == "/tmp/here"
    assert options.upload_options is not None
    assert options.registration_options is not None
    assert options.mount_options is None
    path = section.output_location.data_path
    assert path is not None
    assert (path.datastore_name, path.relative_path) == ("store", "out/{run-id}")
    assert options.upload_options.overwrite
    assert options.upload_options.source_globs is not None
    assert options.upload_options.source_globs.patterns == ["*.csv"]
    wish = options.registration_options
    assert (wish.name, wish.description, wish.tags) == ("table", "a table", {"k": "v"})


def reading(output: OutputTabularDatasetConfig) -> dict[str, Any]:
    section = output._to_output_data()
    assert section.additional_options is not None
    assert section.additional_options.registration_options is not None
    options = section.additional_options.registration_options.dataset_registration_options
    assert options is not None
    assert options.additional_transformation is not None
    read: dict[str, Any] = json.loads(options.additional_transformation)
    return read


def test_an_output_read_as_a_table_says_how() -> None:
    output = OutputFileDatasetConfig("prepared").register_on_complete("table")
    table = output.read_delimited_files(separator=";", path_glob="**/*.csv").keep_columns(["a", "b"]).drop_columns("b")

    read = reading(table)
    assert (read["type"], read["options"]["separator"], read["path_glob"]) == ("delimited_files", ";", "**/*.csv")
    assert [step["op"] for step in read["steps"]] == ["keep_columns", "drop_columns"]
    assert (table.name, table.mode, table.as_input("later").mode) == ("prepared", "mount", "direct")
    assert table.as_upload().mode == "upload"
    assert reading(output.read_parquet_files())["type"] == "parquet_files"


def test_a_split_output_reads_the_folder_of_the_whole() -> None:
    first, second = OutputFileDatasetConfig("prepared").read_parquet_files().random_split(0.8, seed=1)

    assert (first.name, second.name) == ("prepared_1", "prepared_2")
    assert first.destination == second.destination == (None, "dataset/{run-id}/prepared")
    parts = [reading(part)["steps"][0] for part in (first, second)]
    assert [part["part"] for part in parts] == [0, 1]
    assert parts[0]["seed"] == parts[1]["seed"] == 1


def test_a_table_of_an_output_is_not_made_by_hand() -> None:
    with pytest.raises(ValueError, match="read_delimited_files"):
        OutputTabularDatasetConfig()


def test_other_outputs_have_their_modes() -> None:
    assert HDFSOutputDatasetConfig("a", ("store", "x")).mode == "hdfs"
    assert LinkFileOutputDatasetConfig("a").mode == LinkTabularOutputDatasetConfig("a").mode == "link"
    assert LinkTabularOutputDatasetConfig("a").as_input("b").mode == "direct"
    assert OutputFileDatasetConfig("a").as_input().mode == "mount"
    with pytest.raises(UserErrorException, match="rows"):
        OutputFileDatasetConfig("a").read_parquet_files().as_input("b").as_mount()
