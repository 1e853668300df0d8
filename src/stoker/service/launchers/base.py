"""What a launcher promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Handle", "Job", "JobState", "Launcher"]

Handle = dict[str, Any]
"""Where a started job is: plain JSON, kept with the run, enough to find it again after any restart."""


@dataclass(frozen=True)
class Job:
    """One attempt to run something on a target.

    Attributes
    ----------
    run_id : str
    attempt : int
        1 for the first; a job is named by run and attempt.
    spec : dict
        What the supervisor is told (`spec.json`).
    """

    run_id: str
    attempt: int
    spec: dict[str, Any]


@dataclass(frozen=True)
class JobState:
    """What is known of a job.

    Attributes
    ----------
    phase : {"starting", "running", "ended", "lost", "absent"}
        `"lost"`: started once, and now neither a living supervisor nor a final state is found. `"absent"`: the same,
        and it left no trace of having begun, so that nobody on the target will report it.
    exit : dict
        For `"ended"`: how, in the supervisor's words.
    """

    phase: Literal["starting", "running", "ended", "lost", "absent"]
    exit: dict[str, Any] = field(default_factory=dict)


class Launcher(ABC):
    """Starts, finds, watches and ends jobs on one kind of compute target.

    Guarantees
    ----------
    *Once.* A job is named by run and attempt. `start` of a job that was started before, by whichever process, starts
    nothing and returns its handle.

    *Outlived.* A started job goes on when the caller, the launcher and the whole service die. A handle is JSON; a new
    launcher made with the same arguments understands it.

    *Repeatable.* `poll`, `cancel` and `clean` may be called any number of times, on ended jobs too, and never raise
    for a job that is gone.

    *Threads.* All methods may be called from several threads.

    *Errors.* What the target says is mapped to `StokerException` here; nothing else comes through.
    """

    kind: str
    """The word for this kind of target in the records."""

    @abstractmethod
    def capacity(self, target: dict[str, Any] | None) -> int:
        """Return how many slots the target has in all; `target` is its record, None for `local`."""

    def most_nodes(self) -> int:
        """Return the largest number of nodes that one run can have."""
        return 1

    def need(self, run: dict[str, Any]) -> int:
        """Return how many slots a run takes."""
        del run
        return 1

    @abstractmethod
    def find(self, run_id: str, attempt: int) -> Handle | None:
        """Return the handle of a job that was started, or None."""

    @abstractmethod
    def start(self, job: Job) -> Handle:
        """Start a job and return its handle.

        Raises
        ------
        stoker.exceptions.ExperimentExecutionException
            The target does not take it; the message says why and what to do.
        """

    @abstractmethod
    def poll(self, handle: Handle) -> JobState:
        """Return what is known of a job."""

    @abstractmethod
    def cancel(self, handle: Handle, reason: str, grace: float) -> None:
        """Ask a job to end: TERM, after `grace` seconds KILL, all its processes; returns at once."""

    def refuse(self, run_id: str, reason: str) -> None:  # noqa: B027  # for launchers whose starts can't be overtaken
        """See that a job which may be on its way, and left no trace yet, ends before it begins."""

    @abstractmethod
    def clean(self, handle: Handle) -> None:
        """Remove what an ended job left on the target; its records are stored elsewhere by then."""

    def prepare(self, run: dict[str, Any], target: dict[str, Any] | None, spec: dict[str, Any]) -> dict[str, Any]:
        """Return the spec with the places that the target gives to the run: one process, unless it has nodes."""
        del run, target
        return spec

    def release(self, run_id: str) -> None:  # noqa: B027  # most launchers have no places to take back
        """Take back the places of an ended run."""

    def close(self) -> None:  # noqa: B027  # most launchers hold no connection
        """Let go of connections; jobs go on."""
