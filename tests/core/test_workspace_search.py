from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from stoker.client import registry
from stoker.client.layout import create_workspace
from stoker.core import Workspace
from stoker.exceptions import UserErrorException, WorkspaceException


@pytest.fixture(autouse=True)
def own_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOKER_HOME", str(tmp_path / "stoker-home"))
    monkeypatch.delenv("STOKER_RUN_ID", raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def v1_file(name: str) -> dict[str, str]:
    return {"subscription_id": "sub", "resource_group": "group", "workspace_name": name}


def test_a_workspace_is_found_from_a_folder_below_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_workspace(str(project), "mine")
    below = project / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    assert Workspace.from_config().name == "mine"
    assert Workspace.from_config(str(project / ".stoker" / "config.json")).name == "mine"


@pytest.mark.parametrize("place", ["config.json", ".azureml/config.json", "aml_config/config.json"])
def test_each_of_v1_s_places_names_a_workspace(project: Path, place: str) -> None:
    registry.register("elsewhere", str(project / "elsewhere"))
    create_workspace(str(project / "elsewhere"), "elsewhere")
    write(project / place, v1_file("elsewhere"))
    (project / "deep" / "er").mkdir(parents=True)

    assert Workspace.from_config(project / "deep" / "er").name == "elsewhere"


def test_our_own_folder_comes_before_v1_s_files(project: Path) -> None:
    create_workspace(str(project), "ours")
    write(project / "config.json", v1_file("theirs"))

    assert Workspace.from_config(project).name == "ours"


def test_a_v1_file_of_an_unknown_workspace_makes_it_in_the_project_with_one_log_line(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(project / ".azureml" / "config.json", v1_file("fresh-one"))
    with caplog.at_level(logging.INFO, logger="stoker"):
        ws = Workspace.from_config(project)
        again = Workspace.from_config(project)

    assert (ws.name, ws.subscription_id, ws.resource_group) == ("fresh-one", "sub", "group")
    assert (project / ".stoker" / "config.json").is_file()
    assert not (project / ".azureml" / ".stoker").exists()
    assert len(caplog.records) == 1
    assert again.get_details()["workspaceid"] == ws.get_details()["workspaceid"]
    assert list(Workspace.list()) == ["fresh-one"]


def test_what_write_config_writes_is_found_again(project: Path) -> None:
    ws = Workspace.create("written", subscription_id="s", resource_group="g", show_output=False)
    ws.write_config(project)
    ws.write_config(project, "other.json")

    content = json.loads((project / ".azureml" / "config.json").read_text())
    assert content["workspace_name"] == "written"
    assert content["subscription_id"] == "s"
    found = Workspace.from_config(project / ".azureml" / "config.json")
    assert (
        found.get_details() == ws.get_details() == Workspace.from_config(project, _file_name="other.json").get_details()
    )


def test_a_file_of_ours_whose_folder_has_gone_is_looked_up_by_name(project: Path, tmp_path: Path) -> None:
    ws = Workspace.create("moved", show_output=False)
    write(project / "config.json", {**v1_file("moved"), "stoker": str(tmp_path / "gone")})

    assert Workspace.from_config(project).get_details() == ws.get_details()


def test_a_config_json_of_another_tool_is_passed_over(project: Path) -> None:
    create_workspace(str(project), "above")
    write(project / "sub" / "config.json", {"hidden_size": 768})

    assert Workspace.from_config(project / "sub").name == "above"


def test_nothing_found_names_the_file_and_where_the_search_began(project: Path) -> None:
    with pytest.raises(UserErrorException) as caught:
        Workspace.from_config(project)

    assert "config.json" in caught.value.message
    assert str(project) in caught.value.message


def test_a_path_that_is_not_there_is_an_error(project: Path) -> None:
    with pytest.raises(UserErrorException, match="no file or folder"):
        Workspace.from_config(project / "nowhere")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('{"workspace_name": \n oops}', r"line 2, column 2"),
        ("[]", "names no workspace"),
        ('{"other": 1}', "names no workspace"),
        ("\udcff", "can't be read"),
    ],
)
def test_a_file_that_can_not_be_read_says_where(project: Path, content: str, complaint: str) -> None:
    path = project / ".azureml" / "config.json"
    path.parent.mkdir()
    path.write_bytes(content.encode("utf-8", "surrogateescape"))

    with pytest.raises(UserErrorException, match=complaint):
        Workspace.from_config(project)


