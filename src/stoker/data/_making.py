"""What the makers of tables share."""

from __future__ import annotations

from stoker.data import _definition
from stoker.data._arguments import column_types, source_paths
from stoker.data.tabular_dataset import TabularDataset
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["checked_layout", "checked_separator", "common_options", "table_of_files", "validated"]


def common_options(include_path: bool, set_column_types: Any, partition_format: str | None) -> dict[str, Any]:
    return {
        "include_path": bool(include_path),
        "column_types": column_types(set_column_types),
        "partition_format": checked_layout(partition_format),
    }


def checked_separator(separator: Any) -> str:
    if isinstance(separator, str) and separator and not set(separator) & set('\r\n"'):
        return separator
    raise UserErrorException(
        f"separator={separator!r} can't stand between values. Give a character such as ',' or '\\t'.",
        target="separator",
    )


def checked_layout(partition_format: Any) -> str | None:
    """Return the format, looked at now: a wrong one is the caller's mistake, whatever the data."""
    if partition_format is None:
        return None
    if not isinstance(partition_format, str):
        raise UserErrorException(
            f"partition_format={partition_format!r} is no text. Give one as '{{region}}/{{day:yyyy/MM/dd}}/*.csv'.",
            target="partition_format",
        )
    from stoker.data._engine.partition import PartitionFormat

    PartitionFormat(partition_format)
    return partition_format


def table_of_files(kind: str, path: Any, options: dict[str, Any], validate: bool) -> TabularDataset:
    paths, workspace = source_paths(path)
    made = TabularDataset._made(_definition.build(kind, paths, options), workspace)  # noqa: SLF001  # one package
    return validated(made, validate)


def validated(dataset: TabularDataset, validate: bool) -> TabularDataset:
    if validate:
        from stoker.data import _engine
        from stoker.data._rows import rows_source

        _engine.check(*rows_source(dataset))
    return dataset
