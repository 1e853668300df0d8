"""What lies in a run folder, and whether what writes there still lives."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from stoker.base.journal import parse
from stoker.base.jsonio import read_json, write_json
from stoker.base.paths import RunPaths
from stoker.base.processes import Identity, boot_id, end_tree, identity, is_alive
from stoker.runner.link import say
from stoker.runner.verdict import lost

if TYPE_CHECKING:
    from typing import Any

__all__ = ["Watched"]

_LOST_GRACE = 2.0
_LOOK_FOR_LIFE = 0.5


class Watched:
    """The state of one run folder.

    Parameters
    ----------
    paths : RunPaths

    Attributes
    ----------
    submitted : bool
        Whether a supervisor carries it out; else a process of the user's writes there.
    state : dict
        The supervisor's last word.
    over : bool
        Whether it ended, or was found lost and its processes are ended.
    """

    def __init__(self, paths: RunPaths) -> None:
        self._paths = paths
        self.submitted = os.path.exists(paths.spec)
        self.state: dict[str, Any] = {}
        self.over = False
        self._stamp: tuple[int, int] | None = None
        self._look_at = 0.0
        self._reaping = False
        self._writers: dict[str, Identity | None] = {}

    def look(self) -> bool:
        """Read the state anew and return `over`; have a lost run's processes ended, in a thread."""
        self.submitted = self.submitted or os.path.exists(self._paths.spec)
        if self.over or not self.submitted or not self._read():
            return self.over
        now = time.monotonic()
        if self.state.get("phase") == "ended":
            self.over = True
        elif now >= self._look_at and not self._reaping:
            self._look_at = now + _LOOK_FOR_LIFE
            if not self._supervisor_lives() and self._read(again=True) and self.state.get("phase") != "ended":
                self._reaping = True
                threading.Thread(target=self._end_lost, name="lost", daemon=True).start()
        return self.over

    def _read(self, *, again: bool = False) -> bool:
        try:
            facts = os.stat(self._paths.state)
        except OSError:
            return False
        stamp = (facts.st_mtime_ns, facts.st_ino)
        if again or stamp != self._stamp:
            state = read_json(self._paths.state)
            if isinstance(state, dict):
                self.state, self._stamp = state, stamp
        return bool(self.state)

    def _supervisor_lives(self) -> bool:
        state = self.state
        return is_alive(Identity(state.get("pid", 0), state.get("start", ""), state.get("boot", "")))

    def _end_lost(self) -> None:
        """End what a dead supervisor left, and write its last word for it; takes as long as they do."""
        state = self.state
        say(f"{state.get('run_id')}: its supervisor is gone; ending its processes")
        if state.get("boot") == boot_id():
            ranks = [
                row["pid"] for row in state.get("processes") or [] if _is_free_or(row.get("pid"), row.get("start"))
            ]
            sessions = [state["pid"]] if _is_free_or(state.get("pid"), state.get("start")) else []
            left = end_tree(
                (), state.get("run_id"), _LOST_GRACE, run_dir=self._paths.folder, sessions=sessions, groups=ranks
            )
            if left:
                say(f"{state.get('run_id')}: these processes remain: {left}")
        ended = {**state, "phase": "ended", "ended": time.time(), "exit": lost(started=bool(state.get("started")))}
        try:
            write_json(self._paths.state, ended)
        except OSError as error:
            say(f"{state.get('run_id')}: its end could not be written: {error}")
        self._reaping = False

    def journals(self) -> list[tuple[str, str]]:
        """Return (name, path) of each journal."""
        return [
            (name[: -len(".jsonl")], os.path.join(self._paths.journals, name))
            for name in _names(self._paths.journals)
            if name.endswith(".jsonl")
        ]

    def logs(self, *, system: bool) -> list[tuple[str, str]]:
        """Return (name, path) of each log that holds something; the system's only on demand."""
        folders = (self._paths.user_logs, self._paths.system_logs) if system else (self._paths.user_logs,)
        return [
            (f"{os.path.basename(folder)}/{name}", os.path.join(folder, name))
            for folder in folders
            for name in _names(folder)
            if os.path.isfile(os.path.join(folder, name))
        ]

    def has_writer(self) -> bool:
        """Whether a process that has a journal here still lives on this machine."""
        for name, path in self.journals():
            if name not in self._writers:
                self._writers[name] = _writer(path)
            who = self._writers[name]
            if who is not None and is_alive(who):
                return True
        return False


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _writer(path: str) -> Identity | None:
    try:
        with open(path, "rb") as file:
            records, _, _ = parse(file.readline())
    except OSError:
        return None
    head = records[0] if records and isinstance(records[0], dict) else {}
    if not {"pid", "start", "boot"} <= set(head):
        return None
    return Identity(head["pid"], head["start"], head["boot"])


def _is_free_or(pid: Any, start: Any) -> bool:
    """Whether the pid is unused or still the same process: then a group or session of that number is the run's."""
    if not isinstance(pid, int) or pid <= 0:
        return False
    who = identity(pid)
    return who is None or who.start == str(start)
