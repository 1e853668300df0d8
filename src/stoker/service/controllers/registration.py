"""New versions of models: from stored objects, or from a run's files; and what an `MLmodel` file says of them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from stoker.base.names import suggestion
from stoker.exceptions import NotFoundException, UserErrorException
from stoker.service.store import ArtifactStore, Record, Store
from stoker.service.store.base_data import REGISTERED
from stoker.service.store.documents import check_document, check_text

__all__ = ["files_of_run", "mlmodel_facts", "register_model"]

Files = Sequence[tuple[str, str, int]]

MLMODEL = "MLmodel"
LARGEST_MLMODEL = 1 << 20
MOST_VALUES = 10_000
DEEPEST = 50
LONGEST_NUMBER = 1000
MOST_NAMED = 1000
_TOO_MUCH = f"it has more than {MOST_VALUES} entries, or more than {DEEPEST} inside one another"
_NUMBER = re.compile(r"[-+.:0-9a-fx_]+", re.IGNORECASE)
_NUMBER_TAGS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})


def register_model(
    store: Store,
    objects: ArtifactStore,
    name: str,
    *,
    files: Files | None = None,
    is_file: bool = False,
    run_id: str | None = None,
    run_path: str | None = None,
    datasets: Sequence[tuple[str, str]] = (),
    details: Mapping[str, Any] | None = None,
    **facts: Any,
) -> Record:
    """Record a new version of a model, with its place in the lineage of its run, and return the record MODEL.

    Parameters
    ----------
    store : Store
    objects : ArtifactStore
    name : str
    files : sequence of (path, sha256, size), optional
        Their bytes are stored.
    is_file : bool, default=False
        Whether `files` is one file that is the model.
    run_id : str, optional
        The run that made it: the version is an output of it.
    run_path : str, optional
        A file or folder of that run, in place of `files`; its bytes are there already.
    datasets : sequence of (role, dataset id)
    details : mapping, optional
        What a `MLmodel` file at the top says is added as `flavors` and `mlmodel`.
    **facts
        Other fields, as `ModelRepository.create` takes them.

    Raises
    ------
    stoker.exceptions.NotFoundException
        The run, its file, a data set or stored bytes are not there; `details["missing"]` lists hashes.
    stoker.exceptions.UserErrorException
        Both kinds of files are given, or a path without a run.
    """
    if run_path is not None:
        if files is not None or run_id is None:
            raise UserErrorException(
                "A model is made of files, or of a path in a run's files: give either `files`, or `run_id` and "
                "`run_path`.",
                target="run_path",
            )
        files, is_file = files_of_run(store, run_id, run_path)
        if not is_file:
            details = {"root": posixpath.basename(_clean(run_path)) or name, **(details or {})}
    chosen = list(files or ())
    _check_stored(objects, chosen)
    for _, dataset_id in datasets:
        store.datasets.by_id(dataset_id)
    told = {**(details or {}), **mlmodel_facts(objects, chosen)}
    with store.write():
        record = store.models.create(
            name, chosen, is_file=is_file, run_id=run_id, datasets=datasets, details=told, **facts
        )
        if run_id is not None:
            store.lineage.add(run_id, "output", "model", record["id"], name, mechanism=REGISTERED)
    return record


def files_of_run(store: Store, run_id: str, path: str) -> tuple[Files, bool]:
    """Return the files of a run at a path, named from there, and whether the path is one file.

    Raises
    ------
    stoker.exceptions.NotFoundException
        There is none; the message names the nearest, and `details["available"]` all.
    """
    store.runs.get(run_id)
    wanted = _clean(path)
    if not wanted:
        every = [(item["name"], item["sha256"], item["size"]) for item in store.artifacts.list(run_id)]
        if every:
            return every, False
    elif not wanted.startswith(".."):
        found = store.artifacts.find(run_id, wanted)
        if found is not None:
            return [(posixpath.basename(wanted), found["sha256"], found["size"])], True
        below = store.artifacts.list(run_id, f"{wanted}/")
        if below:
            cut = len(wanted) + 1
            return [(item["name"][cut:], item["sha256"], item["size"]) for item in below], False
    known = [item["name"] for item in store.artifacts.list(run_id)]
    raise NotFoundException(
        f"The run {run_id} has no file or folder {path!r} to make a model of. {suggestion(str(path), known)} What a "
        "script writes below outputs/ is stored when it ends, or at once by run.upload_file.",
        target="run_path",
        details={"available": known[:MOST_NAMED]},
    )


def _clean(path: str) -> str:
    """Return a path in its one spelling; empty for all of a run's files."""
    clean = posixpath.normpath(path).strip("/") if path else ""
    return "" if clean == "." else clean


