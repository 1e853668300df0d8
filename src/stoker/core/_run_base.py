"""Who a run is: its record, tags and properties, and how this process writes to it."""

from __future__ import annotations

import os

from stoker.exceptions import ServiceException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from stoker.client.http import Api
    from stoker.core._writer import JournalWriter, Writer
    from stoker.core.experiment import Experiment
    from stoker.core.run import Run

__all__ = ["TERMINAL", "RunBase", "interactive_writer", "own_writer", "texts"]

TERMINAL = frozenset({"Completed", "Failed", "Canceled"})


class RunBase:
    """A run's record with what was last known of it.

    Parameters
    ----------
    experiment : Experiment
    run_id : str
    record : dict, optional
        What is known of the run; what is missing is fetched when it is asked for.
    writer : JournalWriter or ServiceWriter, optional
        How to write to the run; by default it is found out at the first write.
    """

    def __init__(
        self,
        experiment: Experiment,
        run_id: str,
        record: dict[str, Any] | None = None,
        writer: Writer | None = None,
    ) -> None:
        self._experiment = experiment
        self._run_id = run_id
        self._record: dict[str, Any] = {"id": run_id} if record is None else record
        self._made_writer = writer
        self._is_new = False

    @property
    def id(self) -> str:
        """The run's id, unique in its workspace."""
        return self._run_id

    @property
    def experiment(self) -> Experiment:
        """The experiment that the run belongs to."""
        return self._experiment

    @property
    def number(self) -> int | None:
        """The run's number in its experiment, from 1."""
        number: int | None = self._field("number")
        return number

    @property
    def type(self) -> str | None:
        """What kind of run it is, as v1 names it: `azureml.scriptrun`, ...; None for an interactive one."""
        kind: str | None = self._field("type")
        return kind

    @property
    def status(self) -> str:
        """The state when the record was last fetched; `get_status` asks anew."""
        return str(self._field("status"))

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as last fetched; `get_tags` asks anew."""
        return dict(self._field("tags") or {})

    @property
    def properties(self) -> dict[str, str]:
        """The properties as last fetched; `get_properties` asks anew."""
        return dict(self._field("properties") or {})

    @property
    def display_name(self) -> str:
        """The name that people see: the run's id until one is given; may be set, and need not be unique."""
        return str(self._field("display_name") or self._run_id)

    @display_name.setter
    def display_name(self, value: str) -> None:
        self._set("display_name", value)

    @property
    def name(self) -> str:
        """The same as `display_name` (v1's old word)."""
        return self.display_name

    @property
    def description(self) -> str | None:
        """What the run is about; may be set."""
        text: str | None = self._field("description")
        return text

    @description.setter
    def description(self, value: str) -> None:
        self._set("description", value)

    @property
    def parent(self) -> Run | None:
        """The run that this one is a child of, fetched; None when there is none."""
        parent_id = self._field("parent_id")
        if not parent_id:
            return None
        from stoker.core.run import Run

        return Run.get(self._experiment.workspace, parent_id)

    def get_status(self) -> str:
        """Return the state of the run now."""
        self._refresh()
        return self.status

    def get_detailed_status(self) -> dict[str, Any]:
        """Return the state of the run now, and why it is in it.

        Returns
        -------
        dict
            `status`, and `details`: a sentence, empty when nothing is to be said.
        """
        record = self._refresh()
        why = record.get("status_reason") or (record.get("error") or {}).get("message") or ""
        return {"status": self.status, "details": why}

    def tag(self, key: str, value: Any = None) -> None:
        """Give the run a tag, or change one.

        Parameters
        ----------
        key : str
        value : str, optional
            Other types are kept as their text; None makes a tag without a value.

        Examples
        --------
        >>> run.tag("quality", "good")  # doctest: +SKIP
        """
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, Any] | str) -> None:
        """Give the run several tags; others stay.

        Parameters
        ----------
        tags : dict or str
            A text is a tag without a value.
        """
        given = texts({tags: None} if isinstance(tags, str) else tags, "tags", none_allowed=True)
        if not given:
            return
        if self._writer.is_journal:
            self._writer.write("tag", self._run_id, given)
        else:
            self._patch(tags=given)
        if "tags" in self._record:
            self._record["tags"] = {**(self._record["tags"] or {}), **given}

    def remove_tags(self, tags: Iterable[str] | str) -> None:
        """Take tags from the run; one that is not there is passed over."""
        keys = [tags] if isinstance(tags, str) else [str(key) for key in tags]
        if self._writer.is_journal:
            self._writer.write("untag", self._run_id, keys)
        else:
            self._patch(remove_tags=keys)
        if "tags" in self._record:
            self._record["tags"] = {key: value for key, value in self.tags.items() if key not in keys}

    def get_tags(self) -> dict[str, str | None]:
        """Return the tags as they are now."""
        self._refresh()
        return self.tags

    def add_properties(self, properties: Mapping[str, Any]) -> None:
        """Give the run properties, which never change afterwards.

        Parameters
        ----------
        properties : dict
            The same key with the same value may be given again.

        Raises
        ------
        stoker.exceptions.ConflictException
            A property has another value already (it is a `UserErrorException`).
        """
        given = texts(properties, "properties", none_allowed=False)
        if not given:
            return
        try:
            self._patch(properties=given)
        except ServiceException as error:
            if error.status != 0 or not self._writer.is_journal:
                raise
            # Nobody is there to ask: the first write stands, and a later conflict becomes a warning of the run.
            self._writer.write("prop", self._run_id, given)

    def get_properties(self) -> dict[str, str]:
        """Return the properties as they are now."""
        self._refresh()
        return self.properties

    def _field(self, name: str) -> Any:
        if name not in self._record:
            self._refresh()
        return self._record.get(name)

    def _refresh(self) -> dict[str, Any]:
        self._settle()
        self._record = self._api.get(self._path)
        return self._record

    def _set(self, name: str, value: str) -> None:
        if not isinstance(value, str):
            raise UserErrorException(
                f"The {name} of a run is text, not {type(value).__name__}. Give a str.", target=name
            )
        if self._writer.is_journal:
            self._writer.write("set", self._run_id, {name: value})
            self._record[name] = value
        else:
            self._patch(**{name: value})

    def _patch(self, **changes: Any) -> None:
        self._arrive()
        self._record = self._api.patch(self._path, changes)

    @property
    def _path(self) -> str:
        return f"/runs/{self._run_id}"

    @property
    def _api(self) -> Api:
        return self._experiment.workspace._api  # noqa: SLF001  # one package

    @property
    def _has_ended(self) -> bool:
        return self._record.get("status") in TERMINAL

    @property
    def _is_own_script(self) -> bool:
        """Whether this process is the run's own script: then its exit decides how the run ends."""
        return self._run_id == os.environ.get("STOKER_RUN_ID")

    def _settle(self) -> None:
        """Wait until what this process wrote is stored, so that a script reads its own writes."""
        if self._made_writer is not None:
            self._made_writer.settle()
        self._experiment.workspace._settle()  # noqa: SLF001  # one package; it may have gone by another object

    def _arrive(self) -> None:
        """Wait until the service knows the run, when so far only our journal does (a child made just now)."""
        if self._is_new:
            self._settle()
            self._is_new = False

    @property
    def _writer(self) -> Writer:
        if self._made_writer is None:
            self._made_writer = self._find_writer()
        return self._made_writer

    def _find_writer(self) -> Writer:
        """Return the journal when the run folder is certain to be there until we are done, else ask the service."""
        from stoker.core._writer import ServiceWriter

        own = own_writer(lambda: self._api)
        if own is not None and self._run_id == own.owner:
            return own
        record = self._refresh()
        if own is not None and record.get("kind") == "child" and record.get("parent_id") == own.owner:
            return own
        if record.get("kind") == "interactive" and not self._has_ended:
            folder = self._experiment.workspace._run_folder(self._run_id)  # noqa: SLF001  # one package
            if folder is not None and os.path.isdir(folder):
                return interactive_writer(self._experiment, self._run_id, folder)
        return ServiceWriter(self._run_id, lambda: self._api)


