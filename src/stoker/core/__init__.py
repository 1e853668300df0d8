"""The SDK: workspaces, experiments, runs and what a run needs. Nothing is imported before it is used."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core.compute import ComputeTarget
    from stoker.core.dataset import Dataset
    from stoker.core.datastore import Datastore
    from stoker.core.environment import Environment
    from stoker.core.experiment import Experiment
    from stoker.core.keyvault import Keyvault
    from stoker.core.model import Model
    from stoker.core.run import Run
    from stoker.core.runconfig import RunConfiguration
    from stoker.core.script_run import ScriptRun
    from stoker.core.script_run_config import ScriptRunConfig
    from stoker.core.workspace import Workspace

VERSION = "1.62.0"
"""The version of v1's SDK that code written for it may take this for; Stoker's own is `stoker.__version__`."""
__version__ = VERSION

__all__ = [
    "VERSION",
    "ComputeTarget",
    "Dataset",
    "Datastore",
    "Environment",
    "Experiment",
    "Keyvault",
    "Model",
    "Run",
    "RunConfiguration",
    "ScriptRun",
    "ScriptRunConfig",
    "Workspace",
    "__version__",
]

_HOME = {
    "ComputeTarget": "compute",
    "Dataset": "dataset",
    "Datastore": "datastore",
    "Environment": "environment",
    "Experiment": "experiment",
    "Keyvault": "keyvault",
    "Model": "model",
    "Run": "run",
    "RunConfiguration": "runconfig",
    "ScriptRun": "script_run",
    "ScriptRunConfig": "script_run_config",
    "Workspace": "workspace",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        import importlib

        value = getattr(importlib.import_module(f"stoker.core.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'stoker.core' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
