"""Ctrl-C for this process alone, and whatever else ends it, so that it leaves nothing behind."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import cast

_WAKE = signal.SIGUSR1
_ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupted_alone() -> Iterator[None]:
    """Within, Ctrl-C is a KeyboardInterrupt here, and nothing to the children: they are ended in good order.

    A terminal sends SIGINT to all in the foreground. Children inherit that it is blocked; here a thread waits for it.
    Being told to end (`timeout`, a session that closes) is a KeyboardInterrupt, too, unless it was ignored (`nohup`).
    """
    main = threading.get_ident()
    ended = threading.Event()

    def pass_on() -> None:
        while signal.sigwait({signal.SIGINT}) and not ended.is_set():
            signal.pthread_kill(main, _WAKE)

    interrupting = [_WAKE, *(number for number in _ENDING if signal.getsignal(number) != signal.SIG_IGN)]
    before = {number: signal.signal(number, _interrupt) for number in interrupting}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    waiting = threading.Thread(target=pass_on, name="interrupt", daemon=True)
    waiting.start()
    try:
        yield
    finally:
        ended.set()
        signal.pthread_kill(cast("int", waiting.ident), signal.SIGINT)
        waiting.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
