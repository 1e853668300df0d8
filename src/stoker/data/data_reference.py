"""A path on a datastore, and how a run gets at it."""

from __future__ import annotations

import posixpath

from stoker.data._storage.paths import check_path
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.runconfig import DataReferenceConfiguration
    from stoker.data.datapath import DataPath, DataPathComputeBinding

__all__ = ["DataReference"]

_MODES = ("mount", "download", "upload")


class DataReference:
    """A path on a datastore that a run reads or writes.

    As an argument of a run it becomes the path that the script sees.

    Parameters
    ----------
    datastore : Datastore
    data_reference_name : str, optional
        Default: the datastore's name.
    path_on_datastore : str, optional
        A file or folder; default: the whole datastore.
    mode : {"mount", "download", "upload"}, default="mount"
        `mount`: the place itself, read and written; `download`: a copy is there before the script starts; `upload`:
        `path_on_compute` is copied to the datastore after it.
    path_on_compute : str, optional
        Where the script sees or leaves it.
    overwrite : bool, default=False
        Whether files in the way are replaced.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The mode is none of these, the first argument is no datastore, or the path leads out of it.

    Examples
    --------
    >>> reference = ws.get_default_datastore().path("images")  # doctest: +SKIP
    >>> ScriptRunConfig(".", "train.py", ["--images", reference.as_mount()])  # doctest: +SKIP
    """

    def __init__(
        self,
        datastore: Any,
        data_reference_name: str | None = None,
        path_on_datastore: str | None = None,
        mode: str = "mount",
        path_on_compute: str | None = None,
        overwrite: bool = False,
    ) -> None:
        name = getattr(datastore, "name", None)
        if not isinstance(name, str):
            raise UserErrorException(
                f"{datastore!r} is no datastore. Give one, as Datastore.get(workspace, name) returns it.",
                target="datastore",
            )
        if mode not in _MODES:
            raise UserErrorException(
                f"A data reference has no mode {mode!r}. Give one of {', '.join(map(repr, _MODES))}.", target="mode"
            )
        check_path(path_on_datastore)
        self.datastore = datastore
        self.data_reference_name = data_reference_name or name
        self.path_on_datastore = path_on_datastore
        self.mode = mode
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    @staticmethod
    def create(
        data_reference_name: str | None = None,
        datapath: DataPath | None = None,
        datapath_compute_binding: DataPathComputeBinding | None = None,
    ) -> DataReference:
        """Return the reference that a path and a binding make together.

        Raises
        ------
        stoker.exceptions.UserErrorException
            One of them is missing.
        """
        if datapath is None:
            raise UserErrorException("A data reference is made of a datapath. Give one.", target="datapath")
        return datapath.create_data_reference(data_reference_name, datapath_compute_binding)

    def path(self, path: str | None = None, data_reference_name: str | None = None) -> DataReference:
        """Return a reference to what lies below this one, mounted.

        Parameters
        ----------
        path : str, optional
            Default: this place itself.
        data_reference_name : str, optional
            Default: one that is used nowhere else; of this place itself, its own.
        """
        from stoker.base.ids import new_guid

        if not path or posixpath.normpath(path.lstrip("/")) == ".":
            name = data_reference_name or self.data_reference_name
            return DataReference(self.datastore, name, self.path_on_datastore)
        name = data_reference_name or new_guid().replace("-", "")
        below = posixpath.join(self.path_on_datastore, path.lstrip("/")) if self.path_on_datastore else path
        return DataReference(self.datastore, name, below)

    def as_mount(self) -> DataReference:
        """Return the same reference, mounted."""
        return self._in_mode("mount", None, overwrite=False)

    def as_download(self, path_on_compute: str | None = None, overwrite: bool = False) -> DataReference:
        """Return the same reference, downloaded before the script starts.

        Parameters
        ----------
        path_on_compute : str, optional
        overwrite : bool, default=False
        """
        return self._in_mode("download", path_on_compute, overwrite=overwrite)

    def as_upload(self, path_on_compute: str | None = None, overwrite: bool = False) -> DataReference:
        """Return the same reference, uploaded after the script.

        Parameters
        ----------
        path_on_compute : str, optional
            What is uploaded.
        overwrite : bool, default=False
        """
        return self._in_mode("upload", path_on_compute, overwrite=overwrite)

    def _in_mode(self, mode: str, path_on_compute: str | None, *, overwrite: bool) -> DataReference:
        return DataReference(
            self.datastore, self.data_reference_name, self.path_on_datastore, mode, path_on_compute, overwrite
        )

    def to_config(self) -> DataReferenceConfiguration:
        """Return it as a section of a run configuration."""
        from stoker.core.runconfig import DataReferenceConfiguration

        return DataReferenceConfiguration(
            datastore_name=self.datastore.name,
            mode=self.mode,
            path_on_datastore=self.path_on_datastore,
            path_on_compute=self.path_on_compute,
            overwrite=self.overwrite,
        )

    def __str__(self) -> str:
        """Return what stands for the path in the arguments of a run."""
        return f"$AZUREML_DATAREFERENCE_{self.data_reference_name}"

    def __repr__(self) -> str:
        return str(self)
