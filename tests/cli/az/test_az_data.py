from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stoker.core import Dataset, Environment, Workspace

ACCOUNT_KEY = "c2VjcmV0"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let folders stand for the containers of an account."""
    place = tmp_path / "containers"
    names = ("acct/data", "acct/share", "lake/", "acct/lake2")
    for name in names:
        (place / name).mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("STOKER_AZURE_FOLDERS", json.dumps({name: str(place / name) for name in names}))
    return place


def test_the_datastores_of_a_workspace_are_listed_and_one_is_the_default(az: Any) -> None:
    names = [row["name"] for row in az("datastore list").json]

    assert {"workspaceblobstore", "workspacefilestore"} <= set(names)
    assert az("datastore show-default").json["name"] == "workspaceblobstore"
    assert az("datastore show", "-n", "workspaceblobstore").json["datastore_type"] == "AzureBlob"
    assert az("datastore show", "-n", "none").status == 1


def test_a_blob_container_is_attached_used_and_detached(az: Any, folders: Path) -> None:
    words = ("-n", "blob", "-a", "acct", "-c", "data", "-k", f'"{ACCOUNT_KEY}"')
    shown = az("datastore attach-blob", *words).json

    assert (shown["container_name"], shown["account_name"], shown["protocol"]) == ("data", "acct", "https")
    assert ACCOUNT_KEY not in json.dumps(shown)
    assert az("datastore show", "-n", "blob", "--include-secret").json["account_key"] == ACCOUNT_KEY
    assert [row for row in az("datastore list", "--include-secret", "true").json if row.get("account_key")]
    assert az("datastore attach-blob", *words).status == 0

    assert az("datastore set-default", "-n", "blob").out == ""
    assert az("datastore show-default", "--include-secret").json["account_key"] == ACCOUNT_KEY
    az("datastore set-default", "-n", "workspaceblobstore")

    del folders
    assert az("datastore detach", "-n", "blob").out == ""
    assert az("datastore detach", "-n", "blob").status == 1


def test_files_are_uploaded_and_downloaded(az: Any, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a.txt").write_text("one")
    store = ("-n", "workspaceblobstore")

    done = az("datastore upload", *store, "-p", "in", "-u", "up")
    assert (done.status, done.out) == (0, "")
    assert "Uploaded" in done.err
    (tmp_path / "in" / "deep" / "a.txt").write_text("two")
    assert az("datastore upload", *store, "-p", "in", "-u", "up", "--hide-progress").err == ""
    assert az("datastore download", *store, "-d", "out", "-p", "up").out == ""
    assert (tmp_path / "out" / "up" / "deep" / "a.txt").read_text() == "one"

    az("datastore upload", *store, "--src-path", "in", "--target-path", "up", "--overwrite", "True")
    az("datastore download", *store, "--target-path", "out", "--prefix", "up", "--overwrite", "--hide-progress")
    assert (tmp_path / "out" / "up" / "deep" / "a.txt").read_text() == "two"
    assert az("datastore upload", *store, "-p", "none").status == 1
    assert az("datastore download", *store).status == 2


@pytest.mark.parametrize(
    ("command", "words", "facts"),
    [
        (
            "datastore attach-file",
            "-a acct -c share -k key",
            {"datastore_type": "AzureFile", "container_name": "share"},
        ),
        (
            "datastore attach-adls",
            "-c lake --tenant-id t --client-id i --client-secret s --adls-resource-group g",
            {"datastore_type": "AzureDataLake", "store_name": "lake"},
        ),
        (
            "datastore attach-adls-gen2",
            "-a acct -c lake2 --tenant-id t --client-id i --client-secret s --grant-workspace-msi-access true",
            {"datastore_type": "AzureDataLakeGen2", "container_name": "lake2"},
        ),
        (
            "datastore attach-sqldb",
            "--server-name srv -d db --username u --password p",
            {"datastore_type": "AzureSqlDatabase", "server_name": "srv", "database_name": "db", "username": "u"},
        ),
        (
            "datastore attach-psqldb",
            "--server-name srv -d db -u u -p p --port 5433 --enforce-ssl false",
            {"datastore_type": "AzurePostgreSql", "server_name": "srv", "port_number": "5433"},
        ),
        (
            "datastore attach-mysqldb",
            "--server-name srv -d db -u u -p p",
            {"datastore_type": "AzureMySql", "database_name": "db", "user_id": "u"},
        ),
        ("datastore attach-dbfs", "", {"datastore_type": "DBFS"}),
    ],
)
def test_each_kind_of_place_is_attached(
    az: Any, folders: Path, command: str, words: str, facts: dict[str, str]
) -> None:
    del folders
    name = command.split()[1].replace("-", "_")

    shown = az(command, "-n", name, *words.split()).json

    assert shown.items() >= {"name": name, **facts}.items()
    assert az("datastore show", "-n", name).json == shown
    assert az(command).status == 2


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return the description of a dataset, in v1's JSON."""
    data = tmp_path / "t.csv"
    data.write_text("a,b\n1,2\n")
    described = {
        "schemaVersion": 1,
        "datasetType": "Tabular",
        "parameters": {"path": [data.as_uri()], "sourceType": "delimited_files", "separator": ","},
        "registration": {"name": "table", "description": "two columns", "tags": {"k": "v"}, "createNewVersion": True},
    }
    file = tmp_path / "table.json"
    file.write_text(json.dumps(described))
    return file


