"""The run configurations of a folder, by name."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["attach_experiment", "attached_experiment", "config_files"]

_PLACES = (".azureml", "aml_config")
_ENDING = ".runconfig"


def config_files(folder: str) -> dict[str, str]:
    """Return name -> file of the run configurations in `.azureml` and `aml_config` of `folder`.

    A file without an ending is one too: `RunConfiguration.save` writes it so, as v1 does.
    """
    found: dict[str, str] = {}
    for place in _PLACES:
        inside = os.path.join(folder, place)
        names = sorted(os.listdir(inside)) if os.path.isdir(inside) else []
        for name in names:
            file = os.path.join(inside, name)
            if name.endswith(_ENDING) or ("." not in name and os.path.isfile(file)):
                found.setdefault(name.removesuffix(_ENDING), file)
    return found


def attached_experiment(folder: str) -> str | None:
    """Return the experiment that `az ml folder attach` has named for a folder, or for one above it."""
    here = os.path.abspath(folder)
    while True:
        content = _workspace_file(here)
        if content is not None:
            name = content.get("experiment_name")
            return name if isinstance(name, str) and name else None
        above = os.path.dirname(here)
        if above == here:
            return None
        here = above


def attach_experiment(folder: str, name: str) -> None:
    """Keep an experiment's name in the folder's workspace file, which is there."""
    from stoker.base.jsonio import write_json

    write_json(_file_of(folder), {**(_workspace_file(folder) or {}), "experiment_name": name}, mode=0o644)


def _workspace_file(folder: str) -> dict[str, Any] | None:
    """Return what `.azureml/config.json` says; None where it is none of a workspace's."""
    from stoker.base.jsonio import read_json

    content = read_json(_file_of(folder))
    return content if isinstance(content, dict) and "workspace_name" in content else None


def _file_of(folder: str) -> str:
    return os.path.join(folder, ".azureml", "config.json")
