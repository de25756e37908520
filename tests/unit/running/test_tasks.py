"""Tasks that come and go, one of which may end what should run for ever."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mbmd.running.tasks import Tasks


async def for_ever() -> None:
    await asyncio.Event().wait()


async def fail() -> None:
    raise RuntimeError("broken")


def run(main: Callable[[Tasks], Awaitable[None]]) -> None:
    """With tasks that all end; nobody complains about an error that nobody saw."""

    async def whole() -> None:
        complaints: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        tasks = Tasks()
        try:
            async with asyncio.timeout(30):
                await main(tasks)
        finally:
            await tasks.end_all()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        del tasks
        assert complaints == []

    asyncio.run(whole())


def test_waiting_ends_with_the_stop() -> None:
    async def main(tasks: Tasks) -> None:
        tasks.start(for_ever())
        stop = asyncio.Event()
        asyncio.get_running_loop().call_soon(stop.set)
        await tasks.wait(stop)

    run(main)


def test_an_error_of_a_task_is_raised_to_who_waits_also_of_one_that_came_later() -> None:
    async def main(tasks: Tasks) -> None:
        tasks.start(for_ever())
        waiting = asyncio.create_task(tasks.wait(asyncio.Event()))
        await asyncio.sleep(0)
        tasks.start(fail())
        with pytest.raises(RuntimeError, match="broken"):
            await waiting

    run(main)


def test_an_error_before_anyone_waits_is_raised_too() -> None:
    async def main(tasks: Tasks) -> None:
        tasks.start(fail())
        await asyncio.sleep(0.01)
        with pytest.raises(RuntimeError, match="broken"):
            await tasks.wait(asyncio.Event())

    run(main)


def test_a_task_that_is_ended_ends_nothing_else() -> None:
    async def main(tasks: Tasks) -> None:
        stays, goes = tasks.start(for_ever()), tasks.start(for_ever())
        await tasks.end(goes)
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, stop.set)
        await tasks.wait(stop)
        assert goes.cancelled()
        assert not stays.done()

    run(main)


def test_an_error_at_the_end_is_no_news() -> None:
    async def stumble() -> None:
        try:
            await for_ever()
        finally:
            raise RuntimeError("at the end")

    async def main(tasks: Tasks) -> None:
        tasks.start(stumble())
        await asyncio.sleep(0)

    run(main)
