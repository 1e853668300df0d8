"""The workspace's compute targets: `local`, and pools; each with its launcher."""

from __future__ import annotations

import threading
import time
from typing import Any

from stoker.base.names import check_compute_name, suggestion
from stoker.base.paths import WorkspacePaths
from stoker.exceptions import ComputeTargetException, ConflictException, NotFoundException
from stoker.service.launchers.base import Launcher
from stoker.service.launchers.local import LocalLauncher
from stoker.service.launchers.pool import PoolLauncher
from stoker.service.store import Store

__all__ = ["LOCAL", "POOL_TYPE", "Targets"]

LOCAL = "local"
POOL_TYPE = "AmlCompute"

_DEFAULTS: dict[str, Any] = {
    "vm_size": "",
    "vm_priority": "dedicated",
    "min_nodes": 0,
    "max_nodes": 4,
    "idle_seconds_before_scaledown": 1800,
}


class Targets:
    """Makes, changes and removes targets, and gives each its launcher.

    Parameters
    ----------
    store : Store
    paths : WorkspacePaths
    local_slots : int
        How many runs `local` takes at once.
    """

    def __init__(self, store: Store, paths: WorkspacePaths, local_slots: int) -> None:
        self._store = store
        self._paths = paths
        self._local = LocalLauncher(paths, local_slots)
        self._pools: dict[str, PoolLauncher] = {}
        self._lock = threading.RLock()

    def launcher(self, name: str) -> Launcher:
        """Return the launcher of a target.

        Raises
        ------
        stoker.exceptions.NotFoundException
            There is no such target; the message names the nearest.
        """
        if name == LOCAL:
            return self._local
        with self._lock:
            if name not in self._pools:
                self._pools[name] = self._pool(self.record(name))
            return self._pools[name]

    def record(self, name: str) -> dict[str, Any]:
        """Return the record of a target, with its nodes and status as they are now."""
        found = self._store.compute.find(name)
        if found is not None:
            return found
        known = [LOCAL, *(item["name"] for item in self._store.compute.list())]
        raise NotFoundException(
            f"The compute target {name!r} is unknown in this workspace. {suggestion(name, known)} "
            "Make one with AmlCompute.provisioning_configuration and ComputeTarget.create, "
            "or with `stoker compute create`.",
            target=name,
        )

    def local(self) -> dict[str, Any]:
        """Return what there is to say of this machine itself, which has no record."""
        unfinished = self._store.runs.unfinished()
        return {
            "name": LOCAL,
            "type": LOCAL,
            "provisioning_state": "Succeeded",
            "config": {"local_concurrency": self._local.capacity(None)},
            "running": [run["id"] for run in unfinished if run["target"] == LOCAL and run["started"]],
        }

    def create(self, name: str, kind: str, config: dict[str, Any], tags: dict[str, str | None]) -> dict[str, Any]:
        """Make a pool, or change the one of that name; the same again changes nothing."""
        check_compute_name(name)
        if name == LOCAL:
            raise ConflictException("The name 'local' is this machine itself. Choose another one.", target="name")
        if kind != POOL_TYPE:
            raise ComputeTargetException(
                f"A compute target of type {kind!r} can't be made here. This version has 'local' and pools "
                f"({POOL_TYPE}).",
                target="type",
            )
        merged = _checked({**_DEFAULTS, **{key: value for key, value in config.items() if value is not None}})
        with self._lock:
            self._store.compute.put(name, kind, merged, tags)
            self._configure(self._store.compute.update(name, provisioning_state="Succeeded"))
        return self.record(name)

    def update(self, name: str, config: dict[str, Any] | None, tags: dict[str, str | None] | None) -> dict[str, Any]:
        """Change a pool's limits or tags."""
        record = self.record(name)
        merged = _checked({**record["config"], **{k: v for k, v in (config or {}).items() if v is not None}})
        with self._lock:
            self._configure(self._store.compute.update(name, config=merged, tags=tags or record["tags"]))
        return self.record(name)

    def delete(self, name: str) -> None:
        """Remove a pool.

        Raises
        ------
        stoker.exceptions.ConflictException
            Runs on it are unfinished.
        """
        self.record(name)
        busy = [run["id"] for run in self._store.runs.unfinished() if run["target"] == name]
        if busy:
            raise ConflictException(
                f"The compute target {name!r} still has unfinished runs ({', '.join(busy[:3])}). "
                "Wait for them or cancel them with `stoker run cancel`, then delete it."
            )
        with self._lock:
            self._pools.pop(name, None)
            self._store.compute.delete(name)

    def scale(self) -> float | None:
        """Let idle nodes go whose time is over; return when to look again, in Unix seconds."""
        now = time.time()
        with self._lock:
            for item in self._store.compute.list():
                self.launcher(item["name"])
            times = [pool.scale(now) for pool in self._pools.values()]
        return min((when for when in times if when is not None), default=None)

    def gives_back(self, run_id: str) -> bool:
        """Whether a run waits for a run that it submitted to its own target, and so holds no slot."""
        waiting = {
            child["target"]
            for child in self._store.runs.unfinished_descendants(run_id)
            if child["kind"] == "submitted" and not child["started"]
        }
        return bool(waiting) and self._store.runs.get(run_id)["target"] in waiting

    def close(self) -> None:
        """Let go of the launchers; jobs go on."""
        for launcher in (self._local, *self._pools.values()):
            launcher.close()

    def _configure(self, record: dict[str, Any]) -> None:
        pool = self._pools.get(record["name"])
        if pool is None:
            self._pools[record["name"]] = self._pool(record)
        else:
            pool.configure(record["config"])

    def _pool(self, record: dict[str, Any]) -> PoolLauncher:
        pool = PoolLauncher(self._paths, record, self._store.compute.set_nodes, self.gives_back)
        unfinished = {run["id"] for run in self._store.runs.unfinished()}
        for node in pool.nodes:
            # The service was killed between the end of the run and the release of its nodes.
            if node["runId"] is not None and node["runId"] not in unfinished:
                pool.release(node["runId"])
        return pool


def _checked(config: dict[str, Any]) -> dict[str, Any]:
    for key in ("min_nodes", "max_nodes", "idle_seconds_before_scaledown"):
        config[key] = _whole_number(key, config[key])
    if config["max_nodes"] < max(1, config["min_nodes"]):
        raise ComputeTargetException(
            f"max_nodes is {config['max_nodes']}, less than min_nodes ({config['min_nodes']}) or than 1. "
            "Give max_nodes at least min_nodes and at least 1.",
            target="max_nodes",
        )
    return config


def _whole_number(key: str, value: object) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = -1
    if number < 0:
        raise ComputeTargetException(f"{key} is {value!r}. Give a whole number of 0 or more.", target=key)
    return number