def test_create_get_and_list_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    ws = Workspace.create("first-one", tags={"team": "a"}, location="here", friendly_name="The first")

    assert "first-one" in capsys.readouterr().out
    assert repr(ws) == "Workspace.create(name='first-one', subscription_id='local', resource_group='stoker')"
    assert Workspace.get("first-one").get_details() == ws.get_details()
    assert Workspace("any", "thing", "first-one").tags == {"team": "a"}
    assert Workspace.create("first-one", exist_ok=True, show_output=False).location == "here"
    assert [item.name for item in Workspace.list("any")["first-one"]] == ["first-one"]
    with pytest.raises(WorkspaceException, match="exist_ok=True"):
        Workspace.create("first-one")


def test_an_unknown_name_suggests_the_nearest() -> None:
    Workspace.create("training", show_output=False)
    with pytest.raises(WorkspaceException, match="Did you mean 'training'"):
        Workspace.get("trainign")
    with pytest.raises(WorkspaceException, match="Did you mean 'training'"):
        Workspace("s", "g", "trainign")


@pytest.mark.parametrize("name", ["ab", "has space", "-dash", "x" * 34, None, 7])
def test_an_illegal_name_says_the_rule(name: Any) -> None:
    with pytest.raises(WorkspaceException, match="3 to 33"):
        Workspace.create(name)


def test_details_have_v1_s_names_and_need_no_service(project: Path) -> None:
    create_workspace(str(project), "facts", subscription_id="s", resource_group="g")
    details = Workspace.from_config(project).get_details()

    assert {"id", "name", "location", "type", "tags", "sku", "workspaceid", "friendlyName", "creationTime"} <= set(
        details
    )
    assert details["id"].startswith("/subscriptions/s/resourceGroups/g/")
    assert not (project / ".stoker" / "service.json").exists()


def test_labels_are_never_none(project: Path) -> None:
    create_workspace(str(project), "labels")
    ws = Workspace.from_config(project)

    assert all(
        isinstance(label, str) for label in (ws.name, ws.subscription_id, ws.resource_group, ws.location, ws.sku)
    )
    assert (dict(ws.models), dict(ws.datasets), ws.images, ws.webservices) == ({}, {}, {}, {})
    assert set(ws.datastores) == {"workspaceblobstore", "workspacefilestore"}


def test_delete_removes_the_workspace_and_nothing_else(project: Path) -> None:
    create_workspace(str(project), "doomed")
    registry.register("doomed", str(project))
    (project / "train.py").write_text("")

    Workspace.from_config(project).delete()

    assert [item.name for item in project.iterdir()] == ["train.py"]
    assert Workspace.list() == {}


def test_deleting_a_workspace_made_by_name_leaves_no_folder(tmp_path: Path) -> None:
    Workspace.create("by-name", show_output=False).delete()

    assert list((tmp_path / "stoker-home" / "workspaces").iterdir()) == []


def test_where_there_is_none_those_elsewhere_are_named(project: Path) -> None:
    with pytest.raises(UserErrorException) as nowhere:
        Workspace.from_config(project)
    for number in range(7):
        registry.register(f"lab{number}", str(project / f"lab{number}"))
        create_workspace(str(project / f"lab{number}"), f"lab{number}")
    with pytest.raises(UserErrorException) as elsewhere:
        Workspace.from_config(project)

    assert "elsewhere" not in nowhere.value.message
    assert "You have lab0, lab1, lab2, lab3, lab4 and 2 more elsewhere: `-w NAME`" in elsewhere.value.message
