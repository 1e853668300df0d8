"""A pool of logical nodes on this machine: what `AmlCompute` gives here."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

from stoker.base.paths import WorkspacePaths
from stoker.exceptions import ExperimentExecutionException
from stoker.service.launchers.local import LocalLauncher

__all__ = ["PoolLauncher"]

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class PoolLauncher(LocalLauncher):
    """Gives each run its nodes: a share of the cores, thread limits, a log for each process.

    Nodes come when a run wants them and leave after the idle time, down to the pool's minimum. Their states are on
    record (`save_nodes`), so that they outlive the service.

    Parameters
    ----------
    paths : WorkspacePaths
    target : dict
        The pool's record.
    save_nodes : callable
        Called with (pool name, list of nodes) at each change.
    gives_back : callable
        Whether a run id waits for a run that it submitted to its own pool: its nodes may be shared meanwhile.
    """

    kind = "amlcompute"

    def __init__(
        self,
        paths: WorkspacePaths,
        target: dict[str, Any],
        save_nodes: Callable[[str, list[dict[str, Any]]], None],
        gives_back: Callable[[str], bool],
    ) -> None:
        super().__init__(paths, target["config"]["max_nodes"])
        self.name: str = target["name"]
        self._save = save_nodes
        self._gives_back = gives_back
        self._nodes: list[dict[str, Any]] = [dict(node) for node in target.get("nodes") or []]
        self._config: dict[str, Any] = target["config"]
        self._lock = threading.RLock()
        self.scale(time.time())

    @property
    def nodes(self) -> list[dict[str, Any]]:
        """The nodes as they stand: `nodeId`, `state`, `runId`, `cpus`, `since` (Unix seconds)."""
        with self._lock:
            return [dict(node) for node in self._nodes]

    def configure(self, config: dict[str, Any]) -> None:
        """Take a changed configuration; nodes that run something stay until it ends."""
        with self._lock:
            self._config = config
            self._slots = config["max_nodes"]
        self.scale(time.time())

    def capacity(self, target: dict[str, Any] | None) -> int:
        """Return the largest number of nodes."""
        del target
        return int(self._config["max_nodes"])

    def most_nodes(self) -> int:
        """Return the largest number of nodes."""
        return self.capacity(None)

    def need(self, run: dict[str, Any]) -> int:
        """Return the run's number of nodes."""
        return max(1, int(run.get("node_count") or 1))

    def prepare(self, run: dict[str, Any], target: dict[str, Any] | None, spec: dict[str, Any]) -> dict[str, Any]:
        """Give the run its nodes and return the spec with one process a node."""
        del target
        nodes = self._allocate(run["id"], self.need(run))
        count = len(nodes)
        processes = [
            {
                "rank": rank,
                "node": node["nodeId"],
                "env": self._node_variables(node, rank, count),
                "cpus": node["cpus"],
                "log": "user_logs/std_log.txt" if count == 1 else f"user_logs/std_log_process_{rank}.txt",
            }
            for rank, node in enumerate(nodes)
        ]
        return {**spec, "processes": processes}

    def release(self, run_id: str) -> None:
        """Set the run's nodes idle."""
        now = time.time()
        with self._lock:
            for node in self._nodes:
                if node["runId"] == run_id:
                    node.update(state="idle", runId=None, since=now)
            self._save(self.name, self._nodes)
        self.scale(now)

    def scale(self, now: float) -> float | None:
        """Let idle nodes go whose time is over, make those of the minimum; return when to look again."""
        with self._lock:
            before = [dict(node) for node in self._nodes]
            limit, least = float(self._config["idle_seconds_before_scaledown"]), int(self._config["min_nodes"])
            idle = sorted((node for node in self._nodes if node["state"] == "idle"), key=lambda node: node["since"])
            for node in idle:
                if len(self._nodes) > least and node["since"] + limit <= now:
                    self._nodes.remove(node)
            while len(self._nodes) < least:
                self._nodes.append(self._new_node("idle", None, now))
            if before != self._nodes:
                self._save(self.name, self._nodes)
            if len(self._nodes) <= least:
                return None
            return min((node["since"] + limit for node in self._nodes if node["state"] == "idle"), default=None)

    def _allocate(self, run_id: str, count: int) -> list[dict[str, Any]]:
        now = time.time()
        with self._lock:
            held = [node for node in self._nodes if node["runId"] == run_id]
            free = [node for node in self._nodes if node["state"] == "idle"]
            lent = [
                node for node in self._nodes if node["runId"] not in {None, run_id} and self._gives_back(node["runId"])
            ]
            chosen = held or free[:count]
            while len(chosen) < count and len(self._nodes) < int(self._config["max_nodes"]):
                self._nodes.append(self._new_node("idle", None, now))
                chosen.append(self._nodes[-1])
            shared = lent[: count - len(chosen)]
            if len(chosen) + len(shared) < count:
                raise ExperimentExecutionException(
                    f"The pool {self.name!r} has no {count} free nodes for the run {run_id}. "
                    "Raise its max_nodes with `stoker compute update`, or ask for fewer nodes."
                )
            for node in chosen:
                node.update(state="running", runId=run_id, since=now)
            self._save(self.name, self._nodes)
            return [dict(node) for node in chosen + shared]

    def _new_node(self, state: str, run_id: str | None, now: float) -> dict[str, Any]:
        taken = {node["nodeId"] for node in self._nodes}
        number = next(n for n in range(len(taken) + 1) if f"{self.name}-{n}" not in taken)
        return {
            "nodeId": f"{self.name}-{number}",
            "state": state,
            "runId": run_id,
            "cpus": self._share(number),
            "since": now,
        }

    def _share(self, number: int) -> list[int]:
        """Return the cores of the node: an even share of this machine's, at least one."""
        cores = (
            sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
        )
        each = max(1, len(cores) // max(1, int(self._config["max_nodes"])))
        first = (number * each) % len(cores)
        return sorted({cores[(first + offset) % len(cores)] for offset in range(each)})

    @staticmethod
    def _node_variables(node: dict[str, Any], rank: int, count: int) -> dict[str, str]:
        threads = str(len(node["cpus"]))
        return {
            **dict.fromkeys(THREAD_VARIABLES, threads),
            "STOKER_NODE_RANK": str(rank),
            "STOKER_NODE_COUNT": str(count),
            "STOKER_NODE_ID": node["nodeId"],
            "AZ_BATCHAI_TASK_INDEX": str(rank),
        }
