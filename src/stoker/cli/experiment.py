"""`stoker experiment`: groups of runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from typer import Argument, Option

from stoker.cli.app import Noun
from stoker.cli.output import emit
from stoker.cli.pairs import tag_changes
from stoker.cli.refs import segment
from stoker.cli.session import SESSION
from stoker.cli.table import Column, facts
from stoker.cli.units import ago

app = Noun()

Experiment = Annotated[str, Argument(metavar="EXPERIMENT")]
View = Literal["active", "archived", "all"]


def _last(row: Any) -> str | None:
    last = row.get("last_run")
    if isinstance(last, dict):
        last = last.get("created")
    try:
        return ago(last)
    except ValueError:
        return str(last)


_COLUMNS = [
    Column("EXPERIMENT", "name"),
    Column("RUNS", "run_count", right=True, named=True),
    Column("LAST RUN", _last, right=True, named=True),
    Column("ARCHIVED", lambda row: "yes" if row.get("archived") else None, named=True),
    Column("TAGS", "tags", shrink=True),
]


@app.verb("list")
def list_experiments(
    view: Annotated[View, Option("--view", help="active, archived or all", show_default=False)] = "active",
) -> None:
    """List experiments."""
    found = SESSION.get("/experiments", view=view)["experiments"]
    emit(found, _COLUMNS, empty="No experiments. The first run makes one.")


@app.verb("show")
def show(name: Experiment) -> None:
    """Show one experiment."""
    _emit(SESSION.api().get(f"/experiments/{segment(name)}"))


def _emit(record: dict[str, Any]) -> None:
    pairs = [
        ("Experiment", record["name"]),
        ("Id", record["id"]),
        ("Description", record.get("description")),
        ("Created", f"{record['created']} ({ago(record['created'])})"),
        ("Archived", record.get("archived")),
        ("Runs", str(record.get("run_count", ""))),
        ("Last run", _last(record)),
        ("Tags", record.get("tags")),
    ]
    emit(record, text=lambda: facts(pairs))


@app.verb("archive")
def archive(name: Experiment) -> None:
    """Hide an experiment from lists; its runs stay."""
    _change(name, {"archived": True})


@app.verb("reactivate")
def reactivate(name: Experiment) -> None:
    """Show an archived experiment again."""
    _change(name, {"archived": False})


@app.verb("tag")
def tag(
    name: Experiment,
    changes: Annotated[list[str], Argument(metavar="k=v", help="k=v sets, k alone too, k- removes")],
) -> None:
    """Set and remove tags of an experiment."""
    _change(name, tag_changes(changes))


def _change(name: str, body: dict[str, Any]) -> None:
    _emit(SESSION.api().patch(f"/experiments/{segment(name)}", body))
