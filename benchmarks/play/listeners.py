"""Clients of the stream who throw away what they get: `python -m benchmarks.play.listeners PORT CLIENTS PATH`.

They are cheap, for what is measured shares the machine with them: nothing is parsed but the head of the answer.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, cast

import uvloop

from benchmarks.play import child
from benchmarks.play.files import allow_many_files
from benchmarks.play.ports import HOST

BATCH = "/ws?format=batch"
SINGLE = "/ws?format=reading"
EVENTS = "/api/stream?format=batch"
PATIENCE = 30.0
"""Seconds within which each must be let in."""


class Heard(NamedTuple):
    """Bytes that came to all of them so far, and how many of them were thrown out."""

    received: int
    lost: int


class Listeners:
    """Clients that listen."""

    def __init__(self, player: child.Child) -> None:
        self._player = player
        self.pid = player.pid

    @property
    def heard(self) -> Heard:
        """What came so far."""
        return Heard(*self._player.ask())

    @property
    def cpu_seconds(self) -> float:
        """CPU time that their process has had so far."""
        return self._player.cpu_seconds


@contextmanager
def listening(port: int, clients: int, path: str = BATCH) -> Iterator[Listeners]:
    """So many clients of one path, all of them let in."""
    with child.playing(__name__, port, clients, path) as player:
        yield Listeners(player)


def request(path: str) -> bytes:
    """What asks for the stream, by websocket at `/ws`, else as server-sent events."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}"]
    if path.startswith("/ws"):
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    return "\r\n".join([*lines, "", ""]).encode()


class _Listener(asyncio.BufferedProtocol):
    """All have one buffer, for nobody reads it."""

    buffer = memoryview(bytearray(1 << 18))
    received = lost = 0

    def __init__(self, path: str) -> None:
        self._path = path
        self.let_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(request(self._path))

    def get_buffer(self, _: int) -> memoryview:
        return self.buffer

    def buffer_updated(self, size: int) -> None:
        _Listener.received += size
        if not self.let_in.done():
            head = bytes(self.buffer[: min(size, 200)])
            if head.startswith((b"HTTP/1.1 101 ", b"HTTP/1.1 200 ")):
                self.let_in.set_result(None)
            else:
                self.let_in.set_exception(RuntimeError(f"{self._path} answers {head.decode(errors='replace')}"))

    def connection_lost(self, error: Exception | None) -> None:
        _Listener.lost += 1
        if not self.let_in.done():
            self.let_in.set_exception(error or RuntimeError(f"{self._path} closes the connection"))


async def _play(port: int, clients: int, path: str) -> None:
    """Join one after another, tell so, and tell what was heard for each line that comes, until there are no more."""
    loop = asyncio.get_running_loop()
    for _ in range(clients):
        _, listener = await loop.create_connection(lambda: _Listener(path), HOST, port)
        await asyncio.wait_for(listener.let_in, PATIENCE)
    print("null", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps([_Listener.received, _Listener.lost]), flush=True)


if __name__ == "__main__":
    allow_many_files()
    uvloop.run(_play(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
