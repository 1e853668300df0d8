"""The builder that builds nothing: every run has the submitter's interpreter."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

from stoker.base.paths import cache_home
from stoker.service.environments.base import (
    BuiltEnvironment,
    EnvironmentBuilder,
    EnvironmentCanceled,
    EnvironmentRequest,
    Lease,
    Log,
    Removed,
    never,
)
from stoker.service.environments.existing import Existing
from stoker.service.environments.interpreters import Interpreters
from stoker.service.environments.plan import Plan, make_plan

__all__ = ["CurrentInterpreterBuilder"]


class CurrentInterpreterBuilder(EnvironmentBuilder):
    """Uses the submitter's interpreter whatever is asked for, and warns about what it lacks.

    For tests, and for machines whose one environment is made by other means. An interpreter that a user-managed
    environment names is used as named.

    Parameters
    ----------
    cache : str, optional
        Where answers of interpreters are kept (default: `STOKER_CACHE`).
    """

    def __init__(self, cache: str | None = None) -> None:
        self._existing = Existing(Interpreters(os.path.join(cache or cache_home(), "interpreters")))

    def find(self, request: EnvironmentRequest) -> BuiltEnvironment | None:
        """Return the submitter's interpreter, or the one that the user named; never None."""
        return self._find(request)

    def build(self, request: EnvironmentRequest, log: Log, cancelled: Callable[[], bool] = never) -> BuiltEnvironment:
        """Return what `find` does, and say it in the log."""
        if cancelled():
            raise EnvironmentCanceled("The build of the environment was canceled.")
        found = self._find(request)
        for message in found.messages:
            log(message)
        return found

    def lease(self, built: BuiltEnvironment) -> Lease:
        """Return a lease of nothing: `gc` removes nothing."""
        del built
        return Lease()

    def gc(self, in_use: Collection[str] = (), dry_run: bool = False, *, unused_for: float = 60.0) -> list[Removed]:
        """Return an empty list."""
        del in_use, dry_run, unused_for
        return []

    def _find(self, request: EnvironmentRequest) -> BuiltEnvironment:
        named = self._existing.user_managed(request)
        if named is not None:
            return named
        return self._existing.anyway(request, make_plan(request, Plan()))
