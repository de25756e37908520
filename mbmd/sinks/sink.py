"""What a sink is, and what it is given."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth, SinkHealth
from mbmd.readings.hub import Batch, Hub, Subscription, Wants

GROUP = "mbmd.sinks"
"""Entry points of packages that bring a sink: functions that take its options, a mapping of texts, and return it.

They raise UsageError for options that cannot work.
"""


class Feed:
    """What a sink gets: its queue, the devices, and its account, which it keeps itself.

    It is closed when the sink's `run` has ended.
    """

    def __init__(self, hub: Hub, health: SinkHealth, wants: Wants) -> None:
        self.health = health
        self._hub = hub
        self._subscriptions: list[Subscription] = []
        self._home = asyncio.get_running_loop()
        self._lost = 0
        self._own = self.subscribe(wants)

    @property
    def devices(self) -> Mapping[str, DeviceReadings]:
        """All devices by id. It is another object whenever devices came or went, and `take` returns then.

        A device that is another object is another one, also under the same id.
        """
        return self._hub.devices

    @property
    def buses(self) -> tuple[BusHealth, ...]:
        """The accounts of all buses."""
        return self._hub.buses

    def has(self, device: DeviceReadings) -> bool:
        """Whether a device is still there."""
        return self._hub.has(device)

    @property
    def waiting(self) -> bool:
        """Whether `take` would return at once."""
        return self._own.waiting

    async def take(self) -> Batch:
        """What waits in the queue, as soon as there is something; it may be nothing when devices came or went.

        It may be called in another event loop than the feed was made in.
        """
        if asyncio.get_running_loop() is not self._home:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.take(), self._home))
        batch = await self._own.take()
        self.health.dropped += self._own.lost - self._lost
        self._lost = self._own.lost
        return batch

    def subscribe(self, wants: Wants) -> Subscription:
        """One more queue, for the event loop that the feed was made in; it ends with the feed."""
        subscription = self._hub.subscribe(wants)
        self._subscriptions.append(subscription)
        return subscription

    def close(self) -> None:
        """End all queues."""
        for subscription in self._subscriptions:
            self._hub.unsubscribe(subscription)
        self._subscriptions.clear()


class Sink(Protocol):
    """Somewhere that readings are sent to; `name` is what people call it in status and logs."""

    @property
    def name(self) -> str:
        """Its name, unique among all sinks."""

    @property
    def wants(self) -> Wants:
        """What comes into its queue, and how much of it."""

    async def run(self, feed: Feed) -> None:
        """Send what comes until cancelled, and tidy up then, within a second or two.

        When it raises or returns, it is run again after a pause. It must not block the event loop.
        """
