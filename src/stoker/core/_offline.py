"""The run of a script that nobody submitted: it prints what it would have recorded."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any

__all__ = ["_OfflineRun"]


class _OfflineRun:
    """Prints what a run would record, and does nothing.

    It has only the methods that make sense without a workspace, so that `hasattr(run, "experiment")` tells a script
    where it is.

    Parameters
    ----------
    run_id : str, optional
        Default: `OfflineRun_` and a GUID.
    """

    def __init__(self, run_id: str | None = None) -> None:
        self._id = run_id or f"OfflineRun_{_guid()}"

    @property
    def id(self) -> str:
        """The run's id; begins with `OfflineRun_`."""
        return self._id

    def log(self, name: str, value: Any, description: str = "", step: int | None = None) -> None:
        """Print a value."""
        del description, step
        _say_metric("scalar", name, value)

    def log_list(self, name: str, value: Any, description: str = "") -> None:
        """Print a list of values."""
        del description
        _say_metric("list", name, value)

    def log_row(self, name: str, description: str | None = None, **kwargs: Any) -> None:
        """Print a row of named values."""
        del description
        _say_metric("row", name, kwargs)

    def log_table(self, name: str, value: Any, description: str = "") -> None:
        """Print a table."""
        del description
        _say_metric("table", name, value)

    def log_image(self, name: str, path: str | None = None, plot: Any = None, description: str = "") -> None:
        """Print which image would be kept."""
        del description
        _say_metric("image", name, path if path is not None else plot)

    def log_confusion_matrix(self, name: str, value: Any, description: str = "") -> None:
        """Print a confusion matrix."""
        del description
        _say_metric("confusion_matrix", name, value)

    def log_accuracy_table(self, name: str, value: Any, description: str = "") -> None:
        """Print an accuracy table."""
        del description
        _say_metric("accuracy_table", name, value)

    def log_predictions(self, name: str, value: Any, description: str = "") -> None:
        """Print binned predictions."""
        del description
        _say_metric("predictions", name, value)

    def log_residuals(self, name: str, value: Any, description: str = "") -> None:
        """Print a histogram of residuals."""
        del description
        _say_metric("residual", name, value)

    def upload_file(self, name: str, path_or_stream: Any, datastore_name: str | None = None) -> None:
        """Print which file would be kept."""
        del datastore_name
        _say(f"Attempted to track file {name} at {path_or_stream}")

    def upload_files(
        self,
        names: Sequence[str],
        paths: Sequence[str],
        return_artifacts: bool = False,
        timeout_seconds: int | None = None,
        datastore_name: str | None = None,
    ) -> None:
        """Print which files would be kept."""
        del return_artifacts, timeout_seconds, datastore_name
        _say(f"Attempted to track files {names} at {paths}")

    def upload_folder(self, name: str, path: str, datastore_name: str | None = None) -> None:
        """Print which folder would be kept."""
        del datastore_name
        _say(f"Attempted to track folder {name} at {path}")

    def tag(self, key: str, value: Any = None) -> None:
        """Print a tag."""
        _say(f"Attempted to add tag {key} with value {value}")

    def set_tags(self, tags: Any) -> None:
        """Print tags."""
        _say(f"Attempted to set tags {tags}")

    def add_properties(self, properties: Any) -> None:
        """Print properties."""
        _say(f"Attempted to add properties {properties}")

    def child_run(self, name: str | None = None, run_id: str | None = None, outputs: str | None = None) -> _OfflineRun:
        """Return another offline run."""
        del name, outputs
        return _OfflineRun(run_id)

    def complete(self, _set_status: bool = True) -> None:
        """Do nothing."""

    def cancel(self) -> None:
        """Do nothing."""

    def fail(self, error_details: Any = None, error_code: str | None = None, _set_status: bool = True) -> None:
        """Print why the run failed."""
        _say(f"Run failed with error code {error_code}:\n{error_details}")

    def flush(self, timeout_seconds: float = 300) -> None:
        """Print that there is nothing to wait for."""
        del timeout_seconds
        _say(f"Attempted to flush run with id {self._id}")

    def __enter__(self) -> _OfflineRun:  # noqa: PYI034  # typing.Self is 3.11's
        _say(f"[START] Run {self._id} context")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _say(f"[STOP] Run {self._id} context")


def _say_metric(kind: str, name: str, value: Any) -> None:
    _say(f"Attempted to log {kind} metric {name}:\n{value}")


def _say(text: str) -> None:
    print(text)  # noqa: T201  # printing is what an offline run is for


def _guid() -> str:
    """Return a random GUID; the module `uuid` costs several milliseconds, which every script would pay."""
    bits = bytearray(os.urandom(16))
    bits[6] = bits[6] & 0x0F | 0x40
    bits[8] = bits[8] & 0x3F | 0x80
    text = bits.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
