"""What a store promises about models: numbered versions of files under a name, and the names themselves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stoker.exceptions import UserErrorException
from stoker.service.store.base_runs import Record

__all__ = ["STAGES", "Condition", "Files", "ModelRepository", "Order", "check_model_name", "model_id", "split_model_id"]

STAGES = ("None", "Staging", "Production", "Archived")
"""Where a version stands in its life, as MLflow's older clients say."""

Files = Sequence[tuple[str, str, int]]
"""Path below the model, SHA-256 and bytes of each file."""

LONGEST_NAME = 255


@dataclass(frozen=True)
class Condition:
    """What a search asks of a record.

    Attributes
    ----------
    key : str
        A field (see the search), or `tags.NAME`.
    operator : str
        `=`, `!=`, `<`, `<=`, `>`, `>=`, `LIKE` and `ILIKE` with `%` and `_`, `IN`, `NOT IN`. A tag that is not there
        fulfils none of them.
    value : str, float or tuple of str
        A tuple for `IN` and `NOT IN`.
    """

    key: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Order:
    """By what a search is sorted: a field, and whether the largest comes first."""

    key: str
    descending: bool = False


class ModelRepository(ABC):
    """Registered models and their versions.

    A MODEL is one version: `{"id", "name", "version", "description", "tags", "properties", "framework",
    "framework_version", "run_id", "experiment", "files", "size", "is_file", "created", "created_by", "modified",
    "stage", "aliases", "source", "logged_model", "datasets", "details"}`; `id` is `name:version`. A REGISTERED is the
    name: `{"name", "description", "tags", "created", "modified", "last_version", "aliases"}`, its aliases as alias to
    version.

    Guarantees
    ----------
    *Numbers.* The versions of a name are 1, 2, 3, ... A number is given once, also when its version, or the name with
    all versions, is gone.

    *Files never change.* What a version holds is fixed; only what is said about it can be changed. Its bytes are in an
    `ArtifactStore`, and whoever creates a version has them stored before.

    *Nothing is opened.* A store looks into no file of a model.

    *Runs may go.* A version keeps the id and the experiment of its run when that run is deleted.

    *Errors.* A name or version that is not there is a `NotFoundException` that says what there is.
    """

    @abstractmethod
    def create(
        self,
        name: str,
        files: Files,
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        properties: Mapping[str, str | None] | None = None,
        framework: str | None = None,
        framework_version: str | None = None,
        is_file: bool = False,
        run_id: str | None = None,
        source: str | None = None,
        logged_model: str | None = None,
        datasets: Sequence[tuple[str, str]] = (),
        details: Mapping[str, Any] | None = None,
        created_by: str | None = None,
    ) -> Record:
        """Record a new version, and the name when that is new, and return the record MODEL.

        Parameters
        ----------
        name : str
            See `check_model_name`.
        files : sequence of (path, sha256, size)
            May be empty, for a version that is only a name for something elsewhere.
        is_file : bool, default=False
            Whether the model is its one file, rather than a folder.
        run_id : str, optional
            The run that made it.
        datasets : sequence of (role, dataset id)
        details : mapping, optional
            Free facts.
        **others
            Fields of the record.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The name can't be used, or a path leads elsewhere, or two files have the same.
        stoker.exceptions.NotFoundException
            There is no such run.
        """

    @abstractmethod
    def get(self, name: str, version: int | str | None = None) -> Record:
        """Return the record MODEL; by default the latest version."""

    @abstractmethod
    def find(self, name: str, version: int | str | None = None) -> Record | None:
        """Return the record MODEL, or None."""

    @abstractmethod
    def by_alias(self, name: str, alias: str) -> Record:
        """Return the version that an alias names."""

    @abstractmethod
    def list(
        self,
        *,
        name: str | None = None,
        tags: Sequence[str] = (),
        properties: Sequence[str] = (),
        run_id: str | None = None,
        dataset_id: str | None = None,
        latest: bool = False,
        limit: int | None = None,
    ) -> Sequence[Record]:
        """Return the versions for which all conditions hold, the newest first.

        Parameters
        ----------
        name, run_id : str, optional
        tags, properties : sequence of str
            All of these, each `key` (with any value) or `key=value`.
        dataset_id : str, optional
            One of the model's datasets.
        latest : bool, default=False
            Only the latest version of each name, as it is before the other conditions.
        limit : int, optional
            Default: all.
        """

    @abstractmethod
    def update(
        self,
        name: str,
        version: int | str,
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        add_tags: Mapping[str, str | None] | None = None,
        remove_tags: Collection[str] | None = None,
        add_properties: Mapping[str, str | None] | None = None,
        add_datasets: Sequence[tuple[str, str]] | None = None,
        details: Mapping[str, Any] | None = None,
        stage: str | None = None,
    ) -> Record:
        """Write what is given, leave what is None, and return the record MODEL.

        Parameters
        ----------
        tags : mapping, optional
            Takes the place of all; `add_tags` and `remove_tags` change single ones.
        add_properties : mapping, optional
            New ones; they never change.
        details : mapping, optional
            Merged; a value that is None takes its key away.
        stage : str, optional
            One of `STAGES`, in any case.

        Raises
        ------
        stoker.exceptions.ConflictException
            A property has another value already; nothing is written.
        """

    @abstractmethod
    def delete(self, name: str, version: int | str) -> None:
        """Remove a version; aliases of it go too. The name stays."""

    @abstractmethod
    def files(self, name: str, version: int | str | None = None) -> Sequence[Record]:
        """Return `{"path", "sha256", "size"}` of each file, sorted by path."""

    @abstractmethod
    def referenced(self, hashes: Collection[str]) -> set[str]:
        """Return those of the hashes that a file of some version has."""

    @abstractmethod
    def register(
        self, name: str, *, description: str | None = None, tags: Mapping[str, str | None] | None = None
    ) -> Record:
        """Make a name that has no version yet and return the record REGISTERED; one in use is a `ConflictException`."""

    @abstractmethod
    def registered(self, name: str) -> Record:
        """Return the record REGISTERED."""

    @abstractmethod
    def update_registered(
        self,
        name: str,
        *,
        description: str | None = None,
        add_tags: Mapping[str, str | None] | None = None,
        remove_tags: Collection[str] | None = None,
    ) -> Record:
        """Write what is given, leave what is None, and return the record REGISTERED."""

    @abstractmethod
    def rename(self, name: str, new_name: str) -> Record:
        """Give a model and all its versions another name; one in use, now or once, is a `ConflictException`."""

    @abstractmethod
    def delete_registered(self, name: str) -> None:
        """Remove a name with all its versions and aliases."""

    @abstractmethod
    def set_alias(self, name: str, alias: str, version: int | str) -> None:
        """Let an alias name a version; it names no other any more."""

    @abstractmethod
    def delete_alias(self, name: str, alias: str) -> None:
        """Take an alias away; nothing happens when there is none."""

    @abstractmethod
    def set_stage(self, name: str, version: int | str, stage: str, *, archive_others: bool = False) -> Record:
        """Move a version to a stage and return it; with `archive_others` those that stand there become Archived."""

    @abstractmethod
    def latest_of_stages(self, names: Sequence[str]) -> Sequence[Record]:
        """Return the latest version of each stage of each of the names, sorted by name and version."""

    @abstractmethod
    def search_registered(
        self, conditions: Sequence[Condition] = (), order: Sequence[Order] = (), *, limit: int = 100, offset: int = 0
    ) -> Sequence[Record]:
        """Return records REGISTERED for which all conditions hold.

        Fields: `name`, `created`, `modified` (Unix seconds). Ties, and all without an order, are sorted by name.

        Raises
        ------
        stoker.exceptions.UserErrorException
            A field or operator that is not known.
        """

    @abstractmethod
    def search_versions(
        self, conditions: Sequence[Condition] = (), order: Sequence[Order] = (), *, limit: int = 100, offset: int = 0
    ) -> Sequence[Record]:
        """Return records MODEL for which all conditions hold.

        Fields: `name`, `version`, `run_id`, `source`, `stage`, `logged_model`, `created`, `modified` (Unix seconds).
        Ties, and all without an order, are sorted by the last change, newest first, then name, then the highest
        version first.

        Raises
        ------
        stoker.exceptions.UserErrorException
            A field or operator that is not known.
        """


