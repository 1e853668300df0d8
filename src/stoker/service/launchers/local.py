"""Runs on this machine, through the agent of the workspace."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from typing import Any

from stoker.base.jsonio import read_json, write_json
from stoker.base.paths import RunPaths, WorkspacePaths
from stoker.base.processes import Identity, is_alive
from stoker.exceptions import ExperimentExecutionException, StokerException
from stoker.runner import control
from stoker.service.launchers.base import Handle, Job, JobState, Launcher

__all__ = ["LocalLauncher"]


class LocalLauncher(Launcher):
    """Starts jobs as processes of this machine; the agent forks a supervisor for each.

    Parameters
    ----------
    paths : WorkspacePaths
        The workspace whose run folders it uses.
    slots : int
        How many jobs may run at once.
    """

    kind = "local"

    def __init__(self, paths: WorkspacePaths, slots: int) -> None:
        self.paths = paths
        self._slots = slots

    def capacity(self, target: dict[str, Any] | None) -> int:
        """Return the number of jobs that may run at once."""
        del target
        return self._slots

    def find(self, run_id: str, attempt: int) -> Handle | None:
        """Return the handle from the run's folder, when its spec is of this attempt and a supervisor has begun."""
        folder = self.paths.run(run_id)
        spec, state = read_json(folder.spec), read_json(folder.state)
        if not spec or not state or spec.get("attempt") != attempt:
            return None
        return _handle(folder, state)

    def start(self, job: Job) -> Handle:
        """Claim the run's folder, write what to do, and have the agent fork a supervisor."""
        found = self.find(job.run_id, job.attempt)
        if found is not None:
            return found
        folder = self.paths.run(job.run_id)
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder.folder, 0o700)
            write_json(folder.spec, {**job.spec, "run_id": job.run_id, "attempt": job.attempt})
            return control.start(self.paths.home, folder.folder)
        except OSError as error:
            raise _start_error(job, error) from error

    def poll(self, handle: Handle) -> JobState:
        """Return what the supervisor last wrote, and whether it lives."""
        folder = handle["folder"]
        # Whether it lives comes before its word: the last word of one that has just ended is there.
        lives = _lives(handle)
        state = control.read_state(folder)
        if state is None:
            return JobState("starting" if lives else "absent" if os.path.exists(RunPaths(folder).spec) else "lost")
        if state.get("phase") == "ended":
            return JobState("ended", state.get("exit") or {})
        if not lives and not _lives(state):
            again = control.read_state(folder) or {}
            return JobState("ended", again.get("exit") or {}) if again.get("phase") == "ended" else JobState("lost")
        return JobState("running" if state.get("phase") == "running" else "starting")

    def cancel(self, handle: Handle, reason: str, grace: float) -> None:
        """Tell the supervisor to end its processes."""
        control.cancel(handle["folder"], handle, reason, grace)

    def refuse(self, run_id: str, reason: str) -> None:
        """Leave word in the run's folder: a supervisor reads it before it starts anything."""
        control.cancel(self.paths.run(run_id).folder, {}, reason, 0.0)

    def clean(self, handle: Handle) -> None:
        """Remove the run's folder."""
        shutil.rmtree(handle["folder"], ignore_errors=True)


def _handle(folder: RunPaths, state: dict[str, Any]) -> Handle:
    return {key: state.get(key) for key in ("pid", "start", "boot", "host")} | {"folder": folder.folder}


def _lives(who: Handle) -> bool:
    return is_alive(Identity(who["pid"], who["start"], who["boot"]))


def _start_error(job: Job, error: OSError) -> StokerException:
    advice = "Free some space" if error.errno == errno.ENOSPC else "Look at .stoker/logs/agent.log"
    return ExperimentExecutionException(
        f"The run {job.run_id} could not be started on this machine: {error.strerror or error}. "
        f"{advice}, then submit it again with `stoker run rerun {job.run_id}`."
    )
