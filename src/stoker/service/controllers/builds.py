"""Builds of environments that someone asked for ahead of a run."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from typing import Any

import structlog

from stoker.base.environ import base_environment
from stoker.base.ids import new_guid
from stoker.exceptions import NotFoundException, StokerException
from stoker.service.environments import EnvironmentBuilder, EnvironmentRequest

__all__ = ["Builds"]


@dataclass
class _Build:
    status: str = "Running"
    log: list[str] = field(default_factory=list)
    resolved: dict[str, Any] | None = None
    error: str | None = None


class Builds:
    """Runs builds in threads and remembers how they went, as long as the service lives.

    Parameters
    ----------
    builder : EnvironmentBuilder
    policy : {"nearest", "exact"}
    """

    def __init__(self, builder: EnvironmentBuilder, policy: str) -> None:
        self._builder = builder
        self._policy = policy
        self._builds: dict[str, _Build] = {}
        self._stopping = False

    def begin(self, definition: dict[str, Any], python: str) -> str:
        """Begin a build and return its id."""
        request = EnvironmentRequest(
            definition=definition,
            python=python or sys.executable,
            base_environment=base_environment(),
            policy="exact" if self._policy == "exact" else "nearest",
            framework="Python",
        )
        build_id, build = new_guid(), _Build()
        self._builds[build_id] = build
        threading.Thread(target=self._run, args=(build, request), name=f"build-{build_id[:8]}", daemon=True).start()
        return build_id

    def get(self, build_id: str, offset: int) -> dict[str, Any]:
        """Return `{"status", "log", "resolved", "error"}` with the log from `offset` on."""
        build = self._builds.get(build_id)
        if build is None:
            raise NotFoundException(
                f"The build {build_id} is not known; the service may have been restarted. Begin the build again."
            )
        text = "".join(build.log)
        return {"status": build.status, "log": text[offset:], "resolved": build.resolved, "error": build.error}

    def stop(self) -> None:
        """Give up what is being built."""
        self._stopping = True

    def _run(self, build: _Build, request: EnvironmentRequest) -> None:
        def log(line: str) -> None:
            build.log.append(line.rstrip("\n") + "\n")

        try:
            built = self._builder.find(request) or self._builder.build(request, log, lambda: self._stopping)
        except StokerException as error:
            build.error, build.status = error.message, "Failed"
        except Exception as error:  # noqa: BLE001  # whatever it is, the service goes on and says it
            structlog.get_logger("stoker.builds").exception("a build failed")
            build.error, build.status = f"The build failed in Stoker itself: {error!r}.", "Failed"
        else:
            build.resolved = {**built.resolved, "kind": built.kind, "interpreter": built.python}
            build.status = "Succeeded"
