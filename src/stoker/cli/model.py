"""`stoker model`: files under a name, each registration a new version."""

from __future__ import annotations

import contextlib
import io
from typing import Annotated, Any

from typer import Argument, Option

from stoker.cli.app import Many, Noun, Yes, option
from stoker.cli.output import emit
from stoker.cli.pairs import pairs
from stoker.cli.refs import find_run, segment
from stoker.cli.session import SESSION, UsageProblem, confirm, hint, say
from stoker.cli.table import Column, facts
from stoker.cli.units import ago, size
from stoker.exceptions import NotFoundException

app = Noun()

Model = Annotated[str, Argument(metavar="MODEL", help="NAME, or NAME:VERSION")]
Version = Annotated[str | None, option("--version", about="Default: the latest", metavar="N")]
Tags = Annotated[Many, option("--tag", about="A tag; may be repeated", metavar="K=V")]
Properties = Annotated[Many, option("--property", about="A property, never to change; may be repeated", metavar="K=V")]
Description = Annotated[str | None, option("--description", about="A sentence about it", metavar="TEXT")]

_COLUMNS = [
    Column("MODEL", "name", shrink=True),
    Column("VERSION", "version", right=True, named=True),
    Column("FRAMEWORK", "framework"),
    Column("FILES", "files", right=True, named=True),
    Column("SIZE", lambda row: size(row.get("size")), right=True),
    Column("CREATED", lambda row: ago(row.get("created")), right=True),
    Column("RUN", "run_id", shrink=True),
]


@app.verb("list")
def list_models(
    name: Annotated[str | None, option("--name", about="All versions of this model", metavar="MODEL")] = None,
    tag: Annotated[Many, option("--tag", about="With this tag; may be repeated", metavar="K[=V]")] = None,
    prop: Annotated[Many, option("--property", about="With this property; may be repeated", metavar="K[=V]")] = None,
    run: Annotated[str | None, option("--run", about="Made by this run", metavar="RUN")] = None,
    everything: Annotated[bool, option("--all", about="All versions, not only the latest")] = False,
    limit: Annotated[int | None, option("--limit", about="At most so many", metavar="N", min=1)] = None,
) -> None:
    """List registered models, the newest first."""
    api = SESSION.api()
    query: dict[str, Any] = {"name": name, "tag": tag or None, "property": prop or None, "limit": limit}
    query["run_id"] = find_run(api, run)["id"] if run else None
    query["latest"] = not (everything or name or run)
    found = api.get("/models", **query)["models"]
    none = "No models. Register one: `stoker model register -n NAME -p PATH`."
    narrowed = name or tag or prop or run
    emit(found, _COLUMNS, empty="No model is like that; `stoker model list` shows all." if narrowed else none)


@app.verb("show")
def show(model: Model, version: Version = None) -> None:
    """Show what a model is, its files, and the run that made it."""
    record = _record(model, version)
    record["file_list"] = SESSION.get(f"{_path(record)}/files")["files"]
    _emit(record)


def _record(model: str, version: str | None) -> dict[str, Any]:
    name, _, number = model.rpartition(":")
    if not name:
        name, number = model, ""
    if number and version is not None and number != version:
        raise UsageProblem(f"{model!r} names version {number}, and --version {version}. Name one of them.")
    found: dict[str, Any] = SESSION.get(f"/models/{segment(name)}", version=version or number or None)
    return found


def _called(dataset: str) -> str:
    """Return a data set's name and version; one without a name is called by its id."""
    with contextlib.suppress(NotFoundException):
        found = SESSION.get(f"/datasets/by-id/{segment(dataset)}")
        return f"{found['name']}:{found['version']}" if found["name"] else dataset
    return dataset


def _path(record: dict[str, Any]) -> str:
    return f"/models/{segment(record['name'])}/{record['version']}"


def _emit(record: dict[str, Any]) -> None:
    emit(record, text=lambda: _text(record))


def _text(record: dict[str, Any]) -> str:
    files = [f"{item['path']}  {size(item['size'])}" for item in record.get("file_list", ())[:20]]
    more = len(record.get("file_list", ())) - len(files)
    framework = " ".join(item for item in (record["framework"], record["framework_version"]) if item)
    flavors = record["details"].get("flavors") or {}
    datasets = [f"{role}: {_called(dataset)}" for role, dataset in record["datasets"]]
    shown = [
        ("Model", f"{record['name']} (version {record['version']})"),
        ("Description", record["description"]),
        ("Framework", framework or None),
        ("MLflow flavors", ", ".join(sorted(flavors)) or None),
        ("Tags", record["tags"] or None),
        ("Properties", record["properties"] or None),
        ("Stage", None if record["stage"] == "None" else record["stage"]),
        ("Aliases", ", ".join(record["aliases"]) or None),
        ("Made by", record["run_id"]),
        ("Data sets", "\n".join(datasets) or None),
        ("Size", size(record["size"])),
        ("Files", "\n".join([*files, *([f"and {more} more"] if more > 0 else [])]) or None),
        ("Created", record["created"]),
        ("Created by", record["created_by"]),
    ]
    return facts(shown)


