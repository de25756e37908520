"""An alarm clock of the kernel (timerfd): loops tick in milliseconds, a character at 115200 baud takes 0.09."""

import asyncio
import ctypes
import math
import os
import time
from collections.abc import Callable

_LIBC = ctypes.CDLL(None, use_errno=True)
_ABSOLUTE = 1  # TFD_TIMER_ABSTIME


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


class Alarm:
    """Calls `ring` in the event loop at a time of time.monotonic(), and never before it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._fd = _checked(_LIBC.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC))
        loop.add_reader(self._fd, self._rang)

    def set(self, when: float) -> None:
        """Ring once at `when`, instead of at any time that was set before."""
        seconds, nanoseconds = divmod(max(1, math.ceil(when * 1e9)), 1_000_000_000)  # 0 would switch it off
        spec = _TimerSpec(_TimeSpec(0, 0), _TimeSpec(seconds, nanoseconds))
        _checked(_LIBC.timerfd_settime(self._fd, _ABSOLUTE, ctypes.byref(spec), None))

    def close(self) -> None:
        """Never ring again."""
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _rang(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return  # set anew between the ring and this call
        self._ring()


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
