"""Start the service of a workspace, detached, exactly once, however many clients ask at the same time."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator

from stoker.base.agent import ask
from stoker.base.environ import service_environment
from stoker.base.jsonio import read_json
from stoker.base.locks import acquire, release
from stoker.base.paths import WorkspacePaths
from stoker.client.discovery import living_service
from stoker.client.layout import read_config
from stoker.exceptions import ServiceException, WorkspaceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["start"]

PATIENCE = 60.0
"""Seconds in which a service must answer its first request."""
_TRIES = 3


def start(home: str) -> dict[str, Any]:
    """Return the facts of the living service of `home` (`service.json`), started when there is none.

    Raises
    ------
    stoker.exceptions.ServiceException
        It did not come up; the message has its last words.
    stoker.exceptions.WorkspaceException
        The workspace is read-only, or its disk is full.
    """
    paths = WorkspacePaths(home)
    config = read_config(home)
    with _in_words(paths.root):
        return _start(paths, config)


def _start(paths: WorkspacePaths, config: dict[str, Any]) -> dict[str, Any]:
    lock = acquire(paths.start_lock, timeout=PATIENCE)
    if lock is None:
        raise ServiceException(
            f"Another process has been starting the service of {paths.root} for {PATIENCE:g} s. "
            f"Look at {paths.logs}/service.log, end that process, and try again."
        )
    try:
        found = living_service(paths.home)
        return found if found is not None else _launch(paths, config)
    finally:
        release(lock)


def _launch(paths: WorkspacePaths, config: dict[str, Any]) -> dict[str, Any]:
    os.makedirs(paths.logs, mode=0o700, exist_ok=True)
    log = os.path.join(paths.logs, "service.log")
    began, words = 0, ""
    for _ in range(_TRIES):
        began = os.path.getsize(log) if os.path.exists(log) else 0
        line = _spawn([_python_of_stoker(config), "-m", "stoker.service", paths.home, "--detach"], log)
        try:
            found = _wait(paths, began, line)
            words = "" if found is not None else _heard(line)
        finally:
            if line is not None:
                os.close(line)
        if found is not None:
            return found
        if line is None or words or _gave_up(paths, began):
            break
        # It was killed without a word: worth another try.
    raise ServiceException(
        f"The service of the workspace {paths.root} did not start. Its last words: "
        f"{(words or _last_words(log, began)).rstrip('.')}. Mend that, or look at {log}, and try again."
    )


def _wait(paths: WorkspacePaths, began: int, line: int | None) -> dict[str, Any] | None:
    """Return the facts of the service once it listens; None when it has ended before, or takes too long."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        has_spoken = line is not None and bool(select.select([line], [], [], 0.005)[0])
        found = living_service(paths.home)
        if found is not None:
            return found
        if has_spoken or _gave_up(paths, began):
            return None
        if line is None:
            time.sleep(0.005)
    return None


def _spawn(argv: list[str], log: str) -> int | None:
    """Start the program with its output in `log`; it leaves a detached child behind.

    Returns
    -------
    int or None
        A descriptor to read from: it ends when the child does, after its last words if any (`--say`). None: inside a
        run, where the agent has started it.
    """
    own_home = os.environ.get("STOKER_HOME_DIR")
    if "STOKER_RUN_ID" in os.environ and own_home:
        # What a run starts ends with the run; what its agent starts does not.
        answer = ask(own_home, {"op": "spawn", "argv": argv, "log": log})
        if answer is not None and answer.get("ok"):
            return None
    listens, says = os.pipe()
    try:
        with open(log, "ab") as output:
            subprocess.run(
                [*argv, f"--say={says}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=service_environment(),
                pass_fds=(says,),
                start_new_session=True,
                check=False,
            )
    except BaseException:
        os.close(listens)
        raise
    finally:
        os.close(says)
    return listens


def _heard(line: int | None) -> str:
    """Return the last words of a service that has ended or is just speaking."""
    if line is None or not select.select([line], [], [], 0)[0]:
        return ""
    return os.read(line, 65536).decode("utf-8", "replace").strip()


@contextlib.contextmanager
def _in_words(root: str) -> Iterator[None]:
    """Say what a disk refuses that must be written to before the service is there."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EROFS:
            problem, advice = "is read-only", "Make it writable, or copy it elsewhere"
        else:
            problem = f"can't be written ({error.strerror or error})"
            advice = "Free some space there, or look at its rights"
        raise WorkspaceException(f"The workspace {root} {problem}, so no service can start. {advice}.") from error


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
