"""The states of a run and which may follow which."""

from __future__ import annotations

from enum import Enum

__all__ = ["RunStatus"]


class RunStatus(str, Enum):
    """State of a run; the values are v1's words.

    Examples
    --------
    >>> RunStatus.RUNNING.can_become(RunStatus.COMPLETED)
    True
    >>> RunStatus("Completed").is_terminal
    True
    """

    NOT_STARTED = "NotStarted"
    UNAPPROVED = "Unapproved"
    PREPARING = "Preparing"
    QUEUED = "Queued"
    PROVISIONING = "Provisioning"
    STARTING = "Starting"
    RUNNING = "Running"
    NOT_RESPONDING = NOTRESPONDING = "NotResponding"
    PAUSING = "Pausing"
    PAUSED = "Paused"
    CANCEL_REQUESTED = "CancelRequested"
    FINALIZING = "Finalizing"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"

    def __str__(self) -> str:
        """Return v1's word."""
        return str(self.value)

    @property
    def is_terminal(self) -> bool:
        """Whether the run has ended for good."""
        return self in _TERMINAL

    @property
    def is_active(self) -> bool:
        """Whether the user's code is still ahead or running."""
        return self not in _TERMINAL and self not in _POST_PROCESSING

    @property
    def is_waiting(self) -> bool:
        """Whether the run was submitted and nothing of it runs yet."""
        return self in _WAITING

    def can_become(self, other: RunStatus) -> bool:
        """Whether `other` may follow this state: states may be skipped, and never go back.

        A service that died while it prepared or started a run begins again, so these four may repeat.
        """
        if self.is_terminal or self is other:
            return False
        if other.is_terminal:
            return True
        if self in _WAITING and other in _WAITING:
            return True
        return _ORDER[other] > _ORDER[self] or (self, other) in _EXTRA


_TERMINAL = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED})
_POST_PROCESSING = frozenset({RunStatus.CANCEL_REQUESTED, RunStatus.FINALIZING})
_WAITING = frozenset(
    {
        RunStatus.NOT_STARTED,
        RunStatus.UNAPPROVED,
        RunStatus.PREPARING,
        RunStatus.QUEUED,
        RunStatus.PROVISIONING,
        RunStatus.STARTING,
    }
)
_ORDER = {status: place for place, status in enumerate(RunStatus)}
_EXTRA = {
    (RunStatus.NOT_RESPONDING, RunStatus.RUNNING),
    (RunStatus.PAUSED, RunStatus.RUNNING),
    (RunStatus.PAUSED, RunStatus.QUEUED),
    (RunStatus.CANCEL_REQUESTED, RunStatus.FINALIZING),
}
