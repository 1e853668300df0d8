"""A workspace for tests: a real one, in a folder of its own, with a real service, and nothing left at the end."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from stoker.base.jsonio import read_json
from stoker.base.paths import WorkspacePaths
from stoker.base.processes import Identity, is_alive
from stoker.client import Api, connect, connect_running, registry
from stoker.client.discovery import living_service
from stoker.client.layout import create_workspace
from stoker.exceptions import StokerException
from stoker.runner import control

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["TemporaryWorkspace", "wait_until"]

PATIENCE = 30.0


def wait_until(holds: Callable[[], object], seconds: float = PATIENCE, what: str = "the condition") -> None:
    """Wait until the callable `holds` returns something true.

    Raises
    ------
    TimeoutError
        It did not within `seconds`.
    """
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not come true within {seconds:g} s")
        time.sleep(0.01)


def _wait_for_end(process: Identity) -> None:
    wait_until(lambda: not is_alive(process), what=f"the end of process {process.pid}")


class TemporaryWorkspace:
    """A workspace whose service is started on entry; on leaving, its runs, service and agent are ended.

    Parameters
    ----------
    root : Path
        An empty folder, or one to be made.
    name : str, default="test-workspace"
    database : Path, optional
        Records to begin with, copied.

    Examples
    --------
    >>> with TemporaryWorkspace(Path("/tmp/w")) as workspace:  # doctest: +SKIP
    ...     workspace.api.get("/runs")
    """

    def __init__(self, root: Path, name: str = "test-workspace", database: Path | None = None) -> None:
        self.root = root
        self.name = name
        self.database = database
        self.paths = WorkspacePaths.of_root(str(root))

    def __enter__(self) -> Self:
        """Make the workspace and start its service."""
        create_workspace(str(self.root), self.name)
        if self.database is not None:
            shutil.copyfile(self.database, self.paths.database)
        registry.register(self.name, str(self.root))
        self.api: Api = connect(self.paths.home)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything and remove the folder."""
        service = self.service
        agent = self.agent
        self.api.close()
        self._stop()
        for process in (service, agent):
            if process is not None:
                _wait_for_end(process)
        registry.forget(str(self.root))
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def service(self) -> Identity | None:
        """The process of the service, or None when none lives."""
        facts = living_service(self.paths.home)
        return None if facts is None else Identity(facts["pid"], facts["start"], facts["boot"])

    @property
    def agent(self) -> Identity | None:
        """The process of the agent, or None when none lives."""
        facts = read_json(os.path.join(self.paths.agent, "agent.json"))
        if not isinstance(facts, dict):
            return None
        process = Identity(facts["pid"], facts["start"], facts["boot"])
        return process if is_alive(process) else None

    def _stop(self) -> None:
        api = connect_running(self.paths.home)
        if api is not None:
            try:
                api.post("/service/stop", {"mode": "cancel"})
            except StokerException:
                control.stop_agent(self.paths.home)
            finally:
                api.close()
        else:
            control.stop_agent(self.paths.home)
