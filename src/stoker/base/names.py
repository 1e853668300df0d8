"""Which names are legal, and which known name a wrong one probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from stoker.exceptions import ComputeTargetException, UserErrorException, WorkspaceException

__all__ = [
    "check_compute_name",
    "check_experiment_name",
    "check_free_name",
    "check_run_id",
    "check_workspace_name",
    "legal_workspace_name",
    "nearest",
    "some_of",
    "suggestion",
]

_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}\Z")
_EXPERIMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}\Z")
_FREE = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,255}\Z")
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,299}\Z")
_COMPUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,31}\Z")


def check_workspace_name(name: object) -> str:
    """Return `name`, or raise `WorkspaceException` with the rule it breaks."""
    if isinstance(name, str) and _WORKSPACE.match(name):
        return name
    raise WorkspaceException(
        f"The workspace name {name!r} can't be used. A name has 3 to 33 characters: letters, digits, hyphens and "
        "underscores, the first a letter or digit. Choose another one.",
        target="name",
    )


def legal_workspace_name(text: str, taken: Iterable[str] = ()) -> str:
    """Return `text` made a legal workspace name, numbered if it is taken.

    Examples
    --------
    >>> legal_workspace_name("my folder!", taken=["my-folder"])
    'my-folder-2'
    """
    base = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-_")[:28] or "workspace"
    if len(base) < 3:
        base = f"{base}-workspace"
    used = set(taken)
    name, number = base, 1
    while name in used:
        number += 1
        name = f"{base}-{number}"
    return name


def check_experiment_name(name: object) -> str:
    """Return `name`, or raise `UserErrorException` with the rule it breaks."""
    if isinstance(name, str) and _EXPERIMENT.match(name):
        return name
    raise UserErrorException(
        f"The experiment name {name!r} can't be used. A name has 1 to 255 characters: letters, digits, underscores "
        "and hyphens, the first a letter or digit. Choose another one.",
        target="name",
    )


def check_free_name(name: object, what: str) -> str:
    """Return `name`, which may have almost any characters, or raise `UserErrorException` with the rule it breaks.

    Other clients name experiments more freely than v1's SDK, which keeps its own rule.

    Parameters
    ----------
    name : str
    what : str
        What is named, for the message.

    Examples
    --------
    >>> check_free_name("My first experiment", "experiment")
    'My first experiment'
    """
    if isinstance(name, str) and name == name.strip() and _FREE.match(name):
        return name
    raise UserErrorException(
        f"The {what} name {str(name)[:300]!r} can't be used. A name has 1 to 255 characters, none of them a line break "
        "or the like, and no space at its ends. Choose another one.",
        target="name",
    )


def check_run_id(run_id: object) -> str:
    """Return `run_id`, or raise `UserErrorException` with the rule it breaks."""
    if isinstance(run_id, str) and _RUN_ID.match(run_id):
        return run_id
    raise UserErrorException(
        f"The run id {run_id!r} can't be used. An id has 1 to 300 characters: letters, digits, '.', '_' and '-', "
        "the first a letter or digit. Leave it out and Stoker makes one.",
        target="run_id",
    )


def check_compute_name(name: object) -> str:
    """Return `name`, or raise `ComputeTargetException` with the rule it breaks."""
    if isinstance(name, str) and _COMPUTE.match(name):
        return name
    raise ComputeTargetException(
        f"The compute target name {name!r} can't be used. A name has 2 to 32 characters: letters, digits and "
        "hyphens, the first a letter. Choose another one.",
        target="name",
    )


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names most like `name`, best first, at most three."""
    import difflib

    lower = {item.lower(): item for item in known}
    return [lower[match] for match in difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.5)]


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a sentence that helps with a wrong name: the nearest known ones, or all of a few.

    Examples
    --------
    >>> suggestion("trian", ["train", "score"])
    "Did you mean 'train'?"
    """
    names = sorted(set(known))
    close = nearest(name, names)
    if close:
        return f"Did you mean {' or '.join(repr(item) for item in close)}?"
    if not names:
        return "There is none yet."
    return f"There is: {some_of(names, 10)}."


def some_of(names: Sequence[str], most: int) -> str:
    """Return the first names as half a sentence, with how many more there are.

    Examples
    --------
    >>> some_of(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
