"""`az ml run`: submit scripts, and look at what they did."""

from __future__ import annotations

import os
from typing import Annotated, Any

from typer import Argument, Option

from stoker.cli.app import Many, option
from stoker.cli.az.command import V1Group
from stoker.cli.az.given import GIVEN, answer, api, workspace
from stoker.cli.az.options import Experiment, RunId, several
from stoker.cli.az.records import brief, made_by, run_shape
from stoker.cli.refs import find_run, run_path
from stoker.cli.session import UsageProblem, say

app = V1Group()


@app.v1("submit-script", options_first=True)
def submit_script(
    words: Annotated[Many, Argument(metavar="SCRIPT [ARGS]", help="Default: the run configuration's")] = None,
    config: Annotated[
        str | None,
        option("--run-configuration-name", "-c", about=".azureml/NAME.runconfig", metavar="RUNCONFIG"),
    ] = None,
    file: Annotated[
        str | None, option("--run-configuration-path", "-r", about="A run configuration by its file", metavar="FILE")
    ] = None,
    experiment: Experiment = None,
    target: Annotated[str | None, option("--target", "--ct", about="Compute target", metavar="TARGET")] = None,
    conda: Annotated[
        str | None, option("--conda-dependencies", "-d", about="Instead of the configuration's", metavar="FILE")
    ] = None,
    source: Annotated[
        str | None,
        option("--source-directory", about="Folder that is recorded and run; default: --path", metavar="DIR"),
    ] = None,
    arguments: Annotated[
        str | None, option("--userscript-arguments", about="The script's arguments in one word", metavar="TEXT")
    ] = None,
    detach: Annotated[bool, option("--async", about="Do not wait for the end")] = False,
) -> int:
    """Submit a script, and follow its log to the end.

    Everything after SCRIPT goes to the script, options too. The log goes to stderr, the run's record to stdout.

        stoker az ml run submit-script -c local train.py --alpha 0.1
    """
    import shlex

    from stoker.cli.submit import finish_submission

    given = [*(words or []), *(shlex.split(arguments) if arguments else [])]
    settings = _run_configuration(config, file, conda, target, given)
    run = _submitted(settings, experiment, source or GIVEN.path)
    record = api().get(run_path({"id": run.id}))
    return finish_submission(api(), record, follow=not detach, made=GIVEN.made, show=_show)


def _show(record: dict[str, Any]) -> None:
    answer(run_shape(record), made_by(record))


def _run_configuration(
    name: str | None, file: str | None, conda: str | None, target: str | None, words: list[str]
) -> Any:
    from stoker.core import RunConfiguration

    if name is not None and file is not None:
        raise UsageProblem("A run configuration is named by `-c` or by `-r`, and both were given. Leave one out.")
    if file is not None:
        settings = RunConfiguration.load(file)
    else:
        settings = RunConfiguration() if name is None else RunConfiguration.load(GIVEN.path, name)
    if conda is not None:
        from stoker.core.conda_dependencies import CondaDependencies

        settings.environment.python.conda_dependencies = CondaDependencies(conda)
    if target is not None:
        settings.target = target
    if words:
        settings.command = ""
        settings.script = words[0]
        settings.arguments = words[1:] or settings.arguments
    if not settings.script and not settings.command:
        raise UsageProblem(
            "There is nothing to run. Neither a script was named nor does the run configuration have one. "
            "Name it: `stoker az ml run submit-script train.py`."
        )
    return settings


def _submitted(settings: Any, experiment: str | None, source: str) -> Any:
    from stoker.cli.interpreter import own_python
    from stoker.cli.submit import experiment_name
    from stoker.core import Experiment as Experiments
    from stoker.core import ScriptRunConfig

    home = workspace()
    name = experiment_name(experiment, GIVEN.path)
    config = ScriptRunConfig(source, run_config=settings)
    return Experiments(home, name).submit(config, python=own_python())


