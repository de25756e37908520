"""Tasks that run for ever: the first that ends by itself ends the daemon."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """Any number of tasks, which may be started and ended at any time."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Begin something that should run until it is ended."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._note)
        return task

    async def end(self, *tasks: "asyncio.Task[None]") -> None:
        """Cancel some tasks and wait for their end."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def end_all(self) -> None:
        """Cancel all tasks and wait for their end."""
        await self.end(*self._tasks)
        if self._ended.done() and not self._ended.cancelled():
            self._ended.exception()

    async def wait(self, stop: asyncio.Event) -> None:
        """Return when `stop` is set; raise what ended a task."""
        stopped = asyncio.create_task(stop.wait())
        either: list[asyncio.Future[Any]] = [stopped, self._ended]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._ended.done():
                self._ended.result()
        finally:
            stopped.cancel()

    def _note(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or self._ended.done():
            return
        if error := task.exception():
            self._ended.set_exception(error)
        else:
            self._ended.set_result(None)
