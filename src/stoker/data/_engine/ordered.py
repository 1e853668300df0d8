"""Work done by several threads whose results come in the order of what was asked."""

from __future__ import annotations

import collections
import concurrent.futures
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    Item = TypeVar("Item")
    Result = TypeVar("Result")

__all__ = ["in_order"]

_MOST = 8


def in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
    """Yield each item with what was made of it.

    At most two items more than there are threads are held at once, so memory does not depend on how many there are.
    An error comes in the place of its result. Closing the iterator waits for what has begun.

    Parameters
    ----------
    work : callable
        Called in threads; it is worth it where the interpreter's lock is mostly free meanwhile.
    items : iterable
        Taken in the caller's thread.

    Examples
    --------
    >>> [result for _, result in in_order(str, [1, 2, 3])]
    ['1', '2', '3']
    """
    threads = max(1, min(_MOST, _processors()))
    pool = concurrent.futures.ThreadPoolExecutor(threads, thread_name_prefix="stoker-read")
    waiting: collections.deque[tuple[Item, concurrent.futures.Future[Result]]] = collections.deque()
    try:
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) > threads + 1:
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()
    finally:
        for _, future in waiting:
            future.cancel()
        pool.shutdown(wait=True)


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
