"""Submit a script or command through the SDK, and see it through."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from stoker.cli.configs import attached_experiment
from stoker.cli.follow import BUILD_LOG, LogTail, default_log, status_of
from stoker.cli.follow import follow as follow_run
from stoker.cli.interpreter import own_python
from stoker.cli.output import emit, write
from stoker.cli.pairs import pairs
from stoker.cli.session import SESSION, UsageProblem, hint, say
from stoker.cli.units import duration, parameters
from stoker.client import Api

if TYPE_CHECKING:
    from stoker.core import RunConfiguration, ScriptRunConfig

__all__ = ["Request", "experiment_name", "finish_submission", "resubmit", "submit_run", "with_parameter"]


class Request(NamedTuple):
    """What `run submit` was asked for.

    Attributes
    ----------
    words : list of str
        The script or program, and everything after it.
    plain : bool
        Whether `words` are a command rather than a script of ours.
    config, experiment, target, environment, name : str or None
    tags : list of str
        `k=v` words.
    source : str
        The source folder.
    """

    words: list[str]
    plain: bool
    config: str | None
    experiment: str | None
    target: str | None
    environment: str | None
    name: str | None
    tags: list[str]
    source: str


def submit_run(request: Request, *, follow: bool | None, made: str | None) -> int:
    """Submit, write what was made, follow if wanted; return the exit status."""
    from stoker.core import Experiment

    if made:
        _check_place(made)
    workspace = SESSION.workspace()
    config = _script_config(request, _run_configuration(request, workspace))
    experiment = Experiment(workspace, experiment_name(request.experiment, request.source))
    run = experiment.submit(config, tags=pairs(request.tags), display_name=request.name or None, python=own_python())
    api = SESSION.api()
    record = api.get(f"/runs/{run.id}")
    return finish_submission(api, record, follow=follow, made=made)


def experiment_name(asked: str | None, source: str) -> str:
    """Return the experiment of a submission: asked for, that of the folder, the workspace's, or the folder's name."""
    own = asked or attached_experiment(source) or SESSION.config().get("experiment")
    if own:
        return str(own)
    folder = os.path.basename(os.path.abspath(source))
    return re.sub(r"[^A-Za-z0-9_-]+", "-", folder).strip("-_")[:255] or "default"


def _run_configuration(request: Request, workspace: Any) -> RunConfiguration:
    from stoker.core import Environment, RunConfiguration

    local = os.path.join(request.source, ".azureml", "local.runconfig")
    if request.config is not None:
        is_file = os.path.isfile(request.config)
        config = RunConfiguration.load(request.config) if is_file else _load(request.source, request.config)
    elif os.path.isfile(local):
        config = RunConfiguration.load(local)
    else:
        config = RunConfiguration()
        config.environment.python.user_managed_dependencies = True
    if request.target:
        config.target = request.target
    if request.environment:
        name, _, version = request.environment.partition(":")
        config.environment = Environment.get(workspace, name, version or None)
    return config


def _load(source: str, name: str) -> RunConfiguration:
    """Return the run configuration of that name, or say which there are."""
    from stoker.cli.configs import config_files
    from stoker.core import RunConfiguration

    known = config_files(source)
    if name not in known:
        from stoker.base.names import suggestion

        raise UsageProblem(
            f"There is no run configuration {name!r} in {os.path.abspath(source)}. It is neither a file nor a name in "
            f".azureml or aml_config. {suggestion(name, known)}"
        )
    return RunConfiguration.load(known[name])


def _script_config(request: Request, config: RunConfiguration) -> ScriptRunConfig:
    from stoker.core import ScriptRunConfig

    if not request.words:
        if not config.script and not config.command:
            raise UsageProblem(
                "There is nothing to run. Neither a script was named nor does the run configuration have one. "
                "Name it: `stoker run submit train.py`."
            )
        return ScriptRunConfig(request.source, run_config=config)
    if request.plain:
        config.script, config.arguments = None, []
        return ScriptRunConfig(request.source, command=shlex.join(request.words), run_config=config)
    config.command = ""
    script = _inside(request.source, request.words[0])
    return ScriptRunConfig(request.source, script=script, arguments=request.words[1:], run_config=config)


def _inside(source: str, script: str) -> str:
    """Return the script's path in the source folder; a path from the current folder is understood too."""
    if os.path.isfile(os.path.join(source, script)) or not os.path.isfile(script):
        return script
    path = os.path.relpath(os.path.realpath(script), os.path.realpath(source))
    if path.startswith(os.pardir + os.sep):
        raise UsageProblem(
            f"The script {script!r} is outside of the source folder {os.path.abspath(source)}. A run copies that "
            f"folder, so the script would be missing. Add `--source-directory {shlex.quote(os.path.dirname(script))}`."
        )
    return path


