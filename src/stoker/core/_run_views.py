"""Looking at a run: wait for its end, its details, logs, page and environment."""

from __future__ import annotations

import os

from stoker.core._run_logging import RunLogging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.environment import Environment

__all__ = ["RunViews"]


class RunViews(RunLogging):
    """A run as its reader sees it."""

    _opened_here = False
    """Whether this process opened the run, and so ends it."""

    def wait_for_completion(
        self, show_output: bool = False, wait_post_processing: bool = False, raise_on_error: bool = True
    ) -> dict[str, Any]:
        """Wait until the run has ended, with all its outputs stored.

        Parameters
        ----------
        show_output : bool, default=False
            Whether to print the run's log as it grows.
        wait_post_processing : bool, default=False
            v1's argument; the end is always waited for.
        raise_on_error : bool, default=True

        Returns
        -------
        dict
            As `get_details`.

        Raises
        ------
        stoker.exceptions.ActivityFailedException
            The run failed; the message has the error, the end of the log, and where to read on.
        stoker.exceptions.ActivityCanceledException
            The run was canceled.
        KeyboardInterrupt
            Waiting was interrupted; the run goes on.
        """
        from stoker.core import _streaming

        del wait_post_processing
        if self._would_wait_for_itself():
            return self.get_details()
        self._arrive()
        self._record = _streaming.wait_for_end(self._api, self._run_id, show_output=show_output)
        if raise_on_error:
            _streaming.raise_unless_completed(self._api, self._record)
        return self._details()

    def get_details(self) -> dict[str, Any]:
        """Return what is on record: `runId`, `target`, `status`, times, properties, `runDefinition`, `logFiles`, ...

        Returns
        -------
        dict
            Times are UTC in ISO 8601; `endTimeUtc` is absent while the run goes on. `logFiles` has the address of
            each log.
        """
        self._refresh()
        return self._details()

    def get_details_with_logs(self) -> dict[str, Any]:
        """Return the same as `get_details`, with the text of each log under `logFiles`."""
        from stoker.core._details import log_texts, run_details

        return run_details(self._refresh(), log_texts(self._api, self._run_id), self._datasets())

    def get_all_logs(self, destination: str | None = None) -> list[str]:
        """Copy all logs to a folder and return their paths.

        Parameters
        ----------
        destination : str, optional
            Default: a folder in the working directory, named by the run's id.
        """
        from stoker.client.http import quote_name
        from stoker.core import _files

        self._arrive()
        folder = destination or self._run_id
        names = [log["name"] for log in self._api.get(f"{self._path}/logs")["logs"]]
        return [
            _files.fetch(self._api, f"{self._path}/logs/{quote_name(name)}", _files.local_path(folder, name))
            for name in names
        ]

    def get_portal_url(self) -> str:
        """Return the address of the run's page; there is no token in it."""
        from stoker.core._streaming import portal_url

        return portal_url(self._api, self._run_id)

    def get_environment(self) -> Environment:
        """Return the environment that the run was submitted with.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The run was not submitted, so it has none.
        """
        from stoker.core.environment import Environment
        from stoker.exceptions import NotFoundException

        definition = (self._field("definition") or {}).get("environment")
        if not isinstance(definition, dict):
            raise NotFoundException(
                f"The run {self._run_id} has no environment on record: it was not submitted, it ran in the process "
                "that opened it."
            )
        registered = self._field("environment") or {}
        return Environment.from_definition({**definition, "version": registered.get("version")})

    def _details(self) -> dict[str, Any]:
        from stoker.core._details import log_addresses, run_details

        return run_details(self._record, log_addresses(self._api, self._run_id), self._datasets())

    def _datasets(self) -> dict[str, Any]:
        from stoker.core._run_datasets import dataset_details

        return dataset_details(self._experiment.workspace, self._api.get(f"/runs/{self._run_id}/lineage"))

    def _would_wait_for_itself(self) -> bool:
        """Whether the end can't come before the caller goes on; says so."""
        inside = self._run_id in {os.environ.get("STOKER_RUN_ID"), os.environ.get("STOKER_ROOT_RUN_ID")}
        if not inside and (not self._opened_here or self._has_ended):
            return False
        import warnings

        warnings.warn(
            f"The run {self._run_id} ends only after this script goes on, so it was not waited for. "
            "End a run that you opened with complete(), fail() or cancel().",
            stacklevel=3,
        )
        return True
