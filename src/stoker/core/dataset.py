"""Datasets: how they are made, and found in a workspace."""

from __future__ import annotations

from stoker.data.dataset_factory import FileDatasetFactory, TabularDatasetFactory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace
    from stoker.data.abstract_dataset import AbstractDataset

__all__ = ["Dataset"]


class Dataset:
    """Where datasets begin: `Dataset.Tabular` and `Dataset.File` make them, the methods find registered ones.

    Examples
    --------
    >>> dataset = Dataset.Tabular.from_delimited_files((store, "diabetes.csv"))  # doctest: +SKIP
    >>> dataset = dataset.register(ws, "diabetes")  # doctest: +SKIP
    >>> Dataset.get_by_name(ws, "diabetes").to_pandas_dataframe()  # doctest: +SKIP
    """

    Tabular = TabularDatasetFactory
    """Makes tables."""
    File = FileDatasetFactory
    """Makes datasets of files."""

    @staticmethod
    def get_by_name(workspace: Workspace, name: str, version: int | str = "latest", **kwargs: Any) -> Any:
        """Return a registered dataset; in a run's script this is put on record as an input of the run.

        Parameters
        ----------
        workspace : Workspace
        name : str
        version : int or str, default="latest"
        **kwargs
            v1's other arguments, without effect.

        Returns
        -------
        TabularDataset or FileDataset

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is none of that name or version; the message suggests the nearest.
        """
        from stoker.data._lookup import by_name

        del kwargs
        return by_name(workspace, name, version)

    @staticmethod
    def get_by_id(workspace: Workspace, id: str, **kwargs: Any) -> Any:  # noqa: A002  # v1's name
        """Return a dataset by its id, also one that was only saved; in a run's script this is put on record.

        Parameters
        ----------
        workspace : Workspace
        id : str
        **kwargs
            v1's other arguments, without effect.

        Returns
        -------
        TabularDataset or FileDataset

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is none.
        """
        from stoker.data._lookup import by_id

        del kwargs
        return by_id(workspace, id)

    @staticmethod
    def get_all(workspace: Workspace) -> dict[str, AbstractDataset]:
        """Return name -> latest version of each registered dataset."""
        from stoker.data._lookup import all_datasets

        return all_datasets(workspace)

    @staticmethod
    def get(workspace: Workspace, name: str | None = None, id: str | None = None) -> Any:  # noqa: A002  # v1's name
        """Return a dataset by name or by id; v1's old way.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is none, or not exactly one of name and id was given.
        """
        from stoker.exceptions import UserErrorException

        if (name is None) == (id is None):
            raise UserErrorException("Dataset.get wants exactly one of name and id.", target="name")
        return Dataset.get_by_name(workspace, name) if name is not None else Dataset.get_by_id(workspace, str(id))

    @staticmethod
    def list(workspace: Workspace) -> list[AbstractDataset]:
        """Return the latest version of each registered dataset; v1's old way."""
        return [*Dataset.get_all(workspace).values()]
