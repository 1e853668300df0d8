"""Runs that a process opens and ends itself: interactive ones, and children."""

from __future__ import annotations

import os

from stoker.core._run_base import TERMINAL, interactive_writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from stoker.core.experiment import Experiment
    from stoker.core.run import Run

__all__ = [
    "end_by_service",
    "error_of",
    "fail_quietly",
    "keep_outputs",
    "new_child",
    "new_children",
    "outputs_folder",
    "start",
]


def start(
    experiment: Experiment,
    outputs: str | bool | None,
    snapshot_directory: str | None,
    display_name: str | None,
    run_id: str | None,
) -> Run:
    """Record an interactive run and return it, Running."""
    from stoker.base.ids import new_guid
    from stoker.base.names import check_run_id
    from stoker.core._submit import interactive_record
    from stoker.core.run import Run

    wanted = new_guid() if run_id is None else check_run_id(run_id)
    record = interactive_record(experiment, wanted, display_name, snapshot_directory)
    folder = experiment.workspace._run_folder(wanted)  # noqa: SLF001  # one package
    writer = None if folder is None else interactive_writer(experiment, wanted, folder)
    kept = "outputs" if outputs is None or outputs is True else outputs or None
    if kept and (outputs or snapshot_directory is not None):
        _make(kept)
    run = Run(experiment, wanted, outputs=kept, _record=record)
    run._made_writer = writer  # noqa: SLF001  # one package
    run._opened_here = True  # noqa: SLF001  # the same
    return run


def _make(folder: str | bool) -> None:
    """Make the folder of outputs, into which old scripts write at once."""
    try:
        os.makedirs(str(folder), exist_ok=True)
    except OSError:
        # Where nothing can be written nothing will be.
        return


def new_child(
    parent: Run,
    name: str | None,
    run_id: str | None,
    outputs: str | None,
    tags: dict[str, str] | None = None,
    status: str = "Running",
) -> Run:
    """Record a child of a run and return it; for a run of this process that is one line in its journal."""
    from stoker.base.ids import new_guid
    from stoker.base.names import check_run_id
    from stoker.core.run import Run

    wanted = new_guid() if run_id is None else check_run_id(run_id)
    facts = {"id": wanted, "name": name, "tags": tags or {}, "status": status}
    writer = parent._writer  # noqa: SLF001  # one package
    writer.write("child", parent.id, facts)
    record = {
        "id": wanted,
        "experiment": parent.experiment.name,
        "kind": "child",
        "type": None,
        "parent_id": parent.id,
        "status": status,
        "tags": tags or {},
        "properties": {},
    }
    child = Run(parent.experiment, wanted, outputs=outputs, _record=record)
    if writer.is_journal:
        child._made_writer = writer  # noqa: SLF001  # one package
        child._is_new = True  # noqa: SLF001  # the same
    child._opened_here = True  # noqa: SLF001  # the same
    return child


def new_children(parent: Run, count: int | None, tag_key: str | None, tag_values: Sequence[Any] | None) -> list[Run]:
    """Record several children that have not started.

    Raises
    ------
    stoker.exceptions.UserErrorException
        Not exactly one of a count and tags was given.
    """
    from stoker.core._run_base import texts
    from stoker.exceptions import UserErrorException

    by_tag = tag_key is not None and tag_values is not None
    if (count is None) != by_tag or (count is not None and (tag_key is not None or tag_values is not None)):
        raise UserErrorException(
            "create_children wants either count, or both tag_key and tag_values. Give one of the two.", target="count"
        )
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 0):
        raise UserErrorException(f"The count {count!r} of children is no whole number of 0 or more.", target="count")
    tags = (
        [None] * (count or 0)
        if not by_tag
        else [texts({tag_key: value}, "tags", none_allowed=True) for value in tag_values or ()]
    )
    return [new_child(parent, None, None, None, tag, "NotStarted") for tag in tags]


def outputs_folder(outputs: str | None) -> str | None:
    """Return the absolute path of a run's outputs: a script may change its folder before the end."""
    return None if not outputs else os.path.abspath(outputs)


def keep_outputs(run: Run, folder: str | None) -> None:
    """Give the run all files of its outputs folder, when there is one."""
    from stoker.core import _files

    if folder is None or not os.path.isdir(folder):
        return
    run._arrive()  # noqa: SLF001  # one package
    prefix = os.path.basename(folder) or "outputs"
    for below, path in _files.files_below(folder):
        _files.send_file(run._api, run.id, f"{prefix}/{below}", path, overwrite=True)  # noqa: SLF001  # one package


def error_of(details: Any, code: str | None) -> dict[str, Any] | None:
    """Return the error on record for what `fail` was given: a text, an exception, or nothing.

    Examples
    --------
    >>> error_of("no data", None)
    {'code': 'UserError', 'message': 'no data', 'details': {}}
    """
    if details is None and code is None:
        return None
    if not isinstance(details, BaseException):
        message = "" if details is None else str(details)
        return {"code": code or "UserError", "message": message, "details": {}}
    import traceback

    lines = traceback.format_exception(type(details), details, details.__traceback__)
    kind = type(details).__name__
    text = str(details)
    return {
        "code": code or "UserError",
        "message": f"{kind}: {text}" if text else kind,
        "details": {"traceback": "".join(lines)},
    }


def end_by_service(run: Run, status: str, error: dict[str, Any] | None) -> dict[str, Any]:
    """End a run by asking the service, after all journals in its folder are stored; return its record."""
    import warnings

    from stoker.exceptions import ConflictException

    writer, api = run._made_writer, run._api  # noqa: SLF001  # one package
    seen = [] if writer is None else writer.settle(everything=True)
    try:
        record: dict[str, Any] = api.post(f"/runs/{run.id}/end", {"status": status, "error": error, "seen": seen})
    except ConflictException as conflict:
        record = api.get(f"/runs/{run.id}")
        if record["status"] not in TERMINAL:
            raise
        warnings.warn(str(conflict), stacklevel=4)
    return record


def fail_quietly(run: Run, error: BaseException) -> None:
    """End a run as Failed while an exception is on its way, which must not be replaced by another."""
    import warnings

    from stoker.exceptions import StokerException

    try:
        run.fail(error)
    except (StokerException, OSError) as problem:
        warnings.warn(f"The run {run.id} could not be marked as failed: {problem}", stacklevel=3)
