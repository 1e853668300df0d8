"""What a store promises about secrets, datastores, data sets, and about what was made of what."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from stoker.service.store.base_runs import Record

__all__ = [
    "DATASET_STATES",
    "DEEPEST_LINEAGE",
    "REGISTERED",
    "DatasetRepository",
    "DatastoreRepository",
    "LineageRepository",
    "SecretRepository",
]

DATASET_STATES = ("active", "archived", "deprecated")

DEEPEST_LINEAGE = 100
"""Most steps from run to run that a tree of lineage can show."""

REGISTERED = "register"
"""The mechanism of lineage that the service writes itself, when a run registers something."""


class SecretRepository(ABC):
    """Secrets by name: any text of 1 to 255 characters.

    Guarantees
    ----------
    *Sealed.* What is written to disk is encrypted with a key that lies beside the records and not in them; see `Vault`.

    *Told once asked.* Only `get` gives a value; no list, record or message of an error has one.
    """

    @abstractmethod
    def set(self, name: str, value: str) -> Record:
        """Keep a secret, over the one of that name, and return `{"name", "created", "modified"}`."""

    @abstractmethod
    def get(self, name: str) -> str:
        """Return the value.

        Raises
        ------
        stoker.exceptions.NotFoundException
            There is none of that name; the message suggests the nearest.
        stoker.exceptions.WorkspaceException
            The key is gone or another one.
        """

    @abstractmethod
    def list(self) -> Sequence[Record]:
        """Return `{"name", "created", "modified"}` of each secret, sorted by name."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove a secret; a name that is not there is a `NotFoundException`."""


class DatastoreRepository(ABC):
    """Datastores by name, as records DATASTORE.

    Guarantees
    ----------
    *Names.* Letters, digits and `_`, at most 255; they differ by more than small and capital letters.

    *Two are always there.* `workspaceblobstore`, which is the default at first, and `workspacefilestore` are made when
    a store is first asked, and can't be deleted. There is always one default.

    *Sealed.* A secret is encrypted as in `SecretRepository`, and no record has it.
    """

    @abstractmethod
    def register(
        self,
        name: str,
        store_type: str,
        kind: str,
        config: Mapping[str, Any],
        secret: Mapping[str, str] | None = None,
        *,
        overwrite: bool = False,
    ) -> Record:
        """Keep a datastore and return its record.

        Parameters
        ----------
        name : str
        store_type : str
            v1's word for what it is, as `AzureBlob`, or ours, as `LocalFolder`.
        kind : {"folder", "fsspec", "sql"}
            How it is reached.
        config : mapping
            Where it is; a part of it that is a secret is refused.
        secret : mapping, optional
            With what it is reached, each a text.
        overwrite : bool, default=False
            Whether the one of that name is replaced as a whole, its secret too.

        Raises
        ------
        stoker.exceptions.ConflictException
            The name is taken.
        stoker.exceptions.UserErrorException
            Something is not as it should be; the message names it.
        """

    @abstractmethod
    def get(self, name: str) -> Record:
        """Return the record; a wrong name is a `NotFoundException` that suggests the nearest."""

    @abstractmethod
    def find(self, name: str) -> Record | None:
        """Return the record, or None."""

    @abstractmethod
    def secret(self, name: str) -> dict[str, str]:
        """Return the secret of a datastore; empty when it has none."""

    @abstractmethod
    def list(self) -> Sequence[Record]:
        """Return all datastores, sorted by name."""

    @abstractmethod
    def default(self) -> Record:
        """Return the default."""

    @abstractmethod
    def set_default(self, name: str) -> Record:
        """Make a datastore the default and return it."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Forget a datastore; what is in it stays.

        Raises
        ------
        stoker.exceptions.ConflictException
            It is one of the two that are always there, or the default.
        """


