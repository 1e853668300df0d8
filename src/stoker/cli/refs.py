"""Which run is meant: an id, its beginning, a display name, @last, @last-failed, or the address of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stoker.client import Api

__all__ = ["find_run", "name_of", "run_path", "segment"]


def segment(name: str) -> str:
    """Return a name as a segment of a path of the REST interface."""
    from stoker.client.http import quote_name

    return quote_name(name)


def name_of(reference: str) -> str:
    """Return the name in a reference: of an address, the run's id in it.

    Examples
    --------
    >>> name_of("http://127.0.0.1:8080/runs/diabetes_1?tab=logs"), name_of("@last")
    ('diabetes_1', '@last')
    """
    if not reference.startswith(("http://", "https://")):
        return reference
    from urllib.parse import unquote, urlsplit

    parts = [part for part in urlsplit(reference).path.split("/") if part]
    if "runs" in parts[:-1]:
        return unquote(parts[parts.index("runs") + 1])
    return reference


def find_run(api: Api, reference: str, experiment: str | None = None) -> dict[str, Any]:
    """Return the record of the run that is meant.

    Raises
    ------
    stoker.exceptions.NotFoundException, stoker.exceptions.ConflictException
        There is none; there are several.
    """
    run: dict[str, Any] = api.get("/runs/resolve", name=name_of(reference), experiment=experiment)
    return run


def run_path(run: dict[str, Any], *parts: str) -> str:
    """Return the path of a run's resource in the REST interface."""
    return "/".join(("/runs", segment(run["id"]), *parts))
