"""The data of a run: what its definition names is found and put on record; what its supervisor is told of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from stoker.exceptions import UserErrorException
from stoker.service.store import Record, Store
from stoker.service.store.datastore_rules import BLOB_STORE

__all__ = ["data_spec", "record_data"]

READERS = ("pandas", "pyarrow")
"""What a script's environment needs to open a table."""

DEFAULT_PATH = "dataset/{run-id}/{output-name}"
_INPUT_MODES = ("direct", "mount", "download")
_OUTPUT_MODES = ("mount", "upload")
_REFERENCE_MODES = ("mount", "download", "upload")
_PLACE = ("mount", "download")


def record_data(run: Record, store: Store) -> None:
    """Find what a new run's definition names, and put the inputs on record as its lineage.

    An input is from here on the data set that it is now: `latest` is no other one when the run starts.

    Raises
    ------
    stoker.exceptions.UserErrorException
        A data set or datastore is not there, or a section is wrong; the message names the input or output.
    """
    definition = run["definition"] or {}
    inputs: dict[str, str] = {}
    needs: tuple[str, ...] = ()
    for name, section in _sections(definition, "data"):
        mode = _mode(name, section, _INPUT_MODES)
        record = _dataset(name, section, run["id"], store)
        inputs[name] = record["id"]
        store.lineage.add(run["id"], "input", "dataset", record["id"], name, mechanism=mode)
        if record["kind"] == "Tabular" and mode == "direct":
            needs = READERS
    for reference in _references(definition, store):
        if reference["mode"] in _PLACE:
            place, name = f"{reference['datastore']}/{reference['path']}", reference["name"]
            store.lineage.add(run["id"], "input", "path", place, name, mechanism=reference["mode"])
    _outputs(run["id"], definition, store)
    if inputs:
        store.runs.set_submission(run["id"], datasets=inputs, needs=list(needs))


def data_spec(run: Record, submission: Mapping[str, Any], store: Store, bundle: str) -> Record | None:
    """Return what the supervisor is told of a run's data; None when it has none.

    Parameters
    ----------
    run : dict
    submission : mapping
        What `record_data` has kept.
    store : Store
    bundle : str
        The folder with the run-side parts.

    Raises
    ------
    stoker.exceptions.UserErrorException
        A datastore was removed since the run was submitted.
    """
    definition = run["definition"] or {}
    known = submission.get("datasets") or {}
    inputs = [
        {
            "name": name,
            "dataset": store.datasets.by_id(known[name]),
            "mechanism": _mode(name, section, _INPUT_MODES),
            "path_on_compute": section.get("pathOnCompute"),
            "overwrite": bool(section.get("overwrite")),
            "variable": section.get("environmentVariableName") or name,
        }
        for name, section in _sections(definition, "data")
    ]
    references = list(_references(definition, store))
    outputs = _outputs(run["id"], definition, store)
    if not (inputs or references or outputs):
        return None
    programs = {"python": sys.executable, "python_path": bundle}
    return {"inputs": inputs, "references": references, "outputs": outputs, **programs}


def _sections(definition: Mapping[str, Any], key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (name, section) of the data, outputs or references in a definition."""
    for name, section in (definition.get(key) or {}).items():
        if not isinstance(section, Mapping):
            raise UserErrorException(f"{key}.{name} is {section!r}. Give a group of settings.", target=f"{key}.{name}")
        yield str(name), section


def _mode(name: str, section: Mapping[str, Any], known: tuple[str, ...], key: str = "mechanism") -> str:
    mode = str(section.get(key) or known[0]).lower()
    if mode in known:
        return mode
    raise UserErrorException(
        f"{name!r} is to be delivered by {mode!r}, which is not available here. Use {', '.join(known)}.", target=name
    )


def _dataset(name: str, section: Mapping[str, Any], run_id: str, store: Store) -> Record:
    """Return the data set of an input; a path or an address becomes one."""
    location = section.get("dataLocation") or {}
    named = location.get("dataset") or {}
    if named.get("id"):
        return store.datasets.by_id(str(named["id"]))
    if named.get("name"):
        return store.datasets.get(str(named["name"]), named.get("version"))
    path, address = location.get("dataPath") or {}, location.get("uri") or {}
    if path.get("datastoreName"):
        datastore = store.datastores.get(str(path["datastoreName"]))["name"]
        return _saved({"datastore": datastore, "path": str(path.get("relativePath") or "")}, run_id, store)
    if address.get("path"):
        text = str(address["path"])
        return _saved({"url": text} if "://" in text else {"local": text}, run_id, store)
    raise UserErrorException(
        f"The input {name!r} names no data. Give its dataLocation a dataset (id, or name and version), a dataPath or "
        "a uri.",
        target=name,
    )


def _saved(path: dict[str, str], run_id: str, store: Store) -> Record:
    source = {"type": "files", "paths": [path], "options": {}}
    time = {"timestamp": None, "partition_timestamp": None}
    definition = {"format": 1, "kind": "File", "source": source, "steps": [], "time": time}
    return store.datasets.save(definition, run_id)


def _references(definition: Mapping[str, Any], store: Store) -> Iterator[Record]:
    """Yield each data reference, with its datastore found."""
    for name, section in _sections(definition, "dataReferences"):
        wanted = section.get("dataStoreName")
        datastore = store.datastores.get(str(wanted)) if wanted else store.datastores.default()
        yield {
            "name": name,
            "datastore": datastore["name"],
            "path": str(section.get("pathOnDataStore") or "").strip("/"),
            "mode": _mode(name, section, _REFERENCE_MODES, "mode"),
            "path_on_compute": section.get("pathOnCompute"),
            "overwrite": bool(section.get("overwrite")),
        }


def _outputs(run_id: str, definition: Mapping[str, Any], store: Store) -> list[Record]:
    """Return each output, with its datastore found and its path filled in."""
    found = []
    for name, section in _sections(definition, "outputData"):
        place = (section.get("outputLocation") or {}).get("dataPath") or {}
        path = str(place.get("relativePath") or DEFAULT_PATH)
        datastore = store.datastores.get(str(place.get("datastoreName") or BLOB_STORE))
        if datastore["kind"] == "sql":
            raise UserErrorException(
                f"The output {name!r} goes to the datastore {datastore['name']!r}, which is a database and takes no "
                "files. Name one of files.",
                target=name,
            )
        found.append(
            {
                "name": name,
                "datastore": datastore["name"],
                "path": path.replace("{run-id}", run_id).replace("{output-name}", name).strip("/"),
                "mechanism": _mode(name, section, _OUTPUT_MODES),
                "options": dict(section.get("additionalOptions") or {}),
            }
        )
    return found