def resubmit(api: Api, run: dict[str, Any], changes: Sequence[str], name: str | None) -> dict[str, Any]:
    """Record a new run with the definition and source of `run`, and return it."""
    from stoker.base.ids import script_run_id
    from stoker.core._submit import submitter

    if run.get("kind") != "submitted" or not run.get("definition"):
        raise UsageProblem(
            f"The run {run['id']} can't be run again. It was not submitted, so nothing says how to start it. "
            "Name a submitted run: `stoker run list`."
        )
    definition = dict(run["definition"])
    for key, value in pairs(changes, need_value=True).items():
        definition["arguments"] = with_parameter(run, definition.get("arguments") or [], key, str(value))
    kept = {key: value for key, value in run["properties"].items() if not key.startswith("stoker.")}
    body = {
        "id": script_run_id(run["experiment"]),
        "experiment": run["experiment"],
        "type": run["type"],
        "kind": "submitted",
        "parent_id": None,
        "display_name": name,
        "tags": run["tags"],
        "properties": {**kept, "stoker.rerun_of": run["id"]},
        "definition": definition,
        "snapshot_id": run["snapshot_id"],
        "priority": run.get("priority"),
        "warnings": [],
        **submitter(_python_of(run)),
    }
    made: dict[str, Any] = api.post("/runs", body)
    return made


def _python_of(run: dict[str, Any]) -> str:
    """Return the interpreter that the run had, where no environment was built for it and it is still there."""
    resolved = run.get("resolved") or {}
    path = str(resolved.get("interpreter") or "")
    had = resolved.get("kind") in {"user-managed", "current"} and os.access(path, os.X_OK)
    return path if had else own_python()


def with_parameter(run: dict[str, Any], words: Sequence[Any], name: str, value: str) -> list[Any]:
    """Return the arguments with another value for `--name value` or `--name=value`."""
    changed = list(words)
    for place, word in enumerate(words):
        text = str(word)
        head = text.split("=", 1)[0]
        if not head.startswith("-") or head.lstrip("-") != name.lstrip("-"):
            continue
        if "=" in text:
            changed[place] = f"{head}={value}"
            return changed
        if place + 1 < len(words):
            changed[place + 1] = value
            return changed
    from stoker.base.names import suggestion

    raise UsageProblem(
        f"The run {run['id']} has no parameter {name!r}. Only what its arguments name can be set. "
        f"{suggestion(name, parameters(run))}"
    )


def finish_submission(
    api: Api,
    run: dict[str, Any],
    *,
    follow: bool | None,
    made: str | None,
    show: Callable[[dict[str, Any]], None] | None = None,
) -> int:
    """Say what was submitted, follow it if wanted, and return the exit status; `show` writes the record."""
    if made:
        _write_made(made, run)
    stays = sys.stdout.isatty() if follow is None else follow
    if not stays:
        (show or _show)(run)
        hint(f"Its log:    stoker run logs {run['id']} --follow", f"Its state:  stoker run show {run['id']}")
        return 0
    say(f"Submitted {run['id']}.")
    run = _see_through(api, run)
    if show is not None or SESSION.output != "table":
        (show or emit)(run)
    _sum_up(api, run)
    return status_of(run)


def _show(run: dict[str, Any]) -> None:
    emit(run, text=lambda: str(run["id"]))


def _check_place(path: str) -> None:
    """Find out before anything is recorded that a file could not be written."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path) or not os.path.isdir(folder):
        why = "It is a folder." if os.path.isdir(path) else f"There is no folder {folder}."
        raise UsageProblem(f"The file {path!r} can't be written. {why} Name another one for `--output-metadata-file`.")


def _write_made(path: str, run: dict[str, Any]) -> None:
    from stoker.base.jsonio import write_json

    facts = {"experimentName": run["experiment"], "runId": run["id"], "runNumber": run["number"]}
    write_json(path, {**facts, "target": run["target"], "createdUtc": run["created"]}, mode=0o644)


def _see_through(api: Api, run: dict[str, Any]) -> dict[str, Any]:
    """Follow the run; its log goes to stdout, or to stderr where stdout is for the record."""
    build = LogTail(api, run, BUILD_LOG, _to_stderr)
    own = LogTail(api, run, default_log(run, [], None if (run.get("node_count") or 1) == 1 else 0))
    if SESSION.output != "table":
        own = LogTail(api, run, own.name, _to_stderr)
    return follow_run(api, run, [own] if SESSION.only_errors else [build, own])


def _to_stderr(data: bytes) -> None:
    sys.stderr.flush()
    sys.stderr.buffer.write(data)
    sys.stderr.buffer.flush()


def _sum_up(api: Api, run: dict[str, Any]) -> None:
    from stoker.cli.compare import metric_rows

    for warning in run.get("warnings") or []:
        say(f"Warning: {warning}")
    message = (run.get("error") or {}).get("message")
    say(f"{run['status']} after {duration(run) or 'no time'}.")
    if message:
        say(message)
    rows = metric_rows(api, run)
    if rows and SESSION.output == "table" and not SESSION.only_errors:
        from stoker.cli.table import facts

        write(facts([(row["metric"], row["last"]) for row in rows[:20]]))
    hint(
        f"Look at it:  stoker run show {run['id']}",
        f"Its files:   stoker run download {run['id']}",
        f"Run again:   stoker run rerun {run['id']} --set NAME=VALUE",
    )
