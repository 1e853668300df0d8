"""What a store promises about logged models: what an MLflow client calls the models that a run has saved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stoker.service.store.base_models import Condition, Order
from stoker.service.store.base_runs import Record

__all__ = ["STATUSES", "LoggedModelRepository", "LoggedOrder", "ModelMetric"]

STATUSES = ("PENDING", "READY", "UPLOAD_FAILED")
"""Where a logged model stands: its files are still coming, all there, or did not come."""


@dataclass(frozen=True)
class ModelMetric:
    """A metric of a logged model.

    Attributes
    ----------
    model_id : str
    name : str
    value : float
        May be NaN or infinite.
    t : float
        Unix time in seconds.
    step : int, default=0
    dataset, dataset_digest : str, optional
        What it was measured on.
    """

    model_id: str
    name: str
    value: float
    t: float
    step: int = 0
    dataset: str | None = None
    dataset_digest: str | None = None


@dataclass(frozen=True)
class LoggedOrder(Order):
    """By what a search for logged models is sorted; for a metric also, on which dataset it was measured."""

    dataset: str | None = None
    dataset_digest: str | None = None


class LoggedModelRepository(ABC):
    """Logged models by id.

    A LOGGED_MODEL is `{"id", "experiment_id", "name", "run_id", "type", "status", "message", "tags", "params",
    "metrics", "path", "registrations", "created", "modified", "deleted"}`. Times are Unix seconds. `path` is the folder
    among the files of the run `run_id`, or without a run, among those of the model itself: an `ArtifactRepository`
    takes a model's id where it takes a run's. `metrics` are `ModelMetric`s as dicts with their `run_id`, a NaN as None.
    `registrations` are `{"name", "version"}` of the registered versions that were made of it.

    Guarantees
    ----------
    *Own folder.* No two logged models of a run have the same `path`.

    *Parameters stay.* A parameter that is set keeps its value.

    *Errors.* An id that is not there is a `NotFoundException`.
    """

    @abstractmethod
    def create(
        self,
        experiment_id: str,
        *,
        name: str | None = None,
        run_id: str | None = None,
        type: str | None = None,  # noqa: A002  # the record's word
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Record:
        """Record a new logged model, `PENDING`, and return the record LOGGED_MODEL.

        Without a name it gets one.

        Raises
        ------
        stoker.exceptions.NotFoundException
            There is no such experiment or run.
        stoker.exceptions.UserErrorException
            The name is empty, or has one of the characters `/ : . % " '` that MLflow's addresses of models can't have.
        """

    @abstractmethod
    def get(self, model_id: str, *, deleted: bool = False) -> Record:
        """Return the record LOGGED_MODEL; with `deleted` also one that was deleted."""

    @abstractmethod
    def get_many(self, model_ids: Sequence[str]) -> Sequence[Record]:
        """Return the records of those that are there, in the order asked for."""

    @abstractmethod
    def finalize(self, model_id: str, status: str, message: str | None = None) -> Record:
        """Write where it stands, one of `STATUSES`, and return the record LOGGED_MODEL."""

    @abstractmethod
    def set_tags(self, model_id: str, tags: Mapping[str, str]) -> Record:
        """Set tags, over those of the same names."""

    @abstractmethod
    def delete_tag(self, model_id: str, key: str) -> None:
        """Take a tag away; one that it has not is a `NotFoundException`."""

    @abstractmethod
    def log_params(self, model_id: str, params: Mapping[str, str]) -> Record:
        """Set parameters; one that has another value already is a `ConflictException`, and nothing is written."""

    @abstractmethod
    def log_metrics(self, run_id: str, metrics: Sequence[ModelMetric]) -> None:
        """Record what a run has measured on logged models; the same again changes nothing."""

    @abstractmethod
    def delete(self, model_id: str) -> None:
        """Delete it; its record is kept, and its files stay with the run. Those of one without a run go."""

    @abstractmethod
    def of_run(self, run_id: str) -> Sequence[Record]:
        """Return those that the run has made, in that order."""

    @abstractmethod
    def search(
        self,
        experiment_ids: Sequence[str],
        conditions: Sequence[Condition] = (),
        order: Sequence[LoggedOrder] = (),
        *,
        datasets: Sequence[tuple[str, str | None]] = (),
        limit: int = 100,
        offset: int = 0,
    ) -> Sequence[Record]:
        """Return the records for which all conditions hold.

        Parameters
        ----------
        experiment_ids : sequence of str
        conditions : sequence of Condition
            Fields: `id`, `name`, `run_id`, `type`, `status`, `created`, `modified`, and `metrics.NAME`, `params.NAME`,
            `tags.NAME`.
        order : sequence of LoggedOrder
            The same fields, without parameters and tags. Of a metric the latest counts. Those without a value come
            last. Ties, and all without an order, are sorted newest first, then by id.
        datasets : sequence of (name, digest)
            Only metrics that were measured on one of these count; a digest that is None fits any. Without a condition
            on a metric, models are meant that have any metric on them.
        limit : int, default=100
        offset : int, default=0

        Raises
        ------
        stoker.exceptions.UserErrorException
            A field or operator that is not known.
        """
