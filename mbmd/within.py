"""Waiting for so long and no longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def within(seconds: float | None) -> AsyncIterator[None]:
    """`asyncio.timeout`, also for the last work of a task that is cancelled.

    That of Python before 3.11.3, as Debian 12 has it, ends such a task in place of raising TimeoutError.
    """
    task = asyncio.current_task()
    cancelled = task.cancelling() if task is not None else 0
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except asyncio.CancelledError:
        if limit.expired() and task is not None and task.cancelling() <= cancelled:
            raise TimeoutError from None
        raise
