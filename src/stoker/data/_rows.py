"""From a tabular dataset to the engine that reads its rows."""

from __future__ import annotations

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.data.abstract_dataset import AbstractDataset

__all__ = ["expression_json", "known_columns", "needed", "reader", "rows_source"]


def rows_source(dataset: AbstractDataset) -> tuple[dict[str, Any], Any]:
    """Return a dataset's definition and what the engine reads from: its files, or its database.

    Raises
    ------
    stoker.exceptions.DatasetValidationError
        A path or pattern names nothing.
    """
    from stoker.data._files import source_files

    definition, workspace = dataset._definition, dataset._workspace  # noqa: SLF001  # one package
    return definition, source_files(definition, workspace)


def reader(dataset: AbstractDataset, columns: list[str] | None = None) -> Any:
    """Return the rows as a `pyarrow.RecordBatchReader`: a part at a time, in constant memory."""
    from stoker.data import _engine

    definition, files = rows_source(dataset)
    return _engine.scan(definition, files, columns=columns)


def known_columns(dataset: AbstractDataset) -> list[str]:
    """Return the names of the dataset's columns; the beginning of the data is read."""
    from stoker.data import _engine

    definition, files = rows_source(dataset)
    return list(_engine.columns(definition, files))


def expression_json(expression: Any) -> Any:
    """Return an expression as a definition holds it.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is no expression.
    """
    from stoker.data._engine.expression import Expression

    if isinstance(expression, Expression):
        return expression.to_json()
    raise UserErrorException(
        f"{expression!r} is no expression. Make one of the dataset's columns, as dataset['age'] > 30, and join them "
        "by &, | and ~ with brackets around each.",
        target="expression",
    )


def needed(module: str, install: str) -> Any:
    """Return a module, or raise with what to install.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is not there.
    """
    import importlib

    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserErrorException(
            f"This needs {package}, which is not installed here ({error}). Install it: {install}.", error
        ) from error
