"""When diagnostics are published."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

from mbmd.readings.health import BusHealth
from mbmd.sinks.mqtt.dialect import Devices
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.sink import Feed

PERIOD = 60.0
LOOK = 1.0
"""Seconds between looks at the buses."""


@runtime_checkable
class Diagnosing(Protocol):
    """A dialect that has more to say than readings."""

    def diagnostics(self, devices: Devices, buses: Sequence[BusHealth], now: float) -> Iterable[Message]:
        """How buses and devices do at the monotonic time `now`."""


class Reporter:
    """Asks for diagnostics once a minute, and as soon as a bus comes or goes, or its connection does."""

    def __init__(self, dialect: Diagnosing) -> None:
        self._dialect = dialect
        self._told: object = None
        self._next = 0.0

    def due(self, devices: Devices, buses: Sequence[BusHealth], now: float) -> Iterable[Message]:
        """What is to be published at the monotonic time `now`: all when it is first asked."""
        state = [(bus, bus.connected) for bus in buses]
        if state == self._told and now < self._next:
            return ()
        self._told = state
        self._next = now + PERIOD
        return self._dialect.diagnostics(devices, buses, now)


async def report(dialect: Diagnosing, feed: Feed, say: Callable[[Iterable[Message]], Awaitable[None]]) -> None:
    """Publish diagnostics on a connection until cancelled, the first when its births are said."""
    reporter = Reporter(dialect)
    clock = asyncio.get_running_loop().time
    while True:
        await asyncio.sleep(LOOK)
        await say(reporter.due(feed.devices, feed.buses, clock()))
