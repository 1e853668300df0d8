"""`stoker environment`: the packages that runs start with."""

from __future__ import annotations

import os
import re
import time
from typing import Annotated, Any

from typer import Argument, Option

from stoker.cli.app import Many, Noun, Yes, option
from stoker.cli.interpreter import own_python
from stoker.cli.output import emit
from stoker.cli.refs import segment
from stoker.cli.session import SESSION, UsageProblem, confirm, say
from stoker.cli.table import Column, facts
from stoker.cli.units import ago
from stoker.exceptions import EnvironmentBuildException

app = Noun()

Environment = Annotated[str, Argument(metavar="ENVIRONMENT")]
Version = Annotated[str | None, option("--version", about="Default: the latest", metavar="N")]
Folder = Annotated[str, Option("--directory", "-d", help="The folder", metavar="DIR")]

_COLUMNS = [
    Column("ENVIRONMENT", "name"),
    Column("VERSION", "version", right=True, named=True),
    Column("CREATED", lambda row: ago(row.get("created")), right=True),
    Column("PYTHON", lambda row: _python(row.get("definition") or {}), shrink=True),
]


def _python(definition: dict[str, Any]) -> str:
    """Return in a few words where the packages come from."""
    python = definition.get("python") or {}
    if python.get("userManagedDependencies"):
        return f"as it is: {python.get('interpreterPath') or 'python'}"
    return ", ".join(_packages(python.get("condaDependencies")))


def _packages(dependencies: Any) -> list[str]:
    words: list[str] = []
    for item in (dependencies or {}).get("dependencies") or []:
        words.extend(item.get("pip") or [] if isinstance(item, dict) else [str(item)])
    return words


@app.verb("list")
def list_environments() -> None:
    """List registered environments."""
    found = SESSION.get("/environments")["environments"]
    emit(found, _COLUMNS, empty="No environments. Register one: `stoker environment create NAME --pip FILE`.")


@app.verb("show")
def show(
    name: Environment,
    version: Version = None,
    versions: Annotated[bool, option("--versions", about="List all versions")] = False,
) -> None:
    """Show an environment's packages and variables."""
    api, path = SESSION.api(), f"/environments/{segment(name)}"
    if versions:
        emit(api.get(f"{path}/versions")["versions"], _COLUMNS)
    else:
        _emit(api.get(path, version=version))


def _emit(record: dict[str, Any]) -> None:
    definition = record.get("definition") or {}
    python = definition.get("python") or {}
    docker = definition.get("docker") or {}
    managed = python.get("userManagedDependencies")
    pairs = [
        ("Environment", f"{record['name']} (version {record['version']})"),
        ("Created", record.get("created")),
        ("Interpreter", (python.get("interpreterPath") or "python") if managed else None),
        ("Packages", "\n".join(_packages(python.get("condaDependencies"))) if not managed else None),
        ("Image", docker.get("baseImage") if docker.get("enabled") else None),
        ("Variables", definition.get("environmentVariables")),
    ]
    emit(record, text=lambda: facts(pairs))


@app.verb("create")
def create(
    name: Annotated[str, Argument(metavar="NAME")],
    conda: Annotated[str | None, option("--conda", about="Conda specification (YAML)", metavar="FILE")] = None,
    pip: Annotated[str | None, option("--pip", about="Requirements file", metavar="FILE")] = None,
    python: Annotated[
        str | None, option("--python", about="A version to build with, or an interpreter to use as it is", metavar="X")
    ] = None,
    package: Annotated[
        Many, option("--package", about="With --python VERSION: a requirement; may be repeated", metavar="REQUIREMENT")
    ] = None,
) -> None:
    """Register an environment: from a file, a Python version, or an interpreter."""
    if sum(item is not None for item in (conda, pip, python)) != 1:
        raise UsageProblem(
            "An environment is made of one thing: `--conda FILE`, `--pip FILE` or `--python X`. "
            f"Write for example `stoker environment create {name} --pip requirements.txt`."
        )
    for file in (conda, pip):
        if file is not None and not os.path.isfile(file):
            raise UsageProblem(f"There is no file {file!r} in {os.getcwd()}. Name a file that is there.")
    _register(_made(name, conda, pip, python, package or []))


