"""`stoker run`: submit scripts, and look at what they did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from typer import Argument, Option

from stoker.cli.app import Many, Noun, RunName, Yes, option
from stoker.cli.output import emit
from stoker.cli.refs import find_run, run_path
from stoker.cli.session import SESSION, UsageProblem, confirm, hint, say
from stoker.cli.table import Column, facts
from stoker.cli.units import ago, duration, size

app = Noun()

Experiment = Annotated[str | None, option("--experiment", "-e", about="The experiment", metavar="EXPERIMENT")]
Runs = Annotated[list[str], Argument(metavar="RUN", help="As the other verbs name a run")]
Follow = Annotated[bool | None, Option("--follow/--detach", help="Stay and show the log; the default at a terminal")]


@app.verb("submit", options_first=True)
def submit(
    words: Annotated[Many, Argument(metavar="SCRIPT [ARGS]", help="Or: -- COMMAND [ARGS]")] = None,
    config: Annotated[
        str | None, option("--runconfig", "-c", about="Run configuration: name or file", metavar="RUNCONFIG")
    ] = None,
    experiment: Experiment = None,
    target: Annotated[str | None, option("--target", about="Compute target", metavar="TARGET")] = None,
    environment: Annotated[
        str | None, option("--env", about="Registered environment, NAME or NAME:VERSION", metavar="ENVIRONMENT")
    ] = None,
    name: Annotated[str | None, option("--name", about="Display name")] = None,
    tag: Annotated[Many, option("--tag", about="k=v; may be repeated", metavar="TAG")] = None,
    follow: Follow = None,
    source: Annotated[
        str, option("--source-directory", about="Folder that is recorded and run; default: this one", metavar="DIR")
    ] = ".",
    made: Annotated[
        str | None, option("--output-metadata-file", "-t", about="Write experimentName and runId to it", metavar="FILE")
    ] = None,
) -> int:
    """Run a script or a command, with all about it on record.

    Its source, parameters, metrics, logs and files are kept.

    Everything after SCRIPT goes to the script, options too. Options for Stoker stand before it:

        stoker run submit -e diabetes train.py --alpha 0.1
        stoker run submit -- python -m package.train --alpha 0.1

    Ctrl-C while the log is followed leaves the run alone.
    """
    from stoker.cli.submit import Request, submit_run

    given = words or []
    plain = bool(given) and SESSION.words[-len(given) - 1 : -len(given)] == ["--"]
    request = Request(given, plain, config, experiment, target, environment, name, tag or [], source)
    return submit_run(request, follow=follow, made=made)


@app.verb("list")
def list_runs(
    experiment: Experiment = None,
    status: Annotated[Many, option("--status", about="May be repeated", metavar="STATUS")] = None,
    tag: Annotated[Many, option("--tag", about="k or k=v; may be repeated", metavar="TAG")] = None,
    target: Annotated[str | None, option("--target", about="Compute target", metavar="TARGET")] = None,
    search: Annotated[str | None, option("--search", about="Part of an id or name", metavar="TEXT")] = None,
    filter_: Annotated[
        str | None,
        option("--filter", about="MLflow's grammar, as \"metrics.loss < 0.5 and params.a = '1'\"", metavar="EXPR"),
    ] = None,
    sort: Annotated[
        str, option("--sort", about="created, started, ended, duration, status, number or metrics.NAME", metavar="KEY")
    ] = "created",
    ascending: Annotated[bool, option("--ascending", about="Least first")] = False,
    children: Annotated[bool, option("--children", about="Runs below others too")] = False,
    limit: Annotated[int, Option("--limit", help="At most so many", min=1, metavar="N")] = 20,
) -> None:
    """List runs, newest first."""
    params: dict[str, Any] = {
        "experiment": experiment,
        "status": [status_word(word) for word in status or []],
        "tag": tag,
        "target": target,
        "search": search,
        "filter": filter_,
        "sort": sort,
        "order": "asc" if ascending else "desc",
        "children": children or None,
        "select": "brief" if SESSION.output == "table" and not SESSION.query else "full",
    }
    runs: list[dict[str, Any]] = []
    after, total = None, 0
    while len(runs) < limit:
        page = SESSION.get("/runs", limit=min(1000, limit - len(runs)), after=after, **params)
        runs.extend(page["runs"])
        after, total = page["next"], page["total"]
        if after is None:
            break
    narrowed = any((experiment, status, tag, target, search, filter_))
    start = "No runs. Start one with `stoker run submit SCRIPT`."
    emit(runs, _LIST, empty="No run is like that; `stoker run list` shows all." if narrowed else start)
    if runs and total > len(runs):
        hint(f"{len(runs)} of {total} runs; `--limit` shows more.")


def _experiment(run: Mapping[str, Any]) -> str | None:
    """Return the experiment where the run's id does not begin with it anyway."""
    name = run.get("experiment")
    return None if str(run["id"]).startswith(f"{name}_") else name


