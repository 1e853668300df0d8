"""Where files are for an MLflow client: `mlflow-artifacts:/` addresses, and from the sources of models to their files.

::

    mlflow-artifacts:/runs/RUN/FOLDER                       among the files of a run
    mlflow-artifacts:/logged-models/MODEL                   of a logged model that no run has made
    mlflow-artifacts:/registered-models/NAME/VERSION        of a registered version; these never change
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from stoker.exceptions import NotFoundException
from stoker.service.controllers.registration import files_of_run
from stoker.service.mlflow.errors import MlflowError, invalid
from stoker.service.store import Record, Store

__all__ = [
    "Place",
    "Source",
    "location_of_logged_model",
    "location_of_run",
    "location_of_version",
    "place_of",
    "source_of",
]

SCHEME = "mlflow-artifacts:"
Files = Sequence[tuple[str, str, int]]

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_SERVED = "/api/2.0/mlflow-artifacts/artifacts/"
"""What a client puts before the path of such an address when it has resolved it."""


@dataclass(frozen=True)
class Place:
    """Where the path of an address leads.

    Attributes
    ----------
    owner : str or None
        The run or logged model whose files are meant.
    version : (str, str) or None
        The registered version that is meant, whose files can only be read.
    path : str
        The file or folder there; empty for all.
    """

    owner: str | None
    version: tuple[str, str] | None
    path: str

    def files(self, store: Store) -> Files:
        """Return `(path, sha256, size)` of the files of the run, logged model or version, sorted by path."""
        if self.version is not None:
            return [(item["path"], item["sha256"], item["size"]) for item in store.models.files(*self.version)]
        assert self.owner is not None
        return [(item["name"], item["sha256"], item["size"]) for item in store.artifacts.list(self.owner)]

    def below(self, store: Store) -> Files:
        """Return the files of the folder `path`, named from there."""
        start = f"{self.path}/" if self.path else ""
        return [
            (name[len(start) :], sha256, size) for name, sha256, size in self.files(store) if name.startswith(start)
        ]


def place_of(path: str) -> Place:
    """Return where the path of an address leads.

    Raises
    ------
    stoker.service.mlflow.errors.MlflowError
        `RESOURCE_DOES_NOT_EXIST`: nothing is there.

    Examples
    --------
    >>> place_of("runs/train_1/model/MLmodel")
    Place(owner='train_1', version=None, path='model/MLmodel')
    """
    parts = [part for part in path.split("/") if part]
    if len(parts) >= 2 and parts[0] in {"runs", "logged-models"}:
        return Place(parts[1], None, "/".join(parts[2:]))
    if len(parts) >= 3 and parts[0] == "registered-models":
        return Place(None, (_name(parts[1]), parts[2]), "/".join(parts[3:]))
    raise MlflowError(
        "RESOURCE_DOES_NOT_EXIST",
        f"There is no place {path[:300]!r}. Files are at runs/RUN, logged-models/MODEL and registered-models/NAME/"
        "VERSION; use the artifact URI of a run or model.",
    )


def location_of_run(run_id: str, path: str = "") -> str:
    """Return the address of a run's files, or of one file or folder among them."""
    return f"{SCHEME}/runs/{run_id}/{path}".rstrip("/")


def location_of_logged_model(record: Record) -> str:
    """Return the address of the files of a record LOGGED_MODEL."""
    if record["run_id"]:
        return location_of_run(record["run_id"], record["path"])
    return f"{SCHEME}/logged-models/{record['id']}"


def location_of_version(record: Record) -> str:
    """Return the address of the files of a record MODEL; of one that is elsewhere, its source.

    Examples
    --------
    >>> location_of_version({"files": 2, "name": "wine quality", "version": 1})
    'mlflow-artifacts:/registered-models/~77696e65207175616c697479/1'
    """
    if not record["files"]:
        return str(record["source"] or "")
    name = str(record["name"])
    # Clients quote an address in one place and not in the other, so no name is in it that quoting would change.
    shown = name if _PLAIN.match(name) else f"~{name.encode().hex()}"
    return f"{SCHEME}/registered-models/{shown}/{record['version']}"


def _name(shown: str) -> str:
    if not shown.startswith("~"):
        return shown
    try:
        return bytes.fromhex(shown[1:]).decode()
    except ValueError:
        return shown


