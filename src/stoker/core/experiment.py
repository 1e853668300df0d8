"""The experiment: a name under which runs are collected."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from builtins import list as List  # noqa: N812  # `list` is a method here
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from stoker.core.run import Run
    from stoker.core.workspace import Workspace

__all__ = ["Experiment"]

_VIEWS = {"activeonly": "active", "archivedonly": "archived", "all": "all"}


class Experiment:
    """An experiment of a workspace, made when there is none of that name.

    Parameters
    ----------
    workspace : Workspace
    name : str
        1 to 255 letters, digits, underscores and hyphens, the first a letter or digit.
    **settings
        v1's other arguments, without effect.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The name is not legal.

    Examples
    --------
    >>> experiment = Experiment(ws, "diabetes")  # doctest: +SKIP
    >>> run = experiment.submit(ScriptRunConfig("src", script="train.py"))  # doctest: +SKIP
    """

    def __init__(self, workspace: Workspace, name: str, **settings: object) -> None:
        from stoker.base.names import check_experiment_name

        del settings
        self._begin(workspace, check_experiment_name(name), None)
        self._record = self._api.post("/experiments", {"name": name})

    def _begin(self, workspace: Workspace, name: str, record: dict[str, Any] | None) -> None:
        self._workspace = workspace
        self._name = name
        self._record = record

    @classmethod
    def _known(cls, workspace: Workspace, name: str, record: dict[str, Any] | None = None) -> Experiment:
        """Return an experiment that is known to exist; nothing is asked."""
        made = cls.__new__(cls)
        made._begin(workspace, name, record)  # noqa: SLF001  # an object of this class
        return made

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self._name

    @property
    def workspace(self) -> Workspace:
        """The workspace it belongs to."""
        return self._workspace

    @property
    def id(self) -> str:
        """The experiment's GUID."""
        return str(self._facts["id"])

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as last fetched."""
        return dict(self._facts.get("tags") or {})

    @property
    def archived_time(self) -> str | None:
        """When it was archived (UTC, ISO 8601); None when it is active."""
        time: str | None = self._facts.get("archived")
        return time

    def submit(self, config: Any, tags: Mapping[str, Any] | None = None, **kwargs: Any) -> Run:
        """Submit a configuration, and return its run as soon as that is on record.

        Parameters
        ----------
        config : ScriptRunConfig
            A copy is submitted: it may be changed and submitted again.
        tags : dict, optional
            The run's tags.
        **kwargs
            Go to the function that submits this kind of configuration; for a script: `display_name`.

        Raises
        ------
        stoker.exceptions.UserErrorException
            Something is wrong with the configuration; the message names it.
        stoker.exceptions.SnapshotException
            The source folder is too large.

        Examples
        --------
        >>> run = experiment.submit(config, tags={"alpha": "0.5"})  # doctest: +SKIP
        """
        from stoker.core._submit import submit

        return submit(config, self, tags, **kwargs)

    def start_logging(
        self,
        outputs: str | bool | None = None,
        snapshot_directory: str | None = ".",
        display_name: str | None = None,
        run_id: str | None = None,
        **settings: object,
    ) -> Run:
        """Begin an interactive run: this process logs to it, and ends it.

        Parameters
        ----------
        outputs : str or False, optional
            A folder whose files are kept when the run is completed; None: `./outputs`, False: none.
        snapshot_directory : str, default="."
            A folder that is recorded as the run's source; None: none. A folder that is too large is only a warning.
        display_name : str, optional
        run_id : str, optional
            Default: a GUID.
        **settings
            v1's other arguments, without effect.

        Examples
        --------
        >>> with experiment.start_logging() as run:  # doctest: +SKIP
        ...     run.log("alpha", 0.5)
        """
        from stoker.core._interactive import start

        del settings
        return start(self, outputs, snapshot_directory, display_name, run_id)

    def get_runs(
        self,
        type: str | None = None,  # noqa: A002  # v1's name
        tags: str | Mapping[str, Any] | None = None,
        properties: str | Mapping[str, Any] | None = None,
        include_children: bool = False,
        **settings: object,
    ) -> Iterator[Run]:
        """Yield the experiment's runs, the newest first.

        Parameters
        ----------
        type : str, optional
            Only runs of this type, as `azureml.scriptrun`.
        tags, properties : str or dict, optional
            Only runs that have this key, or all these values.
        include_children : bool, default=False
            Whether children of runs come too.

        Examples
        --------
        >>> latest = next(experiment.get_runs())  # doctest: +SKIP
        """
        from stoker.core.run import Run

        del settings
        return Run.list(self, type, tags, properties, include_children=include_children)

    @classmethod
    def list(
        cls,
        workspace: Workspace,
        experiment_name: str | None = None,
        view_type: str = "ActiveOnly",
        tags: str | Mapping[str, Any] | None = None,
    ) -> List[Experiment]:
        """Return the experiments of a workspace.

        Parameters
        ----------
        workspace : Workspace
        experiment_name : str, optional
            Only the one of this name.
        view_type : {"ActiveOnly", "ArchivedOnly", "All"}
        tags : str or dict, optional
            Only those with this tag, or all these values.
        """
        from stoker.base.names import suggestion
        from stoker.core._filters import query
        from stoker.exceptions import UserErrorException

        view = _VIEWS.get(str(view_type).lower())
        if view is None:
            known = ("ActiveOnly", "ArchivedOnly", "All")
            raise UserErrorException(
                f"There is no view {view_type!r} of experiments. {suggestion(str(view_type), known)}",
                target="view_type",
            )
        records = workspace._api.get("/experiments", view=view, tag=query(tags))["experiments"]  # noqa: SLF001  # one package
        found = [cls._known(workspace, record["name"], record) for record in records]
        return [item for item in found if experiment_name in {None, item.name}]

    @staticmethod
    def delete(workspace: Workspace, experiment_id: str) -> None:
        """Delete an experiment that has no runs, given by its id or name.

        Raises
        ------
        stoker.exceptions.UserErrorException
            There is none, or it has runs.
        """
        named = {item.id: item.name for item in Experiment.list(workspace, view_type="All")}
        name = named.get(experiment_id, experiment_id)
        workspace._api.delete(f"/experiments/{_segment(name)}")  # noqa: SLF001  # one package

    def archive(self) -> None:
        """Take the experiment out of lists; its runs stay."""
        self._change(archived=True)

    def reactivate(self) -> None:
        """Put an archived experiment back into lists."""
        self._change(archived=False)

    def tag(self, key: str, value: Any = None) -> None:
        """Give the experiment a tag, or change one."""
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Give the experiment several tags; others stay."""
        from stoker.core._run_base import texts

        self._change(tags=texts(tags, "tags", none_allowed=True))

    def remove_tags(self, tags: Sequence[str]) -> None:
        """Take tags from the experiment."""
        self._change(remove_tags=[tags] if isinstance(tags, str) else [str(key) for key in tags])

    def refresh(self) -> None:
        """Fetch the record anew."""
        self._record = self._api.get(self._path)

    def get_portal_url(self) -> str:
        """Return the address of the experiment's page; there is no token in it."""
        return f"{self._api.url}/?experiment={_segment(self._name)}"

    def _change(self, **changes: Any) -> None:
        self._record = self._api.patch(self._path, changes)

    @property
    def _facts(self) -> dict[str, Any]:
        if self._record is None:
            self.refresh()
        return self._record or {}

    @property
    def _path(self) -> str:
        return f"/experiments/{_segment(self._name)}"

    @property
    def _api(self) -> Any:
        return self._workspace._api  # noqa: SLF001  # one package

    def __deepcopy__(self, memo: dict[int, Any]) -> Experiment:
        return self

    def __repr__(self) -> str:
        return f"Experiment(Name: {self._name},\nWorkspace: {_name_of(self._workspace)})"

    def _repr_html_(self) -> str:
        from stoker.core._html import experiment_table

        return experiment_table(self)


def _name_of(workspace: Workspace) -> str:
    try:
        return workspace.name
    except Exception:  # noqa: BLE001  # a representation never raises
        return "?"


def _segment(name: str) -> str:
    from stoker.client.http import quote_name

    return quote_name(name)
