"""Tables whose rows have a time."""

from __future__ import annotations

from stoker.data import _definition
from stoker.data._arguments import instant
from stoker.data.abstract_dataset import AbstractDataset

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime as dt
    from typing import Any

    from typing_extensions import Self

__all__ = ["TimeSeries"]


class TimeSeries(AbstractDataset):
    """A table that can be filtered by time, once it is said which column tells it."""

    @property
    def timestamp_columns(self) -> tuple[str | None, str | None]:
        """The timestamp column and the partition timestamp column."""
        time = self._definition["time"]
        return time.get("timestamp"), time.get("partition_timestamp")

    def with_timestamp_columns(
        self,
        timestamp: str | None = None,
        partition_timestamp: str | None = None,
        validate: bool = False,
        **kwargs: Any,
    ) -> Self:
        """Return the dataset as a time series, so that it can be filtered by time; None for both clears that.

        Parameters
        ----------
        timestamp : str, optional
            The column with the time of each row.
        partition_timestamp : str, optional
            A column with the beginning of the period that a row's file is for, as a path gives it
            (`partition_format`); files of other periods are then not opened.
        validate : bool, default=False
            Whether to look now whether the columns are there.
        **kwargs
            v1's old names `fine_grain_timestamp` and `coarse_grain_timestamp`.

        Raises
        ------
        stoker.exceptions.UserErrorException
            Only the partition timestamp is given, both are one column, or old and new names are mixed.
        """
        from stoker.data._time import wanted_columns

        fine, coarse = wanted_columns(timestamp, partition_timestamp, kwargs)
        if validate:
            self._check_columns([name for name in (fine, coarse) if name is not None])
        return self._made(_definition.with_time(self._definition, fine, coarse), self._workspace)

    def time_before(self, end_time: dt.datetime, include_boundary: bool = True, validate: bool = True) -> Self:
        """Return the rows up to a time.

        Parameters
        ----------
        end_time : datetime.datetime
            Without a zone: as the column has it.
        include_boundary : bool, default=True
            Whether `end_time` itself belongs to it.
        validate : bool, default=True
            v1's argument, without effect: columns are looked at when rows are read.

        Raises
        ------
        stoker.exceptions.DatasetTimestampMissingError
            The dataset has no timestamp column.
        """
        del validate
        return self._between("time_before", None, instant(end_time, "end_time"), include_boundary)

    def time_after(self, start_time: dt.datetime, include_boundary: bool = True, validate: bool = True) -> Self:
        """Return the rows from a time on; arguments and errors as `time_before` has them."""
        del validate
        return self._between("time_after", instant(start_time, "start_time"), None, include_boundary)

    def time_between(
        self,
        start_time: dt.datetime,
        end_time: dt.datetime,
        include_boundary: bool = True,
        validate: bool = True,
    ) -> Self:
        """Return the rows between two times; arguments and errors as `time_before` has them."""
        del validate
        bounds = instant(start_time, "start_time"), instant(end_time, "end_time")
        return self._between("time_between", *bounds, include_boundary)

    def time_recent(self, time_delta: dt.timedelta, include_boundary: bool = True, validate: bool = True) -> Self:
        """Return the rows of the last days or hours, counted back from the moment that they are read.

        Parameters
        ----------
        time_delta : datetime.timedelta
        include_boundary, validate
            As `time_before` has them.

        Raises
        ------
        stoker.exceptions.DatasetTimestampMissingError
            The dataset has no timestamp column.
        """
        from stoker.data._time import recent_steps

        del validate
        return self._with(*recent_steps(self._definition, time_delta, include_boundary))

    def _between(self, method: str, start: str | None, end: str | None, include_boundary: bool) -> Self:
        from stoker.data._time import between_steps

        return self._with(*between_steps(self._definition, method, start, end, include_boundary))

    def _check_columns(self, names: list[str]) -> None:
        """Raise when a column is not there; the beginning of the data is read."""
        from stoker.base.names import suggestion
        from stoker.data._rows import known_columns
        from stoker.exceptions import DatasetValidationError

        known = known_columns(self)
        missing = [name for name in names if name not in known]
        if missing:
            raise DatasetValidationError(
                f"The dataset has no column {', '.join(map(repr, missing))}. {suggestion(missing[0], list(known))}",
                target="columns",
            )
