"""Put a run's inputs in place before its script begins: `python -m stoker.data.run_inputs RUNFOLDER`.

Runs beside the supervisor with Stoker's own interpreter, which has the libraries for datastores. Writes `data.json` in
the run's folder: variables for the script, values for the placeholders in its command, and what there is to say.
"""

from __future__ import annotations

import os
import sys

from stoker.data._run_side import FACTS, Job, about, files_below, say, state_of, summary, whole
from stoker.exceptions import DatasetValidationError, StokerException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.data._storage.resolve import SourceFiles

__all__ = ["main", "prepare"]

MOST_NAMED = 10
"""Changed files that a warning names."""


def main(arguments: list[str]) -> int:
    """Prepare the data of the run in the folder that is named; return the exit code."""
    folder = arguments[0]
    return whole(folder, FACTS, lambda: prepare(Job(folder)))


def prepare(job: Job) -> dict[str, Any]:
    """Put inputs, references and the folders of outputs in place and return what the script is told.

    Returns
    -------
    dict
        `variables`, `tokens` (placeholder to value), `inputs` (`{"mode", "path" | "dataset_id"}` by name), `outputs`
        (path by name), `references` (the same, with the files that were there), `warnings`.

    Raises
    ------
    stoker.exceptions.UserErrorException
        Something is not there, or can't be put in place; the message names the input or output.
    """
    from stoker.base.trees import remove_tree

    # What a first attempt has left, which was killed.
    remove_tree(job.own())
    facts: dict[str, Any] = {
        "variables": {},
        "tokens": {},
        "inputs": {},
        "outputs": {},
        "references": {},
        "warnings": [],
    }
    for item in job.data.get("inputs") or []:
        with about(f"The input {item['name']!r} could not be prepared."):
            _input(job, item, facts)
    for item in job.data.get("references") or []:
        with about(f"The data reference {item['name']!r} could not be prepared."):
            _reference(job, item, facts)
    for item in job.data.get("outputs") or []:
        with about(f"The output {item['name']!r} could not be prepared."):
            _output(job, item, facts)
    return facts


def _input(job: Job, item: dict[str, Any], facts: dict[str, Any]) -> None:
    from stoker.data._files import files_of, looked_at

    name, mode, record = item["name"], item["mechanism"], item["dataset"]
    definition = record["definition"]
    if mode == "direct":
        value = record["id"]
        facts["inputs"][name] = {"mode": mode, "dataset_id": value}
        try:
            mark = looked_at(definition, job.workspace)
        except StokerException as error:
            # The script opens it itself, when it needs it and perhaps otherwise.
            mark = None
            facts["warnings"].append(f"The input {name!r} ({_label(record)}) can't be looked at. {error.message}")
        where = "opened by the script"
    else:
        files = files_of(definition, job.workspace)
        value = _placed(job, item, files, job.own("in", name))
        facts["inputs"][name] = {"mode": mode, "path": value}
        mark = _mark(job, definition, files)
        where = f"{'mounted' if mode == 'mount' else 'copied'} at {value}"
    say(f"input {name}: {_label(record)}{'' if mark is None else f', {summary(mark)}'}, {where}")
    facts["variables"][item["variable"]] = value
    facts["tokens"][f"DatasetConsumptionConfig:{name}"] = value
    facts["warnings"] += _changes(job, name, record, mark)
    details = {} if mark is None else {"fingerprint": _brief(mark)}
    if mode != "direct":
        details["path_on_compute"] = value
    job.note("input", "dataset", record["id"], name, mode, details)


def _mark(job: Job, definition: dict[str, Any], files: SourceFiles) -> dict[str, Any] | None:
    """Return the fingerprint of the data; of files that were just written from a dataset, that dataset's."""
    from stoker.data._files import fingerprint_of
    from stoker.data._storage.fingerprint import HASH_BYTES, fingerprint

    if definition["source"]["type"] == "written_files":
        return fingerprint_of(definition, job.workspace)
    limit = job.workspace._setting("data_hash_bytes", HASH_BYTES)  # noqa: SLF001  # the SDK is one package
    return fingerprint(files, limit=limit)


def _placed(job: Job, item: dict[str, Any], files: SourceFiles, own: str) -> str:
    """Make files readable and return their path: of the path of a file that file, else the folder."""
    from stoker.data._storage.view import materialise

    mode, wanted = item["mechanism"], item.get("path_on_compute")
    os.makedirs(os.path.dirname(own), exist_ok=True)
    if wanted is None:
        return materialise(files, own, mode)
    place = job.on_compute(wanted)
    if mode == "download":
        return materialise(files, place, mode, overwrite=True)
    inside = materialise(files, own, mode)
    if not inside.startswith(own):
        return _linked(inside, place)
    return os.path.normpath(os.path.join(_linked(own, place), os.path.relpath(inside, own)))


