"""`mbmd run` with a probe in its event loop: how long each turn of the loop took, in CPU time of its thread.

A line on the standard input, a monotonic time, is answered by one with the worst turn since then. CPU time does not
count what other processes take of the machine; that of the collector of garbage is told apart. With `--trace` the log
says where turns are that are longer.
"""

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
import threading
import traceback
from collections import deque
from time import monotonic, thread_time
from types import FrameType
from typing import NamedTuple

import uvloop

LEAST = 0.0002
"""Seconds from which on a turn is worth being remembered."""
SELDOM = 15.0
"""Seconds between what the daemon otherwise does once in minutes."""


class Turn(NamedTuple):
    """When a turn ended, CPU seconds that it took, without and in collections of garbage, and seconds when blocked."""

    ended: float
    took: float
    collecting: float
    blocked: float


class Probe:
    """Looks at the clock in each turn of a loop, which therefore never sleeps."""

    def __init__(self, trace: float) -> None:
        self._trace = trace
        self._turns: deque[Turn] = deque(maxlen=1 << 18)
        self._collecting = 0.0
        self._collected_from = 0.0
        self._account = _own_account()
        gc.callbacks.append(self._collect)

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look from now on."""
        if self._trace:
            signal.signal(signal.SIGPROF, self._tell)
        before = self._clocks()

        def turn() -> None:
            nonlocal before
            now = self._clocks()
            passed, took, waited = (here - there for here, there in zip(now, before, strict=True))
            if passed > LEAST:
                self._turns.append(Turn(now[0], took - self._collecting, self._collecting, passed - took - waited))
            self._collecting = 0.0
            if self._trace:
                signal.setitimer(signal.ITIMER_PROF, self._trace, self._trace)
            before = self._clocks()
            loop.call_soon(turn)

        loop.call_soon(turn)

    def worst(self, since: float) -> dict[str, float | None]:
        """The longest turn that ended after a time, and the most that one collected garbage and was blocked."""
        turns = [turn for turn in list(self._turns) if turn.ended > since]
        return {
            "took": max((turn.took for turn in turns), default=0.0),
            "collecting": max((turn.collecting for turn in turns), default=0.0),
            "blocked": None if self._account is None else max((turn.blocked for turn in turns), default=0.0),
        }

    def _clocks(self) -> tuple[float, float, float]:
        """The time, and seconds for which this thread has run and has waited for a core so far."""
        waited = 0 if self._account is None else int(os.pread(self._account, 64, 0).split()[1])
        return monotonic(), thread_time(), waited / 1e9

    def _tell(self, _: int, frame: FrameType | None) -> None:
        """Say where a turn is that is long."""
        where = "".join(traceback.format_stack(frame, 12))
        print(f"a turn is long at {monotonic():.3f}:\n{where}", file=sys.stderr, flush=True)

    def _collect(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._collected_from = thread_time()
        else:
            self._collecting += thread_time() - self._collected_from


def _own_account() -> int | None:
    """The file in which Linux tells for how long this thread has waited for a core; None where it does not."""
    try:
        return os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def main() -> None:
    """Run the daemon; what follows `--` are the arguments of mbmd."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.play.held", description=__doc__)
    parser.add_argument("--trace", type=float, default=0.0, metavar="MS", help="tell where longer turns are")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="-- run ...", help="of mbmd")
    args = parser.parse_args()
    probe = Probe(args.trace / 1000)
    make_loop = uvloop.new_event_loop

    def watched() -> uvloop.Loop:
        loop = make_loop()
        probe.watch(loop)
        return loop

    uvloop.new_event_loop = watched
    _hurry()
    threading.Thread(target=_answer, args=(probe,), daemon=True).start()

    from mbmd.cli import main as mbmd

    mbmd([argument for argument in args.arguments if argument != "--"])


def _hurry() -> None:
    """What is done once in minutes is done sooner, so that it is measured too."""
    from mbmd import daemon
    from mbmd.sinks.mqtt import reporter

    daemon.FIRST_REPORT = daemon.REPORT_PAUSE = reporter.PERIOD = SELDOM


def _answer(probe: Probe) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    for line in sys.stdin:
        print(json.dumps(probe.worst(float(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
