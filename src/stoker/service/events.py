"""Wake whoever waits for news of a run. News itself is always read from the store, so none is lost."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ALL_RUNS", "EventBus"]

ALL_RUNS = "*"
"""The topic of whatever happens to any run."""


class EventBus:
    """Topics (run ids) and who waits for them; `notify` may be called from any thread."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop in which the waiters live."""
        self._loop = loop

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop in which the waiters live."""
        assert self._loop is not None, "the bus is not attached"
        return self._loop

    def notify(self, *topics: str) -> None:
        """Wake all who wait for one of the topics, and those who wait for all runs."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        with self._lock:
            events = [event for topic in {*topics, ALL_RUNS} for event in self._waiting.get(topic, ())]
        if events:
            loop.call_soon_threadsafe(_set_all, events)

    @contextmanager
    def subscription(self, topic: str) -> Iterator[asyncio.Event]:
        """Give an event that is set at each notice; the waiter clears it before it reads the store."""
        event = asyncio.Event()
        with self._lock:
            self._waiting.setdefault(topic, set()).add(event)
        try:
            yield event
        finally:
            with self._lock:
                rest = self._waiting.get(topic, set())
                rest.discard(event)
                if not rest:
                    self._waiting.pop(topic, None)

    async def until(self, topic: str, holds: Callable[[], bool], seconds: float) -> bool:
        """Wait until `holds()` is true, looked at on each notice; return False after `seconds`."""
        deadline = time.monotonic() + seconds
        with self.subscription(topic) as event:
            while not holds():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                try:
                    await asyncio.wait_for(event.wait(), timeout=min(left, 1.0))
                except TimeoutError:
                    continue
                finally:
                    event.clear()
        return True


def _set_all(events: list[asyncio.Event]) -> None:
    for event in events:
        event.set()
