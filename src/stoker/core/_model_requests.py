"""How models are asked for and recorded: bodies, filters, and errors under v1's names."""

from __future__ import annotations

import contextlib
import os
import re

from stoker.exceptions import ServiceException, StokerException, UserErrorException, WebserviceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from stoker.core.resource_configuration import ResourceConfiguration

__all__ = [
    "as_webservice_errors",
    "by_latest",
    "check_version",
    "created_by",
    "dataset_id",
    "dataset_pairs",
    "facts",
    "fetch",
    "matching",
    "model_path",
    "words",
]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}\Z")


def check_name(name: object) -> str:
    """Return a name for a new model, or raise `WebserviceException` with the rule it breaks."""
    if isinstance(name, str) and _NAME.match(name):
        return name
    raise WebserviceException(
        f"The model name {name!r} can't be used. A name has 1 to 255 characters: letters, digits, '-', '.' and '_', "
        "the first a letter or digit. Choose another one."
    )


def check_version(version: object) -> int | None:
    """Return a version given as a number or as text; None for None.

    Raises
    ------
    stoker.exceptions.WebserviceException
        It is neither.
    """
    from stoker.core._model_files import number

    found = None if isinstance(version, bool) else number(version)
    if found is None and version is not None:
        raise WebserviceException(f"The version {version!r} of a model is no whole number. Give one, as 3 or '3'.")
    return found


@contextlib.contextmanager
def as_webservice_errors() -> Iterator[None]:
    """Let errors of a request come out as `WebserviceException`, as v1 has it; a service that is away stays one."""
    try:
        yield
    except (ServiceException, WebserviceException):
        raise
    except StokerException as error:
        raise WebserviceException(error.message, error, target=error.target, details=error.details) from error


def fetch(workspace: Any, name: str, version: int | None) -> dict[str, Any]:
    """Return a record; by default that of the latest version."""
    from stoker.core._live import api_of, segment

    path = f"/models/{segment(name)}" + ("" if version is None else f"/{version}")
    with as_webservice_errors():
        found: dict[str, Any] = api_of(workspace).get(path)
    return found


def matching(
    workspace: Any,
    name: str | None,
    tags: Any,
    properties: Any,
    run_id: str | None,
    dataset_id: str | None = None,
    *,
    latest: bool = False,
    framework: str | None = None,
) -> list[dict[str, Any]]:
    """Return the records for which all conditions hold, the newest first."""
    from stoker.core._live import api_of

    query = {
        "name": name,
        "tag": words(tags, "tags"),
        "property": words(properties, "properties"),
        "run_id": run_id,
        "dataset_id": dataset_id,
        "latest": latest,
    }
    with as_webservice_errors():
        found: list[dict[str, Any]] = api_of(workspace).get("/models", **query)["models"]
    return [item for item in found if framework is None or item["framework"] == framework]


def words(wanted: Any, what: str) -> list[str]:
    """Return a filter as the service reads it: `key`, or `key=value`; all must hold.

    Parameters
    ----------
    wanted : list, dict or str, optional
        A list has keys and pairs, as v1 has it: `['area', ['type', 'regression']]`.
    what : str
        Its name in an error.

    Examples
    --------
    >>> words(["area", ["type", "regression"]], "tags"), words({"area": None}, "tags")
    (['area', 'type=regression'], ['area'])
    """
    if wanted is None:
        return []
    if isinstance(wanted, str):
        return [wanted]
    given = list(wanted.items()) if hasattr(wanted, "items") else wanted
    if not isinstance(given, (list, tuple)):
        raise UserErrorException(
            f"The {what} are a {type(wanted).__name__}. Give a list of keys and pairs, as ['area', ['type', 'x']].",
            target=what,
        )
    return [_word(item, what) for item in given]


def _word(item: Any, what: str) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, (list, tuple)) and len(item) == 2:
        key, value = item
        return str(key) if value is None else f"{key}={value}"
    raise UserErrorException(f"One of the {what} is {item!r}. Give a key, or a pair [key, value].", target=what)


