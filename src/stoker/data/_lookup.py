"""Datasets of a workspace, from records to objects; what a run's script opens is put on record."""

from __future__ import annotations

import os

from stoker.client.http import quote_name
from stoker.exceptions import NotFoundException, StokerException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.workspace import Workspace
    from stoker.data.abstract_dataset import AbstractDataset

__all__ = ["all_datasets", "by_id", "by_name", "checked_version", "of_record", "own_run"]

_noted: set[tuple[str, str]] = set()


def of_record(workspace: Workspace | None, record: dict[str, Any]) -> AbstractDataset:
    """Return the dataset of a record of the service."""
    return of_definition(record["definition"], workspace, record)


def of_definition(
    definition: dict[str, Any], workspace: Workspace | None, record: dict[str, Any] | None = None
) -> AbstractDataset:
    """Return the dataset of a definition.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The definition is not one that this version can read.
    """
    from stoker.data._definition import check
    from stoker.data.file_dataset import FileDataset
    from stoker.data.tabular_dataset import TabularDataset

    check(definition)
    kind: type[AbstractDataset] = TabularDataset if definition["kind"] == "Tabular" else FileDataset
    return kind._made(definition, workspace, record)  # noqa: SLF001  # one package


def by_name(workspace: Workspace, name: str, version: Any = "latest") -> AbstractDataset:
    """Return a registered dataset; see `Dataset.get_by_name`."""
    wanted = checked_version(version)
    if not isinstance(name, str) or not name:
        raise UserErrorException(f"{name!r} is no dataset's name. Give the name as a text.", target="name")
    api = workspace._api  # noqa: SLF001  # the SDK is one package
    try:
        record = api.get(f"/datasets/by-name/{quote_name(name)}", version=wanted)
    except NotFoundException as error:
        raise _missing(workspace, name, wanted, error) from error
    note_use(workspace, record)
    return of_record(workspace, record)


def _missing(workspace: Workspace, name: str, version: Any, error: NotFoundException) -> NotFoundException:
    from stoker.base.names import suggestion

    records = workspace._api.get("/datasets")["datasets"]  # noqa: SLF001  # the SDK is one package
    latest = next((record["version"] for record in records if record["name"] == name), None)
    if latest is not None:
        words = f"It has the versions up to {latest}."
    else:
        words = suggestion(name, [record["name"] for record in records])
    which = "" if version == "latest" else f" and version {version}"
    return NotFoundException(
        f"Cannot find dataset registered with name {name!r}{which} in the workspace. {words}", error, target="name"
    )


def by_id(workspace: Workspace, dataset_id: str, *, note: bool = True) -> AbstractDataset:
    """Return a saved dataset, registered or not; see `Dataset.get_by_id`.

    Parameters
    ----------
    workspace : Workspace
    dataset_id : str
    note : bool, default=True
        Whether a run's script that asks has used it; False for an input that is on record by its name.
    """
    if not isinstance(dataset_id, str) or not dataset_id or "/" in dataset_id:
        raise UserErrorException(f"{dataset_id!r} is no dataset's id. Give the text of dataset.id.", target="id")
    api = workspace._api  # noqa: SLF001  # the SDK is one package
    try:
        record = api.get(f"/datasets/by-id/{quote_name(dataset_id)}")
    except NotFoundException as error:
        raise NotFoundException(
            f"Cannot find dataset with id {dataset_id!r} in the workspace. A registered dataset can be had by its "
            "name (Dataset.get_by_name).",
            error,
            target="id",
        ) from error
    if note:
        note_use(workspace, record)
    return of_record(workspace, record)


def all_datasets(workspace: Workspace) -> dict[str, AbstractDataset]:
    """Return name -> latest version of each registered dataset."""
    records = workspace._api.get("/datasets")["datasets"]  # noqa: SLF001  # the SDK is one package
    return {record["name"]: of_record(workspace, record) for record in records}


def checked_version(version: Any) -> int | str:
    """Return a version as a number, or `latest`.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is neither.

    Examples
    --------
    >>> checked_version("3"), checked_version(None)
    (3, 'latest')
    """
    if version is None or (isinstance(version, str) and version.lower() == "latest"):
        return "latest"
    try:
        number = int(version)
    except (TypeError, ValueError):
        number = 0
    if number < 1 or isinstance(version, (bool, float)):
        raise UserErrorException(
            f"Invalid value {version!r} for version. It is a number from 1 on, or 'latest'.", target="version"
        )
    return number


def own_run(workspace: Workspace) -> str | None:
    """Return the id of the run that this process belongs to, when it is one of this workspace."""
    run_id = os.environ.get("STOKER_RUN_ID")
    if not run_id or not os.environ.get("STOKER_TOKEN"):
        return None
    home = workspace._home  # noqa: SLF001  # the SDK is one package
    if home is None:
        return run_id if workspace._place == os.environ.get("STOKER_URL") else None  # noqa: SLF001  # the same
    same = os.path.realpath(home) == os.path.realpath(os.environ.get("STOKER_HOME_DIR") or os.devnull)
    return run_id if same else None


def note_use(workspace: Workspace, record: dict[str, Any]) -> None:
    """Put on record that this process' run has opened the dataset; once, and without failing for it."""
    run_id = own_run(workspace)
    key = (str(run_id), record["id"])
    if run_id is None or key in _noted:
        return
    _noted.add(key)
    item = {
        "direction": "input",
        "kind": "dataset",
        "ref": record["id"],
        "name": record["name"] or record["id"],
        "mechanism": "direct",
        "details": {},
    }
    try:
        workspace._api.post(f"/runs/{quote_name(run_id)}/lineage", item)  # noqa: SLF001  # the SDK is one package
    except StokerException:
        # A script reads its data also where the record can't be written, as for a run that has ended.
        _noted.discard(key)
