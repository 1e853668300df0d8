"""Section 7: ComputeTarget and AmlCompute."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import stoker.core.compute_target
import stoker.exceptions
from stoker.core import ComputeTarget, Experiment, ScriptRunConfig, Workspace
from stoker.core.compute import AmlCompute, RemoteCompute
from stoker.core.compute import ComputeTarget as SameTarget
from stoker.core.compute_target import ComputeTargetException
from stoker.exceptions import UserErrorException
from stoker.testing.workspaces import wait_until

Config = Callable[..., ScriptRunConfig]


@pytest.fixture(scope="module")
def pool(ws: Workspace) -> AmlCompute:
    """Return a pool made as notebooks make it: look it up, else create it."""
    try:
        target = ComputeTarget(workspace=ws, name="cpu-cluster")
    except ComputeTargetException:
        settings = AmlCompute.provisioning_configuration(
            vm_size="STANDARD_D2_V2",
            vm_priority="lowpriority",
            min_nodes=0,
            max_nodes=2,
            idle_seconds_before_scaledown=600,
            tags={"team": "vision"},
            description="for tests",
        )
        target = ComputeTarget.create(ws, "cpu-cluster", settings)
        target.wait_for_completion(show_output=True)
    assert isinstance(target, AmlCompute)
    return target


def test_the_exception_is_importable_from_all_its_places() -> None:
    assert stoker.core.compute_target.ComputeTargetException is stoker.exceptions.ComputeTargetException
    assert SameTarget is ComputeTarget


def test_a_missing_target_is_that_exception(ws: Workspace) -> None:
    for kind in (ComputeTarget, AmlCompute):
        with pytest.raises(ComputeTargetException, match="no-such-pool") as caught:
            kind(ws, "no-such-pool")
        assert "no-such-pool" in caught.value.message
    with pytest.raises(KeyError):
        ws.compute_targets["no-such-pool"]


@pytest.mark.usefixtures("pool")
def test_a_target_is_of_the_class_of_its_kind(ws: Workspace) -> None:
    for found in (ComputeTarget(ws, "cpu-cluster"), AmlCompute(ws, "cpu-cluster"), ws.compute_targets["cpu-cluster"]):
        assert type(found) is AmlCompute
        assert (found.type, found.name) == ("AmlCompute", "cpu-cluster")
    assert "cpu-cluster" in [item.name for item in ComputeTarget.list(workspace=ws)]
    with pytest.raises(ComputeTargetException):
        RemoteCompute(ws, "cpu-cluster")


def test_a_target_has_v1s_attributes(pool: AmlCompute) -> None:
    pool.refresh_state()

    assert (pool.provisioning_state, pool.provisioning_errors) == ("Succeeded", [])
    assert (pool.tags, pool.description) == ({"team": "vision"}, "for tests")
    assert all(isinstance(text, str) for text in (pool.id, pool.location, pool.cluster_location))
    assert (pool.vm_size, pool.vm_priority) == ("STANDARD_D2_V2", "lowpriority")
    assert pool.serialize()["name"] == "cpu-cluster"
    assert pool.serialize()["properties"]["computeType"] == "AmlCompute"


def test_the_status_has_v1s_form(pool: AmlCompute) -> None:
    status = pool.get_status()
    assert status is not None
    plain = status.serialize()

    assert status.allocation_state in {"Steady", "Resizing"}
    assert set(plain) >= {
        "currentNodeCount",
        "targetNodeCount",
        "nodeStateCounts",
        "allocationState",
        "allocationStateTransitionTime",
        "errors",
        "creationTime",
        "modifiedTime",
        "provisioningState",
        "scaleSettings",
        "vmPriority",
        "vmSize",
    }
    assert set(plain["nodeStateCounts"]) == {
        "preparingNodeCount",
        "runningNodeCount",
        "idleNodeCount",
        "unusableNodeCount",
        "leavingNodeCount",
        "preemptedNodeCount",
    }
    assert plain["scaleSettings"] == {
        "minNodeCount": 0,
        "maxNodeCount": 2,
        "nodeIdleTimeBeforeScaleDown": "PT600S",
    }
    assert (plain["vmSize"], plain["provisioningState"]) == ("STANDARD_D2_V2", "Succeeded")
    assert str(status.vm_priority).lower() == "lowpriority"
    assert status.scale_settings.maximum_node_count == 2
    assert (status.current_node_count, status.target_node_count) == (
        plain["currentNodeCount"],
        plain["targetNodeCount"],
    )
    assert re.match(r"\d{4}-\d\d-\d\dT", plain["creationTime"])


def test_a_run_goes_through_a_pool(pool: AmlCompute, experiment: Experiment, config_of: Config) -> None:
    run = experiment.submit(config_of("import time; time.sleep(100)", compute_target=pool))
    wait_until(lambda: run.get_status() == "Running", what="the run's start")
    status, nodes = pool.get_status(), pool.list_nodes()
    active = [item.id for item in pool.get_active_runs()]
    details = run.get_details()
    run.cancel()
    run.wait_for_completion(raise_on_error=False)

    assert status is not None
    assert status.serialize()["nodeStateCounts"]["runningNodeCount"] == 1
    assert [node["runId"] for node in nodes if node["nodeState"] == "running"] == [run.id]
    assert active == [run.id]
    assert (details["target"], details["runDefinition"]["target"]) == ("cpu-cluster", "cpu-cluster")
    assert details["properties"]["_azureml.ComputeTargetType"] == "amlcompute"
    assert list(pool.get_active_runs()) == []


def test_a_full_pool_queues(ws: Workspace, experiment: Experiment, config_of: Config, tmp_path: Path) -> None:
    ComputeTarget.create(ws, "one-node", AmlCompute.provisioning_configuration(max_nodes=1))
    config = config_of("import os, time\nwhile not os.path.exists(os.environ['GO']): time.sleep(0.01)")
    go = tmp_path / "go"
    config.run_config.environment_variables = {"GO": str(go)}
    config.run_config.target = "one-node"
    first, second = experiment.submit(config), experiment.submit(config)
    wait_until(lambda: first.get_status() == "Running", what="the first run's start")

    wait_until(lambda: second.get_status() == "Queued", what="the second run's place in the queue")
    assert second.get_detailed_status()["status"] == "Queued"
    go.touch()
    assert [run.wait_for_completion()["status"] for run in (first, second)] == ["Completed"] * 2


def test_limits_are_changed(ws: Workspace) -> None:
    created = ComputeTarget.create(ws, "changing", AmlCompute.provisioning_configuration(max_nodes=1))
    assert isinstance(created, AmlCompute)
    created.update(min_nodes=1, max_nodes=3, idle_seconds_before_scaledown=60)
    created.wait_for_completion(show_output=False, min_node_count=None, timeout_in_minutes=1)
    found = AmlCompute(ws, "changing")
    assert isinstance(found, AmlCompute)
    status = found.get_status()

    assert status is not None
    assert status.scale_settings.serialize() == {
        "minNodeCount": 1,
        "maxNodeCount": 3,
        "nodeIdleTimeBeforeScaleDown": "PT60S",
    }
    assert status.current_node_count == 1
    with pytest.raises(ComputeTargetException, match="max_nodes"):
        found.update(max_nodes=0)


def test_creating_again_returns_or_changes_the_target(ws: Workspace) -> None:
    settings = AmlCompute.provisioning_configuration(max_nodes=1)
    first = ComputeTarget.create(ws, "again", settings)
    second = ComputeTarget.create(ws, "again", settings)
    third = ComputeTarget.create(ws, "again", AmlCompute.provisioning_configuration(max_nodes=2))

    assert first.id == second.id == third.id
    assert isinstance(third, AmlCompute)
    assert third.scale_settings.maximum_node_count == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "max_nodes"),
        ({"max_nodes": 1, "min_nodes": 2}, "max_nodes"),
        ({"max_nodes": 1, "vm_priority": "free"}, "vm_priority"),
        ({"max_nodes": -1}, "max_nodes"),
        ({"max_nodes": "many"}, "max_nodes"),
        ({"max_nodes": 1, "admin_user_password": "x"}, "admin_username"),
        ({"max_nodes": 1, "admin_user_ssh_key": "x"}, "admin_username"),
    ],
)
def test_wrong_settings_are_refused_at_once(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ComputeTargetException, match=words):
        AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", **settings)  # type: ignore[arg-type]


def test_numbers_may_be_texts_of_environment_variables(ws: Workspace) -> None:
    settings = AmlCompute.provisioning_configuration(max_nodes="2", min_nodes="0")  # type: ignore[arg-type]  # a text
    created = ComputeTarget.create(ws, "by-text", settings)

    assert isinstance(created, AmlCompute)
    assert created.scale_settings.maximum_node_count == 2


@pytest.mark.parametrize("name", ["a", "1ab", "a_b", "a" * 33, "a b", "local"])
def test_illegal_names_are_refused(ws: Workspace, name: str) -> None:
    with pytest.raises(ComputeTargetException):
        ComputeTarget.create(ws, name, AmlCompute.provisioning_configuration(max_nodes=1))


def test_an_unknown_target_is_said_at_submit(experiment: Experiment, config_of: Config, pool: AmlCompute) -> None:
    with pytest.raises((UserErrorException, ComputeTargetException), match="unknown in this workspace") as caught:
        experiment.submit(config_of("print()", compute_target="cpu-clutser"))

    assert pool.name in caught.value.message


def test_a_pool_is_deleted_and_not_detached(ws: Workspace) -> None:
    target = ComputeTarget.create(ws, "short-lived", AmlCompute.provisioning_configuration(max_nodes=1))
    with pytest.raises(ComputeTargetException, match="delete"):
        target.detach()
    target.delete()
    target.wait_for_completion(is_delete_operation=True)

    assert "short-lived" not in ws.compute_targets
    with pytest.raises(ComputeTargetException):
        target.refresh_state()


def test_sizes_of_machines_are_listed(ws: Workspace) -> None:
    (size,) = AmlCompute.supported_vmsizes(workspace=ws)[:1]

    assert {"name", "vCPUs", "gpus", "memoryGB"} <= set(size)
