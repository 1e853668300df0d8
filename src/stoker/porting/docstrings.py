"""What docstrings of Stoker say about v1: how a thing differs, what to use instead of it, what kinds it may return."""

from __future__ import annotations

import inspect
import re
from typing import Any

__all__ = ["difference", "kinds_returned", "refusal"]

_DIFFERS = "Differs from v1:"
_RETURNS = re.compile(r"^Returns\n-+\n(\w+(?: or \w+)+)$", re.MULTILINE)


def difference(thing: Any) -> str:
    """Return what the docstring of a class or function says to differ from v1; empty where it says nothing."""
    text = inspect.getdoc(thing) or ""
    if _DIFFERS not in text:
        return ""
    return _sentence(" ".join(text.partition(_DIFFERS)[2].partition("\n\n")[0].split()))


def refusal(function: Any) -> str:
    """Return what a function that never returns says of itself; empty for any other thing."""
    if getattr(function, "__annotations__", {}).get("return") != "NoReturn":
        return ""
    return _sentence((inspect.getdoc(function) or "").partition("\n")[0].partition(": ")[2])


def kinds_returned(function: Any) -> list[str]:
    """Return the names of the classes of which a function returns one; nothing where it is always the same.

    Examples
    --------
    >>> from stoker.core import Dataset
    >>> kinds_returned(Dataset.get_by_name)
    ['TabularDataset', 'FileDataset']
    """
    said = _RETURNS.search(inspect.getdoc(function) or "")
    return said[1].split(" or ") if said else []


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
