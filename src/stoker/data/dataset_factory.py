"""How datasets are made: `Dataset.Tabular` and `Dataset.File`."""

from __future__ import annotations

from stoker.data import _definition
from stoker.data._arguments import column_types, encoding_name, header_name, source_paths, store_and_text
from stoker.data._making import checked_layout, checked_separator, common_options, table_of_files, validated
from stoker.data._types import DataType
from stoker.data.dataset_type_definitions import PromoteHeadersBehavior
from stoker.data.file_dataset import FileDataset
from stoker.data.tabular_dataset import TabularDataset
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["DataType", "FileDatasetFactory", "TabularDatasetFactory"]


class TabularDatasetFactory:
    """Makes tables; reached as `Dataset.Tabular`.

    A `path` is `(datastore, 'folder/*.csv')`, a `DataPath`, `datastore.path('folder')`, a URL, a path of this machine,
    or a list of these. `*` and `?` stand for characters of a name, `**` for any folders, a folder for all below it.
    """

    @staticmethod
    def from_delimited_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        infer_column_types: bool = True,
        set_column_types: dict[str, DataType] | None = None,
        separator: str = ",",
        header: bool | PromoteHeadersBehavior = True,
        partition_format: str | None = None,
        support_multi_line: bool = False,
        empty_as_string: bool = False,
        encoding: str = "utf8",
    ) -> TabularDataset:
        """Return the table in CSV files and their like.

        Parameters
        ----------
        path : str, tuple, DataPath, DataReference or list
            As the class says.
        validate : bool, default=True
            Whether to look now whether the first file can be read. False: nothing is read.
        include_path : bool, default=False
            Whether a column `Path` tells each row's file.
        infer_column_types : bool, default=True
            Whether types come from the first 200 rows; else all is text. A later value that does not fit is null.
        set_column_types : dict, optional
            Column -> `DataType`.
        separator : str, default=","
        header : bool or PromoteHeadersBehavior, default=True
            Whether each file begins with column names. Without: `Column1`, `Column2`, ...
        partition_format : str, optional
            Columns from the path: `{name}` is text, `{name:yyyy/MM/dd}` a time, the rest is literal; from the first
            key to the end of the path.
        support_multi_line : bool, default=False
            Whether a quoted value may hold line ends. False: each line is a row, which is faster.
        empty_as_string : bool, default=False
            Whether an empty cell is an empty text instead of null.
        encoding : str, default="utf8"
            `utf8`, `iso88591`, `latin1`, `ascii`, `utf16`, `utf32`, `utf8bom` or `windows1252`.

        Raises
        ------
        stoker.exceptions.DatasetValidationError
            With `validate`: nothing is there, or it can't be read so; the message says what is there.
        stoker.exceptions.UserErrorException
            An argument can't be used.

        Examples
        --------
        >>> store = ws.get_default_datastore()  # doctest: +SKIP
        >>> Dataset.Tabular.from_delimited_files((store, "weather/**/*.csv"))  # doctest: +SKIP
        """
        options = {
            **common_options(include_path, set_column_types, partition_format),
            "infer_column_types": bool(infer_column_types),
            "separator": checked_separator(separator),
            "header": header_name(header),
            "support_multi_line": bool(support_multi_line),
            "empty_as_string": bool(empty_as_string),
            "encoding": encoding_name(encoding),
        }
        return table_of_files("delimited_files", path, options, validate)

    @staticmethod
    def from_parquet_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        set_column_types: dict[str, DataType] | None = None,
        partition_format: str | None = None,
    ) -> TabularDataset:
        """Return the table in Parquet files; arguments and errors as `from_delimited_files` has them."""
        return table_of_files(
            "parquet_files", path, common_options(include_path, set_column_types, partition_format), validate
        )

    @staticmethod
    def from_json_lines_files(
        path: Any,
        validate: bool = True,
        include_path: bool = False,
        set_column_types: dict[str, DataType] | None = None,
        partition_format: str | None = None,
        invalid_lines: str = "error",
        encoding: str = "utf8",
    ) -> TabularDataset:
        """Return the table in files with a JSON object on each line.

        Parameters
        ----------
        path, validate, include_path, set_column_types, partition_format, encoding
            As `from_delimited_files` has them.
        invalid_lines : {"error", "drop"}, default="error"
            What is done with a line that is no JSON object.

        Raises
        ------
        stoker.exceptions.DatasetValidationError, stoker.exceptions.UserErrorException
            As `from_delimited_files` has them.
        """
        if invalid_lines not in {"error", "drop"}:
            raise UserErrorException(
                f"invalid_lines={invalid_lines!r} is neither 'error' nor 'drop'. Give one.", target="invalid_lines"
            )
        options = {
            **common_options(include_path, set_column_types, partition_format),
            "invalid_lines": invalid_lines,
            "encoding": encoding_name(encoding),
        }
        return table_of_files("json_lines_files", path, options, validate)

    @staticmethod
    def from_sql_query(
        query: Any,
        validate: bool = True,
        set_column_types: dict[str, DataType] | None = None,
        query_timeout: int = 30,
    ) -> TabularDataset:
        """Return the table that a query on a database gives; it is asked anew each time.

        Parameters
        ----------
        query : tuple or DataPath
            `(datastore, 'SELECT ...')`, the datastore being a database.
        validate : bool, default=True
            Whether to ask now whether the query can be done.
        set_column_types : dict, optional
            Column -> `DataType`.
        query_timeout : int, default=30
            Seconds.

        Raises
        ------
        stoker.exceptions.DatasetValidationError
            With `validate`: the database says no.
        stoker.exceptions.UserErrorException
            An argument can't be used.
        """
        from stoker.data._arguments import whole_number

        store, text = store_and_text(query, "query")
        if not text.strip():
            raise UserErrorException("The query is empty. Give it as (datastore, 'SELECT ...').", target="query")
        seconds = whole_number(query_timeout, "query_timeout")
        made = _definition.build(
            "sql_query",
            options={"column_types": column_types(set_column_types)},
            datastore=store.name,
            query=text,
            timeout=None if seconds == 30 else seconds,
        )
        return validated(TabularDataset._made(made, store.workspace), validate)  # noqa: SLF001  # one package

    @staticmethod
    def register_pandas_dataframe(
        dataframe: Any,
        target: Any,
        name: str,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        show_progress: bool = True,
        row_group_size: int | None = None,
        make_target_path_unique: bool = True,
    ) -> TabularDataset:
        """Store a pandas DataFrame as a Parquet file and register it, as a new version of `name`.

        The index is left out.

        Parameters
        ----------
        dataframe : pandas.DataFrame
        target : DataPath, Datastore or tuple
            Where the file goes: below it, in a folder with a new name.
        name : str
        description : str, optional
        tags : dict, optional
        show_progress : bool, default=True
        row_group_size : int, optional
            Rows in each group of the file.
        make_target_path_unique : bool, default=True
            Whether the file goes to a folder with a new name.

        Raises
        ------
        stoker.exceptions.UserErrorException
            It is no DataFrame, or a column holds what Parquet can't.
        """
        from stoker.data._writing import register_frame

        registration = {"name": name, "description": description, "tags": tags}
        return register_frame(dataframe, target, registration, show_progress, row_group_size, make_target_path_unique)

    @staticmethod
    def register_dask_dataframe(
        dataframe: Any,
        target: Any,
        name: str,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        show_progress: bool = True,
    ) -> TabularDataset:
        """Store a Dask DataFrame and register it; arguments as `register_pandas_dataframe` has them."""
        frame = dataframe.compute()
        return TabularDatasetFactory.register_pandas_dataframe(frame, target, name, description, tags, show_progress)

    @staticmethod
    def register_spark_dataframe(
        dataframe: Any,
        target: Any,
        name: str,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        show_progress: bool = True,
    ) -> TabularDataset:
        """Store a Spark DataFrame and register it; arguments as `register_pandas_dataframe` has them."""
        frame = dataframe.toPandas()
        return TabularDatasetFactory.register_pandas_dataframe(frame, target, name, description, tags, show_progress)