def check_model_name(name: object) -> str:
    """Return the name, or raise `UserErrorException` with the rule it breaks.

    Any text that can be one part of an address: v1's clients keep to less, MLflow's to this.

    Examples
    --------
    >>> check_model_name("diabetes model")
    'diabetes model'
    """
    problem = _name_problem(name)
    if problem is None:
        return str(name)
    raise UserErrorException(
        f"The model name {str(name)[:300]!r} can't be used: {problem}. Give a name such as 'diabetes-model'.",
        target="name",
    )


def _name_problem(name: object) -> str | None:
    if not isinstance(name, str) or not name.strip():
        return "it is empty or not text"
    if len(name) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} characters"
    bad = next(
        (letter for letter in name if letter in "/:\\" or ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000), None
    )
    if bad is not None:
        return f"it contains {bad!r}"
    return "it is a folder's other name" if name in {".", ".."} else None


def model_id(name: str, version: int) -> str:
    """Return the id of a version.

    Examples
    --------
    >>> model_id("diabetes", 3)
    'diabetes:3'
    """
    return f"{name}:{version}"


def split_model_id(text: str) -> tuple[str, int] | None:
    """Return name and version of an id, or None for a text that is none.

    Examples
    --------
    >>> split_model_id("diabetes:3")
    ('diabetes', 3)
    """
    name, _, version = text.rpartition(":")
    if not name or not (version.isascii() and version.isdecimal()) or len(version) > 18:
        return None
    return name, int(version)