def interactive_writer(experiment: Experiment, run_id: str, folder: str) -> JournalWriter:
    """Return the journal of this process for an interactive run of a workspace on this machine."""
    from stoker.core._writer import JournalWriter

    home = os.path.dirname(os.path.dirname(folder))
    return JournalWriter.of(home, folder, run_id, lambda: experiment.workspace._api)  # noqa: SLF001  # one package


def own_writer(connect: Any) -> JournalWriter | None:
    """Return the journal of the run that this process belongs to, or None."""
    run_id, folder = os.environ.get("STOKER_RUN_ID"), os.environ.get("STOKER_RUN_DIR")
    if not run_id or not folder:
        return None
    from stoker.core._writer import JournalWriter

    return JournalWriter.of(os.environ.get("STOKER_HOME_DIR", ""), folder, run_id, connect)


def texts(values: Any, what: str, *, none_allowed: bool) -> dict[str, Any]:
    """Return a dict with texts for keys and values.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is no dict, or a key is empty.

    Examples
    --------
    >>> texts({"rank": 1, "simple": None}, "tags", none_allowed=True)
    {'rank': '1', 'simple': None}
    """
    if not hasattr(values, "items"):
        raise UserErrorException(f"{what} is a {type(values).__name__}. Give a dict: name -> text.", target=what)
    made = {}
    for key, value in values.items():
        if key is None or key == "":
            raise UserErrorException(f"One of the {what} has no name. Give it one.", target=what)
        made[str(key)] = None if value is None and none_allowed else str(value)
    return made
