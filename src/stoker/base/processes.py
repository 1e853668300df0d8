"""Processes of this machine: who they are, whose they are, and how to end a whole tree of them.

A pid alone says little, as the kernel gives it out again. An `Identity` adds the start time and the boot.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator

__all__ = [
    "Identity",
    "boot_id",
    "carrying",
    "descendants",
    "end_tree",
    "identity",
    "is_alive",
    "members",
    "send",
]

_HAS_PROC = os.path.isdir("/proc/self")
_ENDING = "ZXx"


class Identity:
    """One process, for good.

    Attributes
    ----------
    pid : int
    start : str
        When it started: clock ticks since the boot on Linux, the time in words elsewhere.
    boot : str
        Which boot of the machine; see `boot_id`.
    """

    __slots__ = ("boot", "pid", "start")

    def __init__(self, pid: int, start: str, boot: str) -> None:
        self.pid = pid
        self.start = str(start)
        self.boot = boot

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Identity):
            return NotImplemented
        return (self.pid, self.start, self.boot) == (other.pid, other.start, other.boot)

    def __hash__(self) -> int:
        return hash((self.pid, self.start, self.boot))

    def __repr__(self) -> str:
        return f"Identity({self.pid}, {self.start!r}, {self.boot!r})"

    def as_dict(self) -> dict[str, int | str]:
        """Return the three facts under their names, ready for JSON."""
        return {"pid": self.pid, "start": self.start, "boot": self.boot}


class _Row:
    """One line of the table of processes."""

    __slots__ = ("group", "parent", "pid", "session", "start", "state")

    def __init__(self, pid: int, state: str, parent: int, group: int, session: int, start: str) -> None:
        self.pid = pid
        self.state = state
        self.parent = parent
        self.group = group
        self.session = session
        self.start = start


def identity(pid: int) -> Identity | None:
    """Return who the process `pid` is, or None when there is none."""
    row = _row(pid)
    return None if row is None else Identity(pid, row.start, boot_id())


def is_alive(process: Identity) -> bool:
    """Whether exactly this process still runs; a zombie does not."""
    if process.boot != boot_id():
        return False
    row = _row(process.pid)
    return row is not None and row.start == process.start and row.state not in _ENDING


_boot: list[str] = []


def boot_id() -> str:
    """Return a text that is another one after each boot of this machine."""
    if not _boot:
        _boot.append(_read_boot_id())
    return _boot[0]


def _read_boot_id() -> str:
    with contextlib.suppress(OSError), open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()
    if sys.platform == "darwin":
        import subprocess

        return subprocess.run(
            ["sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, check=False
        ).stdout.strip()
    return ""


def descendants(pid: int) -> list[int]:
    """Return the pids of all living children of `pid`, their children and so on; zombies left out."""
    table = list(_table())
    below: dict[int, list[_Row]] = {}
    for row in table:
        below.setdefault(row.parent, []).append(row)
    found, todo = [], [pid]
    while todo:
        for row in below.get(todo.pop(), ()):
            todo.append(row.pid)
            if row.state not in _ENDING:
                found.append(row.pid)
    return found


def members(sessions: Iterable[int] = (), groups: Iterable[int] = ()) -> list[int]:
    """Return the pids of the living processes of any of these sessions or process groups."""
    wanted, also = frozenset(sessions), frozenset(groups)
    return [row.pid for row in _table() if row.state not in _ENDING and (row.session in wanted or row.group in also)]


def carrying(run_id: str, run_dir: str | None = None, above: int = 0) -> list[int]:
    """Return the pids of the processes that were started with `STOKER_RUN_ID=run_id`, but this one.

    Parameters
    ----------
    run_id : str
    run_dir : str, optional
        The run's folder: those whose `STOKER_RUN_DIR` is another one are of another workspace's run. Whoever names
        none, or one that is gone, counts.
    above : int, default=0
        Look only at pids above this one: a quick look, as pids mostly grow.
    """
    mark = f"\0STOKER_RUN_ID={run_id}\0".encode()
    own = os.getpid()
    if not _HAS_PROC:
        return [pid for pid in _carrying_by_ps(run_id, run_dir) if pid not in {own, os.getppid()} and pid > above]
    found = []
    for pid in _pids():
        if pid <= above or pid == own:
            continue
        with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
            variables = b"\0" + file.read()
            if mark in variables and (run_dir is None or _is_at(variables, run_dir)):
                found.append(pid)
    return found


def _is_at(variables: bytes, run_dir: str) -> bool:
    _, named, rest = variables.partition(b"\0STOKER_RUN_DIR=")
    folder = rest.partition(b"\0")[0]
    if not named or folder == os.fsencode(run_dir) or not os.path.exists(folder):
        return True
    return os.path.realpath(folder) == os.fsencode(os.path.realpath(run_dir))


def send(pid: int, number: int, *, group: bool = False) -> bool:
    """Send a signal to a process, or to its whole group; return whether anybody got it."""
    try:
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_tree(
    roots: Iterable[int] = (),
    run_id: str | None = None,
    grace: float = 0.0,
    *,
    run_dir: str | None = None,
    sessions: Iterable[int] = (),
    groups: Iterable[int] = (),
    above: int = 0,
    patience: float = 5.0,
) -> list[int]:
    """End processes with everything below them, and return the pids that are still there at the end.

    First TERM (stopped ones are woken for it), after `grace` seconds KILL, repeated until nothing is found.

    Parameters
    ----------
    roots : iterable of int
        Each is ended with its descendants. This process itself stands for its descendants only.
    run_id : str, optional
        Whoever carries it in its environment is ended too.
    grace : float, default=0
        Seconds between TERM and KILL; 0 kills at once.
    run_dir : str, optional
        The folder of that run, by which it is told from a run of the same id in another workspace.
    sessions, groups : iterable of int
        All members are ended too.
    above : int, default=0
        Look for the run's id only at pids above this one.
    patience : float, default=5
        Seconds after KILL in which they must be gone.
    """
    carried = None if run_id is None else (run_id, run_dir, above)
    wanted = _Wanted(tuple(roots), carried, tuple(sessions), tuple(groups))
    if grace > 0:
        _ask(wanted, time.monotonic() + grace)
    until = time.monotonic() + patience
    while True:
        found = wanted.find()
        if not found or time.monotonic() > until:
            return sorted(found)
        for pid in found:
            send(pid, signal.SIGKILL)
        time.sleep(0.005)


class _Wanted:
    """Which processes are to end."""

    def __init__(
        self,
        roots: tuple[int, ...],
        carried: tuple[str, str | None, int] | None,
        sessions: tuple[int, ...],
        groups: tuple[int, ...],
    ) -> None:
        self._roots = roots
        self._carried = carried
        self._sessions = sessions
        self._groups = groups
        self._seen: dict[int, Identity] = {}

    def find(self) -> set[int]:
        """Return the pids of those that live now; whoever was found before stays wanted when its parent is gone."""
        known = {pid for pid, who in self._seen.items() if is_alive(who)}
        found = known | set(members(self._sessions, self._groups) if self._sessions or self._groups else ())
        if self._carried is not None:
            found.update(carrying(*self._carried))
        for pid in (*self._roots, *found):
            found.update(descendants(pid))
        for pid in self._roots:
            row = _row(pid)
            if row is not None and row.state not in _ENDING:
                found.add(pid)
        found.discard(os.getpid())
        for pid in found - known:
            who = identity(pid)
            if who is not None:
                self._seen[pid] = who
        return found


def _ask(wanted: _Wanted, until: float) -> None:
    asked: set[int] = set()
    pause = 0.001
    while True:
        found = wanted.find()
        if not found or time.monotonic() > until:
            return
        for pid in found - asked:
            send(pid, signal.SIGTERM)
            send(pid, signal.SIGCONT)
        asked |= found
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def _pids() -> Iterator[int]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            yield int(name)


def _table() -> Iterator[_Row]:
    if not _HAS_PROC:
        yield from _table_by_ps()
        return
    for pid in _pids():
        row = _row(pid)
        if row is not None:
            yield row


def _row(pid: int) -> _Row | None:
    if not _HAS_PROC:
        return next((row for row in _table_by_ps() if row.pid == pid), None)
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            data = file.read()
    except OSError:
        return None
    # The name in parentheses may hold spaces and parentheses itself.
    parts = data[data.rfind(b")") + 2 :].split()
    if len(parts) < 20:
        return None
    return _Row(pid, parts[0].decode(), int(parts[1]), int(parts[2]), int(parts[3]), parts[19].decode())


def _table_by_ps() -> Iterator[_Row]:
    import subprocess

    text = subprocess.run(
        ["ps", "-axo", "pid=,stat=,ppid=,pgid=,sess=,lstart="], capture_output=True, text=True, check=False
    ).stdout
    for line in text.splitlines():
        parts = line.split(None, 5)
        if len(parts) == 6:
            session = int(parts[4], 16) if parts[4].isalnum() else 0
            yield _Row(int(parts[0]), parts[1][:1], int(parts[2]), int(parts[3]), session, parts[5].strip())


def _carrying_by_ps(run_id: str, run_dir: str | None) -> list[int]:
    import subprocess

    text = subprocess.run(["ps", "-axEwwo", "pid=,command="], capture_output=True, text=True, check=False).stdout
    mark = f" STOKER_RUN_ID={run_id} "
    # Where a value ends can't be told here, as blanks are part of some.
    place = "" if run_dir is None else f" STOKER_RUN_DIR={run_dir} "
    return [
        int(line.split(None, 1)[0])
        for line in text.splitlines()
        if mark in f"{line} " and (place in f"{line} " or " STOKER_RUN_DIR=" not in line)
    ]
