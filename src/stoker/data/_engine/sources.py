"""What every kind of source of rows can do, and which one a definition has."""

from __future__ import annotations

from abc import ABC, abstractmethod

from stoker.exceptions import DatasetExecutionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from typing import Any

    from stoker.data._engine.misfits import Misfits

__all__ = ["Source", "source_of"]


class Source(ABC):
    """Where rows come from.

    Nothing is read before a method asks for it. Rows come in the order of the files, and in each file's own order,
    whatever is done beside it in threads; memory does not grow with the number of rows. An instance is for one reader
    in one thread.

    Attributes
    ----------
    conditions : list
        Expressions of which each must hold for a row to count. Rows for which one does not may be left out or may come.
    opens : callable
        Whether a file may hold rows that count; others are left out.
    """

    conditions: list[Any]
    opens: Callable[[Any], bool]

    def __init__(self) -> None:
        self.conditions = []
        self.opens = lambda _: True

    @abstractmethod
    def kinds(self) -> dict[str, dict[str, Any]]:
        """Return each column's type as a definition has it, in order; the beginning of the data is read.

        Raises
        ------
        stoker.exceptions.DatasetExecutionError
            It can't be read; the message names the file.
        """

    @abstractmethod
    def schema(self) -> Any:
        """Return the Arrow schema of all columns; errors as `kinds` has them."""

    @abstractmethod
    def batches(self, columns: Collection[str] | None, misfits: Misfits) -> Iterator[tuple[Any, Any]]:
        """Yield (file, RecordBatch) with the columns in the schema's order.

        A batch may have more columns behind these, of texts, where rows hold more than the beginning of the data
        showed. For a query the file is None.

        Parameters
        ----------
        columns : collection of str, optional
            Default: all. Names that the source does not have are passed over.
        misfits : Misfits
            Learns of values that don't fit their column's type, and may end the reading.

        Raises
        ------
        stoker.exceptions.DatasetExecutionError
            The data can't be read; the message names the file, and line and column where there are such.
        """


def source_of(definition: dict[str, Any], files: Any) -> Source:
    """Return what reads the rows of a definition's source.

    Parameters
    ----------
    definition : dict
    files : SourceFiles
        What `resolve` gave for it.
    """
    kind = definition["source"]["type"]
    if kind == "delimited_files":
        from stoker.data._engine.delimited import Delimited

        return Delimited(definition, files)
    if kind == "parquet_files":
        from stoker.data._engine.parquet import Parquet

        return Parquet(definition, files)
    if kind == "json_lines_files":
        from stoker.data._engine.json_lines import JsonLines

        return JsonLines(definition, files)
    if kind == "sql_query":
        from stoker.data._engine.query import Query

        return Query(definition, files)
    raise DatasetExecutionError(f"A dataset of {kind.replace('_', ' ')} has no rows. Read it as a table first.")
