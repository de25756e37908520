"""What a sink is, and what it is given."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth, SinkHealth
from mbmd.readings.hub import Batch, Hub, Subscription, Wants

if TYPE_CHECKING:
    from concurrent.futures import Future

GROUP = "mbmd.sinks"
"""Entry points of packages that bring a sink: functions that take its options, a mapping of texts, and return it.

They open nothing, and raise UsageError for options that cannot work.
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
        self._closed = False
        self._far: Future[Batch] | None = None
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

        Cancelled, as by a timeout, it loses nothing. It may be called in another event loop than the feed was made
        in, and has copies of all values there; but never twice at the same time. RuntimeError when it is closed.
        """
        self._check(not self._closed, "closed")
        return await (self._take() if asyncio.get_running_loop() is self._home else self._take_far())

    async def _take(self) -> Batch:
        batch = await self._own.take()
        self.health.dropped += self._own.lost - self._lost
        self._lost = self._own.lost
        return batch

    async def _take_far(self) -> Batch:
        if self._far is None:
            self._far = asyncio.run_coroutine_threadsafe(self._take(), self._home)
        batch = await asyncio.shield(asyncio.wrap_future(self._far))
        self._far = None
        return Batch([update._replace(values=update.values[:]) for update in batch.updates], batch.turned)

    def subscribe(self, wants: Wants) -> Subscription:
        """One more queue, for the event loop that the feed was made in; it ends with the feed."""
        self._check(asyncio.get_running_loop() is self._home, "of another event loop")
        subscription = self._hub.subscribe(wants)
        self._subscriptions.append(subscription)
        return subscription

    def close(self) -> None:
        """End all queues, and a `take` that waits."""
        self._closed = True
        for subscription in self._subscriptions:
            self._hub.unsubscribe(subscription)
            subscription.keep(())
        self._subscriptions.clear()

    def _check(self, is_fine: bool, trouble: str) -> None:
        if not is_fine:
            raise RuntimeError(f"the feed is {trouble}")


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
