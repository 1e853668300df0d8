"""Section 2: Workspace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stoker.core import Experiment, Workspace
from stoker.core.authentication import (
    AzureCliAuthentication,
    InteractiveLoginAuthentication,
    MsiAuthentication,
    ServicePrincipalAuthentication,
)
from stoker.core.compute import AmlCompute, ComputeTarget
from stoker.exceptions import UserErrorException, WorkspaceException
from stoker.testing.workspaces import TemporaryWorkspace


def test_an_existing_workspace_is_opened_by_its_name(ws: Workspace) -> None:
    for found in (
        Workspace("any-subscription", "any-group", "test-workspace"),
        Workspace(subscription_id="s", resource_group="g", workspace_name="test-workspace", auth=None),
        Workspace.get(name="test-workspace", subscription_id="s", resource_group="g", location="westus"),
    ):
        assert found.get_details()["workspaceid"] == ws.get_details()["workspaceid"]


def test_a_missing_workspace_is_an_error_that_names_it() -> None:
    with pytest.raises(WorkspaceException, match="nowhere") as caught:
        Workspace("s", "g", "nowhere")

    assert "nowhere" in caught.value.message


@pytest.mark.parametrize("name", ["ab", "a" * 34, "-abc", "a b c", "a.b.c", ""])
def test_illegal_workspace_names_are_refused(name: str) -> None:
    with pytest.raises((UserErrorException, WorkspaceException), match="3 to 33"):
        Workspace.create(name)


def test_a_workspace_is_made_found_made_again_and_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    made = Workspace.create(
        name="made-here",
        subscription_id="1234",
        resource_group="group",
        location="westeurope",
        create_resource_group=True,
        sku="enterprise",
        tags={"team": "vision"},
        friendly_name="Made here",
        storage_account="inert",
        exist_ok=False,
    )
    try:
        assert "made-here" in capsys.readouterr().out
        assert repr(made) == "Workspace.create(name='made-here', subscription_id='1234', resource_group='group')"
        assert (made.location, made.tags) == ("westeurope", {"team": "vision"})
        with pytest.raises(WorkspaceException, match="exist_ok=True"):
            Workspace.create("made-here")
        again = Workspace.create("made-here", exist_ok=True, show_output=False)
        assert again.get_details()["workspaceid"] == made.get_details()["workspaceid"]
        assert [type(item) for item in Workspace.list("1234")["made-here"]] == [Workspace]
    finally:
        made.delete(delete_dependent_resources=True, no_wait=False)

    assert "made-here" not in Workspace.list("1234")
    with pytest.raises(WorkspaceException):
        Workspace.get("made-here")


def test_a_workspace_made_without_labels_has_texts_everywhere(ws: Workspace) -> None:
    for text in (ws.name, ws.resource_group, ws.location, ws.subscription_id, ws.sku, ws.discovery_url):
        assert text + "\n" not in {"\n", "None\n"}
    assert ws.tags == {}


@pytest.mark.parametrize("place", ["config.json", ".azureml/config.json", "aml_config/config.json"])
@pytest.mark.parametrize("start", [".", "below/deeper"])
def test_the_config_file_is_found_in_its_three_places_and_from_below(
    ws: Workspace, tmp_path: Path, place: str, start: str
) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    names = {"subscription_id": "s", "resource_group": "g", "workspace_name": ws.name, "Id": None, "Scope": "x"}
    file.write_text(json.dumps(names))
    (tmp_path / start).mkdir(parents=True, exist_ok=True)

    found = Workspace.from_config(path=str(tmp_path / start))

    assert found.get_details()["workspaceid"] == ws.get_details()["workspaceid"]


def test_the_config_file_may_be_named_and_is_looked_for_from_the_working_directory(
    ws: Workspace, in_folder: Path
) -> None:
    ws.write_config()
    ws.write_config(path="other", file_name="mine.json")

    written = json.loads((in_folder / ".azureml" / "config.json").read_text())
    assert written["workspace_name"] == ws.name
    assert {"subscription_id", "resource_group"} <= set(written)
    assert Workspace.from_config().name == ws.name
    assert Workspace.from_config(str(in_folder / "other" / ".azureml" / "mine.json")).name == ws.name
    assert Workspace.from_config("other", _file_name="mine.json").name == ws.name


def test_no_config_file_is_an_error_with_the_file_and_the_folder(tmp_path: Path) -> None:
    with pytest.raises(UserErrorException, match=r"config\.json") as caught:
        Workspace.from_config(str(tmp_path))

    assert str(tmp_path) in caught.value.message


def test_the_dicts_are_asked_anew_and_are_plain(ws: Workspace) -> None:
    before = ws.experiments
    Experiment(ws, "made-later")
    ComputeTarget.create(ws, "later-pool", AmlCompute.provisioning_configuration(max_nodes=1))

    assert "made-later" not in before
    assert ws.experiments["made-later"].name == "made-later"
    assert type(ws.compute_targets["later-pool"]) is AmlCompute
    assert {name: type(target) for name, target in ws.compute_targets.items()} == {"later-pool": AmlCompute}
    assert "AzureML-Minimal" in ws.environments
    with pytest.raises(KeyError):
        ws.compute_targets["no-such-pool"]
    for empty in (ws.datasets, ws.models, ws.webservices, ws.images):
        assert type(empty) is dict


def test_the_default_targets_go_by_their_names(ws: Workspace) -> None:
    assert ws.get_default_compute_target("CPU") is None
    ComputeTarget.create(ws, "cpu-cluster", AmlCompute.provisioning_configuration(max_nodes=1))

    found = ws.get_default_compute_target("CPU")
    assert found is not None
    assert found.name == "cpu-cluster"
    assert ws.get_default_compute_target(type="GPU") is None


def test_the_details_have_v1s_keys(ws: Workspace) -> None:
    details = ws.get_details()

    assert set(details) >= {
        "id",
        "name",
        "location",
        "type",
        "tags",
        "sku",
        "workspaceid",
        "description",
        "friendlyName",
        "creationTime",
        "containerRegistry",
        "keyVault",
        "applicationInsights",
        "storageAccount",
        "hbiWorkspace",
    }
    assert details["name"] == ws.name
    assert details["creationTime"].endswith("Z")


def test_an_update_is_seen_at_once(ws: Workspace) -> None:
    details = ws.update(friendly_name="Ours", description="what it is for", tags={"team": "vision"})

    assert (details["friendlyName"], details["description"]) == ("Ours", "what it is for")
    assert Workspace.get(ws.name).tags == ws.tags == {"team": "vision"}
    assert ws.update(tags={})["tags"] == {}


def test_a_run_is_found_without_its_experiment(ws: Workspace) -> None:
    run = Experiment(ws, "somewhere").start_logging(outputs=False, snapshot_directory=None)
    run.complete()

    assert ws.get_run(run.id).experiment.name == "somewhere"
    with pytest.raises(UserErrorException, match="no-such-run"):
        ws.get_run("no-such-run")


def test_ways_to_sign_in_are_accepted_and_ignored(live_workspace: TemporaryWorkspace) -> None:
    for auth in (
        InteractiveLoginAuthentication(force=True, tenant_id="t"),
        ServicePrincipalAuthentication("tenant", "id", "password"),
        MsiAuthentication(),
        AzureCliAuthentication(),
    ):
        assert isinstance(auth.get_authentication_header(), dict)
        assert Workspace.from_config(str(live_workspace.root), auth=auth).name == "test-workspace"
