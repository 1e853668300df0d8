from __future__ import annotations

import asyncio
import threading

from stoker.service.events import ALL_RUNS, EventBus


def test_a_notice_from_a_thread_wakes_who_waits_for_the_run_and_who_waits_for_all() -> None:
    async def scene() -> tuple[bool, bool, bool]:
        bus = EventBus()
        bus.attach(asyncio.get_running_loop())
        with bus.subscription("a") as one, bus.subscription("b") as other, bus.subscription(ALL_RUNS) as every:
            threading.Thread(target=bus.notify, args=("a",)).start()
            await asyncio.wait_for(asyncio.gather(one.wait(), every.wait()), 5)
            return one.is_set(), other.is_set(), every.is_set()

    assert asyncio.run(scene()) == (True, False, True)


def test_until_returns_when_the_condition_holds_and_false_after_its_time() -> None:
    async def scene() -> tuple[bool, bool]:
        bus = EventBus()
        facts: list[int] = []
        bus.attach(asyncio.get_running_loop())
        waiting = asyncio.create_task(bus.until("a", lambda: bool(facts), 5))
        await asyncio.sleep(0)
        facts.append(1)
        bus.notify("a")
        return await waiting, await bus.until("a", lambda: False, 0.01)

    assert asyncio.run(scene()) == (True, False)
