"""The files of a dataset: those of its source, and of a file dataset those that its operations leave."""

from __future__ import annotations

import datetime as dt

from stoker.data._definition import option, partition_keys
from stoker.data._file_steps import apply
from stoker.exceptions import StokerException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from stoker.data._storage.resolve import SourceFile, SourceFiles

__all__ = ["changed_at", "files_of", "fingerprint_of", "looked_at", "path_values", "source_files"]


def source_files(definition: Mapping[str, Any], workspace: Any = None) -> SourceFiles:
    """Return the files that a dataset reads, before any operation; none for a query.

    Of a dataset that is written from another, they are the other's: what its content depends on.

    Raises
    ------
    stoker.exceptions.DatasetValidationError
        A path or pattern names nothing.
    """
    from stoker.data._storage.resolve import resolve

    source = definition["source"]
    if source["type"] == "written_files":
        return source_files(source["of"], workspace)
    return resolve(dict(definition), workspace)


def files_of(definition: Mapping[str, Any], workspace: Any = None) -> SourceFiles:
    """Return the files that a run or a user gets from a dataset.

    Of a file dataset its operations are applied; of a table they are the files that it is read from.

    Raises
    ------
    stoker.exceptions.DatasetValidationError
        A path or pattern names nothing.
    stoker.exceptions.DatasetExecutionError
        An operation failed.
    """
    from stoker.data._storage.resolve import SourceFiles

    if definition["source"]["type"] == "written_files":
        from stoker.data._written import written_files

        files = written_files(definition, workspace)
    else:
        files = source_files(definition, workspace)
    if definition["kind"] != "File":
        return files
    left = apply(files, definition["steps"], path_values(definition))
    if len(left) == len(files):
        return files
    return SourceFiles(left)


def path_values(definition: Mapping[str, Any]) -> Any:
    """Return a function that gives the columns of a file's path."""
    text = option(definition, "partition_format")
    if not text or not partition_keys(definition):
        return lambda _: {}
    from stoker.data._engine.partition import PartitionFormat

    pattern = PartitionFormat(text)

    def values(file: SourceFile) -> dict[str, Any]:
        found: dict[str, Any] = pattern.values(file.shown)
        return found

    return values


def changed_at(files: SourceFiles) -> dt.datetime | None:
    """Return when the newest of the files was changed, in UTC; None when no place tells."""
    newest = max((file.mtime for file in files), default=0)
    return dt.datetime.fromtimestamp(newest, dt.timezone.utc) if newest else None


def fingerprint_of(definition: Mapping[str, Any], workspace: Any = None) -> dict[str, Any] | None:
    """Return the fingerprint of the data that a dataset holds now.

    None for a query, and where the data can't be looked at from here: a dataset may be registered before its data are
    there.
    """
    try:
        return looked_at(definition, workspace)
    except StokerException:
        return None


def looked_at(definition: Mapping[str, Any], workspace: Any = None) -> dict[str, Any] | None:
    """Return the fingerprint of the data that a dataset holds now; None for a query.

    Raises
    ------
    stoker.exceptions.StokerException
        The data can't be looked at; the message says why.
    """
    from stoker.data._storage.fingerprint import HASH_BYTES, fingerprint

    kind = definition["source"]["type"]
    if kind == "sql_query":
        return None
    look = source_files if kind == "written_files" else files_of
    limit = workspace._setting("data_hash_bytes", HASH_BYTES) if workspace is not None else None  # noqa: SLF001
    return fingerprint(look(definition, workspace), limit=limit)
