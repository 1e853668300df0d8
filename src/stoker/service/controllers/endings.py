"""How runs end: by their own exit, by a cancel, or by a word from outside."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import structlog

from stoker.base.failpoints import reach
from stoker.base.states import RunStatus
from stoker.exceptions import ConflictException, NotFoundException
from stoker.service.controllers.targets import Targets
from stoker.service.events import EventBus
from stoker.service.store import Store

__all__ = ["Endings"]

_NOT_LAUNCHED = frozenset({RunStatus.NOT_STARTED, RunStatus.PREPARING, RunStatus.QUEUED})

_log = structlog.get_logger("stoker.runs")


class Endings:
    """Moves runs to their last states and ends what they left.

    Parameters
    ----------
    store : Store
    bus : EventBus
    targets : Targets
    grace : float
        Seconds between TERM and KILL.
    """

    def __init__(self, store: Store, bus: EventBus, targets: Targets, grace: float) -> None:
        self._store = store
        self._bus = bus
        self._targets = targets
        self._grace = grace
        self._places_changed: Callable[[str | None], None] = lambda _run_id: None

    def tell(self, places_changed: Callable[[str | None], None]) -> None:
        """Name whom to tell when a place may have become free; called with the run that ended, or None."""
        self._places_changed = places_changed

    def cancel(self, run_id: str, reason: str | None, *, deep: bool = True) -> dict[str, Any]:
        """Cancel a run in whatever state it is, and the unfinished runs below it; an ended run stays as it is."""
        text = reason or "Canceled by the user."
        run = self._cancel_one(self._store.runs.get(run_id), text)
        if deep:
            for child in self._store.runs.unfinished_descendants(run_id):
                self._cancel_one(child, f"Its parent {run_id} was canceled.")
        self._places_changed(None)
        return run

    def end(self, run_id: str, status: RunStatus, error: dict[str, Any] | None) -> dict[str, Any]:
        """End an interactive or child run; of a submitted one, first the processes are ended.

        Raises
        ------
        stoker.exceptions.ConflictException
            The run has ended in another state before.
        """
        run = self._store.runs.get(run_id)
        if RunStatus(run["status"]).is_terminal:
            if run["status"] != status:
                raise ConflictException(f"The run {run_id} has already ended as {run['status']}; it stays so.")
            return run
        if run["kind"] == "submitted":
            return self._end_submitted(run, status, error)
        return self.cancel(run_id, None) if status is RunStatus.CANCELED else self._close(run, status, error)

    def finish(self, run_id: str, exit_facts: dict[str, Any]) -> dict[str, Any]:
        """Take a submitted run to its last state: everything of it is stored."""
        run = self._store.runs.get(run_id)
        if RunStatus(run["status"]).is_terminal:
            # Told again: the answer was lost, perhaps with the service that had not freed the place yet.
            self._free(run)
            return run
        if exit_facts.get("lost") and run["exit"]:
            # The supervisor was killed after it had written to its journal how the script ended.
            exit_facts = {**run["exit"], "warnings": exit_facts.get("warnings") or []}
        forced = self._store.runs.submission(run_id).get("forced_end")
        if forced:
            status, error = RunStatus(forced["status"]), forced["error"]
        else:
            status, error = outcome(run, exit_facts)
        reach("finish-before-end")
        ended = self._close(run, status, error, exit=exit_facts, add_warnings=exit_facts.get("warnings") or ())
        reach("finish-before-release")
        self._free(run)
        return ended

    def fail(self, run_id: str, code: str, message: str) -> None:
        """Fail a run that could not be prepared or started."""
        run = self._store.runs.get(run_id)
        self._close(run, RunStatus.FAILED, {"code": code, "message": message})
        self._free(run)

    def _free(self, run: dict[str, Any]) -> None:
        """Give back what an ended run held."""
        with contextlib.suppress(NotFoundException):
            # The target may be gone: nothing unfinished was left on it.
            self._targets.launcher(run["target"]).release(run["id"])
        self._places_changed(run["id"])

    def _cancel_one(self, run: dict[str, Any], reason: str) -> dict[str, Any]:
        status = RunStatus(run["status"])
        if status.is_terminal:
            return run
        error = {"code": "Canceled", "message": reason}
        if run["kind"] != "submitted":
            return self._close(run, RunStatus.CANCELED, error)
        done = self._store.runs.transition(run["id"], RunStatus.CANCELED, expected=_NOT_LAUNCHED, error=error)
        if done is None:
            done = self._store.runs.transition(run["id"], RunStatus.CANCEL_REQUESTED, status_reason=reason)
            reach("cancel-before-signal")
            self._signal(run["id"], reason)
        else:
            self._clear_unlaunched(run, "Its parent was canceled.")
        self._bus.notify(run["id"])
        return done or self._store.runs.get(run["id"])

    def _signal(self, run_id: str, reason: str) -> None:
        """Tell the launcher; a run that is being started has no handle yet, and the queue looks again after it."""
        handle = self._store.runs.handle(run_id)
        if handle is not None:
            run = self._store.runs.get(run_id)
            self._targets.launcher(run["target"]).cancel(handle, reason, self._grace)

    def _end_submitted(self, run: dict[str, Any], status: RunStatus, error: dict[str, Any] | None) -> dict[str, Any]:
        self._store.runs.set_submission(run["id"], forced_end={"status": str(status), "error": error})
        reach("end-before-signal")
        if self._store.runs.transition(run["id"], status, expected=_NOT_LAUNCHED, error=error) is None:
            self._signal(run["id"], f"It was ended from outside as {status}.")
        else:
            self._clear_unlaunched(run, "Its parent was ended from outside.")
        self._bus.notify(run["id"])
        return self._store.runs.get(run["id"])

    def _clear_unlaunched(self, run: dict[str, Any], why: str) -> None:
        """Close what belongs to a run that has ended before it was started."""
        self._close_children(run["id"], why)
        self._store.logs.finish(run["id"])
        self._free(run)

    def _close(
        self, run: dict[str, Any], status: RunStatus, error: dict[str, Any] | None, **fields: Any
    ) -> dict[str, Any]:
        if run["kind"] == "submitted":
            # A process that opened an interactive run goes on after the run, and so may its children.
            self._close_children(run["id"], "Its script ended first.")
        if status is not RunStatus.CANCELED:
            # It says why the run waits, and that is over.
            fields["status_reason"] = None
        changed = self._store.runs.transition(run["id"], status, error=error, **fields)
        self._store.logs.finish(run["id"])
        self._bus.notify(run["id"])
        if changed is not None:
            _log.info("run ended", run=run["id"], status=str(status), code=(error or {}).get("code"))
        return changed or self._store.runs.get(run["id"])

    def _close_children(self, run_id: str, why: str) -> None:
        """Fail the children that a script made and left open; submitted ones go on by themselves."""
        for child in self._store.runs.unfinished_descendants(run_id):
            if child["kind"] == "child" and self._reaches(child, run_id):
                self._store.runs.transition(
                    child["id"], RunStatus.FAILED, error={"code": "ParentEnded", "message": why}
                )
                self._bus.notify(child["id"])

    def _reaches(self, child: dict[str, Any], run_id: str) -> bool:
        """Whether the way up from `child` to `run_id` passes no submitted run."""
        above = child["parent_id"]
        while above and above != run_id:
            parent = self._store.runs.get(above)
            if parent["kind"] != "child":
                return False
            above = parent["parent_id"]
        return bool(above == run_id)


def outcome(run: dict[str, Any], exit_facts: dict[str, Any]) -> tuple[RunStatus, dict[str, Any] | None]:
    """Return the last state and the error of a run whose processes ended so.

    Examples
    --------
    >>> outcome({"status": "Running"}, {"code": 0})[0].value
    'Completed'
    """
    message = exit_facts.get("message") or exit_facts.get("reason") or "The script failed."
    if exit_facts.get("timed_out"):
        return RunStatus.CANCELED, {"code": "TimeLimit", "message": message}
    if exit_facts.get("canceled") or run["status"] == RunStatus.CANCEL_REQUESTED:
        return RunStatus.CANCELED, {"code": "Canceled", "message": run.get("status_reason") or message}
    if exit_facts.get("code") == 0:
        return RunStatus.COMPLETED, None
    code = "Lost" if exit_facts.get("lost") else exit_facts.get("error") or "UserScriptFailed"
    details = {key: exit_facts[key] for key in ("code", "signal", "ranks") if exit_facts.get(key) is not None}
    return RunStatus.FAILED, {"code": code, "message": message, "details": details}
