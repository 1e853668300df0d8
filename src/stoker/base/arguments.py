"""The arguments of a run as people read them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["shown_arguments"]

_STANDS_FOR = re.compile(r"(DatasetConsumptionConfig|DatasetOutputConfig):([A-Za-z0-9_.-]+)")


def shown_arguments(definition: Mapping[str, Any] | None) -> list[str]:
    """Return a run's arguments as texts, with the dataset's name and version where a word stands for an input.

    Parameters
    ----------
    definition : mapping or None
        What the run was told to do.

    Examples
    --------
    >>> dataset = {"id": "d1", "name": "houses", "version": 2}
    >>> data = {"training": {"dataLocation": {"dataset": dataset}}}
    >>> shown_arguments({"arguments": ["--data", "DatasetConsumptionConfig:training", 3], "data": data})
    ['--data', 'houses:2', '3']
    """
    definition = definition or {}

    def name(match: re.Match[str]) -> str:
        if match[1] == "DatasetOutputConfig":
            return f"output {match[2]}"
        return _label(definition.get("data"), match[2])

    return [_STANDS_FOR.sub(name, str(item)) for item in definition.get("arguments") or []]


def _label(sections: Any, name: str) -> str:
    """Return what an input is a version of; one that has no name is called by its own."""
    found: Any = sections
    for key in (name, "dataLocation", "dataset"):
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or not found.get("name"):
        return f"input {name}"
    return f"{found['name']}:{found.get('version') or 'latest'}"
