"""`az ml dataset`: named and versioned data."""

from __future__ import annotations

import json
from typing import Annotated, Any

from typer import Option

from stoker.cli.app import option
from stoker.cli.az.command import V1Group
from stoker.cli.az.given import answer, api, workspace
from stoker.cli.refs import segment
from stoker.cli.session import UsageProblem, say
from stoker.exceptions import UserErrorException

app = V1Group()

Name = Annotated[str | None, option("--name", "-n", about="The name it is registered by", metavar="DATASET")]
Id = Annotated[str | None, option("--id", "-i", about="Or its id", metavar="ID")]


@app.v1("list")
def list_datasets() -> None:
    """List registered datasets, each by its latest version."""
    found = api().get("/datasets")["datasets"]
    answer([{key: record.get(key) for key in ("id", "name", "version", "description", "tags")} for record in found])


@app.v1("show")
def show(
    name: Name = None,
    version: Annotated[str, option("--version", "-v", about="Default: the latest", metavar="N")] = "latest",
    dataset_id: Id = None,
) -> None:
    """Show what a dataset is made of."""
    from stoker.core import Dataset

    if version != "latest" and name is None:
        raise UsageProblem("A version is one of a name, and none was given. Add `-n NAME`, or leave `--version` out.")
    _one_of(name, dataset_id)
    home = workspace()
    found = Dataset.get_by_id(home, str(dataset_id)) if name is None else Dataset.get_by_name(home, name, version)
    answer(_shape(found))


def _one_of(name: str | None, dataset_id: str | None) -> None:
    if (name is None) == (dataset_id is None):
        raise UsageProblem("A dataset is named by its name or by its id. Give one of `-n NAME` and `-i ID`.")


def _shape(dataset: Any) -> Any:
    """Return what v1 shows of a dataset, which is the text that the SDK prints."""
    return json.loads(repr(dataset))


@app.v1("register")
def register(
    file: Annotated[str | None, option("--file", "-f", about="A description in JSON", metavar="FILE")] = None,
    skip_validation: Annotated[bool, option("--skip-validation", about="Don't look at the data now")] = False,
    show_template: Annotated[bool, option("--show-template", about="Write a description to start from")] = False,
) -> None:
    """Register a dataset that a file describes."""
    from stoker.cli.dataset import described

    if show_template:
        from stoker.data._spec_file import template

        if file is not None:
            raise UsageProblem("`--show-template` and `--file` exclude each other. Leave one out.")
        answer(template())
        return
    if file is None:
        raise UsageProblem("A dataset is described by a file, and none was named. Add `-f FILE`.")
    workspace()
    answer(_shape(described(file, validate=not skip_validation)))


@app.v1("unregister")
def unregister(
    name: Annotated[str, Option("--name", "-n", help="The name", metavar="DATASET", show_default=False)],
) -> None:
    """Take a dataset's name away, with all versions; no file is deleted."""
    from stoker.exceptions import NotFoundException

    try:
        api().delete(f"/datasets/by-name/{segment(name)}")
    except NotFoundException:
        # v1 counts this as done.
        say(f"No dataset is registered by the name {name!r}.")
        answer(None)
        return
    say(f"Unregistered all versions of {name}. Its files stay where they are.")
    answer(None)


@app.v1("archive")
def archive(name: Name = None, dataset_id: Id = None) -> None:
    """Hide a dataset from what is new; it can still be read."""
    _change_state(name, dataset_id, "archived")


@app.v1("deprecate")
def deprecate(
    by: Annotated[str, Option("--deprecate-by-id", "-d", help="The id of what is to be used instead", metavar="ID")],
    name: Name = None,
    dataset_id: Id = None,
) -> None:
    """Mark a dataset as replaced by another."""
    other = api().get(f"/datasets/by-id/{segment(by)}")
    _change_state(name, dataset_id, "deprecated", by=other["id"])


@app.v1("reactivate")
def reactivate(name: Name = None, dataset_id: Id = None) -> None:
    """Make an archived or deprecated dataset an ordinary one again."""
    _change_state(name, dataset_id, "active")


def _change_state(name: str | None, dataset_id: str | None, state: str, by: str | None = None) -> None:
    _one_of(name, dataset_id)
    service = api()
    found = f"/datasets/by-name/{segment(name)}" if name else f"/datasets/by-id/{segment(str(dataset_id))}"
    record = service.get(found)
    if record["state"] == state:
        raise UserErrorException(
            f"The dataset {record['name'] or record['id']} is {state} already. Nothing had to be changed."
        )
    changed = service.patch(f"/datasets/by-id/{segment(record['id'])}", {"state": state})
    answer(_facts(changed, by))


def _facts(record: dict[str, Any], by: str | None) -> dict[str, Any]:
    """Return what v1 shows after a change of state."""
    from stoker.data._definition import without_secrets

    first = (without_secrets(record)["definition"]["source"].get("paths") or [{}])[0]
    facts = {
        "Name": record["name"],
        "Workspace": workspace().name,
        "State": record["state"],
        "ID": record["id"],
        "Description": record["description"],
        "Tags": record["tags"],
        "Latest version": record["version"],
        "Created Time": record["created"],
        "Modified Time": record["modified"],
        "Datastore": first.get("datastore"),
        "Relative Path": first.get("path") or first.get("url") or first.get("local"),
    }
    return facts if by is None else {**facts, "Deprecated by": by}
