"""What an environment builder promises."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal

from stoker.exceptions import StokerException

__all__ = [
    "BuiltEnvironment",
    "EnvironmentBuilder",
    "EnvironmentCanceled",
    "EnvironmentRequest",
    "Lease",
    "Log",
    "Removed",
    "never",
]

Log = Callable[[str], None]
"""Takes one line, a sentence without a line end."""


class EnvironmentCanceled(StokerException):
    """The build was canceled by whoever asked for it."""


def never() -> bool:
    """Answer no: the build that nobody cancels."""
    return False


@dataclass(frozen=True)
class EnvironmentRequest:
    """What a run asks for.

    Attributes
    ----------
    definition : dict
        The environment in the form of `azureml_environment.json`, with `python.condaDependencies` inline.
    python : str
        Path of the submitter's interpreter.
    base_environment : dict of str to str
        The submitter's variables that travel (`stoker.base.environ`): where interpreters are looked for, and how the
        package index is reached.
    policy : {"nearest", "exact"}
        Whether a pin that has no wheel for the interpreter moves to the nearest newer release, or is refused.
    framework : str
        The run configuration's framework; recorded only, it changes nothing in the environment.
    needs : tuple of str
        Further requirements that the run brings, for example `pandas` for a dataset input. They are left out where
        the definition names the same project.
    """

    definition: dict[str, Any]
    python: str
    base_environment: dict[str, str] = field(default_factory=dict)
    policy: Literal["nearest", "exact"] = "nearest"
    framework: str = "Python"
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuiltEnvironment:
    """An environment that a run can start in.

    Attributes
    ----------
    python : str
        Path of the interpreter.
    kind : {"user-managed", "current", "system-managed"}
        Named by the user; the submitter's own; built here.
    key : str or None
        Names the folder of a built one, for `lease` and `gc`.
    resolved : dict
        `python` (version), `interpreter` (path), `packages` (name to version), `moved` (list of
        `{"name", "from", "to"}`), `python_moved` (`{"from", "to"}` or None).
    warnings : list of str
        For the run's record: everything that is not as it was asked for.
    variables : dict of str to str
        To set in the run's environment over the base, `PATH` among them.
    messages : list of str
        The sentences for the build's log. `build` has said them already; a caller of `find` writes them itself.
    """

    python: str
    kind: Literal["user-managed", "current", "system-managed"]
    key: str | None = None
    resolved: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Removed:
    """An environment that `gc` removed, or would remove.

    Attributes
    ----------
    key : str
    path : str
    size : int
        Bytes that the disk gets back; what the package cache shares is not counted.
    """

    key: str
    path: str
    size: int


class Lease:
    """Keeps `gc` away from one environment until it is released or this process ends.

    Parameters
    ----------
    release : callable, optional
        Gives the hold back.
    """

    def __init__(self, release: Callable[[], None] | None = None) -> None:
        self._release = release
        self._guard = threading.Lock()

    def release(self) -> None:
        """Let go; a second call does nothing."""
        with self._guard:
            release, self._release = self._release, None
        if release is not None:
            release()

    def __enter__(self) -> Lease:  # noqa: PYI034  # typing.Self is newer than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class EnvironmentBuilder(ABC):
    """Turns an environment's definition into an interpreter to start a run with.

    Guarantees
    ----------
    *Same in, same out.* Equal requests on one machine give the same interpreter, whichever workspace, process or
    thread asks. What was resolved once is kept: a second build of an equal request needs no network.

    *Whole or absent.* An environment that `find` or `build` returned is complete. One whose builder was killed is
    never returned.

    *Once.* An environment is built by one builder at a time, across threads and processes. The others wait; when the
    builder dies or is canceled, one of them takes over.

    *Cancel.* `build` leaves within a second of `cancelled()` turning true, with its own child processes ended. What
    others wait for goes on through them.

    *Spared.* `gc` never removes an environment that is leased by a living process, that a living process runs in, or
    that is being built.

    *Threads.* All methods may be called from several threads.

    *Errors.* What goes wrong is an `EnvironmentBuildException` that says what, why and what to do next; nothing else
    comes through but `EnvironmentCanceled`. No password or token of an index's URL is in a message, in the log or in
    what is resolved.
    """

    @abstractmethod
    def find(self, request: EnvironmentRequest) -> BuiltEnvironment | None:
        """Return the environment when nothing has to be built, else None.

        Fast and without network; at most one short subprocess, the first time that an interpreter is seen.

        Raises
        ------
        stoker.exceptions.EnvironmentBuildException
            The request can never be met, for example an interpreter that does not exist.
        """

    @abstractmethod
    def build(self, request: EnvironmentRequest, log: Log, cancelled: Callable[[], bool] = never) -> BuiltEnvironment:
        """Return the environment, after building it where that is needed.

        Parameters
        ----------
        request : EnvironmentRequest
        log : callable
            Called with each line of the build's log, from the calling thread.
        cancelled : callable
            Asked many times a second.

        Raises
        ------
        stoker.exceptions.EnvironmentBuildException
            It can't be built; the message names the requirement and what to do.
        EnvironmentCanceled
            `cancelled()` turned true.
        """

    @abstractmethod
    def lease(self, built: BuiltEnvironment) -> Lease:
        """Hold an environment for a run: `gc` spares it until the lease is released.

        Raises
        ------
        stoker.exceptions.EnvironmentBuildException
            It was removed meanwhile; build it again.
        """

    @abstractmethod
    def gc(self, in_use: Collection[str] = (), dry_run: bool = False, *, unused_for: float = 60.0) -> list[Removed]:
        """Remove the built environments that nobody uses, and what broken builds left.

        Parameters
        ----------
        in_use : collection of str
            Keys to spare.
        dry_run : bool, default=False
            Only say what would go.
        unused_for : float, default=60.0
            Spare what was found, built or leased within so many seconds.
        """