class DatasetRepository(ABC):
    """Data sets: definitions that are saved, and registered under a name with versions 1, 2, and so on.

    Guarantees
    ----------
    *Lasting ids.* An id names one definition for ever, also after its name was taken away.

    *Once.* A definition that is the same is found again, not saved twice. A saved one keeps its id when it gets a name.

    *Numbers.* A version's number is not given again, whatever becomes of the version.
    """

    @abstractmethod
    def save(self, definition: Mapping[str, Any], run_id: str | None = None) -> Record:
        """Keep a definition without a name and return a record DATASET that has it."""

    @abstractmethod
    def register(
        self,
        name: str,
        definition: Mapping[str, Any],
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        create_new_version: bool = False,
        fingerprint: Mapping[str, Any] | None = None,
        run_id: str | None = None,
    ) -> Record:
        """Give a definition a name, and return the version of that name that has it.

        The definition of the latest version is that version, whatever else is given. Another one is the next version,
        if `create_new_version`.

        Raises
        ------
        stoker.exceptions.ConflictException
            The name has another definition, and no new version is wanted.
        """

    @abstractmethod
    def get(self, name: str, version: int | str | None = None) -> Record:
        """Return a version; None or `"latest"`: the latest.

        Raises
        ------
        stoker.exceptions.NotFoundException
            The message suggests the nearest name or lists the versions.
        """

    @abstractmethod
    def by_id(self, dataset_id: str, *, entries: bool = False) -> Record:
        """Return the record of an id; with `entries`, its fingerprint has the files that it was made of."""

    @abstractmethod
    def find(self, dataset_id: str) -> Record | None:
        """Return the record of an id, or None."""

    @abstractmethod
    def versions(self, name: str) -> Sequence[Record]:
        """Return all versions, the latest first."""

    @abstractmethod
    def list(self, tags: Sequence[str] = ()) -> Sequence[Record]:
        """Return the latest version of each name, sorted by name.

        `tags` are each `key` or `key=value`; all must be there.
        """

    @abstractmethod
    def update(
        self,
        dataset_id: str,
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        add_tags: Mapping[str, str | None] | None = None,
        remove_tags: Sequence[str] | None = None,
        state: str | None = None,
        fingerprint: Mapping[str, Any] | None = None,
    ) -> Record:
        """Write what is given, leave what is None; `tags` replaces all, before `add_tags` and `remove_tags`."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Take the name from all its versions; a name that is not there is a `NotFoundException`."""


class LineageRepository(ABC):
    """What each run was given and what it made.

    An ITEM is `{"direction", "kind", "ref", "name", "mechanism", "details", "label", "record", "created"}`: `ref` is
    the id of a data set, the `name:version` of a model, the `datastore/path` of a path, and any text for a data set
    that an MLflow client names; `label` is for people; `record` has some facts of the data set or model, or is None.

    Guarantees
    ----------
    *Once.* An item is named by run, direction, kind, ref and name; the same again adds its details.

    *With its run.* An item goes when its run is deleted. It stays when what it names loses its name.
    """

    @abstractmethod
    def add(
        self,
        run_id: str,
        direction: str,
        kind: str,
        ref: str,
        name: str,
        *,
        mechanism: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Record:
        """Note what a run was given or made and return the ITEM.

        What the service noted because the run registered it (the mechanism `REGISTERED`) gives way to what is said
        about it under another name.

        Parameters
        ----------
        run_id : str
        direction : {"input", "output"}
        kind : {"dataset", "model", "path", "mlflow_dataset", "logged_model"}
        ref, name : str
        mechanism : str, optional
            How: `direct`, `mount`, `download`, `upload`, `register`.
        details : mapping, optional

        Raises
        ------
        stoker.exceptions.NotFoundException
            There is no such run, data set or model.
        """

    @abstractmethod
    def of_run(self, run_id: str) -> Record:
        """Return `{"inputs": [ITEM], "outputs": [ITEM]}`, each in the order of being noted."""

    @abstractmethod
    def tree(self, kind: str, ref: str, *, direction: str | None = None, depth: int = 20) -> Record:
        """Return what something came of, and what came of it.

        Parameters
        ----------
        kind : {"dataset", "model", "run", "path"}
        ref : str
            The id of a run, else as in an ITEM.
        direction : {"up", "down"}, optional
            Only what it came of, or only what came of it. Default: both.
        depth : int, default=20
            Most steps from run to run.

        Returns
        -------
        dict
            `node`: `{"kind", "ref", "label"}`; `by`: the runs that made it, each `{"run", "name", "mechanism",
            "inputs": [NODE with its own by]}`; `used_by`: the runs that were given it, each `{"run", "name",
            "mechanism", "outputs": [NODE with its own used_by]}`. A NODE of a registered data set also says what that
            reads (`of`). Of a run: `node`, `inputs` and `outputs`. A NODE
            below a run has `name` and `mechanism` too, as the run calls it. Where a run has one thing several times,
            both are all of them; `roles` has them one by one: `[{"name", "mechanism"}]`. `run` is
            `{"id", "experiment", "display_name", "status"}`. A NODE whose more is not shown has `"cut": True`, and the
            `reason`: `shown`, when it is shown elsewhere in the tree, as what is below itself, or `depth`.

        Raises
        ------
        stoker.exceptions.NotFoundException
            There is nothing of that kind and name.
        """
