"""The two pure-Python libraries that run-side code may use: pathspec and yaml.

On a target they lie inside Stoker's own run-side folder under a private name, so that they never
meet the user's versions; elsewhere they are the installed ones.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["load"]


def load(name: str) -> ModuleType:
    """Return the module `name` (`"pathspec"` or `"yaml"`), the private copy first."""
    try:
        return importlib.import_module(f"stoker._thirdparty.{name}")
    except ModuleNotFoundError:
        return importlib.import_module(name)
