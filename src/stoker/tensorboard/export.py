"""The metrics of runs as TensorBoard's event files."""

from __future__ import annotations

import os

from stoker.tensorboard._runs import needed, runs_of, with_children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from logging import Logger
    from typing import Any

    from stoker.core.run import Run

    Point = tuple[float, int, float]

__all__ = ["export_to_tensorboard"]

_SUFFIX = ".stoker"


def export_to_tensorboard(
    run_data: Run | Iterable[Run], logdir: str, logger: Logger | None = None, recursive: bool = True
) -> None:
    """Write the metrics of runs to event files, each run's to the folder `logdir/RUN`; an older export is replaced.

    Numbers are written with their steps, a list's and a table's with their places; texts and files are left out. The
    package `tensorboard` is needed, TensorFlow is not.

    Parameters
    ----------
    run_data : Run or list of Run
    logdir : str
        Made when it is not there.
    logger : logging.Logger, optional
        Told what was written and what was left out.
    recursive : bool, default=True
        Whether the runs below come too.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The package is not installed, or there is no run.

    Examples
    --------
    >>> from stoker.tensorboard.export import export_to_tensorboard
    >>> export_to_tensorboard(run, "logs")  # doctest: +SKIP
    """
    runs = runs_of(run_data, "run_data")
    needed("tensorboard.summary.writer.event_file_writer")
    for run in runs:
        api = run.experiment.workspace._api  # noqa: SLF001  # one package
        for record in with_children(run, recursive=recursive):
            folder = os.path.join(os.fspath(logdir), record["id"])
            series = api.get(f"/runs/{record['id']}/metrics/series")["series"]
            count = _export(series, folder, logger)
            if logger is not None:
                logger.info("%s: %d values to %s", record["id"], count, folder)


def _export(series: list[dict[str, Any]], folder: str, logger: Logger | None) -> int:
    """Write the series of a run and return the number of values."""
    events = needed("tensorboard.compat.proto.event_pb2")
    summaries = needed("tensorboard.compat.proto.summary_pb2")
    writer_of = needed("tensorboard.summary.writer.event_file_writer").EventFileWriter
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        if "tfevents" in name and name.endswith(_SUFFIX):
            os.unlink(os.path.join(folder, name))
    writer = writer_of(folder, filename_suffix=_SUFFIX)
    count = 0
    for one in series:
        tag = one["name"] if one["column"] == one["name"] else f"{one['name']}/{one['column']}"
        points = list(_points(one["points"]))
        if logger is not None and len(points) < len(one["points"]):
            logger.info("%s: %d values that are no numbers were left out", tag, len(one["points"]) - len(points))
        for time, step, number in points:
            value = summaries.Summary.Value(tag=tag, simple_value=number)
            writer.add_event(events.Event(wall_time=time, step=step, summary=summaries.Summary(value=[value])))
        count += len(points)
    writer.close()
    return count


def _points(points: list[list[Any]]) -> Iterator[Point]:
    """Yield time (seconds), step and number of what is a number."""
    from stoker.core._metrics import decoded

    for place, (time, step, value) in enumerate(decoded(points)):
        if isinstance(value, (int, float)):
            yield time, int(step) if isinstance(step, (int, float)) else place, float(value)
