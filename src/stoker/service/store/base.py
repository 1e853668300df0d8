"""What a store of records promises to the rest of the service.

::

    Store
    +-- workspace      facts kept by name
    +-- experiments    EXPERIMENT
    +-- runs           RUN (base_runs.py)
    +-- journals       what scripts wrote: stored exactly once
    +-- metrics        the points of the journals, and how they read
    +-- resources      samples of what a run used
    +-- logs           which log files there are (their bytes: logfiles.py)
    +-- artifacts      which files a run has (their bytes: objects.py)
    +-- snapshots      manifests of source trees (their bytes: objects.py)
    +-- environments   ENVIRONMENT
    +-- compute        COMPUTE
    +-- secrets        secrets by name, sealed (base_data.py)
    +-- datastores     DATASTORE
    +-- datasets       DATASET
    +-- lineage        what runs were given and made
    +-- models         MODEL and REGISTERED (base_models.py)
    +-- logged_models  LOGGED_MODEL (base_logged_models.py)
    +-- params         parameters of runs (base_mlflow.py)
    +-- mlflow_runs    runs as MLflow's clients search for them
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from stoker.service.store.base_data import (
    DatasetRepository,
    DatastoreRepository,
    LineageRepository,
    SecretRepository,
)
from stoker.service.store.base_logged_models import LoggedModelRepository
from stoker.service.store.base_mlflow import MlflowRunRepository, ParamRepository
from stoker.service.store.base_models import ModelRepository
from stoker.service.store.base_records import (
    ArtifactRepository,
    ComputeRepository,
    EnvironmentRepository,
    LogRepository,
    SnapshotRepository,
)
from stoker.service.store.base_runs import Record, RunRepository

__all__ = [
    "ExperimentRepository",
    "IngestResult",
    "JournalRepository",
    "MetricPoint",
    "MetricRepository",
    "ResourceRepository",
    "Store",
    "WorkspaceRepository",
]


@dataclass(frozen=True)
class IngestResult:
    """What came of a piece of a journal.

    Attributes
    ----------
    stored : int
        Bytes of the journal that are stored now; always the end of a line.
    changed_run_ids : tuple of str
        Runs whose records changed or that are new, sorted.
    touched_metrics : tuple of (str, str)
        Run id and metric name of each metric that got points, sorted.
    torn : int
        Lines that could not be read and were skipped.
    gap : bool
        The piece begins beyond what is stored, and nothing of it was taken; `stored` says where to go on.
    """

    stored: int
    changed_run_ids: tuple[str, ...] = ()
    touched_metrics: tuple[tuple[str, str], ...] = ()
    torn: int = 0
    gap: bool = False


@dataclass(frozen=True)
class MetricPoint:
    """A stored point, for those who follow a run.

    Attributes
    ----------
    cursor : int
        Give it to `points_since` to go on behind this point.
    name, column : str
        Metric and column; the same for a plain metric.
    t : float
        Unix time in seconds.
    step : int, float or None
    value : object
        A JSON value; a float that is not finite is `{"$": "nan"}`, `{"$": "inf"}` or `{"$": "-inf"}`.
    """

    cursor: int
    name: str
    column: str
    t: float
    step: int | float | None
    value: Any


class WorkspaceRepository(ABC):
    """Facts of the workspace itself."""

    @abstractmethod
    def get(self) -> Record:
        """Return what `update` has kept; empty at first."""

    @abstractmethod
    def update(self, **fields: Any) -> Record:
        """Keep facts (JSON values), leave the others, and return all."""


class ExperimentRepository(ABC):
    """Experiments, named; a name that is not there is a `NotFoundException` that suggests the nearest."""

    @abstractmethod
    def get_or_create(self, name: str) -> Record:
        """Return the record EXPERIMENT; an illegal name is a `UserErrorException`."""

    @abstractmethod
    def get(self, name: str) -> Record:
        """Return the record EXPERIMENT; the experiment's id serves as well as its name."""

    @abstractmethod
    def list(self, view: str = "active", tags: Sequence[str] = ()) -> Sequence[Record]:
        """Return the experiments that are `"active"`, `"archived"` or `"all"`, newest first.

        `tags` are each `key` or `key=value`; all must be there.
        """

    @abstractmethod
    def update(
        self,
        name: str,
        *,
        tags: Mapping[str, str | None] | None = None,
        remove_tags: Sequence[str] | None = None,
        archived: bool | None = None,
        description: str | None = None,
    ) -> Record:
        """Write what is given, leave what is None; tags are merged."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove an experiment; one that has runs is a `ConflictException`."""


