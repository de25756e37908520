"""What the broker keeps of earlier times, and is no more."""

import asyncio
from collections.abc import Iterable, Mapping

from mbmd.sinks.mqtt.broker import Broker
from mbmd.sinks.mqtt.dialect import Dialect, Words
from mbmd.sinks.mqtt.voice import Voice
from mbmd.sinks.sink import Feed
from mbmd.turns import rest

FILTERS = 50
"""Filters that are asked for at once: it takes a while to write down that many."""
QUIET = 1.0
"""Seconds without another message, after which all that is kept has come."""
LONGEST = 10.0
MOST_MESSAGES = 100_000
MOST_BYTES = 16 << 20
"""Bounds for a broker that sends whatever it likes; what is beyond them is left as it is."""


async def clear_leftovers(broker: Broker, feed: Feed, dialects: Iterable[Dialect], asked_all: asyncio.Event) -> None:
    """Ask a broker for what it keeps that looks like the dialects', and clear what is none of it any more.

    `asked_all` is set then: what is said later does not hide what was kept before.
    """
    asked = [(dialect, filters, _Kept()) for dialect in dialects if (filters := dialect.watches(feed.devices))]
    try:
        await rest()
        for _, filters, kept in asked:
            for first in range(0, len(filters), FILTERS):
                broker.listen(filters[first : first + FILTERS], kept.hear)
                await rest()
        asked_all.set()
        await asyncio.gather(*(kept.complete() for *_, kept in asked))
    finally:
        for _, filters, _ in asked:
            broker.unlisten(filters)
    for dialect, _, kept in asked:
        await Voice(broker).say(_outdated(dialect, feed, kept.messages))


def _outdated(dialect: Dialect, feed: Feed, retained: Mapping[str, bytes]) -> Words:
    """What a dialect says as long as the devices are the same: for others it is asked anew."""
    devices = feed.devices
    for message in dialect.outdated(devices, retained):
        yield message
        if feed.devices is not devices:
            return


class _Kept:
    """What has come so far, by topic."""

    def __init__(self) -> None:
        self.messages: dict[str, bytes] = {}
        self._bytes = 0
        self._news = asyncio.Event()

    def hear(self, topic: str, payload: bytes, retained: bool) -> None:
        """Take a message, if it is one that is kept."""
        if retained and payload and not self._is_full:
            self._bytes += len(topic) + len(payload)
            self.messages[topic] = payload
            self._news.set()

    async def complete(self) -> None:
        """Wait until no more comes."""
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST
        while not self._is_full:
            try:
                async with asyncio.timeout_at(min(loop.time() + QUIET, end)):
                    await self._news.wait()
            except TimeoutError:
                return
            self._news.clear()

    @property
    def _is_full(self) -> bool:
        return len(self.messages) >= MOST_MESSAGES or self._bytes > MOST_BYTES
