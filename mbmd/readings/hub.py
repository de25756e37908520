"""From the buses to everyone who wants readings; nobody can hold up a poll."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth

if TYPE_CHECKING:
    from array import array


class Update(NamedTuple):
    """What one poll of a device brought; NaN in `values` is no reading."""

    device: DeviceReadings
    values: "array[float]"
    timestamp: float


class Subscription:
    """A queue of updates that holds at most one for each device: a newer one replaces it."""

    def __init__(self) -> None:
        self._pending: dict[DeviceReadings, Update] = {}
        self._arrived = asyncio.Event()

    def put(self, update: Update) -> None:
        """Add an update; never waits."""
        self._pending[update.device] = update
        self._arrived.set()

    def keep(self, devices: Iterable[DeviceReadings]) -> None:
        """Drop the updates of all other devices, and end a `take` that waits."""
        kept = set(devices)
        self._pending = {device: update for device, update in self._pending.items() if device in kept}
        self._arrived.set()

    async def take(self) -> list[Update]:
        """All waiting updates, the oldest first; waits until there is one, or the hub's `generation` is a new one."""
        await self._arrived.wait()
        self._arrived.clear()
        updates = list(self._pending.values())
        self._pending.clear()
        return updates


class Hub:
    """All devices by id, the accounts of their buses, and the subscriptions to updates.

    Devices come and go: `devices` and `buses` are replaced, never changed, and `generation` grows. Each `take` of a
    subscription returns after that, be it with nothing, so who keeps something of each device compares `generation`
    with what it was, and `devices` with those it knows: a device that is another object is another one, also under
    the same id. `past_requests` and `past_errors` are those of devices that went.
    """

    def __init__(self, devices: Iterable[DeviceReadings] = (), buses: Iterable[BusHealth] = ()) -> None:
        self.devices: dict[str, DeviceReadings] = {}
        self.buses: tuple[BusHealth, ...] = ()
        self.generation = 0
        self.past_requests = 0
        self.past_errors = 0
        self._by_name: dict[str, DeviceReadings] = {}
        self._subscriptions: list[Subscription] = []
        self.replace(devices, buses)

    def replace(self, devices: Iterable[DeviceReadings], buses: Iterable[BusHealth]) -> None:
        """These are there from now on; nothing is told of others any more, also of a poll that is under way."""
        before = self.devices
        self.devices = {device.id: device for device in sorted(devices, key=lambda d: d.id)}
        self.buses = tuple(buses)
        self.generation += 1
        self._by_name = {device.name: device for device in self.devices.values() if device.name}
        for device in before.values():
            if not self.has(device):
                self.past_requests += device.requests
                self.past_errors += device.errors
        for subscription in self._subscriptions:
            subscription.keep(self.devices.values())

    def has(self, device: DeviceReadings) -> bool:
        """Whether a device is still there."""
        return self.devices.get(device.id) is device

    def find(self, text: str) -> DeviceReadings | None:
        """The device with that id, or else with that name."""
        return self.devices.get(text) or self._by_name.get(text)

    def subscribe(self) -> Subscription:
        """A new subscription; it gets every update from now on until `unsubscribe`."""
        subscription = Subscription()
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription."""
        self._subscriptions.remove(subscription)

    def publish(self, device: DeviceReadings, values: "array[float]") -> None:
        """Hand out what a poll of `device` brought."""
        if self._subscriptions and self.has(device):
            update = Update(device, values, device.timestamp)
            for subscription in self._subscriptions:
                subscription.put(update)
