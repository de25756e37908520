"""The one alarm of a bus."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from mbmd.bus.deadline import Deadline
from tests import virtual_time
from tests.virtual_time import now


def ringing(main: Callable[[Deadline], Coroutine[Any, Any, None]]) -> list[float]:
    """When a deadline rang, in milliseconds from the start of `main`."""

    async def run() -> list[float]:
        rang: list[float] = []
        start = now()
        deadline = Deadline(asyncio.get_running_loop(), lambda: rang.append(round(1000 * (now() - start))))
        await main(deadline)
        deadline.close()
        return rang

    return virtual_time.run(run())


def test_it_rings_once() -> None:
    async def main(deadline: Deadline) -> None:
        deadline.set(0.03)
        await asyncio.sleep(1)

    assert ringing(main) == [30]


def test_cleared_it_does_not_ring() -> None:
    async def main(deadline: Deadline) -> None:
        deadline.set(0.03)
        await asyncio.sleep(0.02)
        deadline.clear()
        await asyncio.sleep(1)

    assert ringing(main) == []


def test_set_later_it_rings_later() -> None:
    async def main(deadline: Deadline) -> None:
        deadline.set(0.03)
        deadline.set(0.05)
        await asyncio.sleep(1)

    assert ringing(main) == [50]


def test_set_earlier_it_rings_earlier() -> None:
    async def main(deadline: Deadline) -> None:
        deadline.set(5)
        deadline.set(0.02)
        await asyncio.sleep(10)

    assert ringing(main) == [20]


def test_cleared_and_set_again_while_the_timer_runs() -> None:
    async def main(deadline: Deadline) -> None:
        deadline.set(0.03)
        deadline.clear()
        await asyncio.sleep(0.02)
        deadline.set(0.03)
        await asyncio.sleep(0.5)
        deadline.set(0.03)
        await asyncio.sleep(0.5)

    assert ringing(main) == [50, 550]


def test_many_requests_share_one_timer() -> None:
    async def main(deadline: Deadline) -> None:
        loop: Any = asyncio.get_running_loop()
        for _ in range(1000):
            deadline.set(0.3)
            deadline.clear()
        assert len(loop._scheduled) == 1
        await asyncio.sleep(1)

    assert ringing(main) == []


def test_closed_it_leaves_no_timer() -> None:
    async def main(deadline: Deadline) -> None:
        deadline.set(0.03)
        deadline.close()
        deadline.close()

    assert ringing(main) == []


def test_it_may_be_set_from_its_own_ring() -> None:
    async def run() -> list[float]:
        rang: list[float] = []
        start = now()

        def again() -> None:
            rang.append(round(1000 * (now() - start)))
            if len(rang) < 3:
                deadline.set(0.01)

        deadline = Deadline(asyncio.get_running_loop(), again)
        deadline.set(0.01)
        await asyncio.sleep(1)
        deadline.close()
        return rang

    assert virtual_time.run(run()) == [10, 20, 30]
