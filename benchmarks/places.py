"""Where things are measured: workspaces with settings of their own, configurations, source folders."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stoker.core import Experiment, ScriptRunConfig, Workspace
from stoker.core.environment import Environment
from stoker.testing.workspaces import TemporaryWorkspace

__all__ = ["Place", "live", "resident", "source_tree", "user_managed"]

MIB = 1 << 20


class Place:
    """A workspace with a running service.

    Attributes
    ----------
    temporary : TemporaryWorkspace
    experiment : Experiment
    """

    def __init__(self, temporary: TemporaryWorkspace) -> None:
        self.temporary = temporary
        self.api = temporary.api
        self.experiment = Experiment(Workspace.from_config(str(temporary.root)), "bench")

    def service_pid(self) -> int:
        """Return the pid of the service."""
        service = self.temporary.service
        assert service is not None, "the service lives as long as the workspace"
        return service.pid

    def script(self, folder: Path, text: str, **more: Any) -> ScriptRunConfig:
        """Return the configuration of a script in a folder of its own, for the interpreter that measures."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "train.py").write_text(text)
        return ScriptRunConfig(str(folder), "train.py", environment=user_managed(), **more)


@contextlib.contextmanager
def live(root: Path, **settings: str) -> Iterator[Place]:
    """Give a workspace whose service has these settings, as `local_concurrency="1"`."""
    names = {f"STOKER_{name.upper()}": value for name, value in settings.items()}
    os.environ.update(names)
    try:
        with TemporaryWorkspace(root) as temporary:
            yield Place(temporary)
    finally:
        for name in names:
            del os.environ[name]


def user_managed() -> Environment:
    """Return an environment for which nothing is looked up or built."""
    environment = Environment("mine")
    environment.python.user_managed_dependencies = True
    return environment


def source_tree(folder: Path, files: int, size: int) -> Path:
    """Make a folder of `files` files of `size` random bytes, a hundred in each of its folders."""
    chance = random.Random(files)
    for number in range(files):
        if number % 100 == 0:
            (folder / f"part{number // 100:03}").mkdir(parents=True)
        (folder / f"part{number // 100:03}" / f"{number:05}.bin").write_bytes(chance.randbytes(size))
    # What has just been written may change again within the clock's tick, so it would be read twice.
    time.sleep(0.1)
    return folder


def resident(pid: int) -> float:
    """Return the resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB
