"""Stoker: train models in every way that Azure Machine Learning's SDK v1 offered, on your own machines.

Nothing is imported before it is used: ``import stoker`` costs a millisecond.

Examples
--------
>>> from stoker import Experiment, ScriptRunConfig, Workspace  # doctest: +SKIP
"""

from __future__ import annotations

from stoker.base.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from stoker.core import (
        ComputeTarget,
        Environment,
        Experiment,
        Run,
        RunConfiguration,
        ScriptRunConfig,
        Workspace,
    )

__all__ = [
    "ComputeTarget",
    "Environment",
    "Experiment",
    "Run",
    "RunConfiguration",
    "ScriptRunConfig",
    "Workspace",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        import stoker.core

        return getattr(stoker.core, name)
    raise AttributeError(f"module 'stoker' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
