"""Options that several of v1's commands have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from typer import Option

from stoker.cli.app import Many, option
from stoker.cli.pairs import pairs

__all__ = ["Experiment", "RunId", "StoreName", "TargetName", "several", "texts"]

Experiment = Annotated[str | None, option("--experiment-name", "-e", about="The experiment", metavar="EXPERIMENT")]
RunId = Annotated[str, Option("--run", "-r", help="The run's id", metavar="RUN", show_default=False)]
TargetName = Annotated[str, Option("--name", "-n", help="The target", metavar="TARGET", show_default=False)]
StoreName = Annotated[str, Option("--name", "-n", help="The datastore", metavar="DATASTORE", show_default=False)]


def several(words: Many) -> dict[str, str | None]:
    """Return tags or properties: `k=v`, repeated or several in one word, separated by spaces.

    Examples
    --------
    >>> several(["a=1 b=2", "c=3"])
    {'a': '1', 'b': '2', 'c': '3'}
    """
    return pairs(_apart(words or []))


def texts(words: Many) -> dict[str, str]:
    """Return the same, where nothing may be without a value: a missing one is empty."""
    return {key: value or "" for key, value in several(words).items()}


def _apart(words: Sequence[str]) -> list[str]:
    """Split a word where each part of it is a `k=v`: a value may have spaces of its own."""
    found: list[str] = []
    for word in words:
        parts = word.split()
        found.extend(parts if parts and all("=" in part for part in parts) else [word])
    return found
