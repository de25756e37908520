"""The silence between RTU frames on a serial line, kept to well under a millisecond."""

import asyncio
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
        self._waiter: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._timer.fileno(), self._ring)

    def heard(self) -> None:
        """A character has just come; while a request goes out it may be its echo."""
        self._busy_until = max(self._busy_until, monotonic())

    def sending(self, seconds: float) -> None:
        """A frame begins now that keeps the line busy for `seconds`."""
        self._busy_until = monotonic() + seconds

    async def wait(self, pause: float = 0.0) -> bool:
        """Wait until the line is silent, or for `pause` seconds if that is longer; characters prolong it.

        False when it will not be.
        """
        interval = max(self._interval, pause)
        enough = max(monotonic(), self._busy_until) + self._patience
        while (until := self._busy_until + interval) > monotonic():
            if until > enough + interval:
                return False
            self._waiter = self._loop.create_future()
            self._timer.arm(until)
            await self._waiter
        return True

    def close(self) -> None:
        """Let go of the timer; nobody may be waiting."""
        self._loop.remove_reader(self._timer.fileno())
        self._timer.close()

    def _ring(self) -> None:
        self._timer.acknowledge()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
