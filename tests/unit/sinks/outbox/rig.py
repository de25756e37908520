"""An outbox in virtual time, with the disk at hand and a scripted other side."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from mbmd import backoff
from mbmd.config.outputs import Outbox as Keys
from mbmd.readings.health import SinkHealth
from mbmd.sinks.outbox import contents, disk, memory, outbox
from mbmd.sinks.outbox.errors import AwayError, RefusedError
from mbmd.sinks.outbox.outbox import Outbox
from tests import virtual_time

T = TypeVar("T")

KEYS = Keys()
QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
"""Where a sync takes no time."""


class Side:
    """The other side: what it took, in order, and how it answers."""

    def __init__(self) -> None:
        self.took: list[bytes] = []
        self.parts: list[list[bytes]] = []
        self.times: list[float] = []
        self.tried: list[float] = []
        self.bad: set[bytes] = set()
        self.away: Exception | None = None
        self.takes = 0.0
        self.hangs = False

    async def send(self, items: Sequence[bytes]) -> None:
        self.tried.append(virtual_time.now())
        if self.takes:
            await asyncio.sleep(self.takes)
        if self.hangs:
            await asyncio.Event().wait()
        if self.away is not None:
            raise self.away
        if self.bad & set(items):
            raise RefusedError("a bad one")
        self.took += items
        self.parts.append([*items])
        self.times.append(virtual_time.now())


AWAY = AwayError("nobody there")


async def at_once(work: Callable[[], T]) -> T:
    """In place of a thread: virtual time would run away from it."""
    await asyncio.sleep(0)
    return work()


def run(main: Coroutine[Any, Any, T], aside: Callable[[Callable[[], Any]], Awaitable[Any]] = at_once) -> T:
    """Like virtual_time.run, with the clocks of the outbox too."""

    def now() -> float:
        return asyncio.get_running_loop().time()

    with ExitStack() as stack:
        for module in (contents, disk, memory, outbox):
            stack.enter_context(patch.object(module, "monotonic", now))
        for module in (contents, memory, outbox):
            stack.enter_context(patch.object(module, "time", lambda: virtual_time.UNIX + now()))
        stack.enter_context(patch.object(disk, "aside", aside))
        stack.enter_context(patch.object(backoff, "JITTER", 0.0))
        return virtual_time.run(main)


@asynccontextmanager
async def running(
    side: Side, file: Path | None, keys: Keys = KEYS, health: SinkHealth | None = None
) -> AsyncIterator[tuple[Outbox, SinkHealth]]:
    """An outbox that runs until the block ends."""
    health = health or SinkHealth("influx")
    box = Outbox(file, keys, side.send, health)
    task = asyncio.create_task(box.run())
    try:
        yield box, health
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def put(box: Outbox, first: int, last: int) -> None:
    """Numbered items of one reading each, the last included."""
    for number in range(first, last + 1):
        box.put(b"%d" % number, 1)


def numbers(items: Sequence[bytes]) -> list[int]:
    return [int(item) for item in items]


def total(health: SinkHealth) -> int:
    """All readings that the account knows of."""
    return health.sent + health.waiting + health.expired + health.dropped + health.refused
