"""The silence between RTU frames on a serial line, kept to well under a millisecond."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic

from mbmd._native.timer import TimerFd


class Silence:
    """Knows when the line was last busy and waits until it has been silent for `interval` seconds.

    `patience` is how long a line may go on talking.
    """

    def __init__(self, interval: float, patience: float) -> None:
        self._interval = interval
        self._patience = patience
        self._busy_until = 0.0
        self._timer = TimerFd()
        self._rest = 0.0
        self._enough = 0.0
        self._then: Callable[[bool], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._timer.fileno(), self._ring)

    def heard(self) -> None:
        """A character has just come; while a request goes out it may be its echo."""
        self._busy_until = max(self._busy_until, monotonic())

    def sending(self, seconds: float) -> None:
        """A frame begins now that keeps the line busy for `seconds`."""
        self._busy_until = monotonic() + seconds

    def call(self, then: Callable[[bool], None], pause: float = 0.0) -> None:
        """Call `then` once the line is silent, or has been for `pause` seconds if that is longer, be it at once.

        Characters prolong it; False tells that it will not be. Another call takes its place.
        """
        self._rest = max(self._interval, pause)
        self._enough = max(monotonic(), self._busy_until) + self._patience
        self._then = then
        self._look()

    async def wait(self, pause: float = 0.0) -> bool:
        """`call`, for who can wait."""
        silent: asyncio.Future[bool] = self._loop.create_future()
        self.call(partial(_settle, silent), pause)
        return await silent

    def close(self) -> None:
        """Let go of the timer, and of who was to be called."""
        self._then = None
        self._loop.remove_reader(self._timer.fileno())
        self._timer.close()

    def _ring(self) -> None:
        self._timer.acknowledge()
        self._look()

    def _look(self) -> None:
        then, until = self._then, self._busy_until + self._rest
        if then is None:
            return
        if (is_silent := until <= monotonic()) or until > self._enough + self._rest:
            self._then = None
            then(is_silent)
        else:
            self._timer.arm(until)


def _settle(silent: "asyncio.Future[bool]", is_silent: bool) -> None:
    if not silent.done():
        silent.set_result(is_silent)
