"""Files of settings that v1 reads: run configurations, pipelines and sweeps in YAML."""

from __future__ import annotations

import re

from stoker.exceptions import StokerException
from stoker.porting.findings import Finding, Verdict

__all__ = ["read_configuration"]

_KINDS = {
    "pipeline": "Pipelines come with a later version; until then submit their steps one by one.",
    "sampling": "Hyperparameter sweeps come with a later version; until then submit a run for each setting.",
}
"""Key of a YAML file -> what is said of it."""


def read_configuration(text: str, path: str, file: str) -> list[Finding]:
    """Return what a file of settings uses of v1; nothing for other YAML files.

    Parameters
    ----------
    text : str
    path : str
        Where the file is.
    file : str
        Its name, for the report.
    """
    if file.endswith(".runconfig"):
        return [_run_configuration(path, file)]
    found = []
    for key in re.finditer(r"^(pipeline|sampling):", text, re.MULTILINE):
        if _is_v1(key.group(1), text):
            line = text[: key.start()].count("\n") + 1
            found.append(Finding(file, line, f"{key.group(1)} in YAML", Verdict.MISSING, _KINDS[key.group(1)]))
    return found


def _is_v1(kind: str, text: str) -> bool:
    return (
        re.search(r"^\s+(steps|name):" if kind == "pipeline" else r"^\s+parameter_space:", text, re.MULTILINE)
        is not None
    )


def _run_configuration(path: str, file: str) -> Finding:
    from stoker.core.runconfig import RunConfiguration

    name = "azureml.core.RunConfiguration.load"
    try:
        loaded = RunConfiguration.load(path)
    except StokerException as error:
        return Finding(file, 1, name, Verdict.DIFFERS, f"It can't be read: {error}")
    if str(loaded.framework).lower() == "pyspark":
        return Finding(file, 1, name, Verdict.MISSING, "The framework PySpark comes with a later version.")
    return Finding(file, 1, name, Verdict.WORKS)