_LIST = [
    Column("RUN", "id"),
    Column("STATUS", "status"),
    Column("NAME", "display_name", shrink=True),
    Column("EXPERIMENT", _experiment, shrink=True),
    Column("TIME", duration, right=True),
    Column("CREATED", lambda run: ago(run["created"]), right=True),
    Column("TARGET", lambda run: None if run.get("target") in {"local", "sdk"} else run.get("target"), shrink=True),
]


def status_word(word: str) -> str:
    """Return the status in its own spelling, or a usage problem."""
    from stoker.base.names import suggestion
    from stoker.base.states import RunStatus

    for status in RunStatus:
        if status.value.lower() == word.lower():
            return status.value
    raise UsageProblem(f"{word!r} is no status of a run. {suggestion(word, [status.value for status in RunStatus])}")


@app.verb("show")
def show(run: RunName) -> None:
    """Show one run: state, parameters, environment, inputs and outputs, what went wrong."""
    from stoker.cli.compare import all_parameters
    from stoker.cli.lineage import run_lineage_text

    api = SESSION.api()
    record = find_run(api, run)
    lineage = api.get("/lineage", run=record["id"])
    known = all_parameters(api, record)
    emit(
        {**record, "parameters": known, "lineage": lineage},
        text=lambda: "\n".join(part for part in (facts(_facts(record, known)), run_lineage_text(lineage)) if part),
    )


def _facts(run: dict[str, Any], known: dict[str, str]) -> list[tuple[str, Any]]:
    environment = run.get("environment") or {}
    resources = run.get("resources") or {}
    error = run.get("error") or {}
    properties = run.get("properties") or {}
    return [
        ("Run", run["id"]),
        ("Name", run.get("display_name")),
        ("Status", run["status"]),
        ("Reason", run.get("status_reason")),
        ("Error", error.get("message")),
        ("Experiment", f"{run['experiment']} (run {run['number']})"),
        ("Description", run.get("description")),
        ("Target", run.get("target")),
        ("Nodes", run["node_count"] if (run.get("node_count") or 1) > 1 else None),
        ("Created", f"{run['created']} ({ago(run['created'])})"),
        ("Duration", duration(run)),
        ("Submitted by", run.get("submitted_by")),
        ("Parent", run.get("parent_id")),
        ("Script", (run.get("definition") or {}).get("script")),
        ("Parameters", known),
        ("Tags", run.get("tags")),
        ("Environment", " ".join(str(item) for item in (environment.get("name"), environment.get("version")) if item)),
        ("Source", run.get("snapshot_id")),
        ("Commit", properties.get("azureml.git.commit")),
        ("CPU time", f"{resources['cpu_seconds']:.1f} s" if resources.get("cpu_seconds") is not None else None),
        ("Most memory", size(resources.get("memory_peak"))),
        ("Warnings", "\n".join(run.get("warnings") or [])),
    ]


@app.verb("logs")
def logs(
    run: RunName,
    follow: Annotated[bool, option("--follow", "-f", about="Go on until the run has ended")] = False,
    rank: Annotated[int | None, Option("--rank", help="The process of that rank", min=0, metavar="N")] = None,
    file: Annotated[str | None, option("--file", about="Another log of the run", metavar="F")] = None,
    tail: Annotated[int | None, Option("--tail", help="The last N lines only", min=1, metavar="N")] = None,
    names: Annotated[bool, option("--list", about="List the run's logs")] = False,
) -> int:
    """Show a run's log: what its script wrote, in order."""
    from stoker.cli.logs import list_logs, show_log

    api = SESSION.api()
    record = find_run(api, run)
    if names:
        list_logs(api, record)
        return 0
    return show_log(api, record, file=file, rank=rank, tail=tail, follow_it=follow)


@app.verb("metrics")
def metrics(
    run: RunName,
    name: Annotated[str | None, option("--name", about="One metric only")] = None,
    plot: Annotated[bool, option("--plot", about="Draw each metric")] = False,
) -> None:
    """Show a run's metrics: last, least, greatest, and how they went."""
    from stoker.cli.compare import show_metrics

    api = SESSION.api()
    show_metrics(api, find_run(api, run), name, plot=plot)