def facts(
    workspace: Any,
    tags: Mapping[str, Any] | None,
    properties: Mapping[str, Any] | None,
    description: str | None,
    datasets: Iterable[tuple[str, Any]] | None,
    framework: str | None,
    framework_version: str | None,
    samples: Mapping[str, Any],
    resource_configuration: ResourceConfiguration | None,
) -> dict[str, Any]:
    """Return what is said about a new version, as the service takes it."""
    from stoker.core._run_base import texts

    return {
        "tags": texts(tags or {}, "tags", none_allowed=True),
        "properties": texts(properties or {}, "properties", none_allowed=True),
        "description": description,
        "framework": framework,
        "framework_version": None if framework_version is None else str(framework_version),
        "datasets": dataset_pairs(workspace, datasets),
        "details": details(workspace, samples, resource_configuration),
        "created_by": created_by(),
    }


def details(
    workspace: Any, samples: Mapping[str, Any], resource_configuration: ResourceConfiguration | None
) -> dict[str, Any]:
    """Return the free facts: ids of the sample data sets and the wanted resources, as far as they are given."""
    found: dict[str, Any] = {
        name: dataset_id(workspace, dataset) for name, dataset in samples.items() if dataset is not None
    }
    if resource_configuration is not None:
        found["resource_configuration"] = resource_configuration.serialize()
    return found


def dataset_pairs(workspace: Any, datasets: Iterable[tuple[str, Any]] | None) -> list[tuple[str, str]]:
    """Return (role, data set id) of each pair; data sets that are not saved yet are saved."""
    found = []
    # A data set alone is no list of them, though it answers to an index, as to a column's name.
    alone = isinstance(datasets, str) or hasattr(datasets, "_ensure_saved")
    for pair in [datasets] if alone else datasets or ():
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            what = repr(pair) if isinstance(pair, (str, list, tuple)) else f"a {type(pair).__name__}"
            raise WebserviceException(
                f"One of the datasets is {what}. Give a list of pairs of a role and a data set, as "
                "[('training', dataset)]."
            )
        found.append((str(pair[0]), dataset_id(workspace, pair[1])))
    return found


def dataset_id(workspace: Any, dataset: Any) -> str:
    """Return the id of a data set, given as an object or as the id itself."""
    if isinstance(dataset, str):
        return dataset
    save = getattr(dataset, "_ensure_saved", None)
    found = save(workspace) if callable(save) else getattr(dataset, "id", None)
    if not found:
        raise WebserviceException(
            f"{type(dataset).__name__!r} is no data set that has an id. Give one that Dataset.Tabular, Dataset.File or "
            "Dataset.get_by_name has returned."
        )
    return str(found)


def by_latest(records: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return name -> record of the highest version."""
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        if record["name"] not in found or found[record["name"]]["version"] < record["version"]:
            found[record["name"]] = record
    return found


def created_by() -> str:
    """Return the name of this user."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # A user id without a name, as in containers.
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def model_path(name: str, version: int | None, workspace: Any) -> str:
    """Return where a model is on this machine, fetched when needed; the order is `Model.get_model_path`'s.

    Raises
    ------
    stoker.exceptions.ModelNotFoundException
        It is neither here nor in the workspace.
    """
    from stoker.core._model_files import find_deployed, find_model, stored_in_cache
    from stoker.core._model_lineage import note_use
    from stoker.exceptions import ModelNotFoundException, NotFoundException

    deployed = find_deployed(name, version)
    if deployed is not None or workspace is None:
        return deployed or find_model(name, version)
    if version is not None:
        with contextlib.suppress(ModelNotFoundException):
            found = find_model(name, version)
            note_use(workspace, {"id": f"{name}:{version}", "name": name}, "download")
            return found
    try:
        record = fetch(workspace, name, version)
    except WebserviceException as error:
        if not isinstance(error.inner_exception, NotFoundException):
            raise
        try:
            return find_model(name, version)
        except ModelNotFoundException:
            raise ModelNotFoundException(error.message, error) from error
    note_use(workspace, record, "download")
    with as_webservice_errors():
        return stored_in_cache(workspace._api, record)  # noqa: SLF001  # one package
