from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stoker.core import compute_target
from stoker.core.compute import AmlCompute, ComputeTarget, RemoteCompute
from stoker.exceptions import AuthenticationException, ComputeTargetException, ConflictException, NotFoundException


class MemoryApi:
    """The compute part of the service, in a dictionary; each look at a pool moves it on by one step."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.pages: dict[str | None, dict[str, Any]] = {}
        self.steps: list[Callable[[dict[str, Any]], None]] = []

    def get(self, path: str, **params: Any) -> Any:
        if path == "/compute":
            return {"compute": list(self.records.values())}
        if path == "/runs":
            return self.pages.pop(params["after"])
        record = self._record(path)
        if self.steps:
            self.steps.pop(0)(record)
            return self._record(path)
        return record

    def post(self, path: str, body: Any = None, **_: Any) -> Any:
        assert path == "/compute"
        existing = self.records.get(body["name"])
        if existing and existing["type"] != body["type"]:
            raise ConflictException(f"The name {body['name']!r} is taken.")
        self.records[body["name"]] = {**body, "provisioning_state": "Creating", "errors": [], "location": "here"}
        return self.records[body["name"]]

    def patch(self, path: str, body: Any = None, **_: Any) -> Any:
        record = self._record(path)
        record["config"] = {**record["config"], **body["config"]}
        return record

    def delete(self, path: str, **_: Any) -> Any:
        del self.records[self._record(path)["name"]]

    def _record(self, path: str) -> dict[str, Any]:
        name = path.rsplit("/", 1)[1]
        if name == "secret":
            raise AuthenticationException("The token is wrong.")
        if name not in self.records:
            raise NotFoundException(f"There is no compute target {name!r}.")
        return self.records[name]


class MemoryWorkspace:
    def __init__(self) -> None:
        self._api = MemoryApi()


STATUS = {
    "currentNodeCount": 1,
    "targetNodeCount": 2,
    "nodeStateCounts": {"preparingNodeCount": 1, "idleNodeCount": 1},
    "allocationState": "Resizing",
    "allocationStateTransitionTime": "2020-01-01T00:00:00Z",
    "errors": None,
    "creationTime": "2020-01-01T00:00:00Z",
    "modifiedTime": "2020-01-01T00:00:00Z",
    "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4, "nodeIdleTimeBeforeScaleDown": "PT120S"},
    "vmPriority": "Dedicated",
    "vmSize": "STANDARD_D2_V2",
}


def made(record: dict[str, Any]) -> None:
    record.update(provisioning_state="Succeeded", status={**STATUS})


def pool(workspace: MemoryWorkspace, name: str = "cpu-cluster", **settings: Any) -> Any:
    asked = AmlCompute.provisioning_configuration(**{"vm_size": "STANDARD_D2_V2", "max_nodes": 4, **settings})
    return ComputeTarget.create(workspace, name, asked)


def test_looking_a_target_up_gives_its_class() -> None:
    workspace = MemoryWorkspace()
    pool(workspace)

    for kind in (ComputeTarget, AmlCompute):
        found = kind(workspace, "cpu-cluster")
        assert type(found) is AmlCompute
        assert (found.type, found.name, found.location) == ("AmlCompute", "cpu-cluster", "here")
    assert type(ComputeTarget(workspace=workspace, name="cpu-cluster")) is AmlCompute


def test_a_missing_target_is_the_exception_that_notebooks_catch() -> None:
    with pytest.raises(compute_target.ComputeTargetException, match="no compute target 'nope'"):
        ComputeTarget(MemoryWorkspace(), "nope")
    with pytest.raises(ComputeTargetException):
        AmlCompute(MemoryWorkspace(), "nope")


def test_a_target_of_another_class_is_refused() -> None:
    workspace = MemoryWorkspace()
    pool(workspace)

    with pytest.raises(ComputeTargetException, match="of type AmlCompute, not VirtualMachine"):
        RemoteCompute(workspace, "cpu-cluster")


def test_a_wrong_token_stays_a_wrong_token() -> None:
    with pytest.raises(AuthenticationException):
        ComputeTarget(MemoryWorkspace(), "secret")


def test_local_is_a_word_and_no_object() -> None:
    settings = AmlCompute.provisioning_configuration(max_nodes=1)

    with pytest.raises(ComputeTargetException, match="compute_target='local'"):
        ComputeTarget(MemoryWorkspace(), "local")
    with pytest.raises(ComputeTargetException, match="Choose another name"):
        ComputeTarget.create(MemoryWorkspace(), "Local", settings)


def test_creating_returns_at_once_and_can_be_repeated() -> None:
    workspace = MemoryWorkspace()

    first = pool(workspace)
    second = pool(workspace)

    assert first.provisioning_state == "Creating"
    assert first.get_status() is None
    assert second.name == first.name


@pytest.mark.parametrize("name", ["1st", "a b", "x", "-a", "a" * 33])
def test_an_illegal_name_is_refused(name: str) -> None:
    with pytest.raises(ComputeTargetException, match="can't be used"):
        pool(MemoryWorkspace(), name)


def test_a_name_taken_by_another_kind_is_refused() -> None:
    workspace = MemoryWorkspace()
    workspace._api.records["taken"] = {"name": "taken", "type": "VirtualMachine", "provisioning_state": "Succeeded"}

    with pytest.raises(ComputeTargetException, match="taken"):
        pool(workspace, "taken")


def test_something_that_is_no_configuration_is_refused() -> None:
    with pytest.raises(ComputeTargetException, match="is no configuration of a target"):
        ComputeTarget.create(MemoryWorkspace(), "cpu", {"max_nodes": 1})  # type: ignore[arg-type]


def test_waiting_ends_when_the_pool_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    workspace = MemoryWorkspace()
    target = pool(workspace)
    workspace._api.steps = [lambda _: None, made]

    target.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)

    assert target.provisioning_state == "Succeeded"
    assert capsys.readouterr().out.splitlines() == [
        "Creating",
        "Succeeded",
        "AmlCompute wait for completion finished.",
    ]


def test_waiting_for_nodes_ends_when_they_are_there() -> None:
    workspace = MemoryWorkspace()
    target = pool(workspace)
    workspace._api.steps = [made, lambda _: None, lambda record: record["status"].update(currentNodeCount=3)]

    target.wait_for_completion(min_node_count=3)

    assert target.get_status().current_node_count == 3
    assert workspace._api.steps == []


def test_waiting_ends_with_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    target = pool(MemoryWorkspace())

    target.wait_for_completion(show_output=True, timeout_in_minutes=0)

    assert "Not finished after 0 minutes." in capsys.readouterr().out


def test_a_pool_that_can_not_be_made_raises_with_its_reasons() -> None:
    workspace = MemoryWorkspace()
    target = pool(workspace)
    workspace._api.steps = [lambda record: record.update(provisioning_state="Failed", errors=["no cores left"])]

    with pytest.raises(ComputeTargetException, match="Failed: no cores left"):
        target.wait_for_completion()


def test_the_status_has_v1s_attributes_and_its_plain_form() -> None:
    workspace = MemoryWorkspace()
    target = pool(workspace)
    made(workspace._api.records["cpu-cluster"])

    status = target.get_status()

    assert (status.current_node_count, status.target_node_count, status.allocation_state) == (1, 2, "Resizing")
    assert target.status.serialize() == status.serialize()
    assert status.node_state_counts.preparing_node_count == 1
    assert status.scale_settings.idle_seconds_before_scaledown == 120
    assert status.serialize() == {
        **STATUS,
        "provisioningState": "Succeeded",
        "provisioningStateTransitionTime": None,
        "nodeStateCounts": {
            "preparingNodeCount": 1,
            "runningNodeCount": 0,
            "idleNodeCount": 1,
            "unusableNodeCount": 0,
            "leavingNodeCount": 0,
            "preemptedNodeCount": 0,
        },
    }


def test_updating_changes_only_what_is_given() -> None:
    workspace = MemoryWorkspace()
    target = pool(workspace, idle_seconds_before_scaledown=60)

    target.update(min_nodes=1, max_nodes="8")

    assert target.scale_settings.serialize() == {
        "minNodeCount": 1,
        "maxNodeCount": 8,
        "nodeIdleTimeBeforeScaleDown": "PT60S",
    }
    with pytest.raises(ComputeTargetException, match="max_nodes is 8 and min_nodes is 9"):
        target.update(min_nodes=9)


def test_nodes_are_listed_with_v1s_words() -> None:
    workspace = MemoryWorkspace()
    target = pool(workspace)
    workspace._api.records["cpu-cluster"]["nodes"] = [{"nodeId": "n0", "state": "running", "runId": "r", "cpus": [0]}]

    assert target.list_nodes() == [{"nodeId": "n0", "nodeState": "running", "runId": "r", "cpus": [0]}]


def test_active_runs_are_those_on_record_page_by_page() -> None:
    workspace = MemoryWorkspace()
    target = pool(workspace)
    record = {"id": "r1", "experiment": "e", "type": "azureml.scriptrun", "status": "Queued", "number": 1}
    workspace._api.pages = {
        None: {"runs": [record], "next": "more"},
        "more": {"runs": [{**record, "id": "r2"}], "next": None},
    }

    runs = list(target.get_active_runs(tags={"a": "b"}))

    assert [run.id for run in runs] == ["r1", "r2"]
    assert runs[0].experiment.name == "e"


def test_all_targets_are_listed() -> None:
    workspace = MemoryWorkspace()
    pool(workspace, "one")
    pool(workspace, "two")

    assert [target.name for target in ComputeTarget.list(workspace)] == ["one", "two"]


def test_a_deleted_target_is_waited_for_until_it_is_gone() -> None:
    workspace = MemoryWorkspace()
    target = pool(workspace)

    target.delete()

    assert target.provisioning_state == "Deleting"
    target.wait_for_completion(is_delete_operation=True)
    with pytest.raises(ComputeTargetException):
        target.refresh_state()
    with pytest.raises(ComputeTargetException):
        target.delete()


def test_a_made_target_can_not_be_detached_and_nothing_can_be_attached() -> None:
    workspace = MemoryWorkspace()
    target = pool(workspace)

    with pytest.raises(ComputeTargetException, match=r"delete\(\)"):
        target.detach()
    with pytest.raises(ComputeTargetException, match="can't be attached"):
        ComputeTarget.attach(workspace, "vm", object())


def test_a_target_has_v1s_plain_form() -> None:
    target = pool(MemoryWorkspace(), description="for tests", tags={"a": "b"})

    plain = target.serialize()

    assert (plain["name"], plain["tags"]) == ("cpu-cluster", {"a": "b"})
    assert plain["properties"]["description"] == "for tests"
    assert plain["properties"]["computeType"] == "AmlCompute"
    assert plain["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 4