class JournalRepository(ABC):
    """Takes in what scripts wrote to their journals.

    Guarantees
    ----------
    *Once.* A byte of a journal, named by root run, journal and offset, is taken in once, however often it is sent and
    however it is cut. The records, the points and the new offset are one transaction.

    *Order.* A piece must begin at or before the stored offset; overlap is skipped. Only whole lines are taken.

    *Confined.* A journal writes to runs of its root's tree only: those that have the same topmost run. What names
    another run is skipped with a warning on the root. A line that can't be read is skipped, counted and said.

    *Any order of journals.* A child that is named before the journal of its maker has come is recorded below the root
    at once, and completed when its maker's record comes.

    *Threads.* Pieces may come from any thread; they are taken in one after the other.
    """

    @abstractmethod
    def ingest(
        self,
        root_run_id: str,
        journal: str,
        offset: int | None,
        data: bytes,
        *,
        trusted: bool = False,
        final: bool = False,
        once: bool = False,
    ) -> IngestResult:
        r"""Store a piece of a journal.

        Parameters
        ----------
        root_run_id : str
            The run in whose folder the journal lies.
        journal : str
            The journal's name.
        offset : int or None
            Where in the journal `data` begins, in bytes; None: at the end of what is stored.
        data : bytes
            Raw lines; a last line without its newline stays unstored, unless `final`.
        trusted : bool, default=False
            Whether the supervisor's records (`status`) count.
        final : bool, default=False
            Nothing will follow: a torn last line counts as stored.
        once : bool, default=False
            Whether a point that is equal to one of the last 1,000 of its series is left out: a sender that knows no
            offsets sends again what it has no answer to.
        """

    @abstractmethod
    def stored(self, root_run_id: str, journal: str) -> int:
        """Return how many bytes of the journal are stored; 0 for one that is not known."""

    @abstractmethod
    def offsets(self, root_run_id: str) -> dict[str, int]:
        """Return the stored bytes of each journal of a run."""


class MetricRepository(ABC):
    """Reads the points that journals brought, in Python's own types.

    Points are ordered by step where every point of the column has one, else by time, journal and place in it.
    Floats that are not finite read as `{"$": "nan"}`, `{"$": "inf"}`, `{"$": "-inf"}`; a file that a metric refers to
    reads as `aml://artifactId/<run id>/<file name>`.
    """

    @abstractmethod
    def collapsed(self, run_id: str, name: str | None = None) -> dict[str, Any]:
        """Return each metric (or the one named) as `get_metrics` shows it; one that is not there is left out.

        One cell is a scalar, several are a list; rows and tables are a dict of column to either.
        """

    @abstractmethod
    def collapsed_many(self, run_ids: Iterable[str], name: str | None = None) -> dict[str, dict[str, Any]]:
        """Return `collapsed` for each of the runs."""

    @abstractmethod
    def series(self, run_id: str, name: str | None = None) -> list[Record]:
        """Return `{"name", "column", "kind", "description", "points": [[t, step, value], ...]}` of each column.

        `kind` is `metric`, `list`, `row`, `table`, or for a file what it holds, as `image` or `confusion_matrix`.
        """

    @abstractmethod
    def overview(self, run_id: str, names: int = 100, points: int = 500) -> Record:
        """Return what of a run's metrics can be taken in at a glance, in a time that does not grow with the run.

        Parameters
        ----------
        run_id : str
        names : int, default=100
            Most metrics, the first that appeared; of each so many columns at most.
        points : int, default=500
            Most points of a column. Of more, some are chosen evenly, the first and the last among them.

        Returns
        -------
        dict
            `metrics` as `collapsed`, `series` as `series` with `is_part` for what was chosen from, and `total`, the
            number of all metrics.
        """

    @abstractmethod
    def last(self, run_ids: Iterable[str], names: int = 5) -> dict[str, dict[str, float]]:
        """Return name to last value of the first metrics of each run, at most `names`; only finite numbers count."""

    @abstractmethod
    def last_cursor(self, run_id: str) -> int:
        """Return the cursor behind the run's last point; 0 when there is none."""

    @abstractmethod
    def points_since(self, run_id: str, cursor: int = 0, limit: int = 1000) -> list[MetricPoint]:
        """Return points in the order of being stored, behind `cursor`.

        At most `limit`; fewer may come although there are more, none only when there is none.
        """


