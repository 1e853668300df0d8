"""From a configuration to a run on record: which function submits what, and how a script is submitted."""

from __future__ import annotations

import sys

from stoker.exceptions import StokerException, UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from stoker.client.snapshots import Snapshot
    from stoker.core.experiment import Experiment
    from stoker.core.run import Run
    from stoker.core.script_run import ScriptRun
    from stoker.core.workspace import Workspace

    SubmitFunction = Callable[..., Run]

__all__ = ["interactive_record", "register", "submit", "take_snapshot"]

SCRIPT_RUN_TYPE = "azureml.scriptrun"

_functions: dict[str, Any] = {
    "stoker.core.script_run_config.ScriptRunConfig": "stoker.core._submit:submit_script",
}


def register(config_class: type | str, function: SubmitFunction | str) -> None:
    """Say how `Experiment.submit` submits a kind of configuration.

    Parameters
    ----------
    config_class : type or str
        The class, or its full name, so that it need not be imported; its subclasses count too.
    function : callable or str
        Called with `(config, experiment, tags=, parent_id=, **kwargs)`, where `config` is a copy; returns the run.
        A text `module:name` is imported at the first use.

    Examples
    --------
    >>> register("my_package.configs.SweepConfig", "my_package.submit:submit_sweep")
    """
    name = config_class if isinstance(config_class, str) else _full_name(config_class)
    _functions[name] = function


def submit(
    config: Any,
    experiment: Experiment,
    tags: Mapping[str, Any] | None = None,
    *,
    parent_id: str | None = None,
    **kwargs: Any,
) -> Run:
    """Submit a copy of the configuration and return its run.

    Raises
    ------
    stoker.exceptions.UserErrorException
        Nothing is registered for its class; the message lists what can be submitted.
    """
    import copy

    function = _function_of(type(config))
    run: Run = function(copy.deepcopy(config), experiment, tags=tags, parent_id=parent_id, **kwargs)
    return run


def _function_of(kind: type) -> Any:
    for base in kind.__mro__:
        function = _functions.get(_full_name(base))
        if function is not None:
            return _loaded(function)
    known = ", ".join(sorted(name.rsplit(".", 1)[-1] for name in _functions))
    raise UserErrorException(f"A {kind.__name__} can't be submitted. Give one of: {known}.", target="config")


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _loaded(function: Any) -> Any:
    if not isinstance(function, str):
        return function
    import importlib

    module, _, name = function.partition(":")
    return getattr(importlib.import_module(module), name)


def submit_script(
    config: Any,
    experiment: Experiment,
    tags: Mapping[str, Any] | None = None,
    parent_id: str | None = None,
    display_name: str | None = None,
    python: str | None = None,
    **kwargs: Any,
) -> ScriptRun:
    """Submit a `ScriptRunConfig`: validate, record the source, then record the run, which starts it.

    `python` is the interpreter that counts as the submitter's (default: this one).
    """
    from stoker.base.ids import script_run_id
    from stoker.core._run_base import texts
    from stoker.core.script_run import ScriptRun

    if kwargs:
        raise UserErrorException(
            f"submit does not know the argument {next(iter(kwargs))!r} for a ScriptRunConfig. "
            "Give tags or display_name, or set it on the configuration."
        )
    run_config, folder, inputs = config.to_submission()
    inputs.complete(experiment.workspace)
    definition = run_config.to_definition()
    target_type = _target_type(experiment.workspace, str(definition.get("target") or "local"))
    snapshot, git = _source(experiment.workspace, folder)
    keep_snapshot = (definition.get("history") or {}).get("snapshotProject", True)
    body = {
        "id": script_run_id(experiment.name),
        "experiment": experiment.name,
        "type": SCRIPT_RUN_TYPE,
        "kind": "submitted",
        "parent_id": parent_id,
        "display_name": display_name,
        "tags": texts(tags or {}, "tags", none_allowed=True),
        "properties": {
            "_azureml.ComputeTargetType": target_type,
            **({"ContentSnapshotId": snapshot.id} if keep_snapshot else {}),
            **git,
        },
        "definition": definition,
        "snapshot_id": snapshot.id,
        "warnings": snapshot.warnings,
        **submitter(python),
    }
    record = experiment.workspace._api.post("/runs", body)  # noqa: SLF001  # one package
    return ScriptRun(experiment, record["id"], _record=record)


def _source(workspace: Workspace, folder: str) -> tuple[Snapshot, dict[str, str]]:
    """Record the source folder, and what git says of it meanwhile."""
    from stoker.client import gitinfo

    asked = gitinfo.begin(folder)
    try:
        snapshot = take_snapshot(workspace, folder)
    finally:
        git = asked.finish()
    return snapshot, git


def _target_type(workspace: Workspace, target: str) -> str:
    """Return v1's word for the kind of a target; an unknown target is the service's error, before anything is sent."""
    if target == "local":
        return "local"
    from stoker.client.http import quote_name

    record = workspace._api.get(f"/compute/{quote_name(target)}")  # noqa: SLF001  # one package
    return str(record["type"]).lower()


def submitter(python: str | None = None) -> dict[str, Any]:
    """Return who submits, and with which interpreter (default: this one) and variables a run here begins."""
    from stoker.base.environ import base_environment

    return {
        "python": python or sys.executable or None,
        "base_environment": base_environment(),
        "submitted_by": user_name(),
    }


def user_name() -> str | None:
    """Return the name of this process' user."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # A container's user may have no name.
        return None


def take_snapshot(workspace: Workspace, path: str) -> Snapshot:
    """Record a source folder, or a single file.

    Raises
    ------
    stoker.exceptions.SnapshotException
        It is not there, or is larger than the limits allow; the message names the largest paths.
    """
    from stoker.client.snapshots import MAX_BYTES, MAX_FILES, take

    return take(
        workspace._api,  # noqa: SLF001  # one package
        path,
        max_bytes=workspace._setting("snapshot_max_bytes", MAX_BYTES),  # noqa: SLF001  # the same
        max_files=workspace._setting("snapshot_max_files", MAX_FILES),  # noqa: SLF001  # the same
    )


def interactive_record(
    experiment: Experiment, run_id: str, display_name: str | None, snapshot_directory: str | None
) -> dict[str, Any]:
    """Record an interactive run and return its record; a source that can't be recorded is only a warning."""
    snapshot_id: str | None = None
    properties, warnings = {"azureml.runsource": "experiment"}, list[str]()
    if snapshot_directory is not None:
        from stoker.client import gitinfo

        git = gitinfo.begin(snapshot_directory)
        try:
            snapshot = take_snapshot(experiment.workspace, snapshot_directory)
            snapshot_id = properties["ContentSnapshotId"] = snapshot.id
            warnings += snapshot.warnings
        except (StokerException, OSError) as error:
            warnings.append(f"No snapshot of {snapshot_directory!r} was kept: {error}")
            _warn(warnings[-1])
        finally:
            properties.update(git.finish())
    asked = submitter()
    body = {
        "id": run_id,
        "experiment": experiment.name,
        "kind": "interactive",
        "display_name": display_name,
        "properties": properties,
        "snapshot_id": snapshot_id,
        "python": asked["python"],
        "submitted_by": asked["submitted_by"],
        "warnings": warnings,
    }
    record: dict[str, Any] = experiment.workspace._api.post("/runs", body)  # noqa: SLF001  # one package
    return record


def _warn(text: str) -> None:
    import warnings

    warnings.warn(text, stacklevel=4)
