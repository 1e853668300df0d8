"""A kill at each named instant of the code loses nothing, starts nothing twice and leaves nothing behind."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.faults.lab import Ledger, configuration, leftovers, problems_of

from stoker.base import failpoints
from stoker.client import connect_running
from stoker.core import Dataset, Environment, Experiment, Run, Workspace
from stoker.core.compute import AmlCompute, ComputeTarget
from stoker.exceptions import ServiceException
from stoker.testing.environments import make_wheel
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="who runs is read from /proc, which Linux has")

SOURCE = Path(failpoints.__file__).parents[1]
ENDS_THE_RUN = {
    "supervise-before-claim": "supervisor",
    "supervise-before-data": "supervisor",
    "supervise-before-outputs": "supervisor",
    "supervise-before-script": "supervisor",
    "supervise-before-running": "supervisor",
    "supervise-before-finalizing": "supervisor",
    "script-journal-opened": "signal 9",
    "script-child-introduced": "signal 9",
}
"""Who dies there is the run's own process; a word of the cause that must be on record."""
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "cancel-before-signal": ("/runs/{}/cancel", {"reason": "for the test"}),
    "end-before-signal": ("/runs/{}/end", {"status": "Failed", "error": "for the test"}),
    "leave-before-exit": ("/service/stop", {"mode": "detach"}),
}
"""What someone must ask for while the script runs, so that the point is reached."""
WITH_DATA = ("supervise-before-data", "supervise-before-outputs")
ENDS = {"cancel-before-signal": "Canceled", "end-before-signal": "Failed"} | dict.fromkeys(ENDS_THE_RUN, "Failed")


class Case:
    """One workspace in which one point is armed."""

    def __init__(self, tmp_path: Path, point: str) -> None:
        self.point = point
        self.mark = tmp_path / "mark"
        self.source = tmp_path / "source"
        self.ledger = tmp_path / "ledger"
        self.tmp_path = tmp_path
        self.in_script = point.startswith("script-")

    def variables(self) -> dict[str, str]:
        return {failpoints.VARIABLE: self.point, failpoints.MARK_VARIABLE: str(self.mark)}

    def submit(self, workspace: Workspace) -> Run:
        variables = self.variables() if self.in_script else {}
        steps = 2000 if self.point in ASKED and self.point != "leave-before-exit" else 12
        config = configuration(self.source, self.ledger, steps, 0.01, **variables)
        if self.point == "finish-before-release":
            one_node = AmlCompute.provisioning_configuration(vm_size="any", max_nodes=1)
            config.run_config.target = ComputeTarget.create(workspace, "pool", one_node).name
        if self.point in WITH_DATA:
            (self.tmp_path / "data.txt").write_text("x")
            data = Dataset.File.from_files(str(self.tmp_path / "data.txt"))
            config.run_config.data = {"x": data.as_named_input("x").as_mount()}
        if self.point.startswith("build-"):
            config.run_config.environment = self._built_environment()
        return Experiment(workspace, "faults").submit(config)

    def _built_environment(self) -> Environment:
        """Return an environment of one wheel that is made here: it can't be there, so it is built, without network."""
        wheels = self.tmp_path / "wheels"
        wheels.mkdir()
        name = self.point.replace("build", "made")
        make_wheel(wheels, name)
        made = Environment(name)
        made.python.conda_dependencies.add_pip_package(f"{name}==1.0")
        made.python.conda_dependencies.set_pip_option(f"--find-links {wheels}")
        made.python.conda_dependencies.set_pip_option("--no-index")
        return made


@pytest.fixture
def workspace(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    case = Case(tmp_path, request.param)
    if not case.in_script:
        for name, value in case.variables().items():
            monkeypatch.setenv(name, value)
    with TemporaryWorkspace(tmp_path / "w") as made:
        yield made, case


def test_each_point_is_reached_at_one_place_of_the_code() -> None:
    texts = [path.read_text() for path in SOURCE.rglob("*.py") if path.name != "failpoints.py"]
    used = Counter(name for text in texts for name in re.findall(r'\breach\("([^"]+)"\)', text))

    assert used == Counter(list(failpoints.POINTS))


def ask_once(live: TemporaryWorkspace, case: Case, run: Run) -> None:
    """Ask for what leads to the point, by a client that does not repeat it."""
    api = connect_running(live.paths.home)
    assert api is not None
    path, body = ASKED[case.point]
    with contextlib.suppress(ServiceException):
        api.post(path.format(run.id), body)
    api.close()
    wait_until(case.mark.exists, what="the kill")


@pytest.mark.slow
@pytest.mark.parametrize("workspace", sorted(failpoints.POINTS), indirect=True)
def test_a_kill_there_loses_nothing(workspace: tuple[TemporaryWorkspace, Case]) -> None:
    """Slow: each point wants a service of its own, which is killed or sees its agent killed, and is started again."""
    live, case = workspace
    run = case.submit(Workspace.from_config(str(live.root)))
    if case.point in ASKED:
        wait_until(lambda: Ledger.read(case.ledger)["x"], what="the script's first point")
        ask_once(live, case, run)
    run.wait_for_completion(raise_on_error=False)
    wait_until(case.mark.exists, what="the kill")
    record = live.api.get(f"/runs/{run.id}")

    assert problems_of(live.api, run.id, Ledger.read(case.ledger)) == []
    assert leftovers(live.paths.home, [run.id]) == []
    if case.point == "finish-before-release":
        nodes = live.api.get("/compute/pool")["nodes"]
        assert [node["state"] for node in nodes] == ["idle"]
    assert record["status"] == ENDS.get(case.point, "Completed")
    assert ENDS_THE_RUN.get(case.point, "") in (record["error"] or {}).get("message", "")
