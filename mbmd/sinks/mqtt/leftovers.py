"""What the broker keeps of earlier times, and is no more."""

import asyncio
from collections.abc import Mapping, Sequence

from mbmd.sinks.mqtt.broker import Broker
from mbmd.sinks.mqtt.dialect import Dialect
from mbmd.sinks.mqtt.voice import Voice
from mbmd.sinks.sink import Feed

QUIET = 1.0
"""Seconds without another message, after which all that is kept has come."""
LONGEST = 10.0
MOST_MESSAGES = 100_000
MOST_BYTES = 16 << 20
"""Bounds for a broker that sends whatever it likes; what is beyond them is left as it is."""


async def clear_leftovers(broker: Broker, feed: Feed, dialect: Dialect) -> None:
    """Ask a broker for what it keeps that looks like a dialect's, and clear what is none of it any more."""
    filters = dialect.watches(feed.devices)
    if filters:
        kept = await _kept(broker, filters)
        await Voice(broker).say(dialect.outdated(feed.devices, kept))


async def _kept(broker: Broker, filters: Sequence[str]) -> Mapping[str, bytes]:
    kept = _Kept()
    broker.listen(filters, kept.hear)
    try:
        await kept.complete()
    finally:
        broker.unlisten(filters)
    return kept.messages


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
