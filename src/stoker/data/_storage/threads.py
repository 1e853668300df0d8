"""Several files at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["AT_ONCE", "in_threads"]

AT_ONCE = 16
"""Files that are fetched at the same time."""

Item = TypeVar("Item")


def in_threads(call: Callable[[Item], None], items: Sequence[Item], most: int = AT_ONCE) -> None:
    """Call for each item, several at once; after an error no new ones are begun."""
    if most == 1 or len(items) < 2:
        for item in items:
            call(item)
        return
    with ThreadPoolExecutor(min(most, len(items)), "stoker-data") as pool:
        tasks = [pool.submit(call, item) for item in items]
        try:
            for task in tasks:
                task.result()
        except BaseException:
            for task in tasks:
                task.cancel()
            raise
