"""Files, wherever they lie, to be seen or copied."""

from __future__ import annotations

from stoker.data._arguments import seed_or_drawn, share, split_steps, whole_number
from stoker.data.abstract_dataset import AbstractDataset
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

    from stoker.data._engine.expression import Expression
    from stoker.data.context_managers import MountContext
    from stoker.data.dataset_consumption_config import DatasetConsumptionConfig

__all__ = ["FileDataset"]


class FileDataset(AbstractDataset):
    """Files, defined by where they are; nothing is looked at before files are wanted.

    Made by `Dataset.File`; every operation returns a new dataset, unregistered.

    Examples
    --------
    >>> from stoker.core import Dataset  # doctest: +SKIP
    >>> pictures = Dataset.File.from_files((store, "pictures/**/*.png"))  # doctest: +SKIP
    >>> pictures.to_path()  # doctest: +SKIP
    ['/cats/1.png', '/dogs/1.png']
    """

    def to_path(self) -> list[str]:
        """Return the paths of the files below what they have in common, each with a slash at its beginning.

        Raises
        ------
        stoker.exceptions.DatasetValidationError
            A path or pattern names nothing.
        """
        return [f"/{file.relative}" for file in self._files()]

    def download(
        self, target_path: str | None = None, overwrite: bool = False, ignore_not_found: bool = False
    ) -> list[str]:
        """Copy the files to this machine and return the absolute paths of the copies.

        Parameters
        ----------
        target_path : str, optional
            A folder; a relative one is below the working directory. Default: a new temporary one.
        overwrite : bool, default=False
            Whether files that are there are replaced.
        ignore_not_found : bool, default=False
            Whether files that have gone meanwhile are left out.

        Raises
        ------
        stoker.exceptions.UserErrorException
            A file is there already, and `overwrite` is False; nothing is copied then.
        """
        from stoker.data._downloads import download

        return download(self._files(ignore_not_found=ignore_not_found), target_path, overwrite, ignore_not_found)

    def mount(self, mount_point: str | None = None, **kwargs: Any) -> MountContext:
        """Return a read-only view of the files as a folder, to be entered with `with` or by `start()`.

        Files of this machine are seen in place, without a copy; others are fetched through the cache.

        Parameters
        ----------
        mount_point : str, optional
            A folder that is empty or not there yet. Default: a new temporary one.
        **kwargs
            v1's other arguments, without effect.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The folder is not empty.

        Examples
        --------
        >>> with dataset.mount() as mounted:  # doctest: +SKIP
        ...     print(os.listdir(mounted.mount_point))
        """
        from stoker.data.context_managers import MountContext

        del kwargs
        return MountContext(self._files, mount_point)

    def as_mount(self, path_on_compute: str | None = None) -> DatasetConsumptionConfig:
        """Return the dataset as an input of a run that sees the files in place; the input's name is made.

        Parameters
        ----------
        path_on_compute : str, optional
            Absolute, or relative to the run's working directory.
        """
        return self._as_input().as_mount(path_on_compute)

    def as_download(self, path_on_compute: str | None = None) -> DatasetConsumptionConfig:
        """Return the dataset as an input of a run that gets copies of the files; the input's name is made.

        Parameters
        ----------
        path_on_compute : str, optional
            Absolute, or relative to the run's working directory.
        """
        return self._as_input().as_download(path_on_compute)

    def as_hdfs(self) -> DatasetConsumptionConfig:
        """Return the dataset as an input of a Spark run; the input's name is made."""
        return self._as_input().as_hdfs()

    def _as_input(self) -> DatasetConsumptionConfig:
        from stoker.data.dataset_consumption_config import DatasetConsumptionConfig

        return DatasetConsumptionConfig(None, self)

    def take(self, count: int) -> Self:
        """Return the first files.

        Parameters
        ----------
        count : int
        """
        return self._with({"op": "take", "count": whole_number(count, "count")})

    def skip(self, count: int) -> Self:
        """Return all files but the first.

        Parameters
        ----------
        count : int
        """
        return self._with({"op": "skip", "count": whole_number(count, "count")})

    def take_sample(self, probability: float, seed: int | None = None) -> Self:
        """Return a random sample of the files.

        Parameters
        ----------
        probability : float
            Of each file, between 0 and 1.
        seed : int, optional
            The same seed gives the same files. Default: one is drawn, and kept with the dataset.
        """
        step = {"op": "sample", "probability": share(probability, "probability"), "seed": seed_or_drawn(seed)}
        return self._with(step)

    def random_split(self, percentage: float, seed: int | None = None) -> tuple[Self, Self]:
        """Return two datasets: about `percentage` of the files, and all the others.

        Parameters
        ----------
        percentage : float
            Between 0 and 1.
        seed : int, optional
            The same seed gives the same files, also when others come. Default: one is drawn, and kept with the
            datasets.
        """
        first, second = split_steps(percentage, seed)
        return self._with(first), self._with(second)

    def filter(self, expression: Expression) -> Self:
        """Return the files for which an expression holds; no file is opened for it.

        Parameters
        ----------
        expression : Expression
            Made of `file_metadata(...)` and of the columns that the paths give (`partition_format`).

        Raises
        ------
        stoker.exceptions.UserErrorException
            It is no such expression.

        Examples
        --------
        >>> large = dataset.filter(dataset.file_metadata("Size") > 1_000_000)  # doctest: +SKIP
        """
        from stoker.data._rows import expression_json

        return self._with({"op": "filter", "expression": expression_json(expression)})

    def file_metadata(self, col: str) -> Expression:
        """Return what is known of each file, for `filter`.

        Parameters
        ----------
        col : {"Size", "LastModifiedTime", "CreationTime", "Extension", "CanSeek", "Path"}

        Raises
        ------
        stoker.exceptions.UserErrorException
            A file has no such fact.
        """
        from stoker.data._engine.expression import metadata
        from stoker.data._file_steps import METADATA

        if col not in METADATA:
            raise UserErrorException(f"A file has no {col!r}. Ask for one of {', '.join(METADATA)}.", target="col")
        return metadata(col)

    def _files(self, *, ignore_not_found: bool = False) -> Any:
        from stoker.data._files import files_of

        if not ignore_not_found:
            return files_of(self._definition, self._workspace)
        from stoker.data._storage.resolve import SourceFiles
        from stoker.exceptions import DatasetValidationError

        try:
            return files_of(self._definition, self._workspace)
        except DatasetValidationError:
            return SourceFiles()
