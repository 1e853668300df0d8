"""`stoker runconfig`: the run configurations of this folder."""

from __future__ import annotations

import os
from typing import Annotated, Any

from typer import Argument

from stoker.cli.app import Noun, option
from stoker.cli.configs import config_files
from stoker.cli.output import emit
from stoker.cli.session import SESSION, UsageProblem
from stoker.cli.table import Column

app = Noun()

Config = Annotated[str, Argument(metavar="RUNCONFIG", help="A name, or a file")]
Root = Annotated[str, option("--path", about="The folder; default: this one", metavar="DIR")]


@app.verb("list")
def list_configs(path: Root = ".") -> None:
    """List the folder's run configurations."""
    rows = []
    for name, file in config_files(path).items():
        config = _read(file)
        rows.append({"name": name, "target": config.get("target"), "script": config.get("script"), "file": file})
    columns = [
        Column("NAME", "name"),
        Column("TARGET", "target", named=True),
        Column("SCRIPT", "script", shrink=True),
        Column("FILE", "file", shrink=True),
    ]
    emit(rows, columns, empty="No run configurations. Make one: `stoker runconfig create local`.")


def _read(file: str) -> dict[str, Any]:
    """Return what the file says as it stands; a file that is no YAML mapping says nothing."""
    import yaml

    try:
        with open(file, encoding="utf-8") as source:
            value = yaml.safe_load(source)
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return value if isinstance(value, dict) else {}


def _file(name: str, path: str) -> str:
    if os.path.isfile(name):
        return name
    known = config_files(path)
    if name not in known:
        from stoker.base.names import suggestion

        raise UsageProblem(
            f"There is no run configuration {name!r} in {os.path.abspath(path)}. It is neither a file nor a name in "
            f".azureml or aml_config. {suggestion(name, known)}"
        )
    return known[name]


@app.verb("show")
def show(name: Config, path: Root = ".") -> None:
    """Show a run configuration with all its defaults."""
    from stoker.core import RunConfiguration

    definition = RunConfiguration.load(_file(name, path)).to_definition()
    emit(definition, text=lambda: _yaml(definition))


def _yaml(value: Any) -> str:
    import yaml

    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)).rstrip("\n")


@app.verb("create")
def create(
    name: Annotated[str, Argument(metavar="NAME")],
    target: Annotated[str | None, option("--target", about="Default: local", metavar="TARGET")] = None,
    framework: Annotated[
        str | None, option("--framework", about="Python, PyTorch or TensorFlow; default: Python", metavar="WORD")
    ] = None,
    environment: Annotated[
        str | None, option("--env", about="A registered environment; else this interpreter", metavar="ENVIRONMENT")
    ] = None,
    path: Root = ".",
) -> None:
    """Write a run configuration to .azureml/NAME.runconfig."""
    from stoker.core import Environment, RunConfiguration
    from stoker.core._submission import freeze_settings

    taken = config_files(path).get(name)
    if taken is not None:
        raise UsageProblem(
            f"There is a run configuration {name!r} already. It is {taken}, and is not overwritten. "
            "Choose another name, or edit that file."
        )
    config = RunConfiguration()
    config.target = target or "local"
    config.framework = framework or "Python"
    if environment:
        word, _, version = environment.partition(":")
        config.environment = Environment.get(SESSION.workspace(), word, version or None)
    else:
        config.environment.python.user_managed_dependencies = True
    freeze_settings(config)
    config.save(path=path, name=f"{name}.runconfig")
    file = config_files(path).get(name) or os.path.join(path, ".azureml", f"{name}.runconfig")
    emit({"name": name, "file": file}, text=lambda: f"Wrote {file}.")


@app.verb("validate")
def validate(name: Config, path: Root = ".") -> int:
    """Check a run configuration: the file, its script, its target."""
    from stoker.core import RunConfiguration

    file = _file(name, path)
    config = RunConfiguration.load(file)
    problems = _problems(config, path)
    found = {"file": file, "valid": not problems, "problems": problems}
    emit(found, text=lambda: "\n".join(problems) or f"{file} is fine.")
    return 1 if problems else 0


def _problems(config: Any, path: str) -> list[str]:
    problems = _setting_problems(config)
    if config.script and not os.path.isfile(os.path.join(path, config.script)):
        problems.append(f"The script {config.script!r} is not in {os.path.abspath(path)}.")
    target = str(config.target)
    if target != "local":
        problems.extend(_target_problems(target))
    return problems


def _setting_problems(config: Any) -> list[str]:
    """Return what a submission would refuse first."""
    import copy

    from stoker.core._submission import freeze_settings
    from stoker.exceptions import UserErrorException

    try:
        freeze_settings(copy.deepcopy(config))
    except UserErrorException as error:
        return [error.message]
    return []


def _target_problems(target: str) -> list[str]:
    """Look for the target, where a service runs that knows; this command never starts one."""
    from stoker.exceptions import UserErrorException

    try:
        api = SESSION.api_if_running()
    except UserErrorException:
        return [f"The target {target!r} could not be looked for: there is no workspace here."]
    if api is None:
        return []
    known = [item["name"] for item in api.get("/compute")["compute"]]
    if target in known:
        return []
    from stoker.base.names import suggestion

    return [f"The target {target!r} does not exist. {suggestion(target, [*known, 'local'])}"]
