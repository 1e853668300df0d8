"""A build of an environment that goes on in the service, watched from here."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from stoker.core._live import api_of, segment
from stoker.exceptions import EnvironmentBuildException

if TYPE_CHECKING:
    from stoker.core._live import LiveWorkspace

__all__ = ["ImageBuildDetails"]

_ENDED = ("Succeeded", "Failed", "Canceled", "Completed")


class ImageBuildDetails:
    """A build of an environment.

    Parameters
    ----------
    workspace : Workspace
    build_id : str

    Attributes
    ----------
    id : str
    """

    def __init__(self, workspace: LiveWorkspace, build_id: str) -> None:
        self._api = api_of(workspace)
        self.id = build_id
        self._log = ""
        self._record: dict[str, Any] = {}

    @property
    def status(self) -> str:
        """The state as it is now: `Running`, `Succeeded`, `Failed`."""
        if not self._has_ended():
            self._refresh()
        return str(self._record.get("status"))

    @property
    def resolved(self) -> dict[str, Any] | None:
        """What was chosen for each package; None until the build has succeeded."""
        if not self._has_ended():
            self._refresh()
        resolved: dict[str, Any] | None = self._record.get("resolved")
        return resolved

    @property
    def log(self) -> str:
        """The log so far."""
        return self.get_log()

    def get_log(self) -> str:
        """Return the log so far."""
        if not self._has_ended():
            self._refresh()
        return self._log

    def wait_for_completion(self, show_output: bool = True) -> ImageBuildDetails:
        """Wait until the build has ended.

        Parameters
        ----------
        show_output : bool, default=True
            Print the log as it grows.

        Returns
        -------
        ImageBuildDetails
            This object.

        Raises
        ------
        stoker.exceptions.EnvironmentBuildException
            The build failed; the message has its reason and the end of its log.
        """
        pause = 0.05
        while True:
            text = self._refresh()
            if show_output and text:
                print(text, end="", flush=True)  # noqa: T201  # asked for
            if self._has_ended():
                break
            pause = 0.05 if text else min(pause * 1.5, 1.0)
            time.sleep(pause)
        if self._record["status"] in {"Failed", "Canceled"}:
            raise self._failure()
        return self

    def _has_ended(self) -> bool:
        return self._record.get("status") in _ENDED

    def _refresh(self) -> str:
        """Ask for the state; return what the log has grown by."""
        self._record = self._api.get(f"/environments/builds/{segment(self.id)}", offset=len(self._log))
        text = str(self._record.get("log") or "")
        self._log += text
        return text

    def _failure(self) -> EnvironmentBuildException:
        error = self._record.get("error")
        reason = str((error.get("message") if isinstance(error, dict) else error) or "no reason was given")
        tail = "\n".join(self._log.splitlines()[-20:])
        return EnvironmentBuildException(
            f"The build of the environment ended as {self._record['status']}: {reason.rstrip('.')}. "
            f"Look at the end of its log, mend the packages and build again.\n{tail}",
            details={"build": self.id},
        )

    def __repr__(self) -> str:
        return f"ImageBuildDetails(id={self.id!r}, status={self._record.get('status')!r})"
