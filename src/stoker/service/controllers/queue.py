"""The queue of submitted runs: environment, place, start. A state machine over the records; memory holds nothing."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from stoker.base.failpoints import reach
from stoker.base.jsonio import write_json
from stoker.base.states import RunStatus
from stoker.exceptions import ExperimentExecutionException, StokerException
from stoker.runner import control
from stoker.runner.verdict import lost
from stoker.service.controllers.endings import Endings
from stoker.service.controllers.folders import EndedFolders
from stoker.service.controllers.run_data import data_spec
from stoker.service.controllers.spec import SpecMaker
from stoker.service.controllers.targets import Targets
from stoker.service.environments import BuiltEnvironment, EnvironmentBuilder, EnvironmentRequest, Lease
from stoker.service.events import EventBus
from stoker.service.launchers.base import Job, Launcher
from stoker.service.store import LogFiles, Store

__all__ = ["RunQueue"]

ENVIRONMENT_LOG = "system_logs/environment.txt"
WATCH_SECONDS = 2.0
"""How often the agent is looked after while runs are unfinished."""
ATTEMPT = 1
"""A run is handed to its launcher once; a service that died meanwhile looks for it before it starts it again."""
BUILDS = 4
"""Environments that are built at the same time."""

_log = structlog.get_logger("stoker.queue")


class RunQueue:
    """Takes each submitted run from NotStarted to Running.

    One thread decides; builds have threads of their own. Everything is in the store, so that a new service goes on
    where a killed one was: a run that was being prepared is prepared again, one that was being started is looked for
    first (`Launcher.find`).
    """

    def __init__(
        self,
        store: Store,
        bus: EventBus,
        builder: EnvironmentBuilder,
        targets: Targets,
        endings: Endings,
        specs: SpecMaker,
        logs: LogFiles,
        policy: str,
    ) -> None:
        self._store = store
        self._bus = bus
        self._builder = builder
        self._targets = targets
        self._endings = endings
        endings.tell(self._places_changed)
        self._specs = specs
        self._logs = logs
        self._policy = policy
        self._built: dict[str, BuiltEnvironment] = {}
        self._leases: dict[str, Lease] = {}
        self._to_say: dict[str, list[str]] = {}
        self._building: set[str] = set()
        self._folders = EndedFolders(specs.paths, store)
        self._wake = threading.Event()
        self._stopping = False
        self._pool = ThreadPoolExecutor(BUILDS, thread_name_prefix="build")
        self._thread = threading.Thread(target=self._loop, name="queue", daemon=True)

    def start(self) -> None:
        """Take over what an earlier service left, then begin to work."""
        self._adopt()
        self._thread.start()

    def stop(self) -> None:
        """Stop working; runs go on."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    def _places_changed(self, run_id: str | None) -> None:
        """Look again; what belonged to an ended run can go."""
        if run_id is not None:
            self._forget(run_id)
        self._wake.set()

    def _forget(self, run_id: str) -> None:
        self._built.pop(run_id, None)
        lease = self._leases.pop(run_id, None)
        if lease is not None:
            lease.release()
        self._folders.add(run_id)

    def has_unfinished(self) -> bool:
        """Whether a submitted run has not ended."""
        return bool(self._store.runs.unfinished())

    def _loop(self) -> None:
        while not self._stopping:
            self._wake.wait(timeout=WATCH_SECONDS)
            self._wake.clear()
            try:
                self._turn()
            except Exception:  # noqa: BLE001  # whatever it is, the service goes on and says it
                _log.exception("the queue's turn failed")
                time.sleep(0.2)

    def _turn(self) -> None:
        unfinished = self._store.runs.unfinished()
        for run in unfinished:
            if run["status"] == RunStatus.NOT_STARTED:
                self._prepare(self._store.runs.get(run["id"]))
        self._start_queued()
        self._say()
        self._targets.scale()
        self._folders.clean()
        self._find_absent(unfinished)
        if unfinished:
            control.ensure_agent(self._specs.paths.home)

    def _find_absent(self, unfinished: Sequence[dict[str, Any]]) -> None:
        """End runs whose supervisor was killed before it could leave a trace: nobody else knows of them."""
        for run in unfinished:
            if run["status"] not in {RunStatus.STARTING, RunStatus.CANCEL_REQUESTED}:
                continue
            handle = self._store.runs.handle(run["id"])
            if handle is not None and self._targets.launcher(run["target"]).poll(handle).phase == "absent":
                self._endings.finish(run["id"], lost(started=False))

    # -- after a restart ------------------------------------------------------------------------------------------

    def _adopt(self) -> None:
        for run in self._store.runs.unfinished():
            status = RunStatus(run["status"])
            if status is RunStatus.PREPARING:
                self._store.runs.transition(run["id"], RunStatus.NOT_STARTED)
            elif status in {RunStatus.PROVISIONING, RunStatus.STARTING}:
                self._adopt_started(run)
            elif status is RunStatus.CANCEL_REQUESTED:
                self._adopt_canceled(run)
            elif (handle := self._store.runs.handle(run["id"])) is not None:
                self._end_if_asked(run["id"], self._targets.launcher(run["target"]), handle)
        self._folders.sweep()
        self._wake.set()

    def _adopt_started(self, run: dict[str, Any]) -> None:
        handle = self._targets.launcher(run["target"]).find(run["id"], ATTEMPT)
        if handle is None:
            self._store.runs.transition(run["id"], RunStatus.QUEUED)
        else:
            self._store.runs.set_handle(run["id"], handle)
            self._end_if_asked(run["id"], self._targets.launcher(run["target"]), handle)

    def _adopt_canceled(self, run: dict[str, Any]) -> None:
        """Tell the run's processes once more: the service may have died between its record of the cancel and them."""
        launcher = self._targets.launcher(run["target"])
        handle = self._store.runs.handle(run["id"]) or launcher.find(run["id"], ATTEMPT)
        reason = run["status_reason"] or "Canceled by the user."
        if handle is None:
            launcher.refuse(run["id"], reason)
            error = {"code": "Canceled", "message": reason}
            self._store.runs.transition(run["id"], RunStatus.CANCELED, error=error)
            self._places_changed(run["id"])
        else:
            self._store.runs.set_handle(run["id"], handle)
            launcher.cancel(handle, reason, self._specs.grace)

    # -- environment ----------------------------------------------------------------------------------------------

    def _prepare(self, run: dict[str, Any]) -> None:
        request = self._request(run)
        try:
            self._targets.launcher(run["target"])
            found = self._builder.find(request)
        except StokerException as error:
            self._endings.fail(run["id"], error.error_code, error.message)
            return
        if found is not None:
            self._to_say[run["id"]] = found.messages
            self._environment_ready(run["id"], found)
        elif self._store.runs.transition(run["id"], RunStatus.PREPARING) is not None:
            self._bus.notify(run["id"])
            self._building.add(run["id"])
            self._pool.submit(self._build, run["id"], request)

    def _build(self, run_id: str, request: EnvironmentRequest) -> None:
        def log(line: str) -> None:
            self._append_log(run_id, line)

        def cancelled() -> bool:
            return self._stopping or RunStatus(self._store.runs.get(run_id)["status"]).is_terminal

        try:
            self._environment_ready(run_id, self._builder.build(request, log, cancelled))
        except StokerException as error:
            if not cancelled():
                log(error.message)
                self._endings.fail(run_id, error.error_code, error.message)
        except Exception as error:  # noqa: BLE001  # whatever it is, the service goes on and says it
            _log.exception("building an environment failed", run=run_id)
            self._endings.fail(run_id, "Internal", f"Building the environment failed in Stoker itself: {error!r}.")
        finally:
            self._building.discard(run_id)
            self.wake()

    def _environment_ready(self, run_id: str, built: BuiltEnvironment) -> None:
        self._built[run_id] = built
        self._leases[run_id] = self._builder.lease(built)
        fields: dict[str, Any] = {"resolved": {**built.resolved, "kind": built.kind, "interpreter": built.python}}
        if built.warnings:
            fields["add_warnings"] = built.warnings
        if self._store.runs.transition(run_id, RunStatus.QUEUED, **fields) is None:
            # It was canceled meanwhile.
            self._forget(run_id)
        self._bus.notify(run_id)
        self.wake()

    def _append_log(self, run_id: str, line: str) -> None:
        data = (line.rstrip("\n") + "\n").encode("utf-8", "replace")
        size = self._logs.append(run_id, ENVIRONMENT_LOG, None, data)
        self._store.logs.record(run_id, ENVIRONMENT_LOG, size)
        self._bus.notify(run_id)

    def _say(self) -> None:
        """Write what was found out about environments; after the start, which need not wait for it."""
        while self._to_say:
            run_id, lines = self._to_say.popitem()
            self._append_log(run_id, "\n".join(lines))

    def _request(self, run: dict[str, Any]) -> EnvironmentRequest:
        submission = self._store.runs.submission(run["id"])
        definition = run["definition"] or {}
        environment = definition.get("environment") or {}
        if (definition.get("docker") or {}).get("useDocker"):
            environment = {**environment, "docker": {**(environment.get("docker") or {}), "enabled": True}}
        return EnvironmentRequest(
            definition=environment,
            python=submission.get("python") or "",
            base_environment=submission.get("base_environment") or {},
            policy="exact" if self._policy == "exact" else "nearest",
            framework=str(definition.get("framework") or "Python"),
            needs=tuple(submission.get("needs") or ()),
        )

    # -- places ---------------------------------------------------------------------------------------------------

    def _start_queued(self) -> None:
        full: set[str] = set()
        for run in self._store.runs.queued():
            target = run["target"]
            if target in full:
                continue
            try:
                launcher = self._targets.launcher(target)
                if not self._fits(run, launcher):
                    full.add(target)
                    continue
                self._launch(run["id"], launcher)
            except StokerException as error:
                self._endings.fail(run["id"], error.error_code, error.message)

    def _fits(self, run: dict[str, Any], launcher: Launcher) -> bool:
        need, capacity = launcher.need(run), launcher.capacity(None)
        if need > capacity:
            raise ExperimentExecutionException(
                f"The run {run['id']} asks for {need} nodes, and {run['target']!r} has at most {capacity}. "
                "Lower node_count, or raise max_nodes with `stoker compute update`."
            )
        active = self._store.runs.holding(run["target"])
        used = sum(launcher.need(other) for other in active)
        if used + need <= capacity:
            return True
        lent = sum(launcher.need(other) for other in active if self._targets.gives_back(other["id"]))
        return used - lent + need <= capacity

    def _launch(self, run_id: str, launcher: Launcher) -> None:
        environment = self._built.get(run_id) or self._builder.find(self._request(self._store.runs.get(run_id)))
        if environment is None:
            # It was removed while the run waited in a service that is no more: build it again.
            self._store.runs.transition(run_id, RunStatus.NOT_STARTED, expected={RunStatus.QUEUED})
            self.wake()
            return
        run = self._store.runs.transition(run_id, RunStatus.STARTING, expected={RunStatus.QUEUED})
        if run is None:
            return
        submission = self._store.runs.submission(run["id"])
        data = data_spec(run, submission, self._store, self._specs.bundle)
        spec = self._specs.make(run, submission, environment, self._manifest(run), data)
        spec = launcher.prepare(run, None, spec)
        reach("launch-before-start")
        handle = launcher.start(Job(run["id"], ATTEMPT, spec))
        reach("launch-before-handle")
        self._store.runs.set_handle(run["id"], handle)
        self._end_if_asked(run["id"], launcher, handle)
        self._bus.notify(run["id"])

    def _end_if_asked(self, run_id: str, launcher: Launcher, handle: dict[str, Any]) -> None:
        """End a run that was canceled or ended from outside while it had no handle by which to end it."""
        now = self._store.runs.get(run_id)
        forced = self._store.runs.submission(run_id).get("forced_end")
        if forced:
            launcher.cancel(handle, f"It was ended from outside as {forced['status']}.", self._specs.grace)
        elif now["status"] == RunStatus.CANCEL_REQUESTED:
            launcher.cancel(handle, now["status_reason"] or "Canceled by the user.", self._specs.grace)

    def _manifest(self, run: dict[str, Any]) -> str | None:
        """Write the manifest into the run's folder, where the supervisor reads it."""
        if not run["snapshot_id"]:
            return None
        folder = self._specs.paths.run(run["id"]).folder
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        path = os.path.join(folder, "manifest.json")
        write_json(path, self._store.snapshots.get(run["snapshot_id"]))
        return path
