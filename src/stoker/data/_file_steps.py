"""The operations of a file dataset: on the list of its files, without opening any."""

from __future__ import annotations

import datetime as dt
import hashlib
import operator
import posixpath

from stoker.exceptions import DatasetExecutionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from stoker.data._storage.resolve import SourceFile

    Values = Callable[[SourceFile], Mapping[str, Any]]

__all__ = ["METADATA", "apply", "chosen", "holds"]

METADATA = ("Size", "LastModifiedTime", "CreationTime", "Extension", "CanSeek", "Path")
"""What is known of a file without opening it."""

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": str.__contains__,
}


def apply(files: Sequence[SourceFile], steps: Sequence[Mapping[str, Any]], values: Values) -> list[SourceFile]:
    """Return the files that are left after the operations, in order.

    Parameters
    ----------
    files : sequence of SourceFile
    steps : sequence of dict
        As a definition has them; those on columns change nothing.
    values : callable
        Gives the columns that come from a file's path.

    Raises
    ------
    stoker.exceptions.DatasetExecutionError
        An operation can't be done on files.
    """
    left = list(files)
    for step in steps:
        kind = step["op"]
        if kind == "take":
            left = left[: step["count"]]
        elif kind == "skip":
            left = left[step["count"] :]
        elif kind == "sample":
            left = [file for file in left if chosen(file.relative, step["seed"], step["probability"])]
        elif kind == "split":
            first = step["part"] == 0
            left = [file for file in left if chosen(file.relative, step["seed"], step["percentage"]) is first]
        elif kind == "filter":
            left = [file for file in left if holds(step["expression"], file, values(file)) is True]
        elif kind not in {"keep_columns", "drop_columns", "partition_keys"}:
            raise DatasetExecutionError(f"The operation {kind} needs rows, and a file dataset has files.")
    return left


def chosen(name: str, seed: int, probability: float) -> bool:
    """Tell whether a file belongs to a sample; it does not depend on which other files there are.

    Examples
    --------
    >>> chosen("a.csv", 1, 1.0), chosen("a.csv", 1, 0.0)
    (True, False)
    """
    drawn = hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(drawn[:8], "big") < probability * 2.0**64


def holds(expression: Any, file: SourceFile, values: Mapping[str, Any]) -> Any:
    """Return what an expression gives for a file; None where a value is missing, as SQL has it."""
    kind, *rest = expression
    if kind in {"value", "datetime", "col", "meta"}:
        return _leaf(kind, rest[0], file, values)
    if kind in {"and", "or"}:
        return _logic(kind, holds(rest[0], file, values), holds(rest[1], file, values))
    if kind == "is_null":
        return holds(rest[0], file, values) is None
    if kind == "not":
        inner = holds(rest[0], file, values)
        return None if inner is None else not inner
    left = holds(rest[0], file, values)
    right = rest[1] if kind in _TEXT and not isinstance(rest[1], list) else holds(rest[1], file, values)
    if left is None or right is None:
        return None
    return _TEXT[kind](str(left), str(right)) if kind in _TEXT else _compared(kind, left, right)


def _leaf(kind: str, what: Any, file: SourceFile, values: Mapping[str, Any]) -> Any:
    if kind == "col":
        return _column(what, file, values)
    if kind == "meta":
        return _metadata(what, file)
    return _naive(dt.datetime.fromisoformat(what)) if kind == "datetime" else what


def _compared(kind: str, left: Any, right: Any) -> bool:
    try:
        return bool(_COMPARE[kind](left, right))
    except TypeError as error:
        raise DatasetExecutionError(
            f"The filter compares {left!r} with {right!r}, which can't be ordered. Compare values of one type."
        ) from error


def _logic(kind: str, left: Any, right: Any) -> Any:
    decisive = kind == "or"
    if left is decisive or right is decisive:
        return decisive
    return None if left is None or right is None else not decisive


def _column(name: str, file: SourceFile, values: Mapping[str, Any]) -> Any:
    if name in values:
        value = values[name]
        return _naive(value) if isinstance(value, dt.datetime) else value
    if name == "Path":
        return file.shown
    known = ", ".join(repr(key) for key in [*values, "Path"])
    raise DatasetExecutionError(f"The dataset of files has no column {name!r}. It has {known}.", target="expression")


def _metadata(name: str, file: SourceFile) -> Any:
    if name == "Size":
        return file.size
    if name in {"LastModifiedTime", "CreationTime"}:
        moment = dt.datetime.fromtimestamp(file.mtime, dt.timezone.utc)
        return moment.replace(tzinfo=None) if file.mtime else None
    if name == "Path":
        return file.shown
    if name == "Extension":
        return posixpath.splitext(file.relative)[1]
    if name == "CanSeek":
        return True
    raise DatasetExecutionError(f"A file has no metadata {name!r}. It has {', '.join(METADATA)}.", target="expression")


def _naive(moment: dt.datetime) -> dt.datetime:
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(dt.timezone.utc).replace(tzinfo=None)
