"""Rows and columns, lazily read from files or a database."""

from __future__ import annotations

from stoker.data import _definition
from stoker.data._arguments import (
    column_names,
    seed_or_drawn,
    share,
    split_steps,
    whole_number,
)
from stoker.data._time_series import TimeSeries
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

    from stoker.core.workspace import Workspace
    from stoker.data._engine.expression import Expression
    from stoker.data.dataset_profile import DatasetProfile
    from stoker.data.file_dataset import FileDataset

__all__ = ["TabularDataset"]


class TabularDataset(TimeSeries):
    """A table, defined by where its rows are and what is done with them; nothing is read before rows are wanted.

    Made by `Dataset.Tabular`; every operation returns a new dataset, unregistered.

    Examples
    --------
    >>> from stoker.core import Dataset  # doctest: +SKIP
    >>> diabetes = Dataset.Tabular.from_delimited_files((store, "diabetes/*.csv"))  # doctest: +SKIP
    >>> diabetes.keep_columns(["age", "bmi"]).take(5).to_pandas_dataframe()  # doctest: +SKIP
    """

    def to_pandas_dataframe(self, on_error: str = "null", out_of_range_datetime: str = "null") -> Any:
        """Read all rows into a pandas DataFrame.

        Of a dataset with a timestamp column that column is also the index.

        Parameters
        ----------
        on_error : {"null", "fail"}, default="null"
            What becomes of values that don't fit their column's type.
        out_of_range_datetime : {"null", "fail"}, default="null"
            What becomes of times that pandas can't hold.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        stoker.exceptions.DatasetExecutionError
            A column is missing, or a value does not fit and "fail" was asked for; the message names file and line.
        stoker.exceptions.DatasetValidationError
            The path names no file.
        """
        from stoker.data import _engine
        from stoker.data._rows import rows_source

        for name, given in (("on_error", on_error), ("out_of_range_datetime", out_of_range_datetime)):
            if given not in {"null", "fail"}:
                raise UserErrorException(f"{name}={given!r} is neither 'null' nor 'fail'. Give one.", target=name)
        definition, files = rows_source(self)
        frame = _engine.to_pandas(definition, files, on_error=on_error, out_of_range_datetime=out_of_range_datetime)
        stamp = self.timestamp_columns[0]
        if stamp is not None and stamp in frame.columns and not frame.empty:
            frame = frame.set_index(stamp, drop=False)
            frame.index.name = None
        return frame

    def to_spark_dataframe(self) -> Any:
        """Return the rows as a Spark DataFrame of the session that is there, or of a new one.

        Raises
        ------
        stoker.exceptions.UserErrorException
            Spark's Python package is not installed.
        """
        from stoker.data._rows import needed

        sql = needed("pyspark.sql", "pip install pyspark")
        return sql.SparkSession.builder.getOrCreate().createDataFrame(self.to_pandas_dataframe())

    def to_dask_dataframe(
        self,
        sample_size: int = 10000,
        dtypes: dict[str, Any] | None = None,
        on_error: str = "null",
        out_of_range_datetime: str = "null",
    ) -> Any:
        """Return the rows as a Dask DataFrame.

        Parameters
        ----------
        sample_size : int, default=10000
            v1's argument, without effect.
        dtypes : dict, optional
            Column -> type.
        on_error, out_of_range_datetime
            As `to_pandas_dataframe` has them.

        Raises
        ------
        stoker.exceptions.UserErrorException
            Dask is not installed.
        """
        from stoker.data._rows import needed

        del sample_size
        dask = needed("dask.dataframe", "pip install 'dask[dataframe]'")
        frame = self.to_pandas_dataframe(on_error, out_of_range_datetime)
        return dask.from_pandas(frame if dtypes is None else frame.astype(dtypes), npartitions=1)

    def take(self, count: int) -> Self:
        """Return the first rows.

        Parameters
        ----------
        count : int
        """
        return self._with({"op": "take", "count": whole_number(count, "count")})

    def skip(self, count: int) -> Self:
        """Return all rows but the first.

        Parameters
        ----------
        count : int
        """
        return self._with({"op": "skip", "count": whole_number(count, "count")})

    def take_sample(self, probability: float, seed: int | None = None) -> Self:
        """Return a random sample of rows.

        Parameters
        ----------
        probability : float
            Of each row, between 0 and 1.
        seed : int, optional
            The same seed gives the same rows. Default: one is drawn, and kept with the dataset.
        """
        step = {"op": "sample", "probability": share(probability, "probability"), "seed": seed_or_drawn(seed)}
        return self._with(step)

    def random_split(self, percentage: float, seed: int | None = None) -> tuple[Self, Self]:
        """Return two datasets: about `percentage` of the rows, and all the others.

        Parameters
        ----------
        percentage : float
            Between 0 and 1.
        seed : int, optional
            The same seed gives the same rows. Default: one is drawn, and kept with the datasets.

        Examples
        --------
        >>> training, test = dataset.random_split(0.8, seed=1)  # doctest: +SKIP
        """
        first, second = split_steps(percentage, seed)
        return self._with(first), self._with(second)

    def keep_columns(self, columns: str | list[str], validate: bool = False) -> Self:
        """Return only these columns, in the order of the data.

        Parameters
        ----------
        columns : str or list of str
        validate : bool, default=False
            Whether to look now whether they are there. Without it a missing one is told when rows are read.

        Raises
        ------
        stoker.exceptions.DatasetValidationError
            With `validate`: a column is not there.
        """
        names = column_names(columns)
        if validate:
            self._check_columns(names)
        stamps = [stamp if stamp in names else None for stamp in self.timestamp_columns]
        return self._with_time_left({"op": "keep_columns", "columns": names}, stamps)

    def drop_columns(self, columns: str | list[str]) -> Self:
        """Return all columns but these.

        Parameters
        ----------
        columns : str or list of str
            A missing one is told when rows are read.
        """
        names = column_names(columns)
        stamps = [None if stamp in names else stamp for stamp in self.timestamp_columns]
        return self._with_time_left({"op": "drop_columns", "columns": names}, stamps)

    def _with_time_left(self, step: dict[str, Any], stamps: list[str | None]) -> Self:
        definition = _definition.with_time(_definition.with_steps(self._definition, step), stamps[0], stamps[1])
        return self._made(definition, self._workspace)

    def filter(self, expression: Expression) -> Self:
        """Return the rows for which an expression holds.

        Parameters
        ----------
        expression : Expression
            Made of the dataset's columns: `dataset['age'] > 30`, joined by `&`, `|` and `~`.

        Raises
        ------
        stoker.exceptions.UserErrorException
            It is no such expression.

        Examples
        --------
        >>> adults = people.filter((people["age"] >= 18) & ~people["name"].is_null())  # doctest: +SKIP
        """
        from stoker.data._rows import expression_json

        return self._with({"op": "filter", "expression": expression_json(expression)})

    def to_csv_files(self, separator: str = ",") -> FileDataset:
        """Return the dataset as CSV files, written when somebody wants them.

        Parameters
        ----------
        separator : str, default=","
        """
        return self._as_files({"format": "csv", "separator": separator})

    def to_parquet_files(self) -> FileDataset:
        """Return the dataset as Parquet files, written when somebody wants them."""
        return self._as_files({"format": "parquet"})

    def _as_files(self, options: dict[str, Any]) -> FileDataset:
        from stoker.data.file_dataset import FileDataset

        return FileDataset._made(  # noqa: SLF001  # one package
            _definition.build("written_files", options=options, of=self._definition), self._workspace
        )

    def partition_by(
        self,
        partition_keys: list[str],
        target: Any,
        name: str | None = None,
        show_progress: bool = True,
        partition_as_file_dataset: bool = False,
    ) -> TabularDataset | FileDataset:
        """Write the rows to files of their own for each combination of values, and return the dataset of these.

        Parameters
        ----------
        partition_keys : list of str
            Columns; their values become folders.
        target : DataPath, Datastore or tuple
            Where the files go: below it, in a folder with a new name.
        name : str, optional
            Registers the dataset, as a new version when the name is taken.
        show_progress : bool, default=True
        partition_as_file_dataset : bool, default=False
            Whether a FileDataset is returned.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There are no keys, one is given twice, or is no column.
        """
        from stoker.data._writing import partition_by

        return partition_by(self, partition_keys, target, name, show_progress, partition_as_file_dataset)

    def get_profile(self, workspace: Workspace | None = None) -> DatasetProfile:
        """Return statistics of each column; all rows are read, a part at a time.

        Parameters
        ----------
        workspace : Workspace, optional
            v1's argument; the dataset knows its workspace.
        """
        from stoker.data.dataset_profile import DatasetProfile

        return DatasetProfile._of(self, workspace)  # noqa: SLF001  # one package

    def _check_files(self, mode: str) -> None:
        definition = self._definition
        if definition["source"]["type"] != "sql_query" and not _definition.changes_rows(definition):
            return
        raise UserErrorException(
            f"This TabularDataset can't be used with {mode}: its rows are not those of its files. Pass it as it is "
            "(as_named_input(...) alone), and read it with to_pandas_dataframe; or write files first: to_csv_files() "
            "and to_parquet_files() return a FileDataset.",
            target="mode",
        )
