"""Words of the form `k=v`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stoker.cli.session import UsageProblem

__all__ = ["pairs", "tag_changes"]


def pairs(words: Sequence[str], *, need_value: bool = False) -> dict[str, str | None]:
    """Return `k=v` words as a dict; a `k` alone has no value.

    Examples
    --------
    >>> pairs(["a=1", "b", "c=x=y"])
    {'a': '1', 'b': None, 'c': 'x=y'}
    """
    found: dict[str, str | None] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not name or (need_value and not sign):
            raise UsageProblem(f"{word!r} is not of the form k=v. Write the name, an equals sign and the value.")
        found[name] = value if sign else None
    return found


def tag_changes(words: Sequence[str]) -> dict[str, Any]:
    """Return the body of a PATCH that sets `k=v` and `k`, and removes `k-`.

    Examples
    --------
    >>> tag_changes(["a=1", "b-"])
    {'tags': {'a': '1'}, 'remove_tags': ['b']}
    """
    removed = [word[:-1] for word in words if "=" not in word and word.endswith("-") and len(word) > 1]
    kept = [word for word in words if "=" in word or not word.endswith("-") or len(word) == 1]
    return {"tags": pairs(kept), "remove_tags": removed}
