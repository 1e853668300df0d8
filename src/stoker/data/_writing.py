"""Data that the SDK stores: data frames, folders, and tables cut into files by their values."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import posixpath
import tempfile

from stoker.data._arguments import column_names, store_and_text
from stoker.data._names import check_dataset_name
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from stoker.data.file_dataset import FileDataset
    from stoker.data.tabular_dataset import TabularDataset

__all__ = ["partition_by", "register_frame", "upload_directory"]

_PLACE_OF_ALL = "managed-dataset"
_KINDS = {"bool": "bool", "int": "long", "uint": "long", "float": "float", "double": "float", "halffloat": "float"}


def register_frame(
    frame: Any,
    target: Any,
    registration: dict[str, Any],
    show_progress: bool,
    row_group_size: int | None,
    unique: bool,
) -> TabularDataset:
    """Store a pandas DataFrame as Parquet below `target` and register it; see `register_pandas_dataframe`."""
    from stoker.data._rows import needed
    from stoker.data.dataset_factory import TabularDatasetFactory

    parquet = needed("pyarrow.parquet", "pip install 'stoker[data]'")
    check_dataset_name(registration["name"])
    table = _as_table(frame)
    store, folder = _folder_of(target, unique=unique)
    with tempfile.TemporaryDirectory(prefix="stoker-frame-") as here:
        file = os.path.join(here, "dataframe.parquet")
        parquet.write_table(table, file, row_group_size=row_group_size)
        store.upload_files([file], target_path=folder, overwrite=True, show_progress=show_progress)
    made = TabularDatasetFactory.from_parquet_files((store, f"{folder}/"), validate=False)
    registered: TabularDataset = made.register(store.workspace, create_new_version=True, **registration)
    return registered


def _as_table(frame: Any) -> Any:
    """Return a pandas DataFrame as an Arrow table, or raise with what Parquet can't hold."""
    from stoker.data._rows import needed

    arrow = needed("pyarrow", "pip install 'stoker[data]'")
    pandas = needed("pandas", "pip install 'stoker[data]'")
    if not isinstance(frame, pandas.DataFrame):
        raise UserErrorException(
            f"dataframe is a {type(frame).__name__} and no pandas DataFrame. Give one.", target="dataframe"
        )
    plain = frame.reset_index(drop=True)
    plain.columns = [str(name).replace(".", "_") for name in frame.columns]
    if len(set(plain.columns)) != len(plain.columns):
        raise UserErrorException(
            f"The DataFrame has two columns of one name: {list(plain.columns)}. Rename one; dots count as underscores.",
            target="dataframe",
        )
    for position, name in enumerate(plain.columns):
        first = plain.iloc[0, position] if len(plain) else None
        if hasattr(first, "__len__") and not isinstance(first, (str, bytes)):
            raise UserErrorException(
                f"The column {name!r} holds values of type {type(first).__name__}, which a dataset can't have. "
                "Turn them into text or columns of their own.",
                target="dataframe",
            )
    try:
        return arrow.Table.from_pandas(plain, preserve_index=False)
    except (arrow.ArrowInvalid, arrow.ArrowTypeError, arrow.ArrowNotImplementedError) as error:
        raise UserErrorException(
            f"The DataFrame can't be stored as Parquet: {' '.join(map(str, error.args))}. Give each column one type, "
            "as frame.astype({'column': str}) does.",
            error,
            target="dataframe",
        ) from error


def _folder_of(target: Any, *, unique: bool) -> tuple[Any, str]:
    """Return the datastore of a target and the folder that is written to."""
    from stoker.base.ids import new_guid

    store, path = store_and_text(target, "target")
    folder = path.replace("\\", "/").strip("/") or _PLACE_OF_ALL
    return store, posixpath.join(folder, new_guid()) if unique else folder


def upload_directory(
    src_dir: str, target: Any, pattern: str | None, overwrite: bool, show_progress: bool
) -> FileDataset:
    """Upload a folder and return what is at the target; see `FileDatasetFactory.upload_directory`."""
    from stoker.data.dataset_factory import FileDatasetFactory

    folder = os.path.abspath(os.path.expanduser(os.fspath(src_dir)))
    if not os.path.isdir(folder):
        raise UserErrorException(f"There is no folder {folder!r} to upload. Name one that is there.", target="src_dir")
    store, path = store_and_text(target, "target")
    wanted = [file for file in _files_below(folder) if pattern is None or _matches(file, folder, pattern)]
    if not wanted:
        what = "is empty" if pattern is None else f"has no file that matches {pattern!r}"
        raise UserErrorException(f"The folder {folder!r} {what}, so nothing was uploaded.", target="src_dir")
    below = path.replace("\\", "/").strip("/")
    store.upload_files(
        wanted, relative_root=folder, target_path=below, overwrite=overwrite, show_progress=show_progress
    )
    return FileDatasetFactory.from_files((store, f"{below}/" if below else ""))


