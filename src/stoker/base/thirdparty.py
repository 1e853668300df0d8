"""The one library that run-side code may use: yaml, in pure Python.

On a target it lies inside Stoker's own run-side folder under a private name, so that it never
meets the user's version; elsewhere it is the installed one.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["load"]


def load(name: str) -> ModuleType:
    """Return the module `name` (`"yaml"`), the private copy first."""
    try:
        return importlib.import_module(f"stoker._thirdparty.{name}")
    except ModuleNotFoundError:
        return importlib.import_module(name)
