"""Start the service of a workspace, detached, exactly once, however many clients ask at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from stoker.base.agent import ask
from stoker.base.environ import service_environment
from stoker.base.jsonio import read_json
from stoker.base.locks import acquire, release
from stoker.base.paths import WorkspacePaths
from stoker.client.discovery import living_service
from stoker.client.layout import read_config
from stoker.exceptions import ServiceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["start"]

PATIENCE = 60.0
"""Seconds in which a service must answer its first request."""


def start(home: str) -> dict[str, Any]:
    """Return the facts of the living service of `home` (`service.json`), started when there is none.

    Raises
    ------
    stoker.exceptions.ServiceException
        It did not come up; the message has the last lines of its log.
    """
    paths = WorkspacePaths(home)
    config = read_config(home)
    lock = acquire(paths.start_lock, timeout=PATIENCE)
    if lock is None:
        raise ServiceException(
            f"Another process has been starting the service of {paths.root} for {PATIENCE:g} s. "
            f"Look at {paths.logs}/service.log, end that process, and try again."
        )
    try:
        found = living_service(home)
        return found if found is not None else _launch(paths, config)
    finally:
        release(lock)


def _launch(paths: WorkspacePaths, config: dict[str, Any]) -> dict[str, Any]:
    os.makedirs(paths.logs, mode=0o700, exist_ok=True)
    log = os.path.join(paths.logs, "service.log")
    began = os.path.getsize(log) if os.path.exists(log) else 0
    code = _spawn([_python_of_stoker(config), "-m", "stoker.service", paths.home, "--detach"], log)
    until = time.monotonic() + PATIENCE
    while code == 0 and time.monotonic() < until:
        found = living_service(paths.home)
        if found is not None:
            return found
        if _gave_up(paths, began):
            break
        time.sleep(0.005)
    raise ServiceException(
        f"The service of the workspace {paths.root} did not start. Its last words: {_last_words(log, began)}. "
        f"Mend that, or look at {log}, and try again."
    )


def _spawn(argv: list[str], log: str) -> int:
    """Start the program with its output in `log` and return its exit status; it leaves a detached child behind."""
    own_home = os.environ.get("STOKER_HOME_DIR")
    if "STOKER_RUN_ID" in os.environ and own_home:
        # What a run starts ends with the run; what its agent starts does not.
        answer = ask(own_home, {"op": "spawn", "argv": argv, "log": log})
        if answer is not None and answer.get("ok"):
            return 0
    with open(log, "ab") as output:
        return subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=service_environment(),
            start_new_session=True,
            check=False,
        ).returncode


def _python_of_stoker(config: dict[str, Any]) -> str:
    """Return the interpreter that holds the service's libraries: ours, or inside a run the one on record."""
    if "STOKER_RUN_ID" not in os.environ:
        return sys.executable
    recorded = os.environ.get("STOKER_PYTHON") or config.get("python")
    return recorded if recorded and os.access(recorded, os.X_OK) else sys.executable


def _gave_up(paths: WorkspacePaths, began: int) -> bool:
    """Whether the process that was starting has written its last line: `service.failed` beside the log."""
    failed = read_json(os.path.join(paths.logs, "service.failed"))
    return isinstance(failed, dict) and failed.get("after", -1) >= began


def _last_words(log: str, began: int) -> str:
    try:
        with open(log, "rb") as file:
            file.seek(began)
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1].rstrip(".") if lines else "it wrote nothing to its log"