@app.verb("register")
def register(
    name: Annotated[str, Option("--name", "-n", help="The model's name", metavar="NAME")],
    path: Annotated[str | None, Option("--path", "-p", help="A file or folder of this machine", metavar="PATH")] = None,
    run: Annotated[str | None, option("--run", about="The run that made it, with --asset-path", metavar="RUN")] = None,
    asset_path: Annotated[
        str | None, option("--asset-path", about="A file or folder of the run, as outputs/model", metavar="PREFIX")
    ] = None,
    tag: Tags = None,
    prop: Properties = None,
    description: Description = None,
    framework: Annotated[str | None, option("--framework", about="As ScikitLearn", metavar="WORD")] = None,
    framework_version: Annotated[
        str | None, option("--framework-version", about="The framework's version", metavar="VERSION")
    ] = None,
) -> None:
    """Register a file or folder as a new version: of this machine, or of a run's files."""
    if (path is None) == (run is None) or (run is None) != (asset_path is None):
        raise UsageProblem(
            "A model is made of a file or folder of this machine (`-p PATH`), or of a run's (`--run ID --asset-path "
            f"P`). Write for example `stoker model register -n {name} --run @last --asset-path outputs/model.pkl`."
        )
    given: dict[str, Any] = {
        "tags": pairs(tag or []),
        "properties": pairs(prop or []),
        "description": description,
        "model_framework": framework,
        "model_framework_version": framework_version,
    }
    made = _made(name, path, run, asset_path, given)
    _emit(SESSION.get(f"/models/{segment(made.name)}", version=made.version))
    hint(f"Get it: `stoker model download {made.id}`")


def _made(name: str, path: str | None, run: str | None, asset_path: str | None, given: dict[str, Any]) -> Any:
    from stoker.core import Model as Models
    from stoker.core import Run

    workspace = SESSION.workspace()
    if run is not None:
        found = find_run(SESSION.api(), run)
        return Run.get(workspace, found["id"]).register_model(name, asset_path, **given)
    # What the SDK prints for people is no part of the answer.
    with contextlib.redirect_stdout(io.StringIO()) as heard:
        made = Models.register(workspace, str(path), name, **given)
    say(heard.getvalue().strip())
    return made


@app.verb("download")
def download(
    model: Model,
    folder: Annotated[str, Option("--directory", "-d", help="Where to; default: here", metavar="DIR")] = ".",
    version: Version = None,
    overwrite: Annotated[bool, option("--overwrite", about="Replace what is there")] = False,
) -> None:
    """Write a model's file or folder to this machine."""
    from stoker.core import Model as Models

    record = _record(model, version)
    path = Models(SESSION.workspace(), id=record["id"]).download(folder, exist_ok=overwrite)
    emit({"id": record["id"], "path": path}, text=lambda: f"Wrote {path}.")


@app.verb("update")
def update(
    model: Model,
    version: Version = None,
    tag: Tags = None,
    remove_tag: Annotated[Many, option("--remove-tag", about="Take a tag away; may be repeated", metavar="K")] = None,
    prop: Properties = None,
    description: Description = None,
    stage: Annotated[
        str | None, option("--stage", about="None, Staging, Production or Archived", metavar="STAGE")
    ] = None,
) -> None:
    """Change what is said about a version."""
    record = _record(model, version)
    body = {
        "description": description,
        "add_tags": pairs(tag or []) or None,
        "remove_tags": remove_tag or None,
        "add_properties": pairs(prop or []) or None,
        "stage": stage,
    }
    changes = {key: value for key, value in body.items() if value is not None}
    if not changes:
        raise UsageProblem("Nothing is to be changed. Give --tag, --remove-tag, --property, --description or --stage.")
    _emit(SESSION.api().patch(_path(record), changes))


@app.verb("delete")
def delete(model: Model, version: Version = None, yes: Yes = False) -> None:
    """Delete a version; its number is not given again."""
    record = _record(model, version)
    confirm(f"Delete the model {record['id']}?", yes=yes)
    SESSION.api().delete(_path(record))
    emit({"deleted": record["id"]}, text=lambda: f"Deleted {record['id']}.")


@app.verb("lineage")
def lineage(
    model: Model,
    version: Version = None,
    up: Annotated[bool, option("--up", about="Only what it was made from")] = False,
    down: Annotated[bool, option("--down", about="Only what was made of it")] = False,
    depth: Annotated[int, option("--depth", about="How many runs far", metavar="N", min=1)] = 20,
) -> None:
    """Show which run made a model of which data, and what used it."""
    from stoker.cli.lineage import show_lineage

    if up and down:
        raise UsageProblem("`--up` and `--down` exclude each other. Leave both out to see all.")
    direction = "up" if up else ("down" if down else None)
    show_lineage(direction=direction, depth=depth, model=str(_record(model, version)["id"]))
