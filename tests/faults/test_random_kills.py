"""Whoever is killed whenever: what was acknowledged is kept, and every run ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.lab import Ledger, configuration, leftovers, problems_of
from tests.faults.soak import KINDS, soak

from stoker.base.processes import send
from stoker.core import Experiment, Workspace
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="who runs is read from /proc, which Linux has")


def test_a_script_goes_on_reading_when_service_and_zygote_are_killed_and_nobody_looks(tmp_path: Path) -> None:
    with TemporaryWorkspace(tmp_path / "w") as live:
        config = configuration(tmp_path / "source", tmp_path / "ledger", 60, 0.02)
        run = Experiment(Workspace.from_config(str(live.root)), "faults").submit(config)
        wait_until(lambda: Ledger.read(tmp_path / "ledger")["read"], what="the script's first reading")
        service, zygote = live.service, live.agent
        assert service is not None
        assert zygote is not None
        send(zygote.pid, 9)
        send(service.pid, 9)
        wait_until(lambda: Ledger.read(tmp_path / "ledger")["done"], 60.0, "the script's end")
        run.wait_for_completion()

        assert problems_of(live.api, run.id, Ledger.read(tmp_path / "ledger")) == []
        assert leftovers(live.paths.home, [run.id]) == []


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.xdist_group("random kills")
def test_a_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    """Slow: a hundred instants of a schedule, with time between them in which something can happen."""
    done = soak(tmp_path, kills=100, seed=20, say=print)

    assert done.problems == []
    assert set(done.kills) == set(KINDS)
    assert done.ends["Completed"] > 0
