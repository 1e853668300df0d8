from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stoker.core import Workspace
from stoker.core.compute import ComputeTarget


@pytest.fixture
def named(away: Any) -> Any:
    """Make a workspace by its name, and delete it afterwards."""
    made = []

    def make(name: str, *words: str) -> Any:
        done = away("workspace create", "-w", name, *words)
        made.append(name)
        return done

    yield make
    for name in made:
        away("workspace delete", "-w", name, "-y")


def test_a_workspace_is_made_with_its_labels(away: Any, named: Any) -> None:
    words = ("-g", "team", "-l", "eastus", "--friendly-name", "Ours", "--tags", "a=b", "--sku", "basic", "-y")
    done = named("made-by-az", *words, "--subscription-id", "0000")

    made = done.json
    assert (made["name"], made["resourceGroup"], made["location"]) == ("made-by-az", "team", "eastus")
    assert (made["friendlyName"], made["tags"]) == ("Ours", {"a": "b"})
    assert "--sku" in done.err
    assert away("workspace show", "-w", "made-by-az", "-g", "team").json["name"] == "made-by-az"
    rows = away("workspace list", "-g", "TEAM").json
    assert rows == [{"resourceGroup": "team", "subscriptionId": "0000", "workspaceName": "made-by-az"}]
    assert away("workspace list", "-g", "nobody").json == []


def test_a_workspace_that_is_there_is_made_again_only_where_that_is_said(away: Any, named: Any) -> None:
    first = named("twice-by-az").json

    assert away("workspace create", "-w", "twice-by-az").status == 1
    assert away("workspace create", "-w", "twice-by-az", "--exist-ok").json["workspaceid"] == first["workspaceid"]
    assert away("workspace create", "-w", "no spaces").status == 1
    assert away("workspace create", "-l", "eastus").status == 2


def test_a_workspace_is_changed_and_deleted(away: Any, named: Any) -> None:
    named("changed-by-az")

    changed = away("workspace update", "-w", "changed-by-az", "-d", "for tests", "--tags", "a=1", "--tags", "b=2").json
    assert (changed["description"], changed["tags"]) == ("for tests", {"a": "1", "b": "2"})
    assert away("workspace delete", "-w", "changed-by-az").status == 2
    done = away("workspace delete", "-w", "changed-by-az", "-y", "--all-resources", "--no-wait")
    assert (done.status, done.out) == (0, "")
    assert away("workspace show", "-w", "changed-by-az").status == 1


def test_what_a_workspace_here_does_not_need_is_a_note(az: Any) -> None:
    for words in (("workspace sync-keys",), ("workspace share", "--user", "a@b.c", "--role", "Owner")):
        done = az(*words)
        assert (done.status, done.out) == (0, "")
        assert "Note: nothing was done" in done.err
    assert az("workspace share", "--user", "a").status == 2


def test_a_folder_is_attached_with_the_files_of_v1(az: Any, tmp_path: Path, ws: Workspace) -> None:
    done = az("folder attach", "--path", "my project", "-e", "first")

    assert done.json == {
        "Experiment name": "first",
        "Project path": str(tmp_path / "my project"),
        "Resource group": ws.resource_group,
        "Subscription id": ws.subscription_id,
        "Workspace name": ws.name,
    }
    folder = tmp_path / "my project"
    names = {"config.json", "conda_dependencies.yml", "local.runconfig", "docker.runconfig"}
    assert {path.name for path in (folder / ".azureml").iterdir()} == names
    assert "/outputs" in (folder / ".amlignore").read_text().splitlines()
    assert json.loads((folder / ".azureml" / "config.json").read_text())["workspace_name"] == ws.name
    assert Workspace.from_config(str(folder)).name == ws.name


def test_a_folder_without_a_named_experiment_has_its_own_name(az: Any, tmp_path: Path) -> None:
    assert az("folder attach", "--path", "a b").json["Experiment name"] == "a-b"
    assert az("folder attach", "--path", "a b", "-e", "second").json["Experiment name"] == "second"
    assert az("folder attach", "--path", "a b").json["Experiment name"] == "second"
    (tmp_path / "file").write_text("")
    assert az("folder attach", "--path", "file").status == 2
    assert az("folder attach", "-e", "no spaces").status == 1
    assert not (tmp_path / ".azureml").exists()


