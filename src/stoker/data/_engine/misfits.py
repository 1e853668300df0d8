"""Values that don't fit their column's type: an error that names the first, or one line in the log on all of them."""

from __future__ import annotations

import logging

from stoker.exceptions import DatasetExecutionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.data._engine.convert import Misfit

__all__ = ["Misfits"]

_WORDS = {"long": "a whole number", "float": "a number", "bool": "true or false", "datetime": "a date"}
_NAMED = 5


class Misfits:
    """What was met while rows were read.

    Parameters
    ----------
    on_error : {"null", "fail"}

    Attributes
    ----------
    fails : bool
        Whether the first one ends the reading.
    """

    def __init__(self, on_error: str) -> None:
        self.fails = on_error == "fail"
        self._counts: dict[str, int] = {}
        self._firsts: dict[str, str] = {}

    def add(self, file: Any, name: str, kind: dict[str, Any], misfit: Misfit, row: int) -> None:
        """Count the misfits of a column.

        Parameters
        ----------
        file : SourceFile
        name : str
        kind : dict
        misfit : Misfit
        row : int
            Rows of the file that came before.
        """
        self._counts[name] = self._counts.get(name, 0) + misfit.count
        if name not in self._firsts:
            self._firsts[name] = f"{_short(misfit.text)} in {_place(file, row, misfit)} is not {_words(kind)}"

    def take(self, file: Any, name: str, kind: dict[str, Any], misfit: Misfit | None, row: int) -> None:
        """Count what does not fit, or raise, where rows have no lines.

        Raises
        ------
        stoker.exceptions.DatasetExecutionError
            Something does not fit, and that ends the reading.
        """
        if misfit is None:
            return
        if self.fails:
            raise _error(f"{_place(file, row, misfit)}, column {name!r}", name, kind, misfit)
        self.add(file, name, kind, misfit, row)

    def error(self, file: Any, line: int, name: str, kind: dict[str, Any], misfit: Misfit) -> DatasetExecutionError:
        """Return the error that names a misfit."""
        return _error(f"{file.shown}, line {line}, column {name!r}", name, kind, misfit)

    def report(self) -> None:
        """Say in the log what became missing."""
        for name in list(self._counts)[:_NAMED]:
            count = self._counts[name]
            logging.getLogger("stoker").warning(
                "Column %r: %d %s missing; the first: %s.",
                name,
                count,
                "value becomes" if count == 1 else "values become",
                self._firsts[name],
            )
        if len(self._counts) > _NAMED:
            logging.getLogger("stoker").warning("The same happened in %d more columns.", len(self._counts) - _NAMED)


def _place(file: Any, row: int, misfit: Misfit) -> str:
    return f"{'the query' if file is None else file.shown}, row {row + misfit.row + 1}"


def _error(where: str, name: str, kind: dict[str, Any], misfit: Misfit) -> DatasetExecutionError:
    return DatasetExecutionError(
        f"{where}: {_short(misfit.text)} is not {_words(kind)}. Correct the data, give the column another type "
        "(set_column_types), or let such values be missing (on_error='null').",
        target=name,
    )


def _words(kind: dict[str, Any]) -> str:
    word = _WORDS.get(kind["type"], kind["type"])
    return f"{word} ({', '.join(kind['formats'])})" if kind.get("formats") else word


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}...")
