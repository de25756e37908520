"""Clients who ask for one path without a pause: `python -m benchmarks.play.load PORT PATH CONNECTIONS [gzip]`.

Each has a connection that stays, and asks again as soon as it has the answer.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, NamedTuple, cast

import uvloop

from benchmarks.delays import Delays, delays
from benchmarks.play import child
from benchmarks.play.ports import HOST

LENGTH = b"\r\ncontent-length: "
END = b"\r\n\r\n"
PATIENCE = 30.0
"""Seconds within which each must get its first answer."""


class Answered(NamedTuple):
    """Answers since it was asked last, their bytes with heads, answers other than 200, and seconds each took."""

    answers: int
    received: int
    refused: int
    delays: Delays


class Load:
    """Clients that ask."""

    def __init__(self, player: child.Child) -> None:
        self._player = player

    def answered(self) -> Answered:
        """What they got since this was asked last, which is one answer at least."""
        answers, received, refused, took = self._player.ask()
        return Answered(answers, received, refused, Delays(*took))


@contextmanager
def asking(port: int, path: str, connections: int, *, zipped: bool = False) -> Iterator[Load]:
    """So many clients who ask for a path, compressed if so wanted; each has got an answer."""
    with child.playing(__name__, port, path, connections, *(["gzip"] if zipped else [])) as player:
        yield Load(player)


def request(path: str, zipped: bool) -> bytes:
    """What asks for a path."""
    coding = "Accept-Encoding: gzip\r\n" if zipped else ""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{coding}\r\n".encode()


def size(head: bytes) -> int:
    """Bytes of an answer that begins with these, which have its whole head. Raises ValueError if it does not tell."""
    end, place = head.find(END), head.lower().find(LENGTH)
    if not 0 <= place < end:
        raise ValueError(f"an answer that does not tell its length: {head[:200]!r}")
    start = place + len(LENGTH)
    return end + len(END) + int(head[start : head.find(b"\r", start)])


class _Client(asyncio.Protocol):
    """All of them count together."""

    took: ClassVar[list[float]] = []
    received = refused = 0

    def __init__(self, asked: bytes) -> None:
        self._asked = asked
        self._missing = 0
        self._head = b""
        self.answered = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        _Client.received += len(data)
        if not self._missing:
            self._head += data
            if END not in self._head:
                return
            if not self._head.startswith(b"HTTP/1.1 200 "):
                _Client.refused += 1
            self._missing, data, self._head = size(self._head), self._head, b""
        self._missing -= len(data)
        if self._missing <= 0:
            _Client.took.append(time.perf_counter() - self._since)
            self.answered.set()
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        sys.exit(f"the daemon has closed a connection: {error}")

    def _ask(self) -> None:
        self._since = time.perf_counter()
        self._transport.write(self._asked)


async def _play(port: int, path: str, connections: int, zipped: bool) -> None:
    """Ask, and tell how it went for each line that comes, until there are no more."""
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        _, client = await loop.create_connection(lambda: _Client(request(path, zipped)), HOST, port)
        await asyncio.wait_for(client.answered.wait(), PATIENCE)
    print("null", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        if not _Client.took:
            client.answered.clear()
            await asyncio.wait_for(client.answered.wait(), PATIENCE)
        took, _Client.took = _Client.took, []
        counts = len(took), _Client.received, _Client.refused
        _Client.received = _Client.refused = 0
        print(json.dumps([*counts, delays(took)]), flush=True)


if __name__ == "__main__":
    uvloop.run(_play(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), "gzip" in sys.argv[4:]))
