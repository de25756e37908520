"""Others that poll a serial line: `python -m benchmarks.rivals.on_line WAY PATH BAUDRATE`, until they are ended.

`bare` is the least that a master can do in Python, a thread that reads and sleeps, and keeps the silence: what the
machine lets through at all. `pymodbus` is its client for asyncio, as its users call it; it decodes nothing here. The
reads come as JSON on standard input: unit, function, address and count of each.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle

from benchmarks.play.lines import sealed, sleep_exactly
from benchmarks.play.pace import FRAME, Pace

Reads = Sequence[tuple[int, int, int, int]]
"""Unit, function, address and count of each."""


def bare(path: str, pace: Pace, reads: Reads) -> None:
    """Ask, read as long as there is something to come, and sleep for the silence."""
    line = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(line)
    sleep_exactly()
    requests = [
        (sealed(bytes((unit, function)) + address.to_bytes(2) + count.to_bytes(2)), FRAME + 2 * count)
        for unit, function, address, count in reads
    ]
    for request, awaited in cycle(requests):
        os.write(line, request)
        while awaited > 0:
            awaited -= len(os.read(line, 4096))  # noqa: PLW2901 - what is left of it
        free = time.monotonic() + pace.silence
        while (rest := free - time.monotonic()) > 0:
            time.sleep(rest)


def pymodbus(path: str, pace: Pace, reads: Reads) -> None:
    """Ask, and wait for the answer."""
    from pymodbus.client import AsyncModbusSerialClient

    async def poll() -> None:
        client = AsyncModbusSerialClient(path, baudrate=pace.baudrate)
        await client.connect()
        ask = {3: client.read_holding_registers, 4: client.read_input_registers}
        for unit, function, address, count in cycle(reads):
            answer = await ask[function](address, count=count, device_id=unit)
            if answer.isError():
                raise RuntimeError(f"pymodbus: {answer}")

    asyncio.run(poll())


WAYS: Mapping[str, Callable[[str, Pace, Reads], None]] = {"bare": bare, "pymodbus": pymodbus}


@contextmanager
def polling(way: str, path: str, baudrate: int, reads: Reads) -> Iterator[int]:
    """A process that polls a line; its id."""
    command = [sys.executable, "-m", __name__, way, path, str(baudrate)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(reads))
        process.stdin.close()
        try:
            yield process.pid
        finally:
            process.terminate()


if __name__ == "__main__":
    WAYS[sys.argv[1]](sys.argv[2], Pace(int(sys.argv[3])), json.load(sys.stdin))
