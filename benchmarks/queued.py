"""What the service holds in memory when idle, and what 1,000 queued runs cost it in memory and time."""

from __future__ import annotations

import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import median

import psutil

from benchmarks.measure import Row, show
from benchmarks.places import Place, live, resident
from stoker.core import ScriptRunConfig
from stoker.core.run import Run
from stoker.testing.workspaces import wait_until

_HOLD = "import os, time\nwhile not os.path.exists('{mark}'): time.sleep(0.01)"
REST_SECONDS = 5.0


def rows(*, quick: bool = False) -> list[Row]:
    """Measure a service that does nothing, then one that is full."""
    count = 100 if quick else 1000
    with tempfile.TemporaryDirectory() as folder, live(Path(folder) / "workspace", local_concurrency="1") as place:
        return _measure(place, Path(folder), count)


def _measure(place: Place, folder: Path, count: int) -> list[Row]:
    mark = folder / "mark"
    pid = place.service_pid()
    config = place.script(folder / "quick", "pass")
    place.experiment.submit(config).wait_for_completion()
    time.sleep(REST_SECONDS)
    idle, resting = resident(pid), _busy(pid)
    agents = sum(resident(child) for child in _agent(place))
    held = place.experiment.submit(place.script(folder / "held", _HOLD.format(mark=mark)))
    _until_running(held)
    times = _submit(place, config, count)
    full, turning = resident(pid), _busy(pid)
    mark.touch()
    pace = _pace(place, 20 if count < 1000 else 100)
    tenth = max(1, count // 10)
    return [
        Row("memory of the idle service", idle, "MiB", 120, f"the agent's two processes {agents:.0f} MiB"),
        Row(f"memory of the service while {count:,} runs are queued", full, "MiB", None, f"idle {idle:.0f} MiB"),
        Row(
            f"processor time of the service while {count:,} runs are queued and none ends",
            turning * 100,
            "% of a core",
            None,
            f"with none queued {resting * 100:.2g} %",
        ),
        Row(
            f"`submit` when {count:,} are queued",
            median(times[-tenth:]),
            "ms",
            None,
            f"{median(times[:tenth]):.3g} ms when few are",
        ),
        Row(f"a run that does nothing, of {count:,} queued at width 1", pace, "ms a run", None),
    ]


def _submit(place: Place, config: ScriptRunConfig, count: int) -> list[float]:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        place.experiment.submit(config)
        times.append((time.perf_counter() - began) * 1000)
    wait_until(lambda: _number(place, "Queued") == count, what="the queue")
    return times


def _pace(place: Place, count: int) -> float:
    """Return the milliseconds between the ends of the first `count` runs that end."""
    while len(ends := _ends(place, count)) < count:
        # Rarely, because the answer is work for the service too.
        time.sleep(0.5)
    return (ends[-1] - ends[0]) / (count - 1) * 1000


def _ends(place: Place, count: int) -> list[float]:
    """Return when the first runs ended after the one that made room, in Unix seconds."""
    page = place.api.get("/runs", status="Completed", sort="ended", order="asc", limit=count + 2, select="brief")
    return [datetime.fromisoformat(run["ended"]).timestamp() for run in page["runs"][2:]]


def _number(place: Place, status: str) -> int:
    return int(place.api.get("/runs", status=status, limit=1, select="brief")["total"])


def _until_running(run: Run) -> None:
    wait_until(lambda: run.get_status() == "Running", what="the run that holds the place")


def _agent(place: Place) -> list[int]:
    agent = place.temporary.agent
    assert agent is not None, "a run has ended, so there is an agent"
    return [agent.pid, *(child.pid for child in psutil.Process(agent.pid).children())]


def _busy(pid: int) -> float:
    """Return the part of a core that a process uses."""
    process = psutil.Process(pid)
    before = process.cpu_times()
    time.sleep(REST_SECONDS)
    after = process.cpu_times()
    return ((after.user + after.system) - (before.user + before.system)) / REST_SECONDS


if __name__ == "__main__":
    show(rows())
