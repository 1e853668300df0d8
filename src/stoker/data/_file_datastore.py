"""Datastores of files: upload, download, and paths for runs and datasets."""

from __future__ import annotations

import os

from stoker.data._transfers import download_pairs, file_pairs, folder_pairs
from stoker.data.abstract_datastore import AbstractDatastore
from stoker.data.data_reference import DataReference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from stoker.data._storage.base import Storage

__all__ = ["FileDatastore"]


class FileDatastore(AbstractDatastore):
    """A datastore with files.

    Examples
    --------
    >>> store = ws.get_default_datastore()  # doctest: +SKIP
    >>> store.upload("images", "images/2019")  # doctest: +SKIP
    """

    def path(self, path: str | None = None, data_reference_name: str | None = None) -> DataReference:
        """Return a reference to a path below it, for a run or a dataset.

        Parameters
        ----------
        path : str, optional
            Default: the whole datastore.
        data_reference_name : str, optional
            Default: one that is used nowhere else; of the whole datastore, its name.
        """
        return DataReference(self).path(path, data_reference_name)

    def as_mount(self) -> DataReference:
        """Return a reference to all of it, mounted."""
        return DataReference(self).as_mount()

    def as_download(self, path_on_compute: str | None = None) -> DataReference:
        """Return a reference to all of it, downloaded before the script starts."""
        return DataReference(self).as_download(path_on_compute)

    def as_upload(self, path_on_compute: str | None = None) -> DataReference:
        """Return a reference to all of it, to which `path_on_compute` is uploaded after the script."""
        return DataReference(self).as_upload(path_on_compute)

    def upload(
        self,
        src_dir: str | os.PathLike[str],
        target_path: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Store all files of a folder, each at its path below that folder.

        Parameters
        ----------
        src_dir : str
        target_path : str, optional
            The folder on the datastore; default: its root.
        overwrite : bool, default=False
            Whether files that are there are replaced; else they are left as they are, without an error.
        show_progress : bool, default=True

        Returns
        -------
        DataReference
            To `target_path`.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is no such folder, or a file can't be read or stored.
        """
        pairs = folder_pairs(os.fspath(src_dir), target_path)
        return self._store(pairs, target_path, overwrite=overwrite, show_progress=show_progress)

    def upload_files(
        self,
        files: Sequence[str | os.PathLike[str]],
        relative_root: str | os.PathLike[str] | None = None,
        target_path: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Store several files, each at its path below their common folder.

        Parameters
        ----------
        files : list of str
        relative_root : str, optional
            The folder that the paths begin at; default: the nearest that all have in common, so that a single file
            keeps its name only.
        target_path : str, optional
            The folder on the datastore; default: its root.
        overwrite : bool, default=False
            Whether files that are there are replaced; else they are left as they are, without an error.
        show_progress : bool, default=True

        Raises
        ------
        stoker.exceptions.UserErrorException
            A file is missing or not below `relative_root` (then nothing is uploaded), or can't be stored.
        """
        pairs = file_pairs(files, relative_root, target_path)
        return self._store(pairs, target_path, overwrite=overwrite, show_progress=show_progress)

    def _store(
        self, pairs: list[tuple[str, str]], target_path: str | None, *, overwrite: bool, show_progress: bool
    ) -> DataReference:
        from stoker.data._progress import shown

        storage = self._storage()
        with shown(f"Uploading to {self.name}", f"Uploaded to {self.name}", len(pairs), show=show_progress) as progress:
            progress.skipped = len(pairs) - storage.upload_many(pairs, overwrite, progress)
        return DataReference(self, path_on_datastore=target_path)

    def download(
        self,
        target_path: str | os.PathLike[str],
        prefix: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> int:
        """Copy files to this machine and return how many were copied.

        Parameters
        ----------
        target_path : str
            A folder, made when missing; files keep their whole path on the datastore below it.
        prefix : str, optional
            How the paths of the files begin, as `images/2019`; default: all files.
        overwrite : bool, default=False
            Whether files that are there are replaced; else they are left as they are, without an error.
        show_progress : bool, default=True
        """
        from stoker.data._progress import shown
        from stoker.data._storage.fetching import fetch_many

        storage = self._storage()
        pairs = download_pairs(storage, os.fspath(target_path), prefix, overwrite=overwrite)
        doing, done = f"Downloading from {self.name}", f"Downloaded from {self.name}"
        with shown(doing, done, len(pairs), show=show_progress) as progress:
            fetch_many(storage, pairs, progress)
        return len(pairs)

    def _storage(self) -> Storage:
        """Return where its files lie; asked anew, as a secret may have been renewed."""
        from stoker.data._storage.opening import storage_of

        return storage_of(self.workspace, self.name)
