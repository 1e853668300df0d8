"""What the service would not take, when to offer it again, and what is given up in the end."""

from __future__ import annotations

import time

from stoker.runner.link import say

__all__ = ["Refusals"]

_MOST = 3


class Refusals:
    """Counts refusals by what was refused: a file's name, a kind of request, or `"run"` when the run is not known.

    Parameters
    ----------
    run_id : str
        For the log.
    """

    def __init__(self, run_id: str) -> None:
        self.warnings: list[str] = []
        self._run_id = run_id
        self._known: dict[str, tuple[int, float]] = {}

    def add(self, key: str, why: str, *, at_once: bool = False) -> None:
        """Note a refusal; it is tried again ever more rarely.

        Parameters
        ----------
        key, why : str
        at_once : bool, default=False
            Whether trying again makes no sense.
        """
        count = self._known.get(key, (0, 0.0))[0] + 1
        if at_once:
            count = max(count, _MOST)
        if count in {1, _MOST}:
            say(f"{self._run_id}: {key} was not taken: {why}")
        if count == _MOST and key not in {"run", "finish"}:
            self.warnings.append(f"{key} was not stored: {why}")
        longest = 60.0 if key == "run" else 30.0
        self._known[key] = (count, time.monotonic() + min(longest, 0.1 * 2 ** min(count + 2 * (key == "run"), 20)))

    def forget(self, key: str) -> None:
        """Note that it was taken."""
        self._known.pop(key, None)

    def waits(self, key: str) -> bool:
        """Whether it must not be offered again yet."""
        return self.pause(key) > 0.0

    def pause(self, key: str) -> float:
        """Return the seconds until it may be offered again; 0 for what was never refused."""
        return max(0.0, self._known.get(key, (0, 0.0))[1] - time.monotonic())

    def is_hopeless(self, key: str) -> bool:
        """Whether an ended run should not wait for it any longer."""
        return self._known.get(key, (0, 0.0))[0] >= _MOST