def test_a_dataset_is_registered_shown_and_unregistered(az: Any, table: Path, tmp_path: Path) -> None:
    made = az("dataset register", "-f", table.name, "--skip-validation", "-t", "made.json").json
    registration = made["registration"]

    assert (registration["name"], registration["version"], registration["tags"]) == ("table", 1, {"k": "v"})
    assert json.loads((tmp_path / "made.json").read_text()) == made
    assert az("dataset show", "-n", "table").json["registration"] == registration
    assert az("dataset show", "-n", "table", "-v", "1").json == az("dataset show", "-i", registration["id"]).json
    (row,) = [row for row in az("dataset list").json if row["name"] == "table"]
    assert row == {key: registration[key] for key in ("description", "id", "name", "tags", "version")}

    assert "Unregistered" in az("dataset unregister", "-n", "table").err
    assert az("dataset show", "-n", "table").status == 1
    again = az("dataset unregister", "-n", "table")
    assert (again.status, again.out) == (0, "")
    assert "No dataset" in again.err


def test_a_dataset_is_archived_replaced_and_brought_back(az: Any, table: Path) -> None:
    table.write_text(table.read_text().replace('"table"', '"older"'))
    first = az("dataset register", "-f", table, "--skip-validation").json["registration"]["id"]
    table.write_text(table.read_text().replace('"older"', '"newer"'))
    newer = az("dataset register", "-f", table, "--skip-validation").json["registration"]["id"]

    archived = az("dataset archive", "-n", "older").json
    assert (archived["Name"], archived["State"], archived["ID"]) == ("older", "archived", first)
    assert az("dataset archive", "-n", "older").status == 1
    assert az("dataset reactivate", "-i", first).json["State"] == "active"
    deprecated = az("dataset deprecate", "-n", "older", "-d", newer).json
    assert (deprecated["State"], deprecated["Deprecated by"]) == ("deprecated", newer)
    assert az("dataset deprecate", "-n", "newer", "-d", "none").status == 1
    assert az("dataset deprecate", "-n", "newer").status == 2
    assert az("dataset reactivate").status == 2
    assert az("dataset archive", "-n", "none").status == 1


def test_a_description_to_start_from_is_shown(away: Any) -> None:
    template = away("dataset register", "--show-template").json

    assert template["registration"]["createNewVersion"] is True
    assert away("dataset register", "--show-template", "-f", "x.json").status == 2


def test_wrong_descriptions_say_what_to_do(az: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")

    missing = {"path": [(tmp_path / "none").as_uri()]}
    described = {"datasetType": "File", "parameters": missing, "registration": {"name": "missing"}}
    (tmp_path / "missing.json").write_text(json.dumps(described))
    assert az("dataset register", "-f", "missing.json").status == 1
    assert az("dataset register").status == 2
    assert az("dataset register", "-f", "bad.json").status == 2
    assert az("dataset register", "-f", "none.json").status == 2
    assert az("dataset show").status == 2
    assert az("dataset show", "-n", "a", "-i", "b").status == 2
    assert az("dataset show", "-i", "b", "--version", "2").status == 2


def test_a_dataset_of_files_is_shown_with_its_place(az: Any, ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a")
    ws.get_default_datastore().upload(str(tmp_path / "in"), "files", show_progress=False)
    Dataset.File.from_files((ws.get_default_datastore(), "files")).register(ws, "of-files")

    archived = az("dataset archive", "-n", "of-files").json
    assert (archived["Datastore"], archived["Relative Path"]) == ("workspaceblobstore", "files")


def test_an_environment_goes_from_scaffold_to_registration_and_back(az: Any, away: Any, tmp_path: Path) -> None:
    assert away("environment scaffold", "-n", "mine", "-d", "env").out == ""
    assert sorted(path.name for path in (tmp_path / "env").iterdir()) == [
        "azureml_environment.json",
        "conda_dependencies.yml",
    ]
    made = az("environment register", "-d", "env").json
    assert (made["name"], made["version"]) == ("mine", "1")
    assert {"environmentVariables", "python", "docker", "spark", "inferencingStackVersion"} <= set(made)
    assert az("environment show", "-n", "mine").json == made
    assert az("environment show", "-n", "mine", "-v", "1").json == made
    assert made in az("environment list").json

    assert az("environment download", "-n", "mine", "-d", "back").out == ""
    assert (tmp_path / "back" / "azureml_environment.json").exists()
    assert az("environment download", "-n", "mine", "-d", "back").status == 2
    assert az("environment download", "-n", "mine", "-d", "back", "--overwrite").status == 0
    assert Environment.load_from_directory(str(tmp_path / "back")).name == "mine"


def test_an_environment_that_is_not_there_is_said(az: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    assert az("environment show", "-n", "none").status == 1
    assert az("environment show", "-n", "none", "--version", "2").status == 1
    assert az("environment register", "-d", "empty").status == 2
    assert az("environment scaffold", "-n", "x", "-d", "empty").status == 2
    assert az("environment download", "-n", "none", "-d", "x").status == 1
