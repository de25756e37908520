"""Modbus/TCP meters, a port each, in processes of their own.

Each pair of registers is a float of 32 bits: the seconds of the monotonic clock, modulo CLOCK, when the request was
answered. So what arrives anywhere tells how old it is.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple, cast

from benchmarks.play.files import allow_many_files
from benchmarks.play.player import CLOCK
from benchmarks.play.ports import HOST

__all__ = ["CLOCK", "HOST", "Asked", "Meters", "Pauses", "playing"]


class Asked(NamedTuple):
    """What meters were asked so far: requests, and rounds, which begin when a device is asked the first thing again."""

    requests: int
    rounds: int


class Pauses(NamedTuple):
    """The longest time from the begin of a device's round to its next, and how many rounds of PERIOD were left out."""

    longest: float
    missed: int


class Meters:
    """Meters that are there; `ports` has the port of each."""

    def __init__(self, processes: list["subprocess.Popen[str]"]) -> None:
        self._processes = processes
        self.ports: list[int] = []
        for process in processes:
            assert process.stdout is not None
            self.ports += json.loads(process.stdout.readline())

    @property
    def answered(self) -> int:
        """Requests that were answered so far."""
        return self.asked().requests

    def asked(self) -> Asked:
        """What was answered so far."""
        told = self._tell("asked")
        return Asked(sum(int(one[0]) for one in told), sum(int(one[1]) for one in told))

    def pauses(self) -> Pauses:
        """How regularly devices were asked since this was last called."""
        told = self._tell("pauses")
        return Pauses(max(one[0] for one in told), sum(int(one[1]) for one in told))

    @property
    def pids(self) -> list[int]:
        """The processes that play them."""
        return [process.pid for process in self._processes]

    def _tell(self, command: str) -> list[list[float]]:
        told = []
        for process in self._processes:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{command}\n")
            process.stdin.flush()
            told.append(cast("list[float]", json.loads(process.stdout.readline())))
        return told


@contextmanager
def playing(count: int) -> Iterator[Meters]:
    """So many meters, played by as many processes as there are cores beside one."""
    allow_many_files()
    players = max(1, min(count, (os.cpu_count() or 1) - 1))
    shares = [count // players + (number < count % players) for number in range(players)]
    with ExitStack() as stack:
        processes = []
        for share in shares:
            command = [sys.executable, "-m", "benchmarks.play.player", str(share)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            processes.append(stack.enter_context(process))
            stack.callback(process.terminate)
        yield Meters(processes)
