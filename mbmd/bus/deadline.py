"""The one alarm of a bus for answers that do not come."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `expired` when the time set last has passed and it was not cleared.

    Setting it for each request costs no timer: one runs until it rings, and is set again for what is left.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._when: float | None = None
        self._rings = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Expire `seconds` from now."""
        self._when = when = self._loop.time() + seconds
        if self._handle is None:
            self._ring_at(when)
        elif when < self._rings - 0.001:
            self._handle.cancel()
            self._ring_at(when)

    def clear(self) -> None:
        """Do not expire."""
        self._when = None

    def close(self) -> None:
        """Do not expire, and let go of the timer and of who was to be called: the deadline is over."""
        self._when = None
        self._expired = _nobody
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _ring_at(self, when: float) -> None:
        self._rings = when
        self._handle = self._loop.call_at(when, self._ring)

    def _ring(self) -> None:
        self._handle = None
        if self._when is None:
            return
        if self._loop.time() < self._when - 0.001:
            self._ring_at(self._when)
            return
        self._when = None
        self._expired()


def _nobody() -> None:
    """There is nobody to be called any more."""
