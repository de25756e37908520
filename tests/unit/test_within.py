"""Waiting for so long and no longer, also at the end of a task."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

import mbmd
from mbmd.within import within
from tests import virtual_time

ROOT = Path(mbmd.__file__).parent


def test_it_ends_when_its_time_is_over() -> None:
    async def run() -> None:
        begun = virtual_time.now()
        with pytest.raises(TimeoutError):
            async with within(1):
                await asyncio.sleep(2)
        assert virtual_time.now() - begun == pytest.approx(1)

    virtual_time.run(run())


def test_what_is_done_in_time_is_done() -> None:
    async def run() -> None:
        async with within(2):
            await asyncio.sleep(1)
        async with within(None):
            await asyncio.sleep(1)

    virtual_time.run(run())


@pytest.mark.parametrize("seconds", [0, 1])
def test_the_last_work_of_a_cancelled_task_may_wait(seconds: float) -> None:
    done: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            try:
                async with within(seconds):
                    await asyncio.sleep(5)
            except TimeoutError:
                done.append("in vain")
            await asyncio.sleep(1)
            done.append("cleared up")

    virtual_time.run(cancelled(work()))
    assert done == ["in vain", "cleared up"]


def test_a_task_that_is_cancelled_meanwhile_ends() -> None:
    async def work() -> None:
        async with within(5):
            await asyncio.sleep(10)

    virtual_time.run(cancelled(work()))


def test_all_of_mbmd_waits_by_it() -> None:
    waiting = [path.name for path in ROOT.rglob("*.py") if "asyncio.timeout(" in path.read_text("utf-8")]
    assert waiting == ["within.py"]


async def cancelled(work: Coroutine[Any, Any, None]) -> None:
    """Begin the work, cancel it after a second, and see that it ends so."""
    task = asyncio.create_task(work)
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
