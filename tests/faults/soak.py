"""Kills at random instants: `python -m tests.faults.soak --kills 500`, or `make soak KILLS=2000`.

Several users at once submit runs that log, make children, upload, read back and are canceled, while one process after
the other of the workspace is killed. A seed decides who is killed when. At the end everything that a script had
acknowledged must be on record, once and in order, and nothing may be left behind.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.faults.lab import Ledger, configuration, leftovers, problems_of, programs

from stoker.base.jsonio import read_json
from stoker.base.processes import Identity, send
from stoker.client.layout import update_config
from stoker.core import Experiment, Run, Workspace
from stoker.testing.workspaces import TemporaryWorkspace, wait_until

__all__ = ["Soak", "main"]

USERS = 3
KINDS = ("service", "zygote", "shipper", "supervisor", "script")
WEIGHTS = (3, 3, 3, 1, 1)
"""The last two end a run, and the others must be seen to be survived."""
MERCY = 3.0
"""Seconds, at most, in which a service that has come up is left alone: a loaded machine takes as long for one start."""
LONGEST_RUN = 150.0


class Soak:
    """One workspace under fire.

    Parameters
    ----------
    workspace : TemporaryWorkspace
    folder : Path
        For what must lie outside of the workspace.
    seed : int
    say : callable
        Gets a line of progress now and then.

    Attributes
    ----------
    kills : Counter
        How many processes of each kind were killed.
    ends : Counter
        How many runs ended in each state.
    problems : list of str
    """

    def __init__(self, workspace: TemporaryWorkspace, folder: Path, seed: int, say: Callable[[str], None]) -> None:
        self.kills: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.problems: list[str] = []
        self._workspace = workspace
        self._home = workspace.paths.home
        self._folder = folder
        self._seed = seed
        self._say = say
        self._over = threading.Event()
        self._mercy = random.Random(seed)
        self._serving: Identity | None = None
        self._starts_killed = 0
        self._spared_until = 0.0
        self._hit: set[str] = set()
        self._unfinished: set[str] = set()
        self._run_ids: list[str] = []

    def run(self, kills: int) -> None:
        """Kill so many processes, wait for the runs that are under way, and look at what is left."""
        users = [threading.Thread(target=self._use, args=(number,), daemon=True) for number in range(USERS)]
        for user in users:
            user.start()
        try:
            self._kill(kills)
        finally:
            self._over.set()
        until = time.monotonic() + LONGEST_RUN
        for user in users:
            user.join(max(0.0, until - time.monotonic()))
        self._found([f"{run_id}: it does not end" for run_id in sorted(self._unfinished)])
        self._look_around()

    def _kill(self, kills: int) -> None:
        chance = random.Random(self._seed)
        while sum(self.kills.values()) < kills:
            # No wait for a condition, but the schedule itself.
            time.sleep(chance.uniform(0.05, 0.75))
            killed = self._kill_one(chance.choices(KINDS, WEIGHTS)[0], chance.random())
            if killed and sum(self.kills.values()) % 50 == 0:
                self._say(f"{sum(self.kills.values())} kills, runs {dict(self.ends)}, problems {len(self.problems)}")

    def _kill_one(self, kind: str, place: float) -> bool:
        found = sorted(self._victims(kind))
        if not found:
            return False
        pid, run_id = found[int(place * len(found))]
        if run_id:
            self._hit.add(run_id)
        hit = send(pid, 9)
        self.kills[kind] += hit
        return hit

    def _victims(self, kind: str) -> list[tuple[int, str]]:
        """Return (pid, run id) of the living processes of a kind."""
        if kind == "service":
            return self._services()
        if kind == "shipper":
            return [(pid, "") for pid in programs(self._home)["runner.shipper"]]
        if kind == "zygote":
            zygote = self._workspace.agent
            return [] if zygote is None else [(zygote.pid, "")]
        found = []
        for state in self._states():
            if kind == "supervisor":
                found.append((state["pid"], state["run_id"]))
            found += [(process["pid"], state["run_id"]) for process in state["processes"] if kind == "script"]
        return found

    def _services(self) -> list[tuple[int, str]]:
        """Return the service; one of two that start must come up, and serve for a while, or nothing ever happens."""
        pids, now = programs(self._home)["service"], time.monotonic()
        serving = self._workspace.service
        if serving is not None and serving != self._serving:
            self._serving, self._starts_killed = serving, 0
            self._spared_until = now + self._mercy.uniform(0.0, MERCY)
        if serving is None:
            self._starts_killed += bool(pids)
            return [] if self._starts_killed > 1 else [(pid, "") for pid in pids]
        return [] if now < self._spared_until else [(pid, "") for pid in pids]

    def _states(self) -> list[dict[str, Any]]:
        states = [read_json(str(path)) for path in Path(self._workspace.paths.runs).glob("*/state.json")]
        return [state for state in states if isinstance(state, dict) and state["phase"] in {"starting", "running"}]

    def _use(self, number: int) -> None:
        chance, count = random.Random(f"{self._seed}-{number}"), 0
        workspace = Workspace.from_config(str(self._workspace.root))
        while not self._over.is_set():
            count += 1
            try:
                self._use_once(workspace, chance, self._folder / f"ledger-{number}-{count}")
            except Exception:  # noqa: BLE001  # a user sees no error, whatever is killed
                self._found([f"user {number}: {traceback.format_exc()}"])

    def _use_once(self, workspace: Workspace, chance: random.Random, ledger: Path) -> None:
        steps, pause = chance.randint(5, 60), chance.uniform(0.0, 0.06)
        cancels = chance.random() < 0.2
        run = Experiment(workspace, "soak").submit(configuration(self._folder / "source", ledger, steps, pause))
        self._unfinished.add(run.id)
        self._run_ids.append(run.id)
        if cancels:
            self._over.wait(chance.uniform(0.0, 1.5))
            run.cancel()
        run.wait_for_completion(raise_on_error=False)
        self._unfinished.discard(run.id)
        self._judge(workspace, run, ledger, cancels)

    def _judge(self, workspace: Workspace, run: Run, ledger: Path, cancels: bool) -> None:
        api = workspace._api
        record = api.get(f"/runs/{run.id}")
        found = problems_of(api, run.id, Ledger.read(ledger))
        allowed = {"Completed"} | ({"Canceled"} if cancels else set()) | ({"Failed"} if run.id in self._hit else set())
        if record["status"] not in allowed:
            found.append(f"{run.id}: it is {record['status']} ({record['error']}), and should be one of {allowed}")
        self.ends[record["status"]] += 1
        self._found(found)

    def _found(self, problems: list[str]) -> None:
        self.problems += problems
        for problem in problems:
            self._say(f"PROBLEM {problem}")

    def _look_around(self) -> None:
        self._found(leftovers(self._home, self._run_ids))
        runs = Path(self._workspace.paths.runs)
        try:
            wait_until(lambda: not any(runs.iterdir()), 30.0, "the removal of the run folders")
        except TimeoutError:
            self._found([f"run folders are left: {sorted(path.name for path in runs.iterdir())}"])
        with closing(sqlite3.connect(self._workspace.paths.database)) as database:
            answer = database.execute("PRAGMA integrity_check").fetchone()[0]
        if answer != "ok":
            self._found([f"the database is damaged: {answer}"])


def soak(root: Path, kills: int, seed: int, say: Callable[[str], None]) -> Soak:
    """Make a workspace below `root`, kill as many of its processes, and return what came of it."""
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryWorkspace(root / "w", "soak") as workspace:
        update_config(workspace.paths.home, settings={"local_concurrency": USERS, "cancel_grace_seconds": 2.0})
        # The killed service's successor reads the settings.
        for pid in programs(workspace.paths.home)["service"]:
            send(pid, 9)
        one = Soak(workspace, root, seed, say)
        one.run(kills)
        if one.problems:
            shutil.copytree(workspace.paths.logs, root / "logs", dirs_exist_ok=True)
        return one


def main(arguments: list[str]) -> int:
    """Soak in folders of our own; return 1 when anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    root = Path(tempfile.mkdtemp(prefix="stoker-soak-"))
    os.environ.update(STOKER_HOME=str(root / "home"), STOKER_CACHE=str(root / "cache"))
    began = time.monotonic()
    one = soak(root / "soak", options.kills, options.seed, lambda line: print(line, flush=True))
    print(
        f"{sum(one.kills.values())} kills {dict(one.kills)}, {sum(one.ends.values())} runs {dict(one.ends)}, "
        f"{len(one.problems)} problems, {time.monotonic() - began:.0f} s, seed {options.seed}"
    )
    if one.problems:
        print(f"what is left to look at: {root}")
        return 1
    shutil.rmtree(root, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
