"""An event loop whose clock jumps to the next timer when nothing else is to be done: minutes pass at once.

A timeout never rings because the machine is busy, so tests may use short ones and still never be flaky.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar
from unittest.mock import patch

from mbmd import backoff
from mbmd.bus import client, poller, unit

T = TypeVar("T")

UNIX = 1_700_000_000
"""What Unix time is ahead of the loop's clock."""
STANDSTILL = 20_000
"""Turns of the loop within one moment, after which it is taken to go round for ever."""


class _Selector(selectors.DefaultSelector):
    """Asks the real descriptors, and instead of waiting moves the clock."""

    now = 1000.0

    def __init__(self) -> None:
        super().__init__()
        self._turns = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout is None:
            return ready or super().select(timeout)
        before = self.now
        self.now += max(timeout, 0.0)
        self._turns = 0 if self.now > before else self._turns + 1
        if self._turns > STANDSTILL:
            self._turns = 0  # what ends the tasks takes some turns too
            raise AssertionError("the loop goes round and round, and the time stands still")
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` is seconds that timers have waited for, not those that went by."""

    def __init__(self) -> None:
        self.clock = _Selector()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """Like `asyncio.run` in virtual time, which is also the clock of client and poller; pauses have no jitter.

    Whoever leaves a task or a timer behind fails, and so does who goes round for ever: AssertionError says it.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        with (
            patch.object(client, "monotonic", loop.time),
            patch.object(poller, "monotonic", loop.time),
            patch.object(poller, "time", lambda: UNIX + loop.time()),
            patch.object(unit, "monotonic", loop.time),
            patch.object(unit, "time", lambda: UNIX + loop.time()),
            patch.object(backoff, "JITTER", 0.0),
        ):
            result = runner.run(_watched(main))
    return result


async def _watched(main: Coroutine[Any, Any, T]) -> T:
    result = await main
    await asyncio.sleep(0)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks left behind: {left}"
    timers = [timer for timer in _timers() if not timer.cancelled()]
    assert not timers, f"timers left behind: {timers}"
    return result


def _timers() -> list[asyncio.TimerHandle]:
    loop: Any = asyncio.get_running_loop()
    return list(loop._scheduled)


def now() -> float:
    """The moment of the running loop."""
    return asyncio.get_running_loop().time()