@app.verb("compare")
def compare(runs: Runs) -> None:
    """Set the parameters and metrics of runs side by side."""
    from stoker.cli.compare import compare_runs

    api = SESSION.api()
    compare_runs(api, [find_run(api, run) for run in runs])


@app.verb("diff")
def diff(first: RunName, second: RunName) -> None:
    """Show what differs between two runs: parameters, environment, source."""
    from stoker.cli.compare import diff_runs

    api = SESSION.api()
    diff_runs(api, find_run(api, first), find_run(api, second))


@app.verb("cancel")
def cancel(
    runs: Runs, reason: Annotated[str | None, option("--reason", about="Kept on the run", metavar="TEXT")] = None
) -> None:
    """Cancel runs, and all below them."""
    from stoker.base.states import RunStatus

    api = SESSION.api()
    done = []
    for run in runs:
        record = find_run(api, run)
        if RunStatus(record["status"]).is_terminal:
            say(f"{record['id']} had ended before.")
        done.append(api.post(run_path(record, "cancel"), {"reason": reason}))
    emit(done, [Column("RUN", "id"), Column("STATUS", "status")])


@app.verb("wait")
def wait(runs: Runs) -> int:
    """Wait until runs have ended.

    The exit status is 1 when one did not complete.
    """
    from stoker.cli.follow import follow, status_of

    api = SESSION.api()
    ended = [follow(api, find_run(api, run), []) for run in runs]
    emit(ended, [Column("RUN", "id"), Column("STATUS", "status"), Column("TIME", duration, right=True)])
    return max(status_of(run) for run in ended)


@app.verb("tag")
def tag(
    run: RunName, changes: Annotated[list[str], Argument(metavar="k=v", help="k=v sets, k alone too, k- removes")]
) -> None:
    """Set and remove tags of a run."""
    from stoker.cli.pairs import tag_changes

    api = SESSION.api()
    record = api.patch(run_path(find_run(api, run)), tag_changes(changes))
    emit(record["tags"], text=lambda: facts(list(record["tags"].items())) or "It has no tags.")


@app.verb("files")
def files(
    run: RunName,
    prefix: Annotated[str | None, option("--prefix", about="Names that begin so", metavar="PREFIX")] = None,
) -> None:
    """List a run's files, logs included."""
    api = SESSION.api()
    found = api.get(run_path(find_run(api, run), "files"), prefix=prefix)["files"]
    columns = [Column("NAME", "name", shrink=True), Column("SIZE", lambda file: size(file["size"]), right=True)]
    columns.append(Column("", lambda file: "growing" if file.get("live") else None))
    emit(found, columns, empty="No files. A run keeps what its script writes to outputs/ and logs/.")


@app.verb("download")
def download(
    run: RunName,
    prefix: Annotated[str | None, option("--prefix", about="Names that begin so", metavar="PREFIX")] = None,
    folder: Annotated[
        str | None, option("--directory", "-d", about="Where to; default: a folder named as the run", metavar="DIR")
    ] = None,
) -> None:
    """Download a run's files."""
    from stoker.cli.transfer import download_files

    api = SESSION.api()
    record = find_run(api, run)
    download_files(api, record, prefix, folder or record["id"])


@app.verb("snapshot")
def snapshot(
    run: RunName,
    folder: Annotated[str | None, option("--directory", "-d", about="Default: RUN-source", metavar="DIR")] = None,
) -> None:
    """Get the source that a run was started from."""
    from stoker.cli.transfer import restore_snapshot

    api = SESSION.api()
    record = find_run(api, run)
    restore_snapshot(api, record, folder or f"{record['id']}-source")


@app.verb("rerun")
def rerun(
    run: RunName,
    changes: Annotated[
        Many, option("--set", about="Another value for a parameter; may be repeated", metavar="k=v")
    ] = None,
    name: Annotated[str | None, option("--name", about="Display name")] = None,
    follow: Follow = None,
) -> int:
    """Run again what a run recorded.

    The same source, arguments and environment, but for what `--set` changes.
    """
    from stoker.cli.submit import finish_submission, resubmit

    api = SESSION.api()
    return finish_submission(api, resubmit(api, find_run(api, run), changes or [], name), follow=follow, made=None)


@app.verb("delete")
def delete(runs: Runs, yes: Yes = False) -> None:
    """Delete ended runs, with their metrics, logs and files."""
    api = SESSION.api()
    found = [find_run(api, run) for run in runs]
    confirm(f"Delete {', '.join(run['id'] for run in found)}, with metrics, logs and files?", yes=yes)
    for run in found:
        api.delete(run_path(run))
    names = [run["id"] for run in found]
    emit([{"deleted": name} for name in names], [Column("DELETED", "deleted")])
