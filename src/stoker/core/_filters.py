"""Filters by tag or property as the service reads them."""

from __future__ import annotations

from stoker.exceptions import UserErrorException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Union

    Filter = Union[str, Mapping[str, Any], None]

__all__ = ["query"]


def query(wanted: Filter) -> list[str]:
    """Return `key` and `key=value` words of a filter; a run must match all of them.

    Examples
    --------
    >>> query("quality"), query({"quality": "good", "simple": None})
    (['quality'], ['quality=good', 'simple'])
    """
    if not wanted:
        return []
    if isinstance(wanted, str):
        return [wanted]
    if not hasattr(wanted, "items"):
        raise UserErrorException(
            f"A filter is a {type(wanted).__name__}. Give a key, or a dict: key -> value.", target="tags"
        )
    return [str(key) if value is None else f"{key}={value}" for key, value in wanted.items()]
