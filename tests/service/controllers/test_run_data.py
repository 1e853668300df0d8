"""What a run's definition says about data, from the request to the supervisor's spec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stoker.base.ids import new_guid
from stoker.exceptions import StokerException, UserErrorException
from stoker.service.controllers.run_data import data_spec, record_data
from stoker.service.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store.open("sqlite://")
    yield made
    made.close()


def definition_of(path: str, kind: str = "File") -> dict[str, Any]:
    source_type = "files" if kind == "File" else "delimited_files"
    source = {"type": source_type, "paths": [{"datastore": "workspaceblobstore", "path": path}], "options": {}}
    time = {"timestamp": None, "partition_timestamp": None}
    return {"format": 1, "kind": kind, "source": source, "steps": [], "time": time}


def recorded(store: Store, **sections: Any) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Record a run and return what the service keeps for itself, and the part of the spec."""
    run, _ = store.runs.create(id=new_guid(), experiment="e", kind="submitted", definition=sections)
    record_data(run, store)
    submission = store.runs.submission(run["id"])
    return submission, data_spec(run, submission, store, "/bundle")


def named(**dataset: Any) -> dict[str, Any]:
    return {"dataLocation": {"dataset": dataset}}


def test_a_run_without_data_is_told_nothing(store: Store) -> None:
    assert recorded(store, data={}, outputData=None) == ({}, None)


def test_the_latest_version_is_the_one_of_the_submission(store: Store) -> None:
    first = store.datasets.register("pets", definition_of("a"))
    run, _ = store.runs.create(
        id=new_guid(), experiment="e", kind="submitted", definition={"data": {"x": named(name="pets")}}
    )
    record_data(run, store)
    store.datasets.register("pets", definition_of("b"), create_new_version=True)
    spec = data_spec(run, store.runs.submission(run["id"]), store, "/bundle")

    assert spec is not None
    assert spec["inputs"][0]["dataset"]["id"] == first["id"]
    assert spec["python_path"] == "/bundle"
    (item,) = store.lineage.of_run(run["id"])["inputs"]
    assert (item["ref"], item["name"], item["mechanism"]) == (first["id"], "x", "direct")


def test_only_a_table_that_the_script_opens_wants_readers(store: Store) -> None:
    table, files = store.datasets.save(definition_of("a", "Tabular")), store.datasets.save(definition_of("a"))

    def needs(record: dict[str, Any], mode: str) -> Any:
        return recorded(store, data={"x": {**named(id=record["id"]), "mechanism": mode}})[0]["needs"]

    assert needs(table, "Direct") == ["pandas", "pyarrow"]
    assert needs(table, "mount") == needs(files, "direct") == []


def test_a_path_and_an_address_become_datasets(store: Store) -> None:
    _, spec = recorded(
        store,
        data={
            "a": {"dataLocation": {"dataPath": {"datastoreName": "WorkspaceBlobStore", "relativePath": "x/y"}}},
            "b": {"dataLocation": {"uri": {"path": "https://example.org/a.csv"}}},
            "c": {"dataLocation": {"uri": {"path": "/data/a.csv"}}, "environmentVariableName": "WHERE"},
        },
    )

    assert spec is not None
    assert [item["dataset"]["definition"]["source"]["paths"] for item in spec["inputs"]] == [
        [{"datastore": "workspaceblobstore", "path": "x/y"}],
        [{"url": "https://example.org/a.csv"}],
        [{"local": "/data/a.csv"}],
    ]
    assert [item["variable"] for item in spec["inputs"]] == ["a", "b", "WHERE"]


def test_an_output_goes_to_a_folder_of_its_run_unless_told(store: Store) -> None:
    place = {"dataPath": {"datastoreName": "workspacefilestore", "relativePath": "/o/{output-name}/{run-id}/"}}
    submission, spec = recorded(
        store, outputData={"x": {}, "y": {"outputLocation": place, "mechanism": "Upload", "additionalOptions": None}}
    )

    assert spec is not None
    assert submission == {}
    run_id = spec["outputs"][0]["path"].split("/")[1]
    assert [(item["datastore"], item["path"], item["mechanism"]) for item in spec["outputs"]] == [
        ("workspaceblobstore", f"dataset/{run_id}/x", "mount"),
        ("workspacefilestore", f"o/y/{run_id}", "upload"),
    ]


def test_a_reference_takes_the_default_datastore(store: Store) -> None:
    store.datastores.set_default("workspacefilestore")
    _, spec = recorded(store, dataReferences={"x": {"pathOnDataStore": "/a/", "mode": "Download", "overwrite": True}})

    assert spec is not None
    assert spec["references"] == [
        {
            "name": "x",
            "datastore": "workspacefilestore",
            "path": "a",
            "mode": "download",
            "path_on_compute": None,
            "overwrite": True,
        }
    ]


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"data": {"x": named(name="none")}}, "none"),
        ({"data": {"x": named(id="none")}}, "none"),
        ({"data": {"x": {}}}, "names no data"),
        ({"data": {"x": None}}, "data.x"),
        ({"data": {"x": {**named(id="none"), "mechanism": "hdfs"}}}, "hdfs"),
        ({"dataReferences": {"x": {"dataStoreName": "nowhere"}}}, "nowhere"),
        ({"dataReferences": {"x": {"mode": "teleport"}}}, "teleport"),
        ({"outputData": {"x": {"outputLocation": {"dataPath": {"datastoreName": "nowhere"}}}}}, "nowhere"),
        ({"outputData": {"x": {"mechanism": "link"}}}, "link"),
    ],
)
def test_what_can_t_be_is_refused_and_named(store: Store, sections: dict[str, Any], words: str) -> None:
    with pytest.raises(UserErrorException, match=words):
        recorded(store, **sections)


def test_a_database_takes_no_files(store: Store) -> None:
    store.datastores.register("sql", "SqlDatabase", "sql", {"url": "sqlite:////tmp/x.db"})
    with pytest.raises(StokerException, match="database"):
        recorded(store, outputData={"x": {"outputLocation": {"dataPath": {"datastoreName": "sql"}}}})
