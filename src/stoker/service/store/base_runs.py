"""What a store promises about runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from stoker.base.states import RunStatus

__all__ = ["Record", "RunRepository"]

Record = dict[str, Any]
"""A record in the form in which the REST interface answers it."""


class RunRepository(ABC):
    """Runs: their records, tree, queue and history of changes.

    Guarantees
    ----------
    *Threads.* Every method may be called from any thread. Each is one transaction, or a part of the one that
    `Store.write` has open in this thread.

    *States.* A state follows another only where `RunStatus.can_become` allows it; that is looked at inside the
    transaction that writes, so of two callers that end a run one wins and the other gets None.

    *Versions.* Each change of a record makes its `version` one larger and gives it the next number of one
    sequence over all runs, so that `changed_since` misses nothing.

    *Errors.* A run that is not there is a `NotFoundException`, everywhere.
    """

    @abstractmethod
    def create(
        self,
        *,
        id: str,  # noqa: A002  # the name of the record's field
        experiment: str | None = None,
        kind: str = "interactive",
        type: str | None = None,  # noqa: A002  # the same
        parent_id: str | None = None,
        status: str | None = None,
        display_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str] | None = None,
        definition: Record | None = None,
        snapshot_id: str | None = None,
        environment: Record | None = None,
        target: str | None = None,
        node_count: int = 1,
        priority: int = 0,
        submitted_by: str | None = None,
        warnings: Sequence[str] = (),
        submission: Mapping[str, Any] | None = None,
    ) -> tuple[Record, bool]:
        """Record a run, and its experiment when that is new.

        Parameters
        ----------
        id : str
            Chosen by the client.
        experiment : str, optional
            Name; default: the parent's.
        kind : {"interactive", "submitted", "child"}
        parent_id : str, optional
            The run above.
        status : str, optional
            First state. Default: NotStarted for a submitted run, Running for others.
        target : str, optional
            Default: the parent's, or `sdk`.
        submission : mapping, optional
            What `submission` returns later: facts for the service, not part of the record.
        **others
            Fields of the record RUN.

        Returns
        -------
        tuple of dict and bool
            The record RUN, and whether it is new: the same call again gives the record that is there.

        Raises
        ------
        stoker.exceptions.ConflictException
            The id is taken by a run that was made otherwise.
        stoker.exceptions.NotFoundException
            The parent is not there.
        """

    @abstractmethod
    def get(self, run_id: str) -> Record:
        """Return the record RUN."""

    @abstractmethod
    def find(self, run_id: str) -> Record | None:
        """Return the record RUN, or None."""

    @abstractmethod
    def list(
        self,
        *,
        experiment: str | None = None,
        type: str | None = None,  # noqa: A002  # the name of the record's field
        status: Sequence[str] = (),
        tags: Sequence[str] = (),
        properties: Sequence[str] = (),
        parent: str | None = None,
        root: str | None = None,
        children: bool = False,
        target: str | None = None,
        search: str | None = None,
        filter: str | None = None,  # noqa: A002  # the protocol's word
        sort: str = "created",
        order: str = "desc",
        limit: int = 100,
        after: str | None = None,
        select: str = "full",
    ) -> Record:
        """Return a page of the runs for which all conditions hold.

        Parameters
        ----------
        experiment, type, target : str, optional
        status : sequence of str
            One of these states.
        tags, properties : sequence of str
            All of these, each `key` (with any value) or `key=value`.
        parent : str, optional
            Id of the direct parent.
        root : str, optional
            Id of the topmost run, which is among the answers.
        children : bool, default=False
            Whether runs that have a parent count, where neither `parent` nor `root` is given.
        search : str, optional
            A part of the id, the display name or the description; case does not matter.
        filter : str, optional
            Conditions in MLflow's grammar, as `metrics.loss < 0.5 AND params.model = 'ridge'`; see
            `stoker.service.store.filters`.
        sort : str, default="created"
            `created` (the order of being recorded), `started`, `ended`, `duration`, `status`, `number`, or
            `metrics.NAME`: the metric's last value. Runs without a value come last.
        order : {"desc", "asc"}
        limit : int, default=100
            1 to 1000.
        after : str, optional
            The `next` of the page before, asked for with the same conditions.
        select : {"full", "brief"}
            Brief: `definition`, `resolved` and `exit` are None.

        Returns
        -------
        dict
            `runs`: records RUN; `next`: cursor of the following page or None; `total`: how many on all pages.

        Raises
        ------
        stoker.exceptions.UserErrorException
            A sort or state that is not known, a limit out of range, a cursor of another sort.
        """

    @abstractmethod
    def children(
        self,
        run_id: str,
        *,
        recursive: bool = False,
        tags: Sequence[str] = (),
        properties: Sequence[str] = (),
        type: str | None = None,  # noqa: A002  # the name of the record's field
        status: Sequence[str] = (),
    ) -> Sequence[Record]:
        """Return the runs below one, or with `recursive` all descendants, newest first; conditions as in `list`."""

    @abstractmethod
    def resolve(self, name: str, experiment: str | None = None) -> Record:
        """Return the run that a person means.

        Parameters
        ----------
        name : str
            An id, the unique beginning of one, a display name, `@last`, `@last-failed`, or, with an experiment
            given, a number.
        experiment : str, optional
            Look among the runs of this experiment only.

        Raises
        ------
        stoker.exceptions.ConflictException
            Several runs are meant; `details["candidates"]` lists at most ten ids.
        """

    @abstractmethod
    def transition(
        self, run_id: str, to: RunStatus, expected: Collection[RunStatus] | None = None, **fields: Any
    ) -> Record | None:
        """Move a run to another state and write what belongs to it.

        Parameters
        ----------
        run_id : str
        to : RunStatus
        expected : collection of RunStatus, optional
            The run must be in one of these.
        **fields
            What `record` takes; `add_warnings`, a list of str; `queued`, `started` and `ended` (Unix seconds), which
            are else taken from the clock the first time that the run comes to Queued, to Running, to an end.

        Returns
        -------
        dict or None
            The record, or None when the state does not allow it; then nothing is written.
        """

    @abstractmethod
    def record(self, run_id: str, **fields: Any) -> Record:
        """Write facts that the service found out.

        Parameters
        ----------
        run_id : str
        **fields
            Any of `environment`, `resolved`, `error`, `exit`, `resources`, `status_reason`, `snapshot_id`, `target`,
            `node_count`, `priority`, `definition`, `type`.
        """

    @abstractmethod
    def update(
        self,
        run_id: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        remove_tags: Sequence[str] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Record:
        """Write what a user changes; None leaves a thing as it is, tags are merged, in ended runs too.

        Raises
        ------
        stoker.exceptions.ConflictException
            A property has another value already; the message names it, and nothing is written.
        """

    @abstractmethod
    def warn(self, run_id: str, *messages: str) -> Record:
        """Add warnings to a run; one that is there already is not added again."""

    @abstractmethod
    def delete(self, run_id: str) -> Sequence[str]:
        """Remove an ended run, its descendants and all that belongs to them; return their ids.

        Raises
        ------
        stoker.exceptions.ConflictException
            The run or a descendant has not ended.
        """

    @abstractmethod
    def ancestors(self, run_id: str) -> Sequence[str]:
        """Return the ids of parent, grandparent and so on, the nearest first."""

    @abstractmethod
    def is_within(self, run_id: str, root: str) -> bool:
        """Whether the run is `root` or one of its descendants; False when either is not there."""

    @abstractmethod
    def unfinished_descendants(self, run_id: str) -> Sequence[Record]:
        """Return the descendants that have not ended, the deepest first."""

    @abstractmethod
    def changed_since(self, sequence: int, limit: int = 1000) -> Sequence[tuple[int, Record]]:
        """Return runs whose last change is later than `sequence`, in order of change, each with its number."""

    @abstractmethod
    def sequence(self) -> int:
        """Return the number of the last change of any run; 0 at first."""

    @abstractmethod
    def queued(self, limit: int = 1000) -> Sequence[Record]:
        """Return submitted runs in the state Queued, as `unfinished` has them: highest priority first, then oldest."""

    @abstractmethod
    def holding(self, target: str) -> Sequence[Record]:
        """Return the submitted runs that were given to a target and have not ended, as `unfinished` has them."""

    @abstractmethod
    def unfinished(self, kind: str | None = "submitted") -> Sequence[Record]:
        """Return the runs of a kind (None: of all) that have not ended, the oldest first.

        Of each only what a queue looks at all the time: `id`, `experiment`, `status`, `target`, `node_count`, `started`
        and `status_reason` of its record. It stays quick with thousands of them.
        """

    @abstractmethod
    def submission(self, run_id: str) -> Record:
        """Return the facts for the service that were given to `create` and `set_submission`."""

    @abstractmethod
    def set_submission(self, run_id: str, **facts: Any) -> None:
        """Add facts for the service; not a change of the record."""

    @abstractmethod
    def handle(self, run_id: str) -> Record | None:
        """Return the launcher's handle, or None before there is one."""

    @abstractmethod
    def set_handle(self, run_id: str, handle: Record | None) -> None:
        """Keep the launcher's handle; not a change of the record."""