class ResourceRepository(ABC):
    """Samples of what a run used, apart from the user's metrics."""

    @abstractmethod
    def add(self, run_id: str, samples: Iterable[Mapping[str, Any]]) -> int:
        """Store samples, dicts with a Unix time `t` (and a `node`); one of the same time and node is there already.

        Returns
        -------
        int
            How many were new.
        """

    @abstractmethod
    def samples(self, run_id: str, limit: int | None = None) -> list[Record]:
        """Return the samples in order of time; with `limit`, evenly thinned to about so many."""


class Store(ABC):
    """All records of one workspace.

    Guarantees
    ----------
    *Threads.* A store and its repositories may be used from any thread. Reads do not wait for writes. Writes come one
    after the other. One store of a workspace is open for writing at a time: that of its service.

    *Transactions.* Every method is one transaction: it happens as a whole or not at all. `write` makes one of several.

    *Durable.* What a method has written survives the end of the process, however it comes.

    *Errors.* Only `StokerException`s come out; what the database says is mapped here.
    """

    workspace: WorkspaceRepository
    experiments: ExperimentRepository
    runs: RunRepository
    journals: JournalRepository
    metrics: MetricRepository
    resources: ResourceRepository
    logs: LogRepository
    artifacts: ArtifactRepository
    snapshots: SnapshotRepository
    environments: EnvironmentRepository
    compute: ComputeRepository
    secrets: SecretRepository
    datastores: DatastoreRepository
    datasets: DatasetRepository
    lineage: LineageRepository
    models: ModelRepository
    logged_models: LoggedModelRepository
    params: ParamRepository
    mlflow_runs: MlflowRunRepository

    @staticmethod
    def open(url: str) -> Store:
        """Open the store at a place, made or brought to this version as needed.

        Parameters
        ----------
        url : str
            `sqlite:////absolute/path.db`, a plain path of such a file, or `sqlite://` for one in memory.

        Raises
        ------
        stoker.exceptions.WorkspaceException
            A newer Stoker wrote it, or it can't be opened.
        """
        from stoker.service.store.sql.store import SqlStore

        return SqlStore(url)

    @abstractmethod
    def write(self, *, whole: bool = False) -> AbstractContextManager[None]:
        """Make one transaction of all that this thread writes in the block; an exception takes all of it back.

        Keep the block short and free of input and output: every other writer waits.

        Parameters
        ----------
        whole : bool, default=False
            Whether the block catches nothing. Otherwise what fails inside is taken back alone, for which each call
            marks a place to go back to: a third of what a small one costs.
        """

    @abstractmethod
    def next_incarnation(self) -> int:
        """Return a number that no earlier start of the service got, counting from 1."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the database; may be called twice."""
