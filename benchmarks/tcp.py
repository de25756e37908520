"""64 SDM630 on 64 TCP ports, polled flat out, beside a bare uvloop protocol.

The bare protocol sends the same reads and throws the answers away: the ceiling of Python on this loop.
The server is a process of its own and the same for both; each measurement is a fresh process.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial

import uvloop

from benchmarks.effort import Effort
from benchmarks.figure import Figure, ratio
from benchmarks.polled import WARM_UP, Count, poll, reads
from mbmd.config.adapter import Adapter, parse_adapter
from mbmd.protocol.framer import make_framer

DEVICES = 64


class Slave(asyncio.Protocol):
    """Answers each read with zeros."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        size = 2 * data[11]
        self._transport.write(data[:4] + bytes((0, size + 3, data[6], data[7], size)) + bytes(size))


class Bare(asyncio.Protocol):
    """Sends the next request as soon as anything has come."""

    count = 0

    def __init__(self, requests: list[bytes]) -> None:
        self._requests = requests

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._next = 0
        self.data_received(b"")

    def data_received(self, _: bytes) -> None:
        Bare.count += 1
        self._next = (self._next + 1) % len(self._requests)
        self._transport.write(self._requests[self._next])


async def serve() -> None:
    """Listen on a port for each device, print the ports, and wait to be ended."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Slave, "127.0.0.1", 0) for _ in range(DEVICES)]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.Event().wait()


async def bare(adapters: list[Adapter], seconds: float) -> Count:
    """Count what the loop alone can do."""
    loop = asyncio.get_running_loop()
    framer = make_framer(adapters[0].framing)
    frames = [framer.request(1, block.request) for block in reads(adapters[0])]
    for adapter in adapters:
        await loop.create_connection(lambda: Bare(frames), adapter.host, adapter.port)
    await asyncio.sleep(WARM_UP)
    count, start, cpu = Bare.count, time.monotonic(), time.process_time()
    await asyncio.sleep(seconds)
    return Count(Bare.count - count, 0, time.monotonic() - start, time.process_time() - cpu)


def run(effort: Effort) -> Iterator[Figure]:
    """Sets a second and CPU a read of both ways."""
    with subprocess.Popen([sys.executable, "-m", __name__, "serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ports = server.stdout.readline()
        try:
            ways = {way: partial(_measure, way, effort.seconds, ports) for way in ("bare", "mbmd")}
            counts = effort.rounds(ways)
        finally:
            server.terminate()
    cut = len(reads(parse_adapter("127.0.0.1:502")))
    sets = {way: [c.requests / cut / c.seconds for c in rounds] for way, rounds in counts.items()}
    for way, rounds in counts.items():
        yield Figure(f"{DEVICES} devices flat out, {way}", "sets/s", tuple(sets[way]), "higher")
        yield Figure(
            f"{DEVICES} devices flat out, {way}: CPU",
            "µs/read",
            tuple(1e6 * c.cpu / c.requests for c in rounds),
            "lower",
        )
    yield ratio("sets of the bare loop", sets["mbmd"], sets["bare"], "higher", 0.6)


def _measure(way: str, seconds: float, ports: str) -> Count:
    command = [sys.executable, "-m", __name__, way, str(seconds)]
    done = subprocess.run(command, input=ports, stdout=subprocess.PIPE, text=True, check=True)
    return Count(*json.loads(done.stdout))


def _main(way: str, *args: str) -> None:
    if way == "serve":
        uvloop.run(serve())
    seconds = float(args[0])
    adapters = [parse_adapter(f"127.0.0.1:{port}") for port in json.loads(sys.stdin.read())]
    job = bare(adapters, seconds) if way == "bare" else poll([(adapter, [1]) for adapter in adapters], seconds)
    print(json.dumps(uvloop.run(job)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    _main(*sys.argv[1:])
