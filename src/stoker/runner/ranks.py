"""The processes of a run, together."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from stoker.base.processes import send
from stoker.runner.verdict import Rank

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["Ranks"]


class Ranks(list[Rank]):
    """The processes of a run, in the order of their numbers.

    Parameters
    ----------
    places : list of dict
        Their entries in the spec.

    Attributes
    ----------
    first_failure : Rank or None
        The one that failed first.
    """

    def __init__(self, places: list[dict[str, Any]]) -> None:
        super().__init__(Rank(place) for place in places)
        self.first_failure: Rank | None = None

    @property
    def live(self) -> bool:
        """Whether any of them was started and has not ended."""
        return any(rank.lives for rank in self)

    @property
    def succeeded(self) -> bool:
        """Whether all have ended with 0."""
        return all(rank.code == 0 for rank in self)

    def collect(self, reaped: Callable[[int, Any], None] | None) -> bool:
        """Take in every child of this process that has ended, ours and adopted ones; return whether any is left.

        Parameters
        ----------
        reaped : callable or None
            Called with the pid and the resource usage of each.
        """
        try:
            while True:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
                if not pid:
                    return True
                if reaped is not None:
                    reaped(pid, usage)
                self._ended(pid, status)
        except ChildProcessError:
            return False

    def _ended(self, pid: int, status: int) -> None:
        for rank in self:
            if rank.pid == pid and not rank.ended:
                rank.end(status)
                if rank.failed and self.first_failure is None:
                    self.first_failure = rank

    def signal(self, number: int) -> None:
        """Send a signal to all that live, with their groups."""
        for rank in self:
            if rank.lives and not send(rank.pid, number, group=True):
                send(rank.pid, number)

    def terminate(self) -> None:
        """Ask all that live to end."""
        self.signal(signal.SIGTERM)
        # A stopped process takes the signal only once it goes on.
        self.signal(signal.SIGCONT)