def test_attaching_again_changes_none_of_the_users_files(az: Any, tmp_path: Path) -> None:
    own = tmp_path / ".azureml"
    own.mkdir()
    (own / "conda_dependencies.yml").write_text("# mine\ndependencies:\n- python=3.11\n")
    (own / "local.runconfig").write_text("# mine\nscript: train.py\n")
    (tmp_path / ".gitignore").write_text("*.pyc\n")
    az("folder attach")

    assert (own / "conda_dependencies.yml").read_text() == "# mine\ndependencies:\n- python=3.11\n"
    assert (own / "local.runconfig").read_text() == "# mine\nscript: train.py\n"
    assert (own / "docker.runconfig").exists()
    assert "*.pyc" in (tmp_path / ".amlignore").read_text().splitlines()
    (tmp_path / ".amlignore").write_text("mine\n")
    assert "Left as it is" in az("folder attach").err
    assert (tmp_path / ".amlignore").read_text() == "mine\n"


def test_runs_of_an_attached_folder_belong_to_its_experiment(az: Any, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print('ok')")
    az("folder attach", "-e", "attached")

    assert az("run submit-script", "-c", "local", "train.py").json["_experiment_name"] == "attached"
    assert az("run submit-script", "-e", "other", "train.py").json["_experiment_name"] == "other"


def test_a_pool_is_made_changed_shown_and_deleted(az: Any) -> None:
    words = ("-n", "cpu", "-s", "STANDARD_D2", "--max-nodes", "2", "--vm-priority", "lowpriority", "--tags", "a=b")
    done = az("computetarget create amlcompute", *words, "--description", "for tests", "--vnet-name", "v", "-v")

    made = done.json
    settings = made["properties"]["properties"]
    assert (made["name"], made["tags"], made["properties"]["description"]) == ("cpu", {"a": "b"}, "for tests")
    assert (settings["vmSize"], settings["vmPriority"]) == ("STANDARD_D2", "lowpriority")
    assert settings["scaleSettings"]["maxNodeCount"] == 2
    assert settings["scaleSettings"]["nodeIdleTimeBeforeScaleDown"] == "PT120S"
    assert "--vnet-name" in done.err
    assert "cpu" in [row["name"] for row in az("computetarget list").json]
    assert az("computetarget show", "-n", "cpu").json["properties"]["status"]["currentNodeCount"] == 0

    changes = ("--max-nodes", "3", "--idle-seconds-before-scaledown", "60", "--tags", "c=d")
    changed = az("computetarget update amlcompute", "-n", "cpu", *changes).json
    assert changed["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 3
    assert changed["tags"] == {"c": "d"}
    assert az("computetarget update amlcompute", "-n", "cpu", "--min-nodes", "9").status == 1
    assert az("computetarget detach", "-n", "cpu").status == 1
    assert az("computetarget delete", "-n", "cpu", "-v").out == ""
    assert az("computetarget show", "-n", "cpu").status == 1
    assert az("computetarget create amlcompute", "-n", "cpu").status == 2


def test_a_notebook_machine_becomes_a_pool_of_one_node(az: Any, ws: Workspace) -> None:
    done = az("computetarget create computeinstance", "-n", "desk", "-s", "STANDARD_D2", "--ssh-public-access", "true")

    assert done.json["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 1
    assert "no machine was made" in done.err
    assert ComputeTarget(ws, "desk").provisioning_state == "Succeeded"
    for verb in ("start", "stop", "restart"):
        switched = az(f"computetarget computeinstance {verb}", "-n", "desk")
        assert (switched.status, switched.out) == (0, "")
        assert "nothing was done" in switched.err
    assert az("computetarget computeinstance stop", "-n", "none").status == 1


def test_each_way_to_switch_a_notebook_machine_is_a_note(az: Any) -> None:
    az("computetarget create computeinstance", "-n", "table", "-s", "x")

    assert "nothing was done" in az("computetarget computeinstance start", "-n", "table").err
    assert "nothing was done" in az("computetarget computeinstance restart", "-n", "table").err


def test_a_pool_has_no_identity_of_its_own(az: Any) -> None:
    az("computetarget create amlcompute", "-n", "who", "-s", "x", "--max-nodes", "1")

    assert az("computetarget amlcompute identity assign", "-n", "who", "--identities", "me").json == {"identity": None}
    assert az("computetarget amlcompute identity remove", "-n", "who").status == 0
    assert "no identity of its own" in az("computetarget amlcompute identity show", "-n", "who").err
    assert az("computetarget amlcompute identity show", "-n", "none").status == 1