@dataclass(frozen=True)
class Source:
    """What a new version is made of.

    Attributes
    ----------
    uri : str
        As the client has given it.
    files : sequence of (path, sha256, size)
        None of them for what is not kept here.
    is_file : bool
    run_id : str or None
        The run that made it.
    logged_model : str or None
    facts : mapping
        What a copy of a version takes along.
    """

    uri: str
    files: Files = ()
    is_file: bool = False
    run_id: str | None = None
    logged_model: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def source_of(store: Store, uri: str, model_id: str | None, run_id: str | None) -> Source:
    """Return what the source of a new version means.

    Parameters
    ----------
    store : Store
    uri : str
        `models:/ID`, `models:/NAME/VERSION`, `models:/NAME@ALIAS`, `runs:/RUN/PATH`, an `mlflow-artifacts:/` address,
        or any address elsewhere, which is kept as it is.
    model_id, run_id : str, optional
        Logged model and run that the client names beside it.

    Raises
    ------
    stoker.service.mlflow.errors.MlflowError
        `INVALID_PARAMETER_VALUE`: it is a path of the client's disk, or `RESOURCE_DOES_NOT_EXIST`: nothing is there.
    stoker.exceptions.NotFoundException
        No such run, model or version.
    """
    if (model_id and not uri.startswith("models:/")) or uri == f"models:/{model_id}":
        return _of_logged_model(store, uri, str(model_id))
    if uri.startswith("models:/"):
        return _of_model_address(store, uri, run_id)
    path = _path_here(uri)
    if path is not None:
        return _of_place(store, uri, place_of(path), run_id)
    scheme, colon, rest = uri.partition(":")
    if not colon or not rest or scheme.lower() == "file" or len(scheme) == 1:
        raise invalid(
            f"The source {uri[:300]!r} is a path of one machine's disk, whose files are not in this workspace. Log the "
            "model to a run first: mlflow.<flavor>.log_model(..., registered_model_name=...)."
        )
    return Source(uri, run_id=run_id)


def _path_here(uri: str) -> str | None:
    """Return the path of an address of ours, or None."""
    if uri.startswith("runs:/"):
        return f"runs/{uri[len('runs:/') :].lstrip('/')}"
    if uri.startswith(SCHEME):
        rest = uri[len(SCHEME) :]
        # `mlflow-artifacts://host/path` names the host that the client talks to.
        return rest.split("/", 3)[-1] if rest.startswith("//") else rest.lstrip("/")
    if uri.startswith(("http://", "https://")) and _SERVED in uri:
        return unquote(uri.split(_SERVED, 1)[1])
    return None


def _of_place(store: Store, uri: str, place: Place, run_id: str | None) -> Source:
    if place.version is not None:
        return _of_version(store, uri, store.models.get(*place.version), run_id)
    assert place.owner is not None
    run = store.runs.find(place.owner)
    if run is None:
        return _of_logged_model(store, uri, place.owner)
    logged = _logged_at(store, place.owner, place.path)
    if logged is not None:
        return _of_logged_model(store, uri, logged["id"])
    files, is_file = files_of_run(store, place.owner, place.path)
    return Source(uri, files, is_file, place.owner)


def _logged_at(store: Store, run_id: str, path: str) -> Record | None:
    """Return the logged model that a path of a run's files means: of several of the name the one of the last step."""
    found = [record for record in store.logged_models.of_run(run_id) if path in {record["name"], record["path"]}]
    exact = [record for record in found if record["path"] == path != record["name"]]
    if exact or not found:
        return exact[0] if exact else None
    outputs = store.lineage.of_run(run_id)["outputs"]
    steps = {item["ref"]: item["details"].get("step") or 0 for item in outputs if item["kind"] == "logged_model"}
    return max(found, key=lambda record: (steps.get(record["id"], 0), record["created"]))


def _of_logged_model(store: Store, uri: str, model_id: str) -> Source:
    record = store.logged_models.get(model_id)
    owner, path = (record["run_id"], record["path"]) if record["run_id"] else (record["id"], "")
    files = Place(owner, None, path).below(store)
    if not files:
        raise NotFoundException(
            f"The logged model {model_id} has no files to register; its status is {record['status']}. Log it again.",
            target="source",
        )
    return Source(uri, files, run_id=record["run_id"], logged_model=model_id)


def _of_model_address(store: Store, uri: str, run_id: str | None) -> Source:
    rest = uri[len("models:/") :].strip("/")
    name, slash, version = rest.partition("/")
    if slash:
        return _of_version(store, uri, store.models.get(name, None if version.lower() == "latest" else version), run_id)
    name, at, alias = rest.rpartition("@")
    if at:
        is_latest = alias.lower() == "latest"
        record = store.models.get(name) if is_latest else store.models.by_alias(name, alias)
        return _of_version(store, uri, record, run_id)
    return _of_logged_model(store, uri, rest)


def _of_version(store: Store, uri: str, record: Record, run_id: str | None) -> Source:
    stored = store.models.files(record["name"], record["version"])
    files = [(item["path"], item["sha256"], item["size"]) for item in stored]
    facts = {name: record[name] for name in ("framework", "framework_version", "datasets")}
    if run_id is None and record["run_id"] and store.runs.find(record["run_id"]):
        run_id = record["run_id"]
    return Source(uri, files, record["is_file"], run_id, record["logged_model"], facts)
