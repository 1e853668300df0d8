"""What the tests of faults share: a script that says what was acknowledged, who runs, and whether all of it is kept."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stoker.base.paths import WorkspacePaths
from stoker.base.processes import carrying
from stoker.client.http import quote_name
from stoker.core import ScriptRunConfig
from stoker.core._run_base import TERMINAL
from stoker.testing.workspaces import wait_until

__all__ = ["SCRIPT", "Ledger", "configuration", "leftovers", "problems_of", "programs"]

SCRIPT = '''
"""Logs, makes children, uploads, reads back; each step is written to a file outside once it is acknowledged."""

import os
import sys
import time

from stoker.core import Run

side = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
steps, pause = int(sys.argv[2]), float(sys.argv[3])


def acknowledge(*words):
    os.write(side, (" ".join(map(str, words)) + "\\n").encode())


acknowledge("begin", os.getpid())
run = Run.get_context()
os.makedirs("outputs", exist_ok=True)
for step in range(steps):
    run.log("x", step)
    acknowledge("x", step)
    print("line", step)
    acknowledge("line", step)
    if step % 8 == 1:
        child = run.child_run(f"child {step}", f"{run.id}-{step}")
        acknowledge("child", child.id)
        child.log("y", step)
        acknowledge("y", child.id)
        child.complete()
        acknowledge("ended", child.id)
    if step % 8 == 3:
        with open(f"outputs/{step}.txt", "w") as file:
            file.write(f"outputs/{step}.txt")
        acknowledge("file", f"outputs/{step}.txt")
    if step % 8 == 4:
        with open("to-upload.txt", "w") as file:
            file.write(f"kept/{step}.txt")
        run.upload_file(f"kept/{step}.txt", "to-upload.txt")
        acknowledge("file", f"kept/{step}.txt")
    if step % 8 == 6:
        found = run.get_metrics("x")
        assert found == {"x": list(range(step + 1))}, found
        acknowledge("read", step)
    time.sleep(pause)
acknowledge("done")
'''


def configuration(source: Path, ledger: Path, steps: int, pause: float, **variables: str) -> ScriptRunConfig:
    """Return what submits the script of this module from the folder `source`."""
    source.mkdir(exist_ok=True)
    script = source / "train.py"
    if not script.exists():
        script.write_text(SCRIPT)
    config = ScriptRunConfig(
        source_directory=str(source), script="train.py", arguments=[str(ledger), str(steps), str(pause)]
    )
    config.run_config.environment_variables.update(variables)
    return config


@dataclass
class Ledger:
    """What a script has acknowledged, in order, by kind."""

    entries: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """Read the script's file; nothing when it never began."""
        made = cls()
        for line in path.read_text().splitlines() if path.exists() else []:
            kind, _, rest = line.partition(" ")
            made.entries.setdefault(kind, []).append(rest)
        return made

    def __getitem__(self, kind: str) -> list[str]:
        """Return what was acknowledged of a kind."""
        return self.entries.get(kind, [])


def problems_of(api: Any, run_id: str, ledger: Ledger) -> list[str]:
    """Return, in words, what of a script's acknowledged work the records of its ended run lack."""
    record = api.get(f"/runs/{run_id}")
    found = list(_life_problems(record, ledger))
    found += _sequence_problems("metric x", ledger["x"], _points(api, run_id, "x"))
    found += _sequence_problems("log", ledger["line"], _lines(api, run_id))
    found += _child_problems(api, record, ledger)
    for name in ledger["file"]:
        text = _file(api, run_id, name)
        if text != name:
            found.append(f"the file {name} holds {text!r}")
    return [f"{run_id} ({record['status']}): {problem}" for problem in found]


