"""The user's list of workspaces: name -> folder or address, in `STOKER_HOME/workspaces.json`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from stoker.base.jsonio import read_json, write_json
from stoker.base.paths import WorkspacePaths, stoker_home

__all__ = ["all_workspaces", "forget", "lookup", "register"]


def all_workspaces() -> dict[str, str]:
    """Return name -> root folder (or URL) of each workspace that still exists."""
    return {name: place for name, place in _read().items() if _exists(place)}


def lookup(name: str) -> str | None:
    """Return the root folder (or URL) of the workspace `name`, or None."""
    return all_workspaces().get(name)


def register(name: str, place: str) -> None:
    """Remember that the workspace `name` is at `place`; an entry whose folder is gone is replaced."""
    with _locked():
        known = {key: value for key, value in _read().items() if _exists(value) and value != place}
        known[name] = place
        write_json(_file(), known)


def forget(place: str) -> None:
    """Drop the workspace at `place` from the list."""
    with _locked():
        write_json(_file(), {key: value for key, value in _read().items() if value != place})


def _file() -> str:
    return os.path.join(stoker_home(), "workspaces.json")


def _read() -> dict[str, str]:
    known = read_json(_file())
    return known if isinstance(known, dict) else {}


def _exists(place: str) -> bool:
    return "://" in place or os.path.exists(WorkspacePaths.of_root(place).config)


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    from stoker.base.locks import held

    os.makedirs(stoker_home(), mode=0o700, exist_ok=True)
    with held(os.path.join(stoker_home(), "workspaces.lock")):
        yield
