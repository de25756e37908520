"""SIGHUP: a reload is wanted, or the terminal of the daemon was closed."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic

LOOK = 5.0
"""Seconds between looks at the terminal."""
GRACE = 3 * LOOK
"""Seconds from the last look that found it, within which SIGHUP is taken for its end."""

_HANG_UP = {signal.SIGHUP}


@contextmanager
def held() -> Iterator[None]:
    """Let SIGHUP wait for `answered`, be it early; one that is left at the end is forgotten, and ends nothing."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HANG_UP)
    try:
        yield
    finally:
        signal.sigtimedwait(_HANG_UP, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def answered(terminal: "Terminal", reload: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """SIGHUP calls `reload`, or `stop` when the terminal was closed; within `held` that is so until the loop is closed.

    A process has threads by then that take what its main thread holds.
    """

    def hang_up() -> None:
        (stop if terminal.was_closed() else reload)()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, hang_up)
    before = signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANG_UP)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if signal.SIGHUP not in before:
            loop.remove_signal_handler(signal.SIGHUP)


class Terminal:
    """The terminal that this process had at its start, if its end matters: not under nohup.

    A daemon in the background may outlive its terminal; SIGHUP that comes long after is no more of it.
    """

    def __init__(self) -> None:
        matters = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
        self._seen = monotonic() if matters and _is_there() else -inf

    def was_closed(self) -> bool:
        """Whether it has gone, and was there a short while ago."""
        return monotonic() - self._seen < GRACE and not _is_there()

    async def watch(self) -> None:
        """Look after it until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            if self._seen > -inf and _is_there():
                self._seen = monotonic()


def _is_there() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
