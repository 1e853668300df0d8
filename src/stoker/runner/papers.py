"""Small files in a run's folder, written quickly: between a fork and the script's start each 0.2 ms counts."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["at_last", "claim_json", "make_folder", "redirect", "replace_json", "say", "whereabouts"]


def claim_json(path: str, value: Any) -> bool:
    """Write a JSON file that is not there yet, whole or not at all; return False when it is there."""
    beside = f"{path}.{os.getpid()}"
    _write(beside, value, os.O_EXCL)
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(beside)
    return True


def replace_json(path: str, value: Any) -> None:
    """Write a JSON file by rename."""
    beside = f"{path}.{os.getpid()}"
    _write(beside, value, os.O_TRUNC)
    os.replace(beside, path)


def _write(path: str, value: Any, flag: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flag, 0o600)
    try:
        # In one line, which is ten times as quick as with breaks.
        data = json.dumps(value).encode()
        if os.write(descriptor, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
    finally:
        os.close(descriptor)


def make_folder(path: str, mode: int = 0o777) -> None:
    """Make one folder, unless it is there."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, mode)


def at_last(wanted: Callable[[], bool], write: Callable[[], None]) -> None:
    """Write something that must not be lost, however long the disk is full, as long as it is wanted."""
    has_waited = False
    while wanted():
        try:
            write()
            return
        except OSError as error:
            if not has_waited:
                say(f"the end could not be written yet: {error}")
            has_waited = True
            time.sleep(1.0)


def redirect(log: str) -> None:
    """Make descriptors 1 and 2 write to a log."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)


def say(text: str) -> None:
    """Write a line with the time to descriptor 2: the supervisor's log."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with contextlib.suppress(OSError):
        os.write(2, f"{now} {text}\n".encode("utf-8", "surrogateescape"))


def whereabouts(folder: str) -> str | None:
    """Return where a run's folder is now, when this process stands in a folder in it; None when it was deleted.

    It moves with its workspace, and whoever stands in it moves along.
    """
    if os.path.isdir(folder):
        return folder
    try:
        moved = os.path.dirname(os.getcwd())
    except OSError:
        return None
    return moved if os.path.exists(os.path.join(moved, "spec.json")) else None
