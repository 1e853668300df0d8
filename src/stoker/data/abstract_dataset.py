"""What tables and files have in common: a definition, and a record in a workspace."""

from __future__ import annotations

import copy
import json

from stoker.data import _definition
from stoker.data._names import check_dataset_name
from stoker.exceptions import StokerException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from typing import Any

    from typing_extensions import Self

    from stoker.core.workspace import Workspace
    from stoker.data._engine.expression import Expression
    from stoker.data.dataset_consumption_config import DatasetConsumptionConfig

__all__ = ["AbstractDataset"]


class AbstractDataset:
    """A dataset: sources and operations, lazy and never changed; each operation gives a new, unregistered one.

    Made by `Dataset.Tabular`, `Dataset.File`, or got from a workspace.
    """

    _definition: dict[str, Any]
    _workspace: Workspace | None
    _record: dict[str, Any] | None

    def __init__(self) -> None:
        raise UserErrorException(
            f"{type(self).__name__} is not made directly. Use Dataset.Tabular.from_..., Dataset.File.from_files or "
            "Dataset.get_by_name."
        )

    @classmethod
    def _made(
        cls, definition: dict[str, Any], workspace: Workspace | None, record: dict[str, Any] | None = None
    ) -> Self:
        made = cls.__new__(cls)
        made._begin(definition, workspace, record)  # noqa: SLF001  # an object of this class
        return made

    def _begin(self, definition: dict[str, Any], workspace: Workspace | None, record: dict[str, Any] | None) -> None:
        self._definition = definition
        self._workspace = workspace
        self._record = record

    def _with(self, *steps: dict[str, Any]) -> Self:
        return self._made(_definition.with_steps(self._definition, *steps), self._workspace)

    @property
    def id(self) -> str | None:
        """The dataset's id; None when it was never saved."""
        return self._text("id")

    @property
    def name(self) -> str | None:
        """The name that it is registered under."""
        return self._text("name")

    @property
    def version(self) -> int | None:
        """The version that it is registered as; the first is 1."""
        version = self._fact("version")
        return None if version is None else int(version)

    @property
    def description(self) -> str | None:
        """What people say about it."""
        return self._text("description")

    @property
    def tags(self) -> dict[str, str]:
        """The registered dataset's tags; empty when it is not registered."""
        return dict(self._fact("tags") or {})

    @property
    def data_changed_time(self) -> dt.datetime | None:
        """When the newest of its files was changed, in UTC; None when that can't be told."""
        from stoker.data._files import changed_at, source_files

        try:
            return changed_at(source_files(self._definition, self._workspace))
        except StokerException:
            return None

    @property
    def partition_keys(self) -> list[str]:
        """The columns that come from the paths, in the order of the path."""
        return _definition.partition_keys(self._partitioned())

    def _fact(self, name: str) -> Any:
        return None if self._record is None else self._record.get(name)

    def _text(self, name: str) -> str | None:
        fact = self._fact(name)
        return None if fact is None else str(fact)

    def _partitioned(self) -> dict[str, Any]:
        return self._definition

    def register(
        self,
        workspace: Workspace,
        name: str,
        description: str | None = None,
        tags: dict[str, str] | None = None,
        create_new_version: bool = False,
    ) -> Self:
        """Register the dataset and return it as registered; this object stays as it is.

        The same definition keeps its version, whatever the data. A fingerprint of the data as they are now is recorded.

        Parameters
        ----------
        workspace : Workspace
        name : str
            Any text.
        description : str, optional
        tags : dict, optional
        create_new_version : bool, default=False
            Whether another definition becomes the next version of a name that is taken.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The name is taken by another definition, and `create_new_version` is False; or it is no name.

        Examples
        --------
        >>> dataset = dataset.register(ws, "diabetes", create_new_version=True)  # doctest: +SKIP
        """
        from stoker.data._files import fingerprint_of
        from stoker.data._lookup import own_run

        check_dataset_name(name)
        self._check_workspace(workspace)
        body = {
            "name": name,
            "definition": self._definition,
            "description": description,
            "tags": _texts(tags),
            "create_new_version": bool(create_new_version),
            "fingerprint": fingerprint_of(self._definition, workspace),
            "run_id": own_run(workspace),
        }
        record = workspace._api.post("/datasets/register", body)  # noqa: SLF001  # the SDK is one package
        return self._made(record["definition"], workspace, record)

    def _check_workspace(self, workspace: Workspace) -> None:
        """Raise when the datastores of this dataset belong to another workspace."""
        own = None if self._workspace is None else self._workspace._place  # noqa: SLF001  # the SDK is one package
        place = workspace._place  # noqa: SLF001  # the same
        if own is not None and own != place:
            raise UserErrorException(
                f"The dataset lies on datastores of the workspace at {own}, and can't be used in the one at {place}. "
                "Register the datastore there, and make the dataset from it.",
                target="workspace",
            )

    def _ensure_saved(self, workspace: Workspace) -> str:
        """Return the dataset's id, saved under no name when it has none yet."""
        from stoker.data._lookup import own_run

        if self._record is None:
            self._check_workspace(workspace)
            body = {"definition": self._definition, "run_id": own_run(workspace)}
            self._record = workspace._api.post("/datasets", body)  # noqa: SLF001  # the SDK is one package
            self._workspace = workspace
        return str(self._fact("id"))

    def update(self, description: str | None = None, tags: dict[str, str] | None = None) -> Self:
        """Change the registered dataset's description or tags; tags are replaced.

        Raises
        ------
        stoker.exceptions.UserErrorException
            It is not registered.
        """
        changes = {"description": description, "tags": None if tags is None else _texts(tags)}
        return self._changed({key: value for key, value in changes.items() if value is not None})

    def add_tags(self, tags: dict[str, str] | None = None) -> Self:
        """Add tags to the registered dataset; those of the same name are replaced.

        Raises
        ------
        stoker.exceptions.UserErrorException
            It is not registered.
        """
        return self._changed({"add_tags": _texts(tags)})

    def remove_tags(self, tags: list[str] | None = None) -> Self:
        """Remove tags, given by their names, from the registered dataset.

        Raises
        ------
        stoker.exceptions.UserErrorException
            It is not registered.
        """
        return self._changed({"remove_tags": [tags] if isinstance(tags, str) else list(tags or [])})

    def _changed(self, changes: dict[str, Any]) -> Self:
        workspace = self._registered_in("changed")
        if changes:
            self._record = workspace._api.patch(f"/datasets/by-id/{self.id}", changes)  # noqa: SLF001  # one package
        return self

    def _registered_in(self, what: str) -> Workspace:
        if self._workspace is None or self.name is None:
            raise UserErrorException(f"Only a registered dataset can be {what}. Register it, and use what that gives.")
        return self._workspace

    def unregister_all_versions(self) -> None:
        """Take the name out of the workspace, with all versions; their ids still lead to them, and no file goes.

        Raises
        ------
        stoker.exceptions.UserErrorException
            It is not registered.
        """
        from stoker.client.http import quote_name

        workspace = self._registered_in("unregistered")
        workspace._api.delete(f"/datasets/by-name/{quote_name(str(self.name))}")  # noqa: SLF001  # one package
        self._record = None

    def as_named_input(self, name: str) -> DatasetConsumptionConfig:
        """Return the dataset as an input of a run, under a name.

        Parameters
        ----------
        name : str
            Letters, digits and underscores; the run's script finds it as `run.input_datasets[name]` and
            `os.environ[name]`.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The name can't be used.
        """
        from stoker.data._names import check_name
        from stoker.data.dataset_consumption_config import DatasetConsumptionConfig

        return DatasetConsumptionConfig(check_name(name, "input"), self)

    def _check_files(self, mode: str) -> None:
        """Raise when the dataset can't be seen as files."""

    def get_partition_key_values(self, partition_keys: list[str] | None = None) -> list[dict[str, Any]]:
        """Return the values of the columns that come from the paths, each combination once; no file is opened.

        Parameters
        ----------
        partition_keys : list of str, optional
            Default: all.

        Raises
        ------
        stoker.exceptions.UserErrorException
            The dataset has no partitions, or not these.
        """
        from stoker.data._partitions import key_values

        return key_values(self._partitioned(), self._workspace, self.partition_keys, partition_keys)

    def __getitem__(self, key: str) -> Expression:
        """Return the column of that name, for an expression as `dataset['a'] > 3`."""
        from stoker.data._engine.expression import column

        if not isinstance(key, str):
            raise UserErrorException(f"{key!r} is no column's name. Give a text, as dataset['age'].", target="key")
        return column(key)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._made(self._definition, self._workspace, copy.deepcopy(self._record, memo))

    def __str__(self) -> str:
        return f"{type(self).__name__}\n{self!r}"

    def __repr__(self) -> str:
        lines = _definition.describe(self._definition)
        shown: dict[str, Any] = {"source": _definition.path_words(self._definition["source"]), "definition": lines}
        if self._record is not None:
            facts = ("id", "name", "version", "description", "tags")
            shown["registration"] = {key: self._record.get(key) for key in facts}
        return json.dumps(shown, indent=2, ensure_ascii=False)

    def _repr_html_(self) -> str:
        from stoker.core._html import dataset_table

        return dataset_table(self)

    def _described(self) -> list[str]:
        return list(_definition.describe(self._definition))


def _texts(tags: Mapping[str, Any] | None) -> dict[str, str]:
    """Return tags with texts as values.

    Raises
    ------
    stoker.exceptions.UserErrorException
        They are no mapping.
    """
    if tags is None:
        return {}
    if not hasattr(tags, "items"):
        raise UserErrorException(f"tags={tags!r} is no dict. Give for example {{'year': '2019'}}.", target="tags")
    return {str(key): "" if value is None else str(value) for key, value in tags.items()}
