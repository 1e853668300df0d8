"""What a store promises about what MLflow's clients keep beside our runs: parameters, hidden runs, searches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stoker.base.states import RunStatus
from stoker.service.store.base_runs import Record
from stoker.service.store.filters import COMPARISONS, LABEL, NUMBER, TEXT, Field, Grammar

__all__ = ["RUN_SEARCH", "VIEWS", "MlflowRunRepository", "ParamRepository", "RunFacts", "mlflow_status"]

VIEWS = ("active", "deleted", "all")

RUN_SEARCH = Grammar(
    attributes={
        **dict.fromkeys(("start_time", "end_time", "duration", "number"), NUMBER),
        **dict.fromkeys(
            (
                "run_id",
                "run_name",
                "user_id",
                "status",
                "artifact_uri",
                "experiment_id",
                "experiment",
                "type",
                "target",
            ),
            TEXT,
        ),
    },
    entities={
        "metric": Field(COMPARISONS, number=True),
        "param": LABEL,
        "tag": LABEL,
        "dataset": TEXT,
    },
    aliases={
        **dict.fromkeys(("created", "Created"), "start_time"),
        **dict.fromkeys(("run name", "Run name", "Run Name", "display_name"), "run_name"),
        "id": "run_id",
    },
    keys={"dataset": frozenset({"name", "digest", "context"})},
)
"""What a search for runs may ask: `start_time` and `end_time` in milliseconds, `duration` in seconds."""


_ENDS = {RunStatus.COMPLETED: "FINISHED", RunStatus.FAILED: "FAILED", RunStatus.CANCELED: "KILLED"}
_BEFORE = (
    *(RunStatus.NOT_STARTED, RunStatus.UNAPPROVED, RunStatus.PREPARING, RunStatus.QUEUED),
    *(RunStatus.PROVISIONING, RunStatus.STARTING),
)


def mlflow_status(status: str) -> str:
    """Return the protocol's word for a state of ours.

    Examples
    --------
    >>> mlflow_status("Completed"), mlflow_status("Queued"), mlflow_status("Finalizing")
    ('FINISHED', 'SCHEDULED', 'RUNNING')
    """
    state = RunStatus(status)
    return _ENDS.get(state) or ("SCHEDULED" if state in _BEFORE else "RUNNING")


class RunFacts(NamedTuple):
    """What is looked at before a client writes to a run.

    Attributes
    ----------
    id, root_id, experiment_id : str
    kind, status : str
    hidden : bool
        Whether a client has deleted it.
    """

    id: str
    root_id: str
    experiment_id: str
    kind: str
    status: str
    hidden: bool


class ParamRepository(ABC):
    """Parameters of runs: texts that are set once.

    Guarantees
    ----------
    *Parameters stay.* One that is set keeps its value; the same value again changes nothing.

    *Errors.* A run that is not there is a `NotFoundException`.
    """

    @abstractmethod
    def add(self, run_id: str, params: Mapping[str, str]) -> None:
        """Set parameters.

        Raises
        ------
        stoker.exceptions.ConflictException
            One has another value already; the message names it, `details["known"]` has the values, and nothing is
            written.
        """

    @abstractmethod
    def get(self, run_id: str) -> dict[str, str]:
        """Return the parameters of a run, sorted by name."""


class MlflowRunRepository(ABC):
    """Runs as MLflow's clients see them.

    A run that a client deletes is hidden from its searches until it is restored; the record and all files stay, and
    our own lists still have it. Runs of an archived experiment count as deleted.
    """

    @abstractmethod
    def facts(self, run_id: str) -> RunFacts:
        """Return what is looked at before a write; a run that is not there is a `NotFoundException`."""

    @abstractmethod
    def hide(self, run_id: str) -> None:
        """Delete a run for MLflow's clients; one that is deleted stays so."""

    @abstractmethod
    def restore(self, run_id: str) -> None:
        """Take a deletion back."""

    @abstractmethod
    def rename_experiment(self, experiment_id: str, name: str) -> None:
        """Give an experiment another name; one that is taken is a `ConflictException`."""

    @abstractmethod
    def get_many(self, run_ids: Sequence[str]) -> list[Record]:
        """Return records RUN with `params`, `hidden`, `latest` and `given`; runs that are not there are left out.

        `latest` are the last values of its metrics, `{"name", "value", "t", "step"}` of each plain metric with
        numbers, sorted by name; one that is not finite is `{"$": "nan"}`, `{"$": "inf"}` or `{"$": "-inf"}`.
        `given` are `{"direction", "kind", "ref", "name", "details"}` of its lineage, in the order of being noted.
        """

    @abstractmethod
    def search(
        self,
        experiment_ids: Sequence[str],
        filter: str = "",  # noqa: A002  # the protocol's word
        order: Sequence[str] = (),
        *,
        view: str = "active",
        limit: int = 1000,
        offset: int = 0,
    ) -> list[Record]:
        """Return the runs, records as of `get_many`, for which all conditions hold, children among them.

        Parameters
        ----------
        experiment_ids : sequence of str
            Of these experiments.
        filter : str, default=""
            Conditions; see `stoker.service.store.filters` and `RUN_SEARCH`.
        order : sequence of str
            `FIELD [ASC|DESC]` each. Runs without a value come last. Ties, and all without an order, are sorted newest
            first, then by id.
        view : {"active", "deleted", "all"}
        limit : int, default=1000
        offset : int, default=0

        Raises
        ------
        stoker.exceptions.UserErrorException
            A filter or order that can't be read.
        """
