"""`az ml folder`: which workspace and experiment a folder belongs to."""

from __future__ import annotations

import os
from typing import Any

from stoker.cli.az.command import V1Group
from stoker.cli.az.given import GIVEN, answer
from stoker.cli.az.options import Experiment
from stoker.cli.session import UsageProblem, say

app = V1Group()

_UNWANTED = (".ipynb_checkpoints", "/azureml-logs", "/azureml-setup", "/.azureml", "/.git", "/outputs")
"""What v1's file leaves out of a run's source too; `docs`, which v1 names as well, may be the user's own."""


@app.v1("attach")
def attach(experiment: Experiment = None) -> None:
    """Make a folder belong to a workspace and an experiment.

    Writes .azureml/config.json, and where they are not there: conda_dependencies.yml, local.runconfig and
    docker.runconfig beside it, and .amlignore.
    """
    from stoker.base.names import check_experiment_name
    from stoker.cli.configs import attach_experiment
    from stoker.cli.submit import experiment_name

    path = os.path.abspath(GIVEN.path)
    if os.path.exists(path) and not os.path.isdir(path):
        raise UsageProblem(f"The path {GIVEN.path!r} is a file. Name a folder with `--path`.")
    if experiment is not None:
        check_experiment_name(experiment)
    home = _home(path)
    os.makedirs(path, exist_ok=True)
    name = experiment_name(experiment, path)
    home.write_config(path=path)
    attach_experiment(path, name)
    _write_files(path)
    answer(
        {
            "Experiment name": name,
            "Subscription id": home.subscription_id,
            "Resource group": home.resource_group,
            "Workspace name": home.name,
            "Project path": path,
        }
    )


def _home(path: str) -> Any:
    """Return the workspace: the one that is named, else that of the folder, which may have to be made first."""
    from stoker.cli.az.given import workspace

    if not os.path.isdir(path):
        GIVEN.path = "."
    return workspace()


def _write_files(path: str) -> None:
    """Write what is missing of v1's files; nothing that is there is changed."""
    from stoker.cli.configs import config_files
    from stoker.core import RunConfiguration
    from stoker.core.conda_dependencies import CondaDependencies

    conda = os.path.join(path, ".azureml", "conda_dependencies.yml")
    own = _bytes(conda)
    dependencies = CondaDependencies() if own is None else CondaDependencies(conda)
    for name in ("local", "docker"):
        if name in config_files(path):
            say(f"Left as it is: {config_files(path)[name]}")
            continue
        config = RunConfiguration()
        config.environment.python.conda_dependencies = dependencies
        config.environment.docker.enabled = name == "docker"
        config.save(path=os.path.join(path, ".azureml", f"{name}.runconfig"))
    if own is not None:
        # Saving a configuration writes the packages too, and has lost the comments in the user's own file.
        with open(conda, "wb") as file:
            file.write(own)
    _write_ignore(path)


def _bytes(path: str) -> bytes | None:
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        return file.read()


def _write_ignore(path: str) -> None:
    """Write `.amlignore`; it takes the place of `.gitignore`, so that one's rules go into it too."""
    target = os.path.join(path, ".amlignore")
    if any(os.path.exists(os.path.join(path, name)) for name in (".amlignore", ".stokerignore")):
        return
    rules = os.path.join(path, ".gitignore")
    lines = [*_UNWANTED]
    if os.path.isfile(rules):
        with open(rules, encoding="utf-8", errors="surrogateescape") as file:
            lines += ["# of .gitignore, which is not read where this file is:", *file.read().splitlines()]
    with open(target, "x", encoding="utf-8", errors="surrogateescape") as file:
        file.write("\n".join(lines) + "\n")
