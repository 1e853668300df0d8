"""Copies of what runs keep below `logs/`, which grow while the runs go on."""

from __future__ import annotations

import os

from stoker.tensorboard._runs import with_children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from stoker.client.http import Api
    from stoker.core.run import Run

__all__ = ["Copies"]

FOLDER = "logs/"
_ENDED = frozenset({"Completed", "Failed", "Canceled"})
_BLOCK = 8 << 20


class Copies:
    """The files of some runs and of all runs below them, in a folder for each run.

    Parameters
    ----------
    runs : list of Run
    root : str
        The file `logs/train/events` of a run is copied to `root/RUN/train/events`.
    """

    def __init__(self, runs: Iterable[Run], root: str) -> None:
        self._runs = list(runs)
        self._root = root
        self._marks: dict[str, tuple[str | None, int]] = {}
        self._whole: set[str] = set()

    def refresh(self) -> bool:
        """Fetch what is new, and return whether more may come."""
        self._runs = [run for run in self._runs if self._refresh(run)]
        return bool(self._runs)

    def _refresh(self, run: Run) -> bool:
        api = run.experiment.workspace._api  # noqa: SLF001  # one package
        records = with_children(run)
        for record in records:
            if record["id"] not in self._whole:
                self._fetch(api, record["id"])
            # The state is older than the files, so nothing is missed.
            if record["status"] in _ENDED:
                self._whole.add(record["id"])
        return any(record["status"] not in _ENDED for record in records)

    def _fetch(self, api: Api, run_id: str) -> None:
        from stoker.core import _files

        folder = os.path.join(self._root, run_id)
        os.makedirs(folder, exist_ok=True)
        for file in api.get(f"/runs/{run_id}/files", prefix=FOLDER)["files"]:
            target = _files.local_path(folder, file["name"][len(FOLDER) :])
            mark = (file["sha256"], file["size"])
            if self._marks.get(target) != mark:
                _copy(api, run_id, file, target)
                self._marks[target] = mark


def _copy(api: Api, run_id: str, file: dict[str, Any], target: str) -> None:
    from stoker.client.http import quote_name
    from stoker.core import _files

    path = f"/runs/{run_id}/files/{quote_name(file['name'])}"
    have = os.path.getsize(target) if os.path.exists(target) else 0
    # TensorBoard keeps an event file open, so what was added to it is added to the copy too.
    if "tfevents" in os.path.basename(target) and 0 < have < file["size"]:
        _append(api, path, target, file["size"])
    else:
        _files.fetch(api, path, target)


def _append(api: Api, path: str, target: str, size: int) -> None:
    with open(target, "ab") as copy:
        while copy.tell() < size:
            wanted = f"bytes={copy.tell()}-{min(size, copy.tell() + _BLOCK) - 1}"
            answer = api.request("GET", path, headers={"Range": wanted})
            # A file that is no object yet is answered whole.
            block = answer.data if answer.status == 206 else answer.data[copy.tell() :]
            if not block:
                return
            copy.write(block)
            copy.flush()
