"""`az ml environment`: the packages that runs start with."""

from __future__ import annotations

from typing import Annotated, Any

from typer import Option

from stoker.cli.app import option
from stoker.cli.az.command import V1Group
from stoker.cli.az.given import answer, workspace
from stoker.cli.session import UsageProblem

app = V1Group()

Name = Annotated[str, Option("--name", "-n", help="The environment", metavar="ENVIRONMENT", show_default=False)]
Version = Annotated[str | None, option("--version", "-v", about="Default: the latest", metavar="N")]
Folder = Annotated[str, Option("--directory", "-d", help="The folder", metavar="DIR", show_default=False)]


@app.v1("list")
def list_environments() -> None:
    """List environments."""
    answer([found.to_definition() for found in workspace().environments.values()])


@app.v1("show")
def show(name: Name, version: Version = None) -> None:
    """Show an environment."""
    answer(_found(name, version).to_definition())


def _found(name: str, version: str | None) -> Any:
    from stoker.core import Environment

    return Environment.get(workspace(), name, version)


@app.v1("register")
def register(folder: Folder) -> None:
    """Register the environment in a folder.

    It holds azureml_environment.json and conda_dependencies.yml.
    """
    from stoker.core import Environment

    try:
        definition = Environment.load_from_directory(folder)
    except FileNotFoundError as error:
        raise UsageProblem(
            f"There is no environment in {folder}. {error.filename or 'azureml_environment.json'} is missing. "
            f"Make the files with `stoker az ml environment scaffold -n NAME -d {folder}`."
        ) from error
    answer(definition.register(workspace()).to_definition())


@app.v1("scaffold")
def scaffold(name: Name, folder: Folder) -> None:
    """Write the files of a new environment, to be edited and registered."""
    from stoker.core import Environment

    _save(Environment(name), folder, overwrite=False)


@app.v1("download")
def download(
    name: Name,
    folder: Folder,
    version: Version = None,
    overwrite: Annotated[bool, option("--overwrite", about="The folder may be there already")] = False,
) -> None:
    """Write an environment's files."""
    _save(_found(name, version), folder, overwrite=overwrite)


def _save(definition: Any, folder: str, *, overwrite: bool) -> None:
    try:
        definition.save_to_directory(folder, overwrite=overwrite)
    except FileExistsError as error:
        raise UsageProblem(
            f"The folder {folder} is there already, and nothing in it is overwritten. Name another one."
        ) from error
    answer(None)
