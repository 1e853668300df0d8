"""Keep a run's outputs after its script has ended: `python -m stoker.data.run_outputs RUNFOLDER OUTCOME`.

OUTCOME is `Completed`, `Failed` or `Canceled`. What a successful script has written is uploaded and registered; after a
failure only what was to be seen as it was written (mount) is kept. Writes `data_end.json` in the run's folder.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import sys

from stoker.base.jsonio import read_json
from stoker.data._run_side import ENDING, FACTS, Job, about, files_below, say, state_of, summary, whole
from stoker.exceptions import StokerException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["keep", "main"]


def main(arguments: list[str]) -> int:
    """Keep the outputs of the run in the folder that is named; return the exit code."""
    folder, outcome = arguments[:2]
    return whole(folder, ENDING, lambda: keep(Job(folder), outcome))


def keep(job: Job, outcome: str) -> dict[str, Any]:
    """Store, register and put on record what a script has written.

    All outputs are tried, also when one of them could not be kept.

    Returns
    -------
    dict
        `warnings`.

    Raises
    ------
    stoker.exceptions.UserErrorException
        An output could not be kept; the message says where its files are.
    """
    known = read_json(os.path.join(job.folder, FACTS)) or {}
    warnings: list[str] = []
    failures: list[str] = []
    steps: list[tuple[Any, dict[str, Any], dict[str, Any]]]
    steps = [(_reference, item, known.get("references") or {}) for item in job.data.get("references") or []]
    steps += [(_output, item, known.get("outputs") or {}) for item in job.data.get("outputs") or []]
    for step, item, places in steps:
        if item["name"] not in places:
            continue
        place = places[item["name"]]
        try:
            with about(f"The output {item['name']!r} could not be kept."):
                step(job, item, place, outcome, warnings)
        except StokerException as error:
            failures.append(f"{error.message}{_rescued(job, item['name'], place)}")
            say(failures[-1])
    if failures:
        raise UserErrorException(" ".join(failures))
    return {"warnings": warnings}


def _rescued(job: Job, name: str, place: Any) -> str:
    """Take files that are in the run's folder, which goes with the run, to a place where they stay."""
    path = place["path"] if isinstance(place, dict) else place
    if not path.startswith(job.own("")) or os.path.islink(path) or not files_below(path):
        return f" Its files are in {path}." if os.path.exists(path) else ""
    home = os.path.dirname(os.path.dirname(job.folder))
    kept = os.path.join(home, "rescued", job.run_id, name)
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(kept), mode=0o700, exist_ok=True)
        os.rename(path, kept)
        return f" Its files are in {kept}."
    return ""


def _reference(job: Job, item: dict[str, Any], place: dict[str, Any], outcome: str, warnings: list[str]) -> None:
    """Upload what a reference was told to, and what was written to a mounted one that is elsewhere."""
    del outcome
    if item["mode"] == "download" or (item["mode"] == "mount" and place["files"] is None):
        return
    found = files_below(place["path"])
    before = place["files"] or {}
    changed = [(relative, path) for relative, path in found if before.get(relative) != state_of(path)]
    overwrite = item["mode"] == "mount" or bool(item["overwrite"])
    _upload(job, item, changed, warnings, overwrite=overwrite)
    if item["mode"] == "upload":
        if not found:
            warnings.append(
                f"The data reference {item['name']!r} was to upload {place['path']}, and the script left nothing there."
            )
        ref = f"{item['datastore']}/{item['path']}"
        job.note("output", "path", ref, item["name"], "upload", {"files": len(changed)})


def _output(job: Job, item: dict[str, Any], place: str, outcome: str, warnings: list[str]) -> None:
    """Store an output's files where they are not written in place, then register it or note where they are."""
    mode, options = item["mechanism"], item["options"] or {}
    is_elsewhere = mode == "upload" or job.storage(item["datastore"]).local_path("") is None
    if mode == "upload" and outcome != "Completed":
        say(f"output {item['name']}: not uploaded, as the script did not end well")
        return
    if is_elsewhere:
        upload = options.get("uploadOptions") or {}
        found = _chosen(files_below(place), (upload.get("sourceGlobs") or {}).get("patterns"))
        overwrite = mode == "mount" or bool(upload.get("overwrite"))
        _upload(job, item, found, warnings, overwrite=overwrite)
    if outcome == "Completed":
        _register(job, item, options, warnings)
    else:
        ref = f"{item['datastore']}/{item['path']}"
        job.note("output", "path", ref, item["name"], mode, {"outcome": outcome})


def _chosen(files: list[tuple[str, str]], patterns: list[str] | None) -> list[tuple[str, str]]:
    """Return the files that one of the patterns names; one without a slash names files in every folder."""
    if not patterns:
        return files
    from stoker.data._storage.patterns import Pattern

    wanted = [Pattern(text if "/" in text.strip("/") else f"**/{text}") for text in patterns]
    return [file for file in files if any(pattern.matches(file[0]) for pattern in wanted)]


def _upload(
    job: Job, item: dict[str, Any], files: list[tuple[str, str]], warnings: list[str], *, overwrite: bool
) -> None:
    pairs = [(path, posixpath.join(item["path"], relative) if relative else item["path"]) for relative, path in files]
    stored = job.storage(item["datastore"]).upload_many(pairs, overwrite) if pairs else 0
    say(f"output {item['name']}: {stored:,} of {len(pairs):,} files uploaded to {item['datastore']}/{item['path']}")
    if stored < len(pairs):
        warnings.append(
            f"{len(pairs) - stored:,} of the {len(pairs):,} files of the output {item['name']!r} were on "
            f"{item['datastore']}/{item['path']} already and were left as they are. Pass overwrite=True to replace "
            "them, or give the output a path of its own with {run-id}."
        )


def _register(job: Job, item: dict[str, Any], options: dict[str, Any], warnings: list[str]) -> None:
    """Make a dataset of what was written, with a name where that is wanted, and put it on record."""
    from stoker.data._definition import of_output
    from stoker.data._files import fingerprint_of

    wish = options.get("registrationOptions") or {}
    transformation = (wish.get("datasetRegistrationOptions") or {}).get("additionalTransformation")
    definition = of_output(item["datastore"], item["path"], transformation)
    mark = fingerprint_of(definition, job.workspace)
    if mark is None:
        warnings.append(
            f"Nothing was found in the output {item['name']!r} at {item['datastore']}/{item['path']} when the script "
            "had ended, so the dataset of it is empty. The script writes to the path that it is given as an argument."
        )
    body: dict[str, Any] = {"definition": definition, "run_id": job.run_id}
    if wish.get("name"):
        facts = {"description": wish.get("description"), "tags": wish.get("tags") or {}, "fingerprint": mark}
        record = job.post("/datasets/register", {**body, "name": wish["name"], "create_new_version": True, **facts})
        say(f"output {item['name']}: registered as {record['name']} version {record['version']}")
    else:
        record = job.post("/datasets", body)
    details: dict[str, Any] = {"path": f"{item['datastore']}/{item['path']}"}
    if mark is not None:
        details["fingerprint"] = {key: value for key, value in mark.items() if key != "entries"}
        say(f"output {item['name']}: {summary(mark)}")
    job.note("output", "dataset", record["id"], item["name"], item["mechanism"], details)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