def _files_below(folder: str) -> Iterator[str]:
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield os.path.join(base, name)


def _matches(file: str, folder: str, pattern: str) -> bool:
    return fnmatch.fnmatch(file, pattern) or fnmatch.fnmatch(os.path.relpath(file, folder), pattern)


def partition_by(
    dataset: TabularDataset, partition_keys: Any, target: Any, name: str | None, show_progress: bool, as_files: bool
) -> TabularDataset | FileDataset:
    """Write a table to files by the values of some columns; see `TabularDataset.partition_by`."""
    from stoker.data._rows import reader

    if name is not None:
        check_dataset_name(name)
    keys = _checked_keys(partition_keys)
    store, folder = _folder_of(target, unique=True)
    with tempfile.TemporaryDirectory(prefix="stoker-parts-") as here:
        with contextlib.closing(reader(dataset)) as rows:
            missing = [key for key in keys if key not in rows.schema.names]
            if missing:
                raise UserErrorException(
                    f"{missing!r} are invalid partition keys. The dataset has the columns "
                    f"{', '.join(map(repr, rows.schema.names))}.",
                    target="partition_keys",
                )
            types = {key: rows.schema.field(key).type for key in keys}
            _write_parts(rows, keys, here)
        files = list(_files_below(here))
        store.upload_files(files, relative_root=here, target_path=folder, show_progress=show_progress)
    made = _dataset_of_parts(store, folder, keys, types, as_files)
    return made if name is None else made.register(store.workspace, name, create_new_version=True)


def _checked_keys(partition_keys: Any) -> list[str]:
    if not partition_keys:
        raise UserErrorException("partition_keys can't be empty. Name the columns.", target="partition_keys")
    keys = column_names(partition_keys)
    if not isinstance(partition_keys, str) and len(keys) != len(partition_keys):
        raise UserErrorException(
            f"partition_keys={partition_keys!r} names a column twice. Name each once.", target="partition_keys"
        )
    return keys


def _write_parts(rows: Any, keys: Sequence[str], folder: str) -> None:
    """Write the rows below `folder`: a folder for each value of each key, in the order of the keys."""
    import pyarrow as pa
    import pyarrow.dataset as pads

    names = [f"\0{number}" for number in range(len(keys))]
    kept = [name for name in rows.schema.names if name not in keys]
    schema = pa.schema([*(rows.schema.field(name) for name in kept), *(pa.field(name, pa.string()) for name in names)])

    def batches() -> Iterator[Any]:
        for batch in rows:
            columns = [batch.column(name) for name in kept]
            columns += [_as_folders(batch.column(key), key) for key in keys]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    partitioning = pads.DirectoryPartitioning(pa.schema([pa.field(name, pa.string()) for name in names]))
    pads.write_dataset(
        pa.RecordBatchReader.from_batches(schema, batches()),
        folder,
        format="parquet",
        partitioning=partitioning,
        basename_template="part-{i}.parquet",
        max_partitions=100_000,
        existing_data_behavior="error",
    )


def _as_folders(column: Any, key: str) -> Any:
    """Return a column's values as names of folders."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_temporal(column.type) and not pa.types.is_time(column.type):
        texts = pc.strftime(column.cast(pa.timestamp("s"), safe=False), format="%Y%m%d%H%M%S")
    else:
        texts = column.cast(pa.string())
    for value in texts.unique().to_pylist():
        if value in {None, "", ".", ".."} or "/" in value or "\0" in value:
            raise UserErrorException(
                f"The column {key!r} has the value {value!r}, which can't be the name of a folder. Fill or replace it "
                "before partitioning.",
                target="partition_keys",
            )
    return texts


def _dataset_of_parts(
    store: Any, folder: str, keys: Sequence[str], types: dict[str, Any], as_files: bool
) -> TabularDataset | FileDataset:
    import pyarrow as pa

    from stoker.data._types import DataType
    from stoker.data.dataset_factory import FileDatasetFactory, TabularDatasetFactory

    words = [f"{{{key}:yyyyMMddHHmmss}}" if pa.types.is_temporal(types[key]) else f"{{{key}}}" for key in keys]
    layout = f"/{folder}/{'/'.join(words)}/*.parquet"
    pattern = f"{folder}/{'*/' * len(keys)}*.parquet"
    if as_files:
        return FileDatasetFactory.from_files((store, pattern), partition_format=layout)
    wanted = {key: _KINDS.get(str(types[key]).rstrip("0123456789")) for key in keys}
    columns = {key: DataType({"type": kind}) for key, kind in wanted.items() if kind is not None}
    return TabularDatasetFactory.from_parquet_files(
        (store, pattern), validate=False, set_column_types=columns or None, partition_format=layout
    )
