"""The files of a run: upload, list, download; and its source snapshot."""

from __future__ import annotations

import os

from stoker.core._run_base import RunBase
from stoker.exceptions import ConflictException, NotFoundException, ServiceException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["RunFiles"]


class RunFiles(RunBase):
    """A run with its files.

    A file's name is relative and separated by `/`. What a script writes to `outputs/` and `logs/` gets there by
    itself.
    """

    def upload_file(self, name: str, path_or_stream: Any, datastore_name: str | None = None) -> None:
        """Keep a file with the run.

        Parameters
        ----------
        name : str
            The file's name in the run, as `outputs/model.pkl`.
        path_or_stream : str, os.PathLike or file object
            The file, or an open stream of bytes or text, which is read to its end.
        datastore_name : str, optional
            v1's argument; the workspace's own store is always used.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is no such file, or the name leads elsewhere.
        stoker.exceptions.ConflictException
            The run has a file of that name already.

        Examples
        --------
        >>> run.upload_file("outputs/model.pkl", "model.pkl")  # doctest: +SKIP
        """
        from stoker.core import _files

        del datastore_name
        clean = _files.check_name(name)
        if hasattr(path_or_stream, "read"):
            self._arrive()
            _files.send_stream(self._api, self._run_id, clean, path_or_stream)
            return
        path = os.fspath(path_or_stream)
        try:
            self._arrive()
            _files.send_file(self._api, self._run_id, clean, path)
        except ServiceException as error:
            if error.status != 0 or not self._leave_for_shipper(clean, path):
                raise

    def upload_files(
        self,
        names: Sequence[str],
        paths: Sequence[str],
        return_artifacts: bool = False,
        timeout_seconds: int | None = None,
        datastore_name: str | None = None,
    ) -> dict[str, dict[str, Any]] | None:
        """Keep several files with the run.

        Parameters
        ----------
        names, paths : list of str
            Of the same length.
        return_artifacts : bool, default=False
            Whether to return name -> `{"name", "size", "sha256", ...}`.
        timeout_seconds, datastore_name
            v1's arguments, without effect.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The lists differ in length, or a file is missing; then nothing is uploaded.
        """
        del timeout_seconds, datastore_name
        if len(names) != len(paths):
            raise UserErrorException(
                f"upload_files got {len(names)} names and {len(paths)} paths. Give each file one name.", target="names"
            )
        missing = [path for path in paths if not os.path.isfile(path)]
        if missing:
            raise UserErrorException(
                f"There is no file {missing[0]!r} ({len(missing)} of {len(paths)} are missing), so nothing was "
                f"uploaded. Relative paths begin at {os.getcwd()}.",
                target="paths",
            )
        for name, path in zip(names, paths):
            self.upload_file(name, path)
        if not return_artifacts:
            return None
        listed = {item["name"]: item for item in self._list_files()}
        return {name: listed[name] for name in names if name in listed}

    def upload_folder(self, name: str, path: str, datastore_name: str | None = None) -> None:
        """Keep all files of a folder with the run, each under `name` and its path below the folder.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is no such folder.
        """
        from stoker.core import _files

        del datastore_name
        if not os.path.isdir(path):
            raise UserErrorException(
                f"There is no folder {path!r}, so nothing was uploaded. Relative paths begin at {os.getcwd()}.",
                target="path",
            )
        prefix = _files.check_name(name)
        for below, file in _files.files_below(path):
            self.upload_file(f"{prefix}/{below}", file)

    def get_file_names(self) -> list[str]:
        """Return the names of all files of the run, its logs among them."""
        return [item["name"] for item in self._list_files()]

    def download_file(self, name: str, output_file_path: str | None = None) -> None:
        """Copy a file of the run to this machine.

        Parameters
        ----------
        name : str
        output_file_path : str, optional
            A file, or a folder that is there (or ends with `/`); missing folders are made. Default: the file's base
            name in the working directory.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The run has no such file; the message suggests the nearest name.
        """
        from stoker.client.http import quote_name
        from stoker.core import _files

        self._settle()
        target = _files.destination(name, output_file_path)
        _files.fetch(self._api, f"{self._path}/files/{quote_name(name)}", target)

    def download_files(
        self,
        prefix: str | None = None,
        output_directory: str | None = None,
        output_paths: Sequence[str] | None = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: int | None = None,
    ) -> list[str]:
        """Copy the files whose names begin with `prefix` to this machine.

        Parameters
        ----------
        prefix : str, optional
            Default: all files.
        output_directory : str, optional
            Where to put them; default: the working directory.
        output_paths : list of str, optional
            A path for each file, in the order of their names, below `output_directory`.
        append_prefix : bool, default=True
            Whether the files keep their whole names; else the prefix is cut off.
        batch_size, timeout_seconds
            v1's arguments, without effect.

        Returns
        -------
        list of str
            Paths of the copies.
        """
        from stoker.core import _files

        del batch_size, timeout_seconds
        folder = output_directory or "."
        names = [item["name"] for item in self._list_files(prefix or "")]
        if output_paths is not None:
            if len(output_paths) != len(names):
                raise UserErrorException(
                    f"{len(names)} files begin with {prefix!r}, and output_paths has {len(output_paths)}. "
                    "Give each a path, or leave output_paths out.",
                    target="output_paths",
                )
            paths = [os.path.join(folder, path) for path in output_paths]
        else:
            cut = 0 if append_prefix else len(prefix or "")
            paths = [_files.local_path(folder, name[cut:].lstrip("/") or name.rsplit("/", 1)[-1]) for name in names]
        return _files.download_all(self._api, self._run_id, names, paths)

    def take_snapshot(self, file_or_folder_path: str) -> str:
        """Record a source file or folder with the run and return the snapshot's id.

        Raises
        ------
        stoker.exceptions.SnapshotException
            It is too large; the message names the largest paths.
        """
        from stoker.core._submit import take_snapshot

        snapshot_id = take_snapshot(self._experiment.workspace, file_or_folder_path).id
        if self.get_properties().get("ContentSnapshotId") is None:
            self.add_properties({"ContentSnapshotId": snapshot_id})
        return snapshot_id

    def get_snapshot_id(self) -> str | None:
        """Return the id of the source snapshot that the run was started from; None when it has none."""
        found: str | None = self.properties.get("ContentSnapshotId") or self._field("snapshot_id")
        return found

    def restore_snapshot(self, snapshot_id: str | None = None, path: str | None = None) -> str:
        """Fetch a source snapshot as a zip file and return the file's path.

        Parameters
        ----------
        snapshot_id : str, optional
            Default: the run's own.
        path : str, optional
            The folder for the file, made when missing; default: the working directory.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The run has no snapshot, or there is none of that id.
        """
        from stoker.core import _files

        wanted = snapshot_id or self.get_snapshot_id()
        if not wanted:
            raise NotFoundException(
                f"The run {self._run_id} has no source snapshot. Give a snapshot_id, or use take_snapshot first."
            )
        target = os.path.join(path or ".", f"{wanted}.zip")
        return _files.fetch(self._api, f"/snapshots/{wanted}/archive", target)

    def _list_files(self, prefix: str = "") -> list[dict[str, Any]]:
        self._settle()
        found: list[dict[str, Any]] = self._api.get(f"{self._path}/files", prefix=prefix or None)["files"]
        return found

    def _leave_for_shipper(self, name: str, path: str) -> bool:
        """Put a file where the agent takes it from, when the service is away: under `outputs/` or `logs/`."""
        import shutil
        import warnings

        folder = os.environ.get("STOKER_RUN_DIR")
        if folder is None or not self._is_own_script or not name.startswith(("outputs/", "logs/")):
            return False
        target = os.path.join(folder, "work", *name.split("/"))
        if os.path.exists(target):
            if os.path.samefile(target, path):
                return True
            raise ConflictException(f"The run {self._run_id} has a file {name!r} already. Choose another name.")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(path, target)
        warnings.warn(
            f"The workspace service is away; {name!r} was put into the run's folder and is stored when it is back.",
            stacklevel=3,
        )
        return True
