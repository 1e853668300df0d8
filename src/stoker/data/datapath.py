"""A path on a datastore as a value, and what a run does with it."""

from __future__ import annotations

from stoker.data.data_reference import DataReference
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["DataPath", "DataPathComputeBinding"]


class DataPath:
    """A path on a datastore, or a query on a database.

    Parameters
    ----------
    datastore : Datastore
    path_on_datastore : str, optional
        A file, folder or pattern; of a database, the query. Default: the whole datastore.
    name : str, optional
        Default: the datastore's name with 8 hexadecimal digits.

    Raises
    ------
    stoker.exceptions.UserErrorException
        No datastore was given.

    Examples
    --------
    >>> DataPath(ws.get_default_datastore(), "2019/*.csv")  # doctest: +SKIP
    DataPath('workspaceblobstore', '2019/*.csv')
    """

    def __init__(self, datastore: Any = None, path_on_datastore: str | None = None, name: str | None = None) -> None:
        if not isinstance(getattr(datastore, "name", None), str):
            raise UserErrorException(
                f"A DataPath wants a datastore, and got {datastore!r}. Give one, as ws.get_default_datastore().",
                target="datastore",
            )
        self._datastore = datastore
        self._path_on_datastore = path_on_datastore
        self._name = name or _numbered(datastore.name)

    @property
    def datastore(self) -> Any:
        """The datastore."""
        return self._datastore

    @property
    def datastore_name(self) -> str:
        """The datastore's name."""
        return str(self._datastore.name)

    @property
    def path_on_datastore(self) -> str | None:
        """The path below the datastore."""
        return self._path_on_datastore

    @property
    def name(self) -> str:
        """The name of the path."""
        return self._name

    def create_data_reference(
        self,
        data_reference_name: str | None = None,
        datapath_compute_binding: DataPathComputeBinding | None = None,
    ) -> DataReference:
        """Return the reference that this path and a binding make together.

        Parameters
        ----------
        data_reference_name : str, optional
            Default: one that is used nowhere else.
        datapath_compute_binding : DataPathComputeBinding

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is no binding, or its mode is unknown.
        """
        if datapath_compute_binding is None:
            raise UserErrorException(
                "A data reference says how a run gets at the path. Give datapath_compute_binding.",
                target="datapath_compute_binding",
            )
        return datapath_compute_binding.create_data_reference(data_reference_name, self)

    @staticmethod
    def create_from_data_reference(data_reference: DataReference) -> DataPath:
        """Return the path of a reference."""
        return DataPath(data_reference.datastore, data_reference.path_on_datastore)

    def __repr__(self) -> str:
        return f"DataPath({self.datastore_name!r}, {self._path_on_datastore!r})"


class DataPathComputeBinding:
    """What a run does with a path on a datastore.

    Parameters
    ----------
    mode : {"mount", "download", "upload"}, default="mount"
    path_on_compute : str, optional
    overwrite : bool, default=False
    """

    def __init__(self, mode: str = "mount", path_on_compute: str | None = None, overwrite: bool = False) -> None:
        self._mode = mode
        self._path_on_compute = path_on_compute
        self._overwrite = overwrite

    @property
    def mode(self) -> str:
        """`mount`, `download` or `upload`."""
        return self._mode

    @property
    def path_on_compute(self) -> str | None:
        """Where the script sees or leaves it."""
        return self._path_on_compute

    @property
    def overwrite(self) -> bool:
        """Whether files in the way are replaced."""
        return self._overwrite

    def create_data_reference(
        self, data_reference_name: str | None = None, datapath: DataPath | None = None
    ) -> DataReference:
        """Return the reference that a path and this binding make together.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is no path, or the mode is unknown.
        """
        from stoker.base.ids import new_guid

        if datapath is None:
            raise UserErrorException("A data reference is made of a datapath. Give one.", target="datapath")
        name = data_reference_name or new_guid().replace("-", "")
        return DataReference(
            datapath.datastore, name, datapath.path_on_datastore, self._mode, self._path_on_compute, self._overwrite
        )

    @staticmethod
    def create_from_data_reference(data_reference: DataReference) -> DataPathComputeBinding:
        """Return the binding of a reference."""
        return DataPathComputeBinding(data_reference.mode, data_reference.path_on_compute, data_reference.overwrite)

    def __repr__(self) -> str:
        return f"DataPathComputeBinding({self._mode!r}, {self._path_on_compute!r}, {self._overwrite!r})"


def _numbered(name: str) -> str:
    import os

    return f"{name}_{os.urandom(4).hex()}"
