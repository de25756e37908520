"""One client who notes when each piece comes: `python -m benchmarks.play.probe KIND PORT RATE`.

It does nothing but note the time while it listens; what the pieces say is looked at when it is asked.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple, cast

import uvloop

from benchmarks.play import child, listeners, packets, polls
from benchmarks.play.ports import HOST

SETTLED = 0.3
"""Intervals between polls after which what is told to newcomers has come."""
PATIENCE = 30.0
"""Seconds within which it must be let in."""


class Kind(NamedTuple):
    """How something is asked for and read; `head` is what ends the part before the messages."""

    request: bytes
    head: bytes
    cut: packets.Cut
    say: polls.Say


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "websocket, batch": Kind(listeners.request(listeners.BATCH), b"\r\n\r\n", packets.frame, polls.of_batch),
        "websocket, single": Kind(listeners.request(listeners.SINGLE), b"\r\n\r\n", packets.frame, polls.of_reading),
        "events": Kind(listeners.request(listeners.EVENTS), b"\r\n\r\n", packets.event, polls.of_batch),
        "MQTT": Kind(packets.subscribe("mbmd/#"), b"", packets.publication, polls.of_topic),
    }
)


class Seen(NamedTuple):
    """What was heard since it was asked last; `delays` are seconds from the wire to here, one for each poll."""

    messages: int
    received: int
    delays: list[float]


class Probe:
    """A client that listens."""

    def __init__(self, player: child.Child) -> None:
        self._player = player

    def seen(self) -> Seen:
        """What it has heard since this was asked last."""
        return Seen(*self._player.ask())


@contextmanager
def probing(kind: str, port: int, rate: float) -> Iterator[Probe]:
    """A client of a kind, who has heard what newcomers are told; devices are polled each `rate` seconds."""
    with child.playing(__name__, kind, port, rate) as player:
        probe = Probe(player)
        time.sleep(SETTLED * rate)
        probe.seen()
        yield probe


class _Listener(asyncio.Protocol):
    def __init__(self, kind: Kind, rate: float) -> None:
        self._kind = kind
        self._chunks: list[packets.Came] = []
        self.answered = asyncio.Event()
        self._has_head = not kind.head
        self._splitter = packets.Splitter(kind.cut)
        self._rate = rate
        self._joined = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._joined = time.monotonic()
        cast("asyncio.Transport", transport).write(self._kind.request)

    def data_received(self, data: bytes) -> None:
        self._chunks.append(packets.Came(time.monotonic(), data))
        self.answered.set()

    def seen(self) -> Seen:
        """All that has come, looked at; what was read before it joined is what newcomers are told."""
        chunks, self._chunks = self._chunks, []
        received = sum(len(chunk.data) for chunk in chunks)
        if not self._has_head:
            chunks = self._without_head(chunks)
        words = [word for message in self._splitter.split(chunks) if (word := self._kind.say(message)) is not None]
        new = (word for word in words if polls.since(self._joined, word.clock) > 0)
        return Seen(len(words), received, [poll.delay for poll in polls.polls(new, self._rate)])

    def _without_head(self, chunks: list[packets.Came]) -> list[packets.Came]:
        """What comes behind the head of the answer, which is there in full by now. Raises RuntimeError otherwise."""
        data = b"".join(chunk.data for chunk in chunks)
        head, found, rest = data.partition(self._kind.head)
        if not found:
            raise RuntimeError(f"no answer but {head[:200]!r}")
        self._has_head = True
        return [packets.Came(chunks[-1].at, rest)]


async def _play(kind: str, port: int, rate: float) -> None:
    """Listen, and tell what was seen for each line that comes, until there are no more."""
    loop = asyncio.get_running_loop()
    _, listener = await loop.create_connection(lambda: _Listener(KINDS[kind], rate), HOST, port)
    await asyncio.wait_for(listener.answered.wait(), PATIENCE)
    print("null", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(listener.seen()), flush=True)


if __name__ == "__main__":
    uvloop.run(_play(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
