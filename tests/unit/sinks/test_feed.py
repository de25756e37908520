"""What a sink is given."""

import asyncio

from mbmd.readings.health import BusHealth, SinkHealth
from mbmd.readings.hub import Hub, Wants
from mbmd.sinks.sink import Feed


def test_a_feed_shows_the_buses_that_there_are_now() -> None:
    async def watch() -> None:
        bus, other = BusHealth("/dev/ttyUSB0"), BusHealth("meter:502")
        hub = Hub(buses=[bus])
        feed = Feed(hub, SinkHealth("mqtt"), Wants())
        assert feed.buses == (bus,)
        hub.replace([], [other])
        assert feed.buses == (other,)

    asyncio.run(watch())
