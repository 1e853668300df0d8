"""Speak to the agent of a workspace on this machine: have it start runs, and end them.

Used by the service's launchers. Everything here may be repeated, and works after any of the processes was killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from stoker.base.agent import ask, poke
from stoker.base.jsonio import read_json, write_json
from stoker.base.paths import RunPaths, WorkspacePaths
from stoker.base.processes import Identity, is_alive, send
from stoker.base.version import __version__
from stoker.exceptions import ExperimentExecutionException

if TYPE_CHECKING:
    from typing import Any

__all__ = ["cancel", "ensure_agent", "poke", "read_state", "spawn", "start", "stop_agent"]

PATIENCE = 20.0
"""Seconds in which the agent must start, or answer."""
_TRIES = 3


def ensure_agent(home: str) -> None:
    """Start the agent of the workspace `home`, unless one of this version runs.

    Raises
    ------
    stoker.exceptions.ExperimentExecutionException
        It did not come up; the message has the last line of its log.
    """
    answer = ask(home, {"op": "ping"})
    if answer is not None and answer.get("version") == __version__:
        return
    from stoker.base.locks import acquire, release

    paths = WorkspacePaths(home)
    if not os.path.isdir(paths.home):
        raise ExperimentExecutionException(
            f"The workspace {paths.root} is gone: its folder was moved or deleted. Open it at its new place."
        )
    with contextlib.suppress(FileExistsError):
        os.mkdir(paths.agent, 0o700)
    lock = acquire(os.path.join(paths.agent, "start.lock"), timeout=PATIENCE)
    try:
        answer = ask(home, {"op": "ping"})
        if answer is not None and answer.get("version") == __version__:
            return
        if answer is not None:
            stop_agent(home)
        for _ in range(_TRIES):
            said = _launch(paths)
            if said in {"ready", "running"}:
                return
            # One that is killed while it starts says nothing; one that can't live says nothing again.
        raise ExperimentExecutionException(
            f"The agent of the workspace {paths.root} did not start: {_last_line(_log(paths))} "
            "Mend that and submit the run again."
        )
    finally:
        if lock is not None:
            release(lock)


def start(home: str, folder: str) -> dict[str, Any]:
    """Have the run in `folder` started, once however often this is called, and return its handle.

    Parameters
    ----------
    home : str
        The workspace's `.stoker` folder.
    folder : str
        The run folder, which holds `spec.json`.

    Returns
    -------
    dict
        `pid`, `start`, `boot` and `host` of the supervisor, and `folder`.

    Raises
    ------
    stoker.exceptions.ExperimentExecutionException
        The agent did not start it; the message says why.
    """
    request = {"op": "start", "folder": os.path.abspath(folder)}
    answer = _ask_patiently(home, request)
    handle = answer.get("handle")
    if not answer.get("ok") or not isinstance(handle, dict):
        raise ExperimentExecutionException(
            f"The agent could not start the run in {folder}: {answer.get('error', 'it gave no reason')}. "
            f"Look at {_log(WorkspacePaths(home))} and submit the run again."
        )
    return handle


def spawn(home: str, argv: list[str], log: str) -> int:
    """Have the agent start a detached program with the agent's own scrubbed environment; return its pid.

    What a run starts itself ends with the run; what the agent starts does not.
    """
    answer = _ask_patiently(home, {"op": "spawn", "argv": argv, "log": os.path.abspath(log)})
    if not answer.get("ok"):
        raise ExperimentExecutionException(
            f"The agent could not start {argv[0]}: {answer.get('error')}. Check that it is there, and try again."
        )
    return int(answer["pid"])


def read_state(folder: str) -> dict[str, Any] | None:
    """Return what the supervisor of the run in `folder` last wrote (`state.json`), or None."""
    state = read_json(RunPaths(folder).state)
    return state if isinstance(state, dict) else None


def cancel(folder: str, handle: dict[str, Any], reason: str, grace: float) -> None:
    """Ask the run in `folder` to end: TERM, after `grace` seconds KILL, all its processes; returns at once.

    Works at any time: a run that has not begun ends as soon as it does, an ended one stays as it is.
    """
    paths = RunPaths(folder)
    with contextlib.suppress(OSError):
        write_json(paths.cancel, {"reason": reason, "grace": grace, "status": "Canceled"})
    state = read_state(folder) or handle
    if state.get("phase") == "ended" or not {"pid", "start", "boot"} <= set(state):
        return
    if is_alive(Identity(state["pid"], state["start"], state["boot"])):
        send(state["pid"], signal.SIGTERM)


def stop_agent(home: str) -> bool:
    """End the agent (zygote and shipper, not the runs) and wait until it is gone; return whether one ran."""
    facts = read_json(os.path.join(WorkspacePaths(home).agent, "agent.json"))
    answer = ask(home, {"op": "stop"})
    if not isinstance(facts, dict):
        return answer is not None
    who = Identity(facts["pid"], facts["start"], facts["boot"])
    until = time.monotonic() + PATIENCE
    was_there = answer is not None or is_alive(who)
    if answer is None and was_there:
        send(who.pid, signal.SIGTERM)
    while is_alive(who) and time.monotonic() < until:
        time.sleep(0.002)
    if is_alive(who):
        send(who.pid, signal.SIGKILL)
    return was_there


def _ask_patiently(home: str, request: dict[str, Any]) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while True:
        answer = ask(home, request)
        if answer is not None:
            return answer
        if time.monotonic() > until:
            raise ExperimentExecutionException(
                f"The agent of the workspace does not answer on {_socket(home)}. "
                f"Look at {_log(WorkspacePaths(home))}, end it with `stoker server stop`, and submit the run again."
            )
        ensure_agent(home)


def _socket(home: str) -> str:
    return os.path.join(WorkspacePaths(home).agent, "zygote.sock")


def _log(paths: WorkspacePaths) -> str:
    return os.path.join(paths.logs, "agent.log")


def _launch(paths: WorkspacePaths) -> str:
    """Start an agent and return its word: `ready`, `running` when another one has the workspace, or nothing."""
    import subprocess

    from stoker.base.environ import service_environment

    with contextlib.suppress(FileExistsError):
        os.mkdir(paths.logs, 0o700)
    with open(_log(paths), "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "stoker.runner.agent", paths.home],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            env=service_environment(),
            start_new_session=True,
        )
    # The agent says one word when it listens, from a child that has left its parent, which then ends.
    try:
        return process.communicate(timeout=PATIENCE)[0].decode().strip()
    except subprocess.TimeoutExpired:
        process.kill()
        return ""


def _last_line(path: str) -> str:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        lines = file.read()[-4096:].decode("utf-8", "replace").strip().splitlines()
        if lines:
            return lines[-1]
    return f"nothing was written to {path}."
