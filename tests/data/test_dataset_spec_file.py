"""v1's JSON description of a dataset."""

from __future__ import annotations

from typing import Any

import pytest

from stoker.core import Workspace
from stoker.data import FileDataset, TabularDataset, _spec_file
from stoker.exceptions import UserErrorException
from stoker.testing.workspaces import TemporaryWorkspace


@pytest.fixture(scope="module")
def ws(live_workspace: TemporaryWorkspace) -> Workspace:
    return Workspace.from_config(str(live_workspace.root))


@pytest.fixture(scope="module")
def uploaded(ws: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("data")
    (folder / "sales").mkdir()
    (folder / "sales" / "a.csv").write_text("day;amount\n2019-01-01;1\n")
    ws.get_default_datastore().upload(str(folder), show_progress=False)
    return ws


def described(kind: str = "Tabular", **parameters: Any) -> dict[str, Any]:
    path = [{"datastoreName": "workspaceblobstore", "relativePath": "sales/*.csv"}]
    given = {"path": path, **({"sourceType": "delimited_files"} if kind == "Tabular" else {}), **parameters}
    registration = {"name": f"described {kind}", "tags": {"a": "b"}, "createNewVersion": True}
    return {"schemaVersion": 1, "datasetType": kind, "parameters": given, "registration": registration}


def test_a_table_is_registered_as_described(uploaded: Workspace) -> None:
    description = described(separator=";", inferColumnTypes=True)
    description["timeSeries"] = {"fineGrainTimestamp": "day"}
    made = _spec_file.register(uploaded, description)

    assert isinstance(made, TabularDataset)
    assert (made.name, made.version, made.tags) == ("described Tabular", 1, {"a": "b"})
    assert made.timestamp_columns == ("day", None)
    assert list(made.to_pandas_dataframe()["amount"]) == [1]


def test_files_are_registered_as_described(uploaded: Workspace) -> None:
    made = _spec_file.register(uploaded, described("File", path="https://example.invalid/a.csv"), validate=False)
    assert isinstance(made, FileDataset)
    assert _spec_file.register(uploaded, described("File")).version == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("registration"), "registration"),
        (lambda d: d["registration"].pop("name"), r"registration\.name"),
        (lambda d: d.update(datasetType="Excel"), "datasetType"),
        (lambda d: d.pop("parameters"), "parameters"),
        (lambda d: d["parameters"].pop("path"), r"parameters\.path"),
        (lambda d: d["parameters"].update(path=[{"relativePath": "a"}]), "datastoreName"),
        (lambda d: d["parameters"].update(path=[{"datastoreName": "nowhere", "relativePath": "a"}]), "nowhere"),
        (lambda d: d["parameters"].update(sourceType="excel"), "sourceType"),
        (lambda d: d["parameters"].update(sourceType="sql_query"), "query"),
        (lambda d: d["parameters"].update(header="yes"), "header"),
    ],
)
def test_a_member_that_is_wrong_is_named(uploaded: Workspace, change: Any, said: str) -> None:
    description = described()
    change(description)
    with pytest.raises(UserErrorException, match=said):
        _spec_file.register(uploaded, description, validate=False)


@pytest.mark.parametrize("description", [None, [], "text", {}, _spec_file.template()])
def test_what_describes_nothing_is_refused(ws: Workspace, description: Any) -> None:
    with pytest.raises(UserErrorException):
        _spec_file.register(ws, description)
