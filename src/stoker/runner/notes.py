"""What a supervisor writes down of its run: its state, and its lines in the journal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from stoker.base.agent import poke
from stoker.base.journal import Journal, host_name
from stoker.base.jsonio import read_json
from stoker.base.paths import RunPaths
from stoker.base.processes import identity
from stoker.runner.papers import claim_json, replace_json, say, whereabouts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["Notes"]


class Notes:
    """The run's folder, as its supervisor reads and writes it.

    Parameters
    ----------
    paths : RunPaths
        The folder, which holds `spec.json`.

    Attributes
    ----------
    spec : dict
    run_id : str
    journal : Journal
    state : dict
        What `state.json` was last given.
    """

    def __init__(self, paths: RunPaths) -> None:
        self.paths = paths
        self.spec: dict[str, Any] = read_json(paths.spec)
        self.run_id: str = self.spec["run_id"]
        self.journal = Journal.open(paths.folder, self.run_id)
        self.state: dict[str, Any] = {}

    def claim(self) -> bool:
        """Write the first state, exclusively; False when another supervisor has this run already."""
        who = identity(os.getpid())
        self.state = {
            "phase": "starting",
            "run_id": self.run_id,
            "attempt": self.spec.get("attempt", 1),
            **({} if who is None else who.as_dict()),
            "host": host_name(),
            "processes": [],
            "started": None,
            "ended": None,
            "exit": None,
        }
        return claim_json(self.paths.state, self.state)

    def follow(self) -> bool:
        """Go along when the workspace is moved; return False when the run's folder was deleted."""
        found = whereabouts(self.paths.folder)
        if found is not None and found != self.paths.folder:
            self.paths = RunPaths(found)
        return found is not None

    def tell(self, kind: str, *fields: Any) -> None:
        """Write a line about the run to the journal; a full disk is no reason to end it."""
        try:
            self.journal.write(kind, self.run_id, *fields)
        except OSError as error:
            say(str(error))

    def warn(self, texts: Iterable[str]) -> None:
        """Have warnings put on record with the run."""
        for text in texts:
            self.tell("warn", text)

    def write_state(self, **changes: Any) -> None:
        """Write the state with some changes, by rename."""
        self.state.update(changes)
        replace_json(self.paths.state, self.state)

    def poke(self) -> None:
        """Have the shipper look now."""
        if self.spec.get("home"):
            poke(self.spec["home"], self.run_id)
