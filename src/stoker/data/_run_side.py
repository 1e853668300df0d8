"""What the programs before and after a run's script share: the run's spec, its folder, its workspace's datastores."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback

from stoker.base.jsonio import read_json, write_json
from stoker.data._progress import megabytes
from stoker.exceptions import StokerException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from stoker.core.workspace import Workspace
    from stoker.data._storage.base import Storage

__all__ = ["ENDING", "FACTS", "Job", "about", "files_below", "say", "state_of", "summary", "whole"]

FACTS, ENDING = "data.json", "data_end.json"
"""What the programs before and after the script write in the run's folder; the supervisor reads it."""


class Job:
    """A run's data, as the programs that see to it know it.

    Parameters
    ----------
    folder : str
        The run's folder.

    Attributes
    ----------
    run_id : str
    data : dict
        `spec["data"]`: inputs, references, outputs.
    work : str
        The script's working folder.
    """

    def __init__(self, folder: str) -> None:
        spec = read_json(os.path.join(folder, "spec.json")) or {}
        self.folder = folder
        self.run_id = str(spec.get("run_id") or os.path.basename(folder))
        self.data: dict[str, Any] = spec.get("data") or {}
        self.work = os.path.join(folder, spec.get("work") or "work")
        self._made: Workspace | None = None
        self._storages: dict[str, Storage] = {}

    @property
    def workspace(self) -> Workspace:
        """The run's workspace, spoken to with the run's token."""
        if self._made is None:
            from stoker.core.workspace import Workspace

            self._made = Workspace._of_run()  # noqa: SLF001  # the SDK is one package
        return self._made

    def storage(self, name: str) -> Storage:
        """Return a datastore's storage."""
        if name not in self._storages:
            from stoker.data._storage.opening import storage_of

            self._storages[name] = storage_of(self.workspace, name)
        return self._storages[name]

    def own(self, *names: str) -> str:
        """Return a path in the run's folder for data."""
        return os.path.join(self.folder, "data", *names)

    def on_compute(self, path: str) -> str:
        """Return where a `path_on_compute` is: relative ones begin in the script's working folder."""
        return os.path.normpath(os.path.join(self.work, os.path.expanduser(path)))

    def note(self, direction: str, kind: str, ref: str, name: str, mechanism: str, details: dict[str, Any]) -> None:
        """Put on record what the run was given or made."""
        body = {"direction": direction, "kind": kind, "ref": ref, "name": name, "mechanism": mechanism}
        self.post(f"/runs/{self.run_id}/lineage", {**body, "details": details})

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Send a request to the workspace's service."""
        return self.workspace._api.post(path, body)  # noqa: SLF001  # the SDK is one package


def whole(folder: str, name: str, do: Callable[[], dict[str, Any]]) -> int:
    """Do the work and write what came of it, or the error in words; return the exit code."""
    try:
        facts = {**do(), "error": None}
    except StokerException as error:
        facts = {"error": error.message}
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        facts = {"error": f"The run's data can't be read or written: {error.strerror or error}{place}."}
    except Exception as error:  # noqa: BLE001  # the run must end with what is known of it
        traceback.print_exc()
        facts = {"error": f"The run's data met an error in Stoker itself: {error!r}. The log data.txt has the details."}
    if facts["error"]:
        say(facts["error"])
    write_json(os.path.join(folder, name), facts)
    return 1 if facts["error"] else 0


@contextlib.contextmanager
def about(what: str) -> Iterator[None]:
    """Have errors say which input or output they are about."""
    try:
        yield
    except StokerException as error:
        raise UserErrorException(f"{what} {error.message}", error) from error
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        raise UserErrorException(
            f"{what} {error.strerror or error}{place}. Look at that place's permissions and free space, and submit "
            "the run again.",
            error,
        ) from error


def files_below(place: str) -> list[tuple[str, str]]:
    """Return (path below `place`, path) of each file, sorted; of a file itself ("", place). Links count as files."""
    if os.path.isfile(place):
        return [("", place)]
    found = []
    for base, folders, names in os.walk(place):
        folders.sort()
        paths = (os.path.join(base, name) for name in names)
        found += [(os.path.relpath(path, place).replace(os.sep, "/"), path) for path in paths if os.path.isfile(path)]
    return sorted(found)


def state_of(path: str) -> list[int]:
    """Return a file's size and time, by which a write to it is told."""
    state = os.stat(path)
    return [state.st_size, state.st_mtime_ns]


def say(text: str) -> None:
    """Write a line with the time to the log."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    # A name may have bytes that no encoding knows.
    line = f"{now} {text}\n".encode("utf-8", "backslashreplace")
    sys.stdout.flush()
    with contextlib.suppress(OSError):
        os.write(1, line)


def summary(fingerprint: dict[str, Any]) -> str:
    """Return how much a fingerprint is of, in words."""
    files = fingerprint["files"]
    return f"{files:,} {'file' if files == 1 else 'files'}, {megabytes(fingerprint['bytes'])}"
