"""`stoker dataset`: named and versioned data."""

from __future__ import annotations

import os
from typing import Annotated, Any

from typer import Argument, Option

from stoker.cli.app import Many, Noun, Yes, option
from stoker.cli.output import emit
from stoker.cli.pairs import pairs
from stoker.cli.refs import segment
from stoker.cli.session import SESSION, UsageProblem, confirm, hint, say
from stoker.cli.table import Column, facts
from stoker.cli.units import ago, size

app = Noun()

Name = Annotated[str, Argument(metavar="DATASET")]
Dataset = Annotated[str, Argument(metavar="DATASET", help="NAME, or NAME:VERSION")]
Version = Annotated[str, option("--version", about="Default: the latest", metavar="N")]

_TABLES = {
    ".csv": "delimited_files",
    ".tsv": "delimited_files",
    ".parquet": "parquet_files",
    ".jsonl": "json_lines_files",
    ".ndjson": "json_lines_files",
}
_COLUMNS = [
    Column("DATASET", "name", shrink=True),
    Column("VERSION", "version", right=True, named=True),
    Column("KIND", "kind"),
    Column("FILES", lambda row: (row.get("fingerprint") or {}).get("files"), right=True, named=True),
    Column("SIZE", lambda row: size((row.get("fingerprint") or {}).get("bytes")), right=True),
    Column("CREATED", lambda row: ago(row.get("created")), right=True),
    Column("DESCRIPTION", "description", shrink=True),
]
_PROFILE = [
    Column("COLUMN", "Column", shrink=True),
    # v1's `FieldType.INTEGER` is what programs compare with; people read the word.
    Column("TYPE", lambda row: str(row["Type"]).rpartition(".")[2].lower()),
    *(
        Column(title, key, right=True, named=True)
        for title, key in (
            ("COUNT", "Count"),
            ("MISSING", "MissingCount"),
            ("MIN", "Min"),
            ("MAX", "Max"),
            ("MEAN", "Mean"),
            ("STD", "StandardDeviation"),
        )
    ),
]


@app.verb("list")
def list_datasets(
    tag: Annotated[Many, option("--tag", about="With this tag; may be repeated", metavar="K[=V]")] = None,
) -> None:
    """List registered datasets."""
    found = SESSION.get("/datasets", tag=tag or None)["datasets"]
    none = "No datasets. Register one: `stoker dataset register NAME PATH`."
    emit(_shown(found), _COLUMNS, empty="No dataset is like that; `stoker dataset list` shows all." if tag else none)


@app.verb("show")
def show(name: Dataset, version: Version = "latest") -> None:
    """Show what a dataset is made of."""
    _emit(_record(name, version))


@app.verb("versions")
def versions(name: Name) -> None:
    """List the versions of a dataset, the latest first."""
    emit(_shown(SESSION.get(f"/datasets/by-name/{segment(name)}/versions")["versions"]), _COLUMNS)


