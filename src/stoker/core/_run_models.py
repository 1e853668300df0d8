"""Make a model of what a run has written."""

from __future__ import annotations

import contextlib
import os

from stoker.exceptions import ConflictException, ModelPathNotFoundException, NotFoundException, WebserviceException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from stoker.core._run_data import RunData
    from stoker.core.model import Model

__all__ = ["register"]

_SHIPPED = ("outputs/", "logs/")


def register(run: RunData, model_name: str, model_path: str | None, facts: Callable[[], dict[str, Any]]) -> Model:
    """Record a new version of a model of a path in a run's files and return it.

    Parameters
    ----------
    run : Run
    model_name : str
    model_path : str or None
        Default: the name.
    facts : callable
        Gives what is said about the version.

    Raises
    ------
    stoker.exceptions.ModelPathNotFoundException
        The run has no such file.
    """
    from stoker.core import _model_requests as requests
    from stoker.core.model import Model

    requests.check_name(model_name)
    path = os.fspath(model_path) if model_path is not None else model_name
    run._arrive()  # noqa: SLF001  # one package
    run._settle()  # noqa: SLF001  # the same
    _upload(run, path)
    try:
        with requests.as_webservice_errors():
            body = {**facts(), "name": model_name, "run_id": run.id, "run_path": path}
            record = run._api.post("/models", body)  # noqa: SLF001  # one package
    except WebserviceException as error:
        if isinstance(error.inner_exception, NotFoundException) and error.target == "run_path":
            raise ModelPathNotFoundException(error.message, error, details=error.details) from error
        raise
    return Model._of(run.experiment.workspace, record)  # noqa: SLF001  # one package


def _upload(run: RunData, path: str) -> None:
    """Send what lies at a path of this process' own run: its files are stored only at the end otherwise."""
    from stoker.core import _files

    base = _base(run, path)
    if base is None:
        return
    name, local = _files.check_name(path), base
    found = [(name, local)] if os.path.isfile(local) else []
    if os.path.isdir(local):
        found = [(f"{name}/{below}", file) for below, file in _files.files_below(local)]
    for each, file in found:
        if f"{each}/".startswith(_SHIPPED):
            _files.send_file(run._api, run.id, each, file, overwrite=True)  # noqa: SLF001  # one package
            continue
        # What the script has uploaded under that name is what it means.
        with contextlib.suppress(ConflictException):
            _files.send_file(run._api, run.id, each, file)  # noqa: SLF001  # one package


def _base(run: RunData, path: str) -> str | None:
    """Return where a path of the run's files is on this machine, when this process writes it; else None."""
    clean = os.path.normpath(path)
    if os.path.isabs(clean) or clean.split(os.sep)[0] in {"..", ".", ""}:
        return None
    folder = os.environ.get("STOKER_RUN_DIR")
    if run._is_own_script and folder:  # noqa: SLF001  # one package
        return os.path.join(folder, "work", clean)
    outputs = getattr(run, "_outputs", None)
    if not run._opened_here or run._has_ended or not outputs:  # noqa: SLF001  # one package
        return None
    first, _, rest = clean.partition(os.sep)
    return os.path.join(outputs, rest) if first == (os.path.basename(outputs) or "outputs") else None