@app.v1("list")
def list_runs(
    experiment: Experiment = None,
    last: Annotated[int, Option("--last", help="At most so many; default: 10", min=1, metavar="N")] = 10,
    parent: Annotated[
        str | None, option("--parent-run-id", about="Only those that this run has started", metavar="RUN")
    ] = None,
    pipeline: Annotated[
        str | None, option("--pipeline-run-id", about="Comes with pipelines, in a later version", metavar="ID")
    ] = None,
    target: Annotated[
        str | None, option("--compute-target-name", about="Only on this target", metavar="TARGET")
    ] = None,
    status: Annotated[str | None, option("--status", about="Only in this state", metavar="STATUS")] = None,
    tags: Annotated[Many, option("--tags", about="k or k=v; may be repeated", metavar="TAG")] = None,
    minimal: Annotated[bool, option("--minimal", about="Only the most important facts")] = False,
) -> None:
    """List runs, the newest first; of all experiments where none is named."""
    from stoker.cli.run import status_word

    if pipeline is not None:
        raise UsageProblem("Pipelines come with a later version. Leave `--pipeline-run-id` out.")
    service = api()
    query: dict[str, Any] = {
        "experiment": experiment,
        "parent": find_run(service, parent)["id"] if parent else None,
        "children": bool(parent) or None,
        "status": [status_word(status)] if status else [],
        "tag": [key if value is None else f"{key}={value}" for key, value in several(tags).items()],
        "target": target,
    }
    found: list[dict[str, Any]] = []
    after = None
    while len(found) < last:
        page = service.get("/runs", limit=min(1000, last - len(found)), after=after, **query)
        found.extend(page["runs"])
        after = page["next"]
        if after is None:
            break
    answer([brief(run) if minimal else run_shape(run, whole=False) for run in found])


@app.v1("show")
def show(run: RunId, experiment: Experiment = None) -> None:
    """Show one run."""
    _show(find_run(api(), run, experiment))


@app.v1("cancel")
def cancel(run: RunId, experiment: Experiment = None) -> None:
    """Cancel a run, and all below it."""
    from stoker.base.states import RunStatus

    record = find_run(api(), run, experiment)
    # Runs below one that has ended may still go on.
    api().post(run_path(record, "cancel"), {"reason": None})
    is_over = RunStatus(record["status"]).is_terminal
    say(f"{record['id']} had ended before." if is_over else f"Canceled {record['id']}.")
    answer(None)


@app.v1("update")
def update(
    run: RunId,
    add_tag: Annotated[list[str], Option("--add-tag", help="k=v; may be repeated", metavar="TAG", show_default=False)],
    experiment: Experiment = None,
) -> None:
    """Tag a run."""
    record = find_run(api(), run, experiment)
    _show(api().patch(run_path(record), {"tags": several(add_tag)}))


@app.v1("monitor-logs")
def monitor_logs(run: RunId, experiment: Experiment = None) -> int:
    """Show a run's log until it has ended, then the run.

    The exit status is 1 when it did not complete.
    """
    from stoker.cli.follow import status_of
    from stoker.cli.logs import show_log

    service = api()
    record = find_run(service, run, experiment)
    show_log(service, record, file=None, rank=None, tail=None, follow_it=True)
    ended = service.get(run_path(record))
    _show(ended)
    return status_of(ended)


@app.v1("monitor-tensorboard")
def monitor_tensorboard(
    run: RunId,
    folder: Annotated[
        str | None,
        option("--local-directory", about="Keep the event files here; default: nowhere", metavar="DIR"),
    ] = None,
    experiment: Experiment = None,
) -> None:
    """Show a run in TensorBoard until Ctrl-C.

    The package `tensorboard` must be installed beside Stoker.
    """
    from stoker.core import Run
    from stoker.tensorboard import Tensorboard

    record = find_run(api(), run, experiment)
    board = Tensorboard([Run.get(workspace(), record["id"])], local_root=folder)
    try:
        say(f"TensorBoard: {board.start()} until Ctrl-C")
        board.wait()
    except KeyboardInterrupt:
        say("TensorBoard was ended.")
    finally:
        board.stop()
    answer(None)


@app.v1("download-logs")
def download_logs(
    run: RunId,
    folder: Annotated[str, Option("--output-dir", "-d", help="Where to", metavar="DIR", show_default=False)],
    experiment: Experiment = None,
) -> None:
    """Download a run's logs."""
    from stoker.core import Run

    record = find_run(api(), run, experiment)
    found = Run.get(workspace(), record["id"]).get_all_logs(destination=folder)
    say(f"{len(found)} log{'s' if len(found) != 1 else ''} in {folder}{os.sep}")
    answer(None)
