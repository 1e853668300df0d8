"""What the paths of a dataset's files say, without opening them."""

from __future__ import annotations

from stoker.data._file_steps import apply
from stoker.data._files import path_values, source_files
from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

__all__ = ["expression_columns", "key_values"]


def key_values(
    definition: Mapping[str, Any], workspace: Any, known: Sequence[str], wanted: Sequence[str] | None
) -> list[dict[str, Any]]:
    """Return each combination of values of the path's columns once, in the order of the files.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The dataset has no such columns.
    """
    if not known:
        raise UserErrorException(
            "The dataset has no partition keys: it was made without partition_format, so its paths give no columns."
        )
    keys = list(known) if wanted is None else list(wanted)
    strange = [key for key in keys if key not in known]
    if strange or not keys:
        raise UserErrorException(
            f"{strange!r} are invalid partition keys. The dataset has {', '.join(map(repr, known))}.",
            target="partition_keys",
        )
    values = path_values(definition)
    steps = [step for step in definition["steps"] if _is_about_paths(step, set(known), definition["kind"])]
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for file in apply(source_files(definition, workspace), steps, values):
        if file.size:
            row = values(file)
            found.setdefault(tuple(row.get(key) for key in keys), {key: row.get(key) for key in keys})
    return list(found.values())


def _is_about_paths(step: Mapping[str, Any], known: set[str], kind: str) -> bool:
    """Tell whether an operation chooses among files, so that it can be done without reading rows."""
    if kind == "File":
        return True
    return step["op"] == "filter" and expression_columns(step["expression"]) <= known


def expression_columns(expression: Any) -> set[str]:
    """Return the names of the columns in an expression.

    Examples
    --------
    >>> sorted(expression_columns(["and", [">", ["col", "a"], ["value", 1]], ["is_null", ["col", "b"]]]))
    ['a', 'b']
    """
    if not isinstance(expression, list) or not expression:
        return set()
    if expression[0] == "col":
        return {expression[1]}
    if expression[0] in {"value", "datetime", "meta"}:
        return set()
    return set().union(*(expression_columns(part) for part in expression[1:]))