def _life_problems(record: dict[str, Any], ledger: Ledger) -> Iterator[str]:
    if len(ledger["begin"]) > 1:
        yield f"its script was started {len(ledger['begin'])} times"
    if record["status"] not in TERMINAL:
        yield "it has not ended"
    if record["status"] == "Completed" and not ledger["done"]:
        yield "its script did not reach its end"
    cause = (record["error"] or {}).get("message", "")
    if record["status"] in {"Failed", "Canceled"} and not re.search(r"\w+ \w+", cause):
        yield f"no cause in words: {record['error']}"


def _sequence_problems(what: str, acknowledged: list[str], stored: list[str]) -> Iterator[str]:
    """Compare numbers counted from 0; one more may be stored, whose acknowledgement a kill has cut off."""
    if stored != [str(number) for number in range(len(stored))]:
        yield f"{what}: not in order, or not once: {stored}"
    if not len(acknowledged) <= len(stored) <= len(acknowledged) + 1:
        yield f"{what}: {len(acknowledged)} were acknowledged, {len(stored)} are stored"


def _points(api: Any, run_id: str, name: str) -> list[str]:
    series = api.get(f"/runs/{run_id}/metrics/series", name=name)["series"]
    return [str(point[2]) for one in series for point in one["points"]]


def _lines(api: Any, run_id: str) -> list[str]:
    name = "user_logs/std_log.txt"
    if name not in [log["name"] for log in api.get(f"/runs/{run_id}/logs")["logs"]]:
        return []
    text = api.request("GET", f"/runs/{run_id}/logs/{name}").data.decode()
    return [line[5:] for line in text.splitlines() if line.startswith("line ")]


def _file(api: Any, run_id: str, name: str) -> str | None:
    if name not in [item["name"] for item in api.get(f"/runs/{run_id}/files")["files"]]:
        return None
    return str(api.request("GET", f"/runs/{run_id}/files/{quote_name(name)}").data.decode())


def _child_problems(api: Any, record: dict[str, Any], ledger: Ledger) -> Iterator[str]:
    children = {child["id"]: child for child in api.get(f"/runs/{record['id']}/children")["runs"]}
    missing = set(ledger["child"]) - set(children)
    if missing:
        yield f"children are missing: {sorted(missing)}"
    if len(children) > len(ledger["child"]) + 1:
        yield f"there are more children than were made: {sorted(children)}"
    for run_id, child in children.items():
        if child["status"] not in TERMINAL:
            yield f"the child {run_id} is {child['status']}"
        # A cancel reaches the children on record at once, also those whose end is still under way.
        ended = "Completed" if record["status"] != "Canceled" else child["status"]
        if run_id in ledger["ended"] and child["status"] != ended:
            yield f"the child {run_id} was completed and is {child['status']}"
        if run_id in ledger["y"] and _points(api, run_id, "y") != [run_id.rpartition("-")[2]]:
            yield f"the child {run_id} has the points {_points(api, run_id, 'y')}"


def programs(home: str) -> dict[str, list[int]]:
    """Return the pids of a workspace's living processes by program; a supervisor is a fork of its agent."""
    found: dict[str, list[int]] = {"service": [], "runner.agent": [], "runner.shipper": []}
    for name in filter(str.isdigit, os.listdir("/proc")):
        words = _command_line(name)
        for program, pids in found.items():
            if f"stoker.{program}" in words and home in words:
                pids.append(int(name))
    return found


def _command_line(pid: str) -> list[str]:
    try:
        return Path("/proc", pid, "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


def leftovers(home: str, run_ids: list[str], wait: Callable[..., None] = wait_until) -> list[str]:
    """Return what still lives of ended runs after a while; one service, one zygote and one shipper may."""

    def looked() -> list[str]:
        alive = [f"{program}: {pids}" for program, pids in programs(home).items() if len(pids) > 1]
        carried = {run_id: carrying(run_id, WorkspacePaths(home).run(run_id).folder) for run_id in run_ids}
        return alive + [f"{run_id}: {pids}" for run_id, pids in carried.items() if pids]

    try:
        wait(lambda: not looked(), 15.0, "the end of all processes")
    except TimeoutError:
        return looked()
    return []
