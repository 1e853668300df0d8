"""The operations of a definition on batches of rows, in order."""

from __future__ import annotations

import datetime as dt

from stoker.data._engine.evaluate import columns_of, mask
from stoker.exceptions import DatasetExecutionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from typing import Any

__all__ = ["Operation", "columns_needed", "condition_of", "no_column", "operation", "schema_after"]

_WHOLE = (1 << 64) - 1


class Operation:
    """What one step does to each batch; this one does nothing.

    Attributes
    ----------
    done : bool
        Whether nothing that follows can add a row.
    """

    done = False

    def apply(self, batch: Any) -> Any:
        """Return what is left of a batch."""
        return batch


class _Choose(Operation):
    def __init__(self, columns: Collection[str], *, keep: bool) -> None:
        self._columns = set(columns)
        self._keep = keep

    def apply(self, batch: Any) -> Any:
        names = batch.schema.names
        return batch.select([name for name in names if (name in self._columns) is self._keep])


class _Filter(Operation):
    def __init__(self, expression: Any) -> None:
        self._expression = expression

    def apply(self, batch: Any) -> Any:
        return batch.filter(mask(self._expression, batch))


class _Take(Operation):
    def __init__(self, count: int) -> None:
        self._left = count
        self.done = count <= 0

    def apply(self, batch: Any) -> Any:
        taken = batch.slice(0, self._left)
        self._left -= taken.num_rows
        self.done = self._left <= 0
        return taken


class _Skip(Operation):
    def __init__(self, count: int) -> None:
        self._left = count

    def apply(self, batch: Any) -> Any:
        rest = batch.slice(min(self._left, batch.num_rows))
        self._left -= batch.num_rows - rest.num_rows
        return rest


class _Chance(Operation):
    """Each row by itself, by a number that depends on the seed, the step and the row's place alone."""

    def __init__(self, seed: int | None, place: int, share: float, *, first: bool) -> None:
        import numpy as np

        # The step's place keeps two splits by one seed apart: the second would choose by the same numbers.
        start = None if seed is None else [seed & _WHOLE, place]
        self._numbers = np.random.Generator(np.random.PCG64(start))
        self._share = share
        self._first = first

    def apply(self, batch: Any) -> Any:
        import pyarrow as pa

        chosen = self._numbers.random(batch.num_rows) < self._share
        return batch.filter(pa.array(chosen if self._first else ~chosen))


def operation(step: dict[str, Any], place: int) -> Operation:
    """Return the operation of a step.

    Parameters
    ----------
    step : dict
        As a definition has it.
    place : int
        The step's place among all.
    """
    condition = condition_of(step)
    if condition is not None:
        return _Filter(condition)
    return _MAKERS.get(step["op"], _nothing)(step, place)


def _nothing(step: dict[str, Any], place: int) -> Operation:
    del step, place
    return Operation()


_MAKERS: dict[str, Callable[[dict[str, Any], int], Operation]] = {
    "keep_columns": lambda step, _: _Choose(_listed(step), keep=True),
    "drop_columns": lambda step, _: _Choose(_listed(step), keep=False),
    "take": lambda step, _: _Take(step["count"]),
    "skip": lambda step, _: _Skip(step["count"]),
    "sample": lambda step, place: _Chance(step["seed"], place, step["probability"], first=True),
    "split": lambda step, place: _Chance(step["seed"] or 0, place, step["percentage"], first=step["part"] == 0),
}


def condition_of(step: dict[str, Any]) -> list[Any] | None:
    """Return the condition of a step that leaves out rows by their values; None for others."""
    if step["op"] == "filter":
        found: list[Any] = step["expression"]
        return found
    column = ["col", step.get("column")]
    if step["op"] == "recent":
        start = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None) - dt.timedelta(seconds=step["seconds"])
        return [">=" if step["include_boundary"] else ">", column, ["datetime", start.isoformat()]]
    if step["op"] != "time":
        return None
    parts: list[list[Any]] = []
    if step["start"] is not None:
        parts.append([">=" if step["start_included"] else ">", column, ["datetime", step["start"]]])
    if step["end"] is not None:
        parts.append(["<=" if step["end_included"] else "<", column, ["datetime", step["end"]]])
    if not parts:
        return ["not", ["is_null", column]]
    return parts[0] if len(parts) == 1 else ["and", *parts]


def columns_needed(steps: Sequence[dict[str, Any]], asked: Iterable[str] | None) -> set[str] | None:
    """Return the columns that operations and the asker need of the source; None for all.

    Examples
    --------
    >>> columns_needed([{"op": "keep_columns", "columns": ["a"]}], None)
    {'a'}
    """
    needed: set[str] | None = None if asked is None else set(asked)
    for step in reversed(steps):
        if step["op"] == "keep_columns":
            needed = set(_listed(step)) if needed is None else needed
        elif needed is not None:
            needed |= _columns_of_step(step)
    return needed


def schema_after(step: dict[str, Any], schema: Any) -> Any:
    """Return the schema after a step.

    Raises
    ------
    stoker.exceptions.DatasetExecutionError
        The step names a column that is not there.
    """
    import pyarrow as pa

    for name in _listed(step) or sorted(_columns_of_step(step)):
        if name not in schema.names:
            raise no_column(name, schema.names)
    if step["op"] not in {"keep_columns", "drop_columns"}:
        return schema
    named = set(_listed(step))
    # In the data's order, whatever the order in which they were named.
    return pa.schema([field for field in schema if (field.name in named) is (step["op"] == "keep_columns")])


def no_column(name: str, known: Collection[str]) -> DatasetExecutionError:
    """Return the error for a column that is not there."""
    from stoker.base.names import suggestion

    return DatasetExecutionError(
        f"The dataset has no column {name!r}. {suggestion(name, list(known))}", target="columns"
    )


def _listed(step: dict[str, Any]) -> list[str]:
    columns = step.get("columns") or []
    return [columns] if isinstance(columns, str) else list(columns)


def _columns_of_step(step: dict[str, Any]) -> set[str]:
    if step["op"] == "filter":
        return columns_of(step["expression"])
    return {step["column"]} if step["op"] in {"time", "recent"} else set()
