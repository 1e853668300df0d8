"""What a page shows, in the record forms of the REST API; made by the routes, read by the templates."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Record", "RunView", "RunsView"]

Record = Mapping[str, Any]
"""A record as the REST API answers it."""


@dataclass(frozen=True)
class RunView:
    """Everything on a run's page.

    Attributes
    ----------
    workspace : Record
        At least `name`.
    run : Record
        The run in its full form.
    parent : Record or None
        The run above this one; `id` and `display_name` are shown.
    children : sequence of Record
        Newest first.
    children_total : int or None
        How many there are when `children` is only a part; None: these are all.
    params : mapping
        Parameters that an MLflow client has logged, name to value.
    metrics : mapping
        Name to collapsed value, as `GET /runs/{id}/metrics` answers.
    metrics_total : int or None
        How many metrics there are when `metrics` is only a part; None: these are all.
    series : sequence of Record
        As `GET /runs/{id}/metrics/series` answers; `is_part` where `points` are some of more.
    lineage : Record
        `inputs` and `outputs`, as `GET /runs/{id}/lineage` answers.
    logs : sequence of Record
        `name`, `size`, `live` of each log.
    log_name : str or None
        The log that is shown; None: there is none yet.
    log_text : str
        The end of that log, decoded (bad bytes replaced).
    log_start : int
        Offset in bytes at which `log_text` begins; above 0 the page says that lines were left out.
    log_end : int
        Offset in bytes up to which the log is shown; the live update goes on from there.
    files : sequence of Record
        `name`, `size`, `live` of each file.
    samples : sequence of Record
        Resource use, oldest first.
    snapshot : Record or None
        `files` (how many) and `bytes` of the source snapshot, where known.
    cursor : str or None
        Where the live update begins in the stream of events; None: at its beginning.
    now : float
        Unix time in seconds; durations of living runs count up to here.
    """

    workspace: Record
    run: Record
    parent: Record | None = None
    children: Sequence[Record] = ()
    children_total: int | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics_total: int | None = None
    series: Sequence[Record] = ()
    lineage: Record = field(default_factory=dict)
    logs: Sequence[Record] = ()
    log_name: str | None = None
    log_text: str = ""
    log_start: int = 0
    log_end: int = 0
    files: Sequence[Record] = ()
    samples: Sequence[Record] = ()
    snapshot: Record | None = None
    cursor: str | None = None
    now: float = field(default_factory=time.time)


@dataclass(frozen=True)
class RunsView:
    """Everything on the workspace's page.

    Attributes
    ----------
    workspace : Record
        `name`, `root`, `description`, `tags`.
    runs : sequence of Record
        The runs of this page of the list.
    experiments : sequence of str
        Names to choose from, in the order shown.
    experiment, status, search : str or None
        What the list is filtered by.
    total : int or None
        How many runs the filter lets through.
    next_cursor : str or None
        Cursor of the next page.
    now : float
        Unix time in seconds.
    """

    workspace: Record
    runs: Sequence[Record]
    experiments: Sequence[str] = ()
    experiment: str | None = None
    status: str | None = None
    search: str | None = None
    total: int | None = None
    next_cursor: str | None = None
    now: float = field(default_factory=time.time)