def _check_stored(objects: ArtifactStore, files: Files) -> None:
    missing = objects.missing([sha256 for _, sha256, _ in files])
    if missing:
        raise NotFoundException(
            f"{len(missing)} of the model's files are not stored yet, as {missing[0]}. Upload them first.",
            target="files",
            details={"missing": missing[:MOST_NAMED]},
        )
    for path, sha256, size in files:
        if objects.size(sha256) != size:
            raise UserErrorException(
                f"The file {path!r} was said to have {size} bytes, and has {objects.size(sha256)}. Register it again.",
                target="files",
            )


def mlmodel_facts(objects: ArtifactStore, files: Files) -> dict[str, Any]:
    """Return what the `MLmodel` file at the top of a model says, as far as it can be kept; empty without one.

    Only this text is read: nothing of a model is ever loaded here.

    Returns
    -------
    dict
        `flavors`: each with its settings; `mlmodel`: the other entries, as `signature`. Or `mlmodel_problem`, a
        sentence.
    """
    found = next(((sha256, size) for path, sha256, size in files if path == MLMODEL), None)
    if found is None:
        return {}
    sha256, size = found
    try:
        document = _document(objects, sha256, size)
    except (ValueError, TypeError, ArithmeticError, RecursionError, yaml.YAMLError) as error:
        return {"mlmodel_problem": f"The file MLmodel can't be read: {' '.join(str(error).split())[:500]}."}
    return {"flavors": document.pop("flavors"), "mlmodel": document}


def _document(objects: ArtifactStore, sha256: str, size: int) -> dict[str, Any]:
    if size > LARGEST_MLMODEL:
        raise ValueError(f"it has {size} bytes")
    text = b"".join(objects.read(sha256)).decode("utf-8")
    _check_size(text)
    document = _plain(yaml.safe_load(text), [MOST_VALUES])
    if not isinstance(document, dict) or not isinstance(document.get("flavors"), dict):
        raise TypeError("it has no flavors")
    check_document(document)
    return document


def _check_size(text: str) -> None:
    """Look how much a text holds before it is built: a hostile megabyte would keep the service busy for minutes."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if number > 3 * MOST_VALUES or depth > DEEPEST:
            raise ValueError(_TOO_MUCH)
        if isinstance(event, yaml.ScalarEvent):
            _check_scalar(event)


def _check_scalar(event: yaml.ScalarEvent) -> None:
    """Refuse what takes longer to build than to read: long numbers, and entries merged into one another."""
    is_plain = event.implicit[0]
    if is_plain and event.value == "<<":
        raise ValueError("it merges entries by '<<'")
    is_number = event.tag in _NUMBER_TAGS or (is_plain and _NUMBER.fullmatch(event.value))
    if is_number and len(event.value) > LONGEST_NUMBER:
        raise ValueError(f"it has a number of {len(event.value)} digits")


def _plain(value: Any, left: list[int], depth: int = 0) -> Any:
    """Return YAML's values as JSON's; `left` counts them, for a few lines of YAML can name very many."""
    left[0] -= 1
    if left[0] < 0 or depth > DEEPEST:
        raise ValueError(_TOO_MUCH)
    if isinstance(value, dict):
        return {check_text(str(key)): _plain(item, left, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(item, left, depth + 1) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return check_text(str(value))
