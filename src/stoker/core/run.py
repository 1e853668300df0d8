"""The run: one execution with its metrics, logs, files, and how it ended."""

from __future__ import annotations

import os

from stoker.core._rehydrate import of_record, pages, register
from stoker.core._run_data import RunData

TYPE_CHECKING = False
if TYPE_CHECKING:
    from builtins import list as List  # noqa: N812  # `list` is a method here
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from stoker.core._filters import Filter
    from stoker.core._rehydrate import RunFactory
    from stoker.core.experiment import Experiment
    from stoker.core.workspace import Workspace

__all__ = ["Run"]


class Run(RunData):
    """A run of an experiment.

    Parameters
    ----------
    experiment : Experiment
    run_id : str
    outputs : str, optional
        A folder whose files are kept when this process completes the run.
    **kwargs
        v1's other arguments, without effect.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is no such run in the experiment.

    Examples
    --------
    >>> from stoker.core import Run
    >>> run = Run.get_context()
    >>> run.log("alpha", 0.5)
    Attempted to log scalar metric alpha:
    0.5
    """

    def __init__(
        self,
        experiment: Experiment,
        run_id: str,
        outputs: str | None = None,
        *,
        _record: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        from stoker.core._interactive import outputs_folder

        del kwargs
        super().__init__(experiment, run_id, _record)
        self._outputs = outputs_folder(outputs)
        if _record is None:
            self._refresh()
            _check_experiment(self._record, experiment)

    @classmethod
    def get_context(cls, allow_offline: bool = True, **kwargs: Any) -> Run:
        """Return the run that this process belongs to, the same object each time.

        Parameters
        ----------
        allow_offline : bool, default=True
            Whether a script that nobody submitted gets an object that only prints what it would record.
        **kwargs
            v1's other arguments, without effect.

        Raises
        ------
        stoker.exceptions.RunEnvironmentException
            There is none, and `allow_offline` is False.

        Examples
        --------
        >>> Run.get_context().id.startswith("OfflineRun_")
        True
        """
        del kwargs
        run_id = os.environ.get("STOKER_RUN_ID")
        if run_id:
            from stoker.core._own_run import own_run

            return own_run(run_id)
        if allow_offline:
            from stoker.core._offline import _OfflineRun

            # Scripts use it as a run, and so do type checkers.
            offline: Any = _OfflineRun()
            return offline  # type: ignore[no-any-return]
        from stoker.exceptions import RunEnvironmentException

        raise RunEnvironmentException(
            "This script was not started by a run, so there is no run to return. Submit it with Experiment.submit or "
            "`stoker run submit`, begin an interactive run with Experiment.start_logging, or allow an offline run."
        )

    @classmethod
    def get_submitted_run(cls, **kwargs: Any) -> Any:
        """Return the run that this process belongs to; v1's old name of `get_context(allow_offline=False)`."""
        return cls.get_context(allow_offline=False, **kwargs)

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """Return the run of that id, as the class that fits its type.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is none in the workspace.
        """
        from stoker.base.names import check_run_id
        from stoker.core.experiment import Experiment

        checked = check_run_id(run_id)
        workspace._settle()  # noqa: SLF001  # one package
        record = workspace._api.get(f"/runs/{checked}")  # noqa: SLF001  # the same
        return of_record(Experiment._known(workspace, record["experiment"]), record)  # noqa: SLF001  # the same

    @staticmethod
    def list(
        experiment: Experiment,
        type: str | None = None,  # noqa: A002  # v1's name
        tags: Filter = None,
        properties: Filter = None,
        status: str | Sequence[str] | None = None,
        include_children: bool = False,
    ) -> Iterator[Run]:
        """Yield the runs of an experiment, the newest first; see `Experiment.get_runs`."""
        from stoker.core._filters import query

        wanted = {
            "experiment": experiment.name,
            "type": type,
            "tag": query(tags),
            "property": query(properties),
            "status": status,
            "children": include_children,
        }
        return pages(experiment, wanted)

    @staticmethod
    def add_type_provider(runtype: str, run_factory: RunFactory) -> None:
        """Say how runs of a type become objects: `run_factory(experiment, record)` returns a `Run`.

        Parameters
        ----------
        runtype : str
            As `azureml.PipelineRun`.
        run_factory : callable
        """
        register(runtype, run_factory)

    def child_run(self, name: str | None = None, run_id: str | None = None, outputs: str | None = None) -> Run:
        """Begin a child of this run: it is Running until it is completed, failed or canceled.

        Parameters
        ----------
        name : str, optional
            Its display name.
        run_id : str, optional
            Default: a GUID.
        outputs : str, optional
            A folder whose files are kept when the child is completed.

        Examples
        --------
        >>> with run.child_run("fold 1") as child:  # doctest: +SKIP
        ...     child.log("mse", 3409.75)
        """
        from stoker.core._interactive import new_child

        return new_child(self, name, run_id, outputs)

    def create_children(
        self, count: int | None = None, tag_key: str | None = None, tag_values: Sequence[Any] | None = None
    ) -> List[Run]:
        """Make several children that have not started.

        Parameters
        ----------
        count : int, optional
        tag_key : str, optional
        tag_values : list, optional
            One child for each, tagged so. Give either a count or tags.

        Raises
        ------
        stoker.exceptions.UserErrorException
            Both or neither was given.
        """
        from stoker.core._interactive import new_children

        return new_children(self, count, tag_key, tag_values)

    def submit_child(self, config: Any, tags: Mapping[str, Any] | None = None, **kwargs: Any) -> Run:
        """Submit a configuration as a child of this run; works inside a submitted script too.

        See `Experiment.submit`.
        """
        from stoker.core._submit import submit

        self._arrive()
        return submit(config, self._experiment, tags, parent_id=self._run_id, **kwargs)

    def get_children(
        self,
        recursive: bool = False,
        tags: Filter = None,
        properties: Filter = None,
        type: str | None = None,  # noqa: A002  # v1's name
        status: str | Sequence[str] | None = None,
    ) -> Iterator[Run]:
        """Yield the children of this run, the newest first.

        Parameters
        ----------
        recursive : bool, default=False
            Whether their children come too.
        tags, properties : str or dict, optional
            Only runs that have this key, or all these values.
        type, status : str, optional
            Only runs of this type, in this state.
        """
        from stoker.core._filters import query

        wanted = {"tag": query(tags), "property": query(properties), "type": type, "status": status}
        self._settle()
        answer = self._api.get(f"{self._path}/children", recursive=recursive, **wanted)
        for record in answer["runs"]:
            yield of_record(self._experiment, record)

    def complete(self, _set_status: bool = True) -> None:
        """End the run as Completed, when all that it has written and its outputs are stored.

        In a submitted script this only waits for what was written: the exit code decides how the run ends.
        """
        if not self._is_own_script and not self._has_ended and self._opened_here:
            from stoker.core._interactive import keep_outputs

            keep_outputs(self, self._outputs)
        self._end("Completed", None)

    def fail(self, error_details: Any = None, error_code: str | None = None, _set_status: bool = True) -> None:
        """End the run as Failed.

        Parameters
        ----------
        error_details : str or BaseException, optional
            Why; of an exception the traceback is kept too.
        error_code : str, optional
            Default: `UserError`.
        """
        from stoker.core._interactive import error_of

        self._end("Failed", error_of(error_details, error_code))

    def cancel(self) -> None:
        """End the run as Canceled: a submitted one with all its processes and descendants."""
        if self._opened_here or self._is_own_script:
            self._end("Canceled", None)
            return
        self._arrive()
        self._record = self._api.post(f"{self._path}/cancel", {"reason": None})

    def flush(self, timeout_seconds: float = 300) -> None:
        """Return once the service has stored what was written; it is safe on disk before."""
        del timeout_seconds
        self._settle()

    def _end(self, status: str, error: dict[str, Any] | None) -> None:
        if self._is_own_script or self._has_ended:
            self._settle()
            return
        writer = self._made_writer
        if writer is not None and writer.is_journal and writer.owner != self._run_id:
            writer.write("end", self._run_id, status, error)
            writer.wake()
            self._record["status"] = status
            return
        from stoker.core._interactive import end_by_service

        self._record = end_by_service(self, status, error)
        # The folder of an ended run may go at any time: what comes later is written by the service.
        self._made_writer = None
        if writer is not None:
            writer.end()

    def __enter__(self) -> Run:  # noqa: PYI034  # typing.Self is 3.11's
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or (isinstance(error, SystemExit) and not error.code):
            self.complete()
            return
        from stoker.core._interactive import fail_quietly

        fail_quietly(self, error)

    def __deepcopy__(self, memo: dict[int, Any]) -> Run:
        return self

    def __repr__(self) -> str:
        known = self._record
        return (
            f"Run(Experiment: {self._experiment.name},\nId: {self._run_id},\n"
            f"Type: {known.get('type')},\nStatus: {known.get('status')})"
        )

    def _repr_html_(self) -> str:
        from stoker.core._html import run_table

        return run_table(self)


def _check_experiment(record: dict[str, Any], experiment: Experiment) -> None:
    if record["experiment"] != experiment.name:
        from stoker.exceptions import NotFoundException

        raise NotFoundException(
            f"Run not found: {record['id']!r} belongs to the experiment {record['experiment']!r}, not to "
            f"{experiment.name!r}. Use Run.get(workspace, run_id), which wants no experiment.",
            target="run_id",
        )


def __getattr__(name: str) -> Any:
    # v1's names, which scripts import from here.
    place = {
        "POST_PROCESSING_STATES": "_run_states",
        "RUNNING_STATES": "_run_states",
        "RunStatus": "_run_states",
        "_OfflineRun": "_offline",
        "_SubmittedRun": "_own_run",
        "get_run": "_rehydrate",
    }.get(name)
    if place is None:
        raise AttributeError(f"module 'stoker.core.run' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"stoker.core.{place}"), name)