def _linked(own: str, place: str) -> str:
    """Make `place` a link to data of the run, and return it; a link of an ended run gives way."""
    if os.path.islink(place) and not os.path.exists(place):
        os.unlink(place)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    try:
        os.symlink(own, place)
    except FileExistsError:
        raise UserErrorException(
            f"{place!r}, its path_on_compute, is there already, perhaps of a run that goes on. Choose another place, "
            "or leave path_on_compute out: the script is told the path.",
            target="path_on_compute",
        ) from None
    return place


def _changes(job: Job, name: str, record: dict[str, Any], mark: dict[str, Any] | None) -> list[str]:
    """Return the warning about data that are no longer what they were when the dataset was registered."""
    from stoker.client.http import quote_name
    from stoker.data._storage.fingerprint import compare

    known = record.get("fingerprint")
    if not known or mark is None or known["digest"] == mark["digest"]:
        return []
    path = f"/datasets/by-id/{quote_name(record['id'])}"
    whole_record = job.workspace._api.get(path, entries=True)  # noqa: SLF001  # the SDK is one package
    names = compare(whole_record["fingerprint"], mark)
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    which = f" in {', '.join(names[:MOST_NAMED])}{more}" if names else ""
    text = (
        f"The data of the input {name!r} ({_label(record)}) has changed since it was registered{which}. Fingerprint "
        f"then: {known['digest']} ({summary(known)}); now: {mark['digest']} ({summary(mark)}). "
        "If that is meant, register a new version of it from a folder of its own."
    )
    return [text]


def _label(record: dict[str, Any]) -> str:
    return f"{record['name']}:{record['version']}" if record.get("name") else f"dataset {record['id']}"


def _brief(mark: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mark.items() if key != "entries"}


def _reference(job: Job, item: dict[str, Any], facts: dict[str, Any]) -> None:
    name, mode = item["name"], item["mode"]
    if mode == "upload":
        place = item.get("path_on_compute")
        value = job.own("out", name) if place is None else job.on_compute(place)
        os.makedirs(value if place is None else os.path.dirname(value), exist_ok=True)
    elif mode == "mount":
        value = _mounted(job, item)
    else:
        wanted = item.get("path_on_compute")
        place = job.own("in", name) if wanted is None else job.on_compute(wanted)
        value = _fetched(job, item, place, overwrite=bool(item["overwrite"]))
    path = os.path.normpath(value)
    say(f"data reference {name}: {item['datastore']}/{item['path']}, {mode}, at {path}")
    remote = mode == "mount" and job.storage(item["datastore"]).local_path("") is None
    facts["references"][name] = {"mode": mode, "path": path, "files": _states(path) if remote else None}
    facts["variables"][f"AZUREML_DATAREFERENCE_{name}"] = path
    facts["tokens"][f"$AZUREML_DATAREFERENCE_{name}"] = path


def _mounted(job: Job, item: dict[str, Any]) -> str:
    """Return the place itself where this machine has it, else copies that are sent back afterwards."""
    local = job.storage(item["datastore"]).local_path(item["path"])
    wanted = item.get("path_on_compute")
    own = job.own("in", item["name"])
    if local is None:
        try:
            value = _fetched(job, item, own, overwrite=False)
        except DatasetValidationError:
            os.makedirs(own)
            value = own
    else:
        value = local
        if not os.path.exists(local):
            os.makedirs(local)
    if wanted is None:
        return value
    if local is not None:
        os.makedirs(os.path.dirname(own), exist_ok=True)
        os.symlink(local, own)
        return _linked(own, job.on_compute(wanted))
    return os.path.normpath(os.path.join(_linked(own, job.on_compute(wanted)), os.path.relpath(value, own)))


def _fetched(job: Job, item: dict[str, Any], place: str, *, overwrite: bool) -> str:
    from stoker.data._storage.resolve import resolve_paths
    from stoker.data._storage.view import materialise

    files = resolve_paths([{"datastore": item["datastore"], "path": item["path"]}], job.storage)
    return materialise(files, place, "download", overwrite=overwrite)


def _states(path: str) -> dict[str, list[int]]:
    """Return size and time of each file, by which what the script writes is told apart."""
    return {relative: state_of(file) for relative, file in files_below(path)}


def _output(job: Job, item: dict[str, Any], facts: dict[str, Any]) -> None:
    name = item["name"]
    place = (item["options"] or {}).get("pathOnCompute")
    local = job.storage(item["datastore"]).local_path(item["path"]) if item["mechanism"] == "mount" else None
    if local is not None:
        os.makedirs(local, exist_ok=True)
        value = local
        if place is not None:
            own = job.own("out", name)
            os.makedirs(os.path.dirname(own), exist_ok=True)
            os.symlink(local, own)
            value = _linked(own, job.on_compute(place))
    else:
        value = job.own("out", name) if place is None else job.on_compute(place)
        os.makedirs(value, exist_ok=True)
    say(f"output {name}: {item['mechanism']} to {item['datastore']}/{item['path']}, at {value}")
    facts["outputs"][name] = value
    facts["variables"][name] = value
    facts["tokens"][f"DatasetOutputConfig:{name}"] = value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