def _made(name: str, conda: str | None, pip: str | None, python: str | None, packages: list[str]) -> Any:
    from stoker.core import Environment as Definition

    if conda is not None:
        return Definition.from_conda_specification(name, conda)
    if pip is not None:
        return _of_requirements(name, pip)
    made = Definition(name)
    if python is not None and re.fullmatch(r"\d+(\.\d+)*", python):
        from stoker.core.conda_dependencies import CondaDependencies

        made.python.conda_dependencies = CondaDependencies.create(python_version=python, pip_packages=packages)
    else:
        made.python.user_managed_dependencies = True
        made.python.interpreter_path = str(python)
    return made


def _of_requirements(name: str, file: str) -> Any:
    """Return an environment for any Python: who names only packages has not chosen v1's default, 3.8.13."""
    from stoker.core import Environment as Definition

    made = Definition.from_pip_requirements(name, file)
    made.python.conda_dependencies.remove_conda_package("python")
    return made


def _register(definition: Any) -> None:
    made = definition.register(SESSION.workspace())
    _emit(SESSION.api().get(f"/environments/{segment(made.name)}", version=made.version))


@app.verb("register")
def register(folder: Folder) -> None:
    """Register the environment in a folder.

    It holds azureml_environment.json and conda_dependencies.yml.
    """
    from stoker.core import Environment as Definition

    try:
        definition = Definition.load_from_directory(folder)
    except FileNotFoundError as error:
        raise UsageProblem(
            f"There is no environment in {folder}. {error.filename or 'azureml_environment.json'} is missing. "
            f"Make the files with `stoker environment scaffold NAME -d {folder}`."
        ) from error
    _register(definition)


@app.verb("scaffold")
def scaffold(name: Annotated[str, Argument(metavar="NAME")], folder: Folder) -> None:
    """Write the files of a new environment, to be edited and registered."""
    from stoker.core import Environment as Definition

    _save(Definition(name), folder)


@app.verb("download")
def download(name: Environment, folder: Folder, version: Version = None) -> None:
    """Write a registered environment's files."""
    from stoker.core import Environment as Definition

    _save(Definition.get(SESSION.workspace(), name, version), folder)


def _save(definition: Any, folder: str) -> None:
    try:
        definition.save_to_directory(folder)
    except FileExistsError as error:
        raise UsageProblem(
            f"The folder {folder} is there already, and nothing in it is overwritten. Name another one."
        ) from error
    emit({"directory": folder}, text=lambda: f"Wrote {folder}{os.sep}azureml_environment.json.")


@app.verb("build")
def build(name: Environment, version: Version = None) -> None:
    """Build an environment ahead of the first run that needs it."""
    api = SESSION.api()
    started = api.post(f"/environments/{segment(name)}/build", version=version, python=own_python())
    record, shown = _watched(api, started["id"])
    if record["status"] != "Succeeded":
        raise EnvironmentBuildException(f"The environment {name} could not be built. {record['error'] or ''}")
    text = "Built." if shown else "Nothing had to be built."
    emit(record["resolved"] or {}, text=lambda: text)


def _watched(api: Any, build_id: str) -> tuple[dict[str, Any], int]:
    """Show the build's log until it has ended; look often at first, then once a second at most."""
    shown, pause = 0, 0.05
    try:
        while True:
            record: dict[str, Any] = api.get(f"/environments/builds/{segment(build_id)}", offset=shown)
            text = record["log"]
            shown += len(text)
            if text:
                say(text.rstrip("\n"))
            if record["status"] != "Running":
                return record, shown
            pause = 0.05 if text else min(pause * 1.5, 1.0)
            time.sleep(pause)
    except KeyboardInterrupt:
        say("Detached; the build goes on, and the run that needs it waits for it.")
        raise


@app.verb("delete")
def delete(name: Environment, version: Version = None, yes: Yes = False) -> None:
    """Delete an environment, or one version; runs keep their own record of it."""
    which = f"version {version} of the environment {name}" if version else f"all versions of the environment {name}"
    confirm(f"Delete {which}?", yes=yes)
    SESSION.api().delete(f"/environments/{segment(name)}", version=version)
    emit({"deleted": name, "version": version}, text=lambda: f"Deleted {which}.")