class FileDatasetFactory:
    """Makes datasets of files; reached as `Dataset.File`."""

    @staticmethod
    def from_files(
        path: Any, validate: bool = True, partition_format: str | None = None, is_file: bool = False
    ) -> FileDataset:
        """Return the files at a path.

        Parameters
        ----------
        path : str, tuple, DataPath, DataReference or list
            As `TabularDatasetFactory` says.
        validate : bool, default=True
            Whether to look now whether anything is there.
        partition_format : str, optional
            Columns from the path, for filters: `{name}` is text, `{name:yyyy/MM/dd}` a time.
        is_file : bool, default=False
            Whether the path is known to be one file.

        Raises
        ------
        stoker.exceptions.DatasetValidationError
            With `validate`: nothing is there; the message says what is.
        stoker.exceptions.UserErrorException
            An argument can't be used.

        Examples
        --------
        >>> Dataset.File.from_files((store, "pictures/**/*.png"))  # doctest: +SKIP
        """
        from stoker.data._files import files_of

        paths, workspace = source_paths(path)
        options = {"partition_format": checked_layout(partition_format), "is_file": bool(is_file)}
        made = FileDataset._made(_definition.build("files", paths, options), workspace)  # noqa: SLF001  # one package
        if validate:
            files_of(made._definition, workspace)  # noqa: SLF001  # one package
        return made

    @staticmethod
    def upload_directory(
        src_dir: str, target: Any, pattern: str | None = None, overwrite: bool = False, show_progress: bool = True
    ) -> FileDataset:
        """Upload a folder and return the files of the target as a dataset.

        Parameters
        ----------
        src_dir : str
        target : DataPath, Datastore or tuple
            Where the files go; the tree below `src_dir` is kept.
        pattern : str, optional
            Only files whose path matches, as `*.csv`. Default: all.
        overwrite : bool, default=False
            Whether files that are there are replaced; else they are skipped.
        show_progress : bool, default=True

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is no such folder, or nothing in it matches.
        """
        from stoker.data._writing import upload_directory

        return upload_directory(src_dir, target, pattern, overwrite, show_progress)
