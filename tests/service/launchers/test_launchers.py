from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stoker.base.paths import WorkspacePaths
from stoker.base.processes import identity
from stoker.exceptions import ExperimentExecutionException
from stoker.runner import control
from stoker.service.launchers.base import Launcher
from stoker.service.launchers.local import LocalLauncher
from stoker.service.launchers.pool import PoolLauncher
from stoker.testing.launchers import LauncherContract


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkspacePaths]:
    """A workspace's folders with an agent, and no service: launchers need none."""
    found = WorkspacePaths.of_root(str(tmp_path_factory.mktemp("launchers")))
    Path(found.runs).mkdir(parents=True)
    Path(found.agent).mkdir()
    yield found
    control.stop_agent(found.home)


def pool_record(**config: Any) -> dict[str, Any]:
    usual = {"min_nodes": 0, "max_nodes": 2, "idle_seconds_before_scaledown": 60}
    return {"name": "pool", "config": {**usual, **config}, "nodes": []}


class _OnThisMachine(LauncherContract):
    @pytest.fixture(autouse=True)
    def _use(self, paths: WorkspacePaths) -> None:
        self.paths = paths

    def folder(self, run_id: str) -> Path:
        return Path(self.paths.run(run_id).folder)


class TestLocalLauncher(_OnThisMachine):
    def launcher(self) -> Launcher:
        return LocalLauncher(self.paths, slots=2)

    def test_a_supervisor_that_died_before_it_left_a_trace_is_absent_not_lost(self) -> None:
        folder = self.folder("no-trace")
        folder.mkdir()
        (folder / "spec.json").write_text("{}")
        dead = {"pid": 4_000_000, "start": "1", "boot": "none", "host": "here", "folder": str(folder)}

        assert self.launcher().poll(dead).phase == "absent"

    def test_a_supervisor_that_lives_and_left_no_trace_yet_is_starting(self) -> None:
        folder = self.folder("no-trace-yet")
        folder.mkdir()
        (folder / "spec.json").write_text("{}")
        me = identity(os.getpid())
        assert me is not None

        assert self.launcher().poll({**me.as_dict(), "folder": str(folder)}).phase == "starting"

    def test_a_job_that_is_refused_on_its_way_ends_before_its_script(self) -> None:
        folder = self.folder("refused")
        folder.mkdir()
        self.launcher().refuse("refused", "for the test")
        state = self._ended(self._start("refused", "open('mark', 'w')"))

        assert state.exit["canceled"]
        assert "for the test" in state.exit["message"]
        assert not (folder / "work" / "mark").exists()


class TestPoolLauncher(_OnThisMachine):
    @pytest.fixture(autouse=True)
    def _use(self, tmp_path: Path) -> Iterator[None]:
        self.paths = WorkspacePaths.of_root(str(tmp_path))
        Path(self.paths.runs).mkdir(parents=True)
        Path(self.paths.agent).mkdir()
        yield
        control.stop_agent(self.paths.home)

    def launcher(self) -> Launcher:
        return PoolLauncher(self.paths, pool_record(), lambda _name, _nodes: None, lambda _run: False)


@pytest.fixture
def saved() -> list[list[dict[str, Any]]]:
    return []


def make_pool(
    paths: WorkspacePaths, saved: list[list[dict[str, Any]]], lends: bool = False, **config: Any
) -> PoolLauncher:
    def save(_name: str, nodes: list[dict[str, Any]]) -> None:
        saved.append([dict(node) for node in nodes])

    return PoolLauncher(paths, pool_record(**config), save, lambda _run: lends)


def test_a_pool_gives_each_rank_a_node_a_share_of_cores_and_a_log(
    paths: WorkspacePaths, saved: list[list[dict[str, Any]]]
) -> None:
    pool = make_pool(paths, saved)

    spec = pool.prepare({"id": "r", "node_count": 2}, None, {})

    assert [process["log"] for process in spec["processes"]] == [
        "user_logs/std_log_process_0.txt",
        "user_logs/std_log_process_1.txt",
    ]
    assert [process["env"]["STOKER_NODE_RANK"] for process in spec["processes"]] == ["0", "1"]
    assert all(process["cpus"] for process in spec["processes"])
    assert {node["state"] for node in saved[-1]} == {"running"}


def test_a_pool_keeps_its_minimum_and_lets_idle_nodes_go_after_their_time(
    paths: WorkspacePaths, saved: list[list[dict[str, Any]]]
) -> None:
    pool = make_pool(paths, saved, min_nodes=1, idle_seconds_before_scaledown=10)
    pool.prepare({"id": "r", "node_count": 2}, None, {})
    pool.release("r")
    since = max(node["since"] for node in pool.nodes)
    nodes_before = len(pool.nodes)
    pool.scale(since + 11)

    assert (nodes_before, len(pool.nodes)) == (2, 1)


def test_a_pool_without_room_says_so(paths: WorkspacePaths, saved: list[list[dict[str, Any]]]) -> None:
    pool = make_pool(paths, saved)
    pool.prepare({"id": "r", "node_count": 2}, None, {})

    with pytest.raises(ExperimentExecutionException, match="no 1 free nodes"):
        pool.prepare({"id": "s", "node_count": 1}, None, {})


def test_a_waiting_parents_node_is_shared(paths: WorkspacePaths, saved: list[list[dict[str, Any]]]) -> None:
    pool = make_pool(paths, saved, lends=True, max_nodes=1)
    pool.prepare({"id": "parent", "node_count": 1}, None, {})

    spec = pool.prepare({"id": "child", "node_count": 1}, None, {})

    assert spec["processes"][0]["node"] == "pool-0"
