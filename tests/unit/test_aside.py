"""Work in threads that nobody waits for at the end."""

import asyncio
import threading

import pytest

from mbmd.aside import aside


def test_what_work_returns_and_raises_is_that_of_the_caller() -> None:
    async def main() -> None:
        assert await aside(threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await aside(lambda: 1 / 0)

    asyncio.run(main())


def test_work_that_never_ends_keeps_no_loop_from_ending() -> None:
    goes_on, over = threading.Event(), threading.Event()

    def work() -> None:
        goes_on.wait()
        over.set()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(aside(work), 0.01)
        waiting = asyncio.create_task(aside(work))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(main())
    goes_on.set()
    assert over.wait(10)