def _shown(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from stoker.data._definition import without_secrets

    return [without_secrets(record) for record in records]


def _record(name: str, version: str) -> dict[str, Any]:
    """Return the record that `NAME` or `NAME:VERSION` means; a name may have a colon too, so it is tried first."""
    from stoker.exceptions import NotFoundException

    plain, _, number = name.rpartition(":")
    try:
        record: dict[str, Any] = SESSION.get(f"/datasets/by-name/{segment(name)}", version=version)
    except NotFoundException:
        if version != "latest" or not plain or not number.isdecimal():
            raise
        record = SESSION.get(f"/datasets/by-name/{segment(plain)}", version=number)
    return record


def _emit(record: dict[str, Any]) -> None:
    from stoker.data._definition import describe

    print_of = record.get("fingerprint") or {}
    pairs_shown = [
        ("Dataset", f"{record['name']} (version {record['version']})"),
        ("Kind", record["kind"]),
        ("Id", record["id"]),
        ("Description", record.get("description")),
        ("Tags", record.get("tags") or None),
        ("State", None if record.get("state") == "active" else record.get("state")),
        ("Made of", "\n".join(describe(record["definition"]))),
        ("Files", print_of.get("files")),
        ("Size", size(print_of.get("bytes"))),
        ("Fingerprint", print_of.get("digest")),
        ("Made by", record.get("run_id")),
        ("Created", record.get("created")),
    ]
    emit(_shown([record])[0], text=lambda: facts(pairs_shown))


@app.verb("register")
def register(
    name: Annotated[str | None, Argument(metavar="NAME")] = None,
    path: Annotated[str | None, Argument(metavar="PATH", help="A file, folder, pattern or URL")] = None,
    file: Annotated[str | None, Option("--file", "-f", help="A description in JSON", metavar="FILE")] = None,
    datastore: Annotated[
        str | None, option("--datastore", about="PATH is on this datastore", metavar="DATASTORE")
    ] = None,
    kind: Annotated[
        str | None, option("--kind", about="tabular or file; default: as the name ends", metavar="KIND")
    ] = None,
    description: Annotated[str | None, option("--description", about="A sentence about it", metavar="TEXT")] = None,
    tag: Annotated[Many, option("--tag", about="A tag; may be repeated", metavar="K=V")] = None,
    skip_validation: Annotated[bool, option("--skip-validation", about="Don't look at the data now")] = False,
    show_template: Annotated[bool, option("--show-template", about="Write a description to start from")] = False,
) -> None:
    """Register a dataset: by name and path, or as a file describes it.

    Files stay where they are. Another definition under the same name is the next version.
    """
    if show_template:
        from stoker.data._spec_file import template

        emit(template(), text=lambda: _json(template()))
        return
    if (file is None) == (name is None or path is None):
        raise UsageProblem(
            "A dataset has a name and a path, or a file that says both. Write `stoker dataset register NAME PATH` "
            "or `stoker dataset register -f FILE`."
        )
    if file is not None:
        made = described(file, validate=not skip_validation)
    else:
        given = _made(str(path), datastore, kind, validate=not skip_validation)
        tags = {key: value or "" for key, value in pairs(tag or []).items()}
        made = given.register(SESSION.workspace(), str(name), description, tags, create_new_version=True)
        if made.tags != tags or (description or "") != (made.description or ""):
            say(
                f"{made.name} is version {made.version} with this definition already, and keeps its description and "
                "tags. In Python, Dataset.add_tags changes the tags."
            )
    _emit(_record(made.name, str(made.version)))
    hint(f"Read it: `stoker dataset preview {made.name}`")


def described(file: str, *, validate: bool) -> Any:
    """Register what a JSON file describes, and return it."""
    import json

    from stoker.data._spec_file import register as register_described

    try:
        with open(file, encoding="utf-8") as opened:
            description = json.load(opened)
    except OSError as error:
        raise UsageProblem(f"The file {file!r} can't be read: {error.strerror}. Name one that is there.") from error
    except ValueError as error:
        raise UsageProblem(f"The file {file!r} is no JSON: {error}. Mend it and try again.") from error
    return register_described(SESSION.workspace(), description, validate=validate)


def _made(path: str, datastore: str | None, kind: str | None, *, validate: bool) -> Any:
    from stoker.core.dataset import Dataset as Datasets

    if kind not in {None, "tabular", "file"}:
        raise UsageProblem(f"The kind {kind!r} is neither tabular nor file. Give `--kind tabular` or `--kind file`.")
    where: Any = path
    if datastore is not None:
        from stoker.core.datastore import Datastore

        where = (Datastore.get(SESSION.workspace(), datastore), path)
    ending = os.path.splitext(path.partition("?")[0])[1].lower()
    reader = _TABLES.get(ending)
    if kind == "file" or (kind is None and reader is None):
        return Datasets.File.from_files(where, validate=validate)
    more: dict[str, Any] = {"separator": "\t"} if ending == ".tsv" else {}
    return getattr(Datasets.Tabular, f"from_{reader or 'delimited_files'}")(where, validate=validate, **more)


def _json(value: Any) -> str:
    import json

    return json.dumps(value, indent=2)


def _found(name: str, version: str) -> Any:
    from stoker.core.dataset import Dataset as Datasets

    record = _record(name, version)
    return Datasets.get_by_name(SESSION.workspace(), record["name"], record["version"])


@app.verb("preview")
def preview(
    name: Dataset,
    count: Annotated[int, Option("--count", "-n", help="How many rows or files", metavar="N", min=0)] = 10,
    version: Version = "latest",
) -> None:
    """Show a dataset's first rows, or files."""
    dataset = _found(name, version)
    if dataset._definition["kind"] == "File":  # noqa: SLF001  # one program
        paths = dataset.take(count).to_path()
        emit([{"path": path} for path in paths], [Column("PATH", "path", shrink=True)])
        return
    import contextlib

    from stoker.data._rows import reader

    with contextlib.closing(reader(dataset.take(count))) as rows:
        titles, found = rows.schema.names, rows.read_all().to_pylist()
    shown = [{key: _value(value) for key, value in row.items()} for row in found]
    emit(shown, [Column(title, _cell(title), shrink=True, named=True) for title in titles], empty="No rows.")


def _cell(title: str) -> Any:
    return lambda row: row.get(title)


def _value(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): _value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


@app.verb("profile")
def profile(name: Dataset, version: Version = "latest") -> None:
    """Show statistics of each column; all rows are read."""
    dataset = _found(name, version)
    if dataset._definition["kind"] == "File":  # noqa: SLF001  # one program
        raise UsageProblem(
            f"The dataset {name} holds files, and a profile is about rows. Look at `stoker dataset show`."
        )
    columns = [{key: _value(value) for key, value in facts_.items()} for facts_ in dataset.get_profile().columns]
    emit(columns, _PROFILE, empty="No columns.")


@app.verb("download")
def download(
    name: Dataset,
    folder: Annotated[str, Option("--directory", "-d", help="Where the files go", metavar="DIR")],
    version: Version = "latest",
    overwrite: Annotated[bool, option("--overwrite", about="Replace files that are there")] = False,
) -> None:
    """Copy a dataset's files to this machine."""
    from stoker.data._downloads import download as fetch
    from stoker.data._files import files_of

    dataset = _found(name, version)
    dataset._check_files("download")  # noqa: SLF001  # one program
    files = files_of(dataset._definition, SESSION.workspace())  # noqa: SLF001  # the same
    paths = fetch(files, folder, overwrite, ignore_not_found=False)
    say(f"{len(paths)} file{'s' if len(paths) != 1 else ''} in {folder}{os.sep}")
    emit([{"path": path} for path in paths], [Column("PATH", "path", shrink=True)])


@app.verb("unregister")
def unregister(name: Name, yes: Yes = False) -> None:
    """Take a dataset's name away, with all versions; no file is deleted."""
    confirm(f"Unregister all versions of the dataset {name}? Its files stay.", yes=yes)
    SESSION.api().delete(f"/datasets/by-name/{segment(name)}")
    emit({"unregistered": name}, text=lambda: f"Unregistered {name}. Its files stay where they are.")


@app.verb("lineage")
def lineage(
    name: Dataset,
    version: Version = "latest",
    up: Annotated[bool, option("--up", about="Only what it was made from")] = False,
    down: Annotated[bool, option("--down", about="Only what was made of it")] = False,
    depth: Annotated[int, option("--depth", about="How many runs far", metavar="N", min=1)] = 20,
) -> None:
    """Show which runs made a dataset, and which have used it."""
    from stoker.cli.lineage import show_lineage

    if up and down:
        raise UsageProblem("`--up` and `--down` exclude each other. Leave both out to see all.")
    direction = "up" if up else ("down" if down else None)
    record = _record(name, version)
    show_lineage(dataset=record["id"], direction=direction, depth=depth)
