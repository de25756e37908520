"""Modbus/TCP meters, a port each, in processes of their own: `python -m benchmarks.play.meters PORTS`.

Each pair of registers is a float of 32 bits: the seconds of the monotonic clock, modulo 1000, when the request was
answered. So what arrives anywhere tells how old it is.
"""

import asyncio
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import cast

import uvloop

from benchmarks.play.files import allow_many_files

HOST = "127.0.0.1"
CLOCK = 1000.0
"""Values begin anew after so many seconds."""


class _Meter(asyncio.Protocol):
    """Answers reads, of any unit, function and address."""

    answered = 0

    def __init__(self) -> None:
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast("asyncio.Transport", transport).write

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        while len(data) >= 12:
            size = 2 * data[11]
            values = struct.pack(">f", time.monotonic() % CLOCK) * (size // 4 + 1)
            self._write(data[:4] + bytes((0, size + 3, data[6], data[7], size)) + values[:size])
            data = data[12:]
            _Meter.answered += 1
        self._rest = data


async def _play(ports: int) -> None:
    """Tell the ports, then how many requests were answered so far for each line that comes, until there are no more."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(_Meter, HOST, 0) for _ in range(ports)]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(_Meter.answered, flush=True)


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
        total = 0
        for process in self._processes:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            total += int(process.stdout.readline())
        return total

    @property
    def pids(self) -> list[int]:
        """The processes that play them."""
        return [process.pid for process in self._processes]


@contextmanager
def playing(count: int) -> Iterator[Meters]:
    """So many meters, played by as many processes as there are cores beside one."""
    players = max(1, min(count, (os.cpu_count() or 1) - 1))
    shares = [count // players + (number < count % players) for number in range(players)]
    with ExitStack() as stack:
        processes = []
        for share in shares:
            command = [sys.executable, "-m", __name__, str(share)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            processes.append(stack.enter_context(process))
            stack.callback(process.terminate)
        yield Meters(processes)


if __name__ == "__main__":
    allow_many_files()
    uvloop.run(_play(int(sys.argv[1])))
