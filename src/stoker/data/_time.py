"""Time series: which column tells the time, and the operations that choose rows by it."""

from __future__ import annotations

import re

from stoker.data._definition import option
from stoker.exceptions import DatasetTimestampMissingError, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["between_steps", "recent_steps", "wanted_columns"]

_OLD = ("fine_grain_timestamp", "coarse_grain_timestamp")
_UNITS = ("y", "M", "d", "H", "m", "s")


def wanted_columns(
    timestamp: str | None, partition_timestamp: str | None, old: Mapping[str, Any]
) -> tuple[str | None, str | None]:
    """Return timestamp and partition timestamp from what a caller gave, under new names or old ones.

    Raises
    ------
    stoker.exceptions.UserErrorException
        They don't go together.
    """
    strange = set(old) - set(_OLD)
    if strange:
        raise TypeError(f"with_timestamp_columns() got an unexpected argument {min(strange)!r}")
    fine, coarse = (old.get(name) for name in _OLD)
    if (fine or coarse) and (timestamp or partition_timestamp):
        raise UserErrorException(
            "fine_grain_timestamp and coarse_grain_timestamp are the old names of timestamp and partition_timestamp, "
            "and can't be mixed with them. Use the new ones.",
            target="timestamp",
        )
    fine, coarse = fine or timestamp or None, coarse or partition_timestamp or None
    if coarse and not fine:
        raise UserErrorException(
            "A partition timestamp is assigned only with a timestamp. Give timestamp too.", target="timestamp"
        )
    if fine and fine == coarse:
        raise UserErrorException(
            f"{fine!r} can't be both the timestamp and the partition timestamp. Leave partition_timestamp out.",
            target="partition_timestamp",
        )
    return fine, coarse


def between_steps(
    definition: Mapping[str, Any], method: str, start: str | None, end: str | None, include_boundary: bool
) -> list[dict[str, Any]]:
    """Return the operations that leave the rows between two times, given as ISO 8601; None is open.

    Where the paths tell the period of a file, other files are left out first.

    Raises
    ------
    stoker.exceptions.DatasetTimestampMissingError
        There is no timestamp column.
    """
    fine, coarse = _columns(definition, method)
    included = bool(include_boundary)
    exact = _time_step(fine or coarse, start, end, included)
    floor = None if fine is None or coarse is None else _floor(definition, coarse)
    if floor is None:
        return [exact]
    period = None if start is None else floor(start)
    return [_time_step(coarse, period, end, included=True), exact]


def recent_steps(definition: Mapping[str, Any], time_delta: Any, include_boundary: bool) -> list[dict[str, Any]]:
    """Return the operation that leaves the rows of the last time.

    Raises
    ------
    stoker.exceptions.DatasetTimestampMissingError
        There is no timestamp column.
    stoker.exceptions.UserErrorException
        It is no length of time.
    """
    import datetime as dt

    if not isinstance(time_delta, dt.timedelta):
        raise UserErrorException(
            f"time_delta={time_delta!r} is no datetime.timedelta. Give for example timedelta(days=30).",
            target="time_delta",
        )
    fine, coarse = _columns(definition, "time_recent")
    seconds, boundary = time_delta.total_seconds(), bool(include_boundary)
    return [{"op": "recent", "column": fine or coarse, "seconds": seconds, "include_boundary": boundary}]


def _columns(definition: Mapping[str, Any], method: str) -> tuple[str | None, str | None]:
    time = definition["time"]
    fine, coarse = time.get("timestamp"), time.get("partition_timestamp")
    if fine is None and coarse is None:
        raise DatasetTimestampMissingError(
            f"{method} needs a timestamp column, and the dataset has none, or it was dropped. Name it first: "
            "dataset.with_timestamp_columns('column')."
        )
    return fine, coarse


def _time_step(column: str | None, start: str | None, end: str | None, included: bool) -> dict[str, Any]:
    bounds = {"start": start, "end": end, "start_included": included, "end_included": included}
    return {"op": "time", "column": column, **bounds}


def _floor(definition: Mapping[str, Any], column: str) -> Any:
    """Return a function from a time to the beginning of its period, when the paths tell periods of a known length."""
    text = option(definition, "partition_format") or ""
    found = re.search(r"\{" + re.escape(column) + r":([^{}]*)\}", text)
    units = [unit for unit in _UNITS if found is not None and unit in found.group(1)]
    if not units:
        return None
    finest = _UNITS.index(units[-1])

    def floor(moment: str) -> str:
        import datetime as dt

        value = dt.datetime.fromisoformat(moment)
        rest = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
        finer: dict[str, Any] = dict(list(rest.items())[finest:])
        return value.replace(microsecond=0, **finer).isoformat()

    return floor
