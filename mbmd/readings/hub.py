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
        self._pending: dict[str, Update] = {}
        self._arrived = asyncio.Event()

    def put(self, update: Update) -> None:
        """Add an update; never waits."""
        self._pending[update.device.id] = update
        self._arrived.set()

    async def take(self) -> list[Update]:
        """All waiting updates, the oldest first; waits until there is one."""
        await self._arrived.wait()
        self._arrived.clear()
        updates = list(self._pending.values())
        self._pending.clear()
        return updates


class Hub:
    """All devices by id, the accounts of their buses, and the subscriptions to updates."""

    def __init__(self, devices: Iterable[DeviceReadings], buses: Iterable[BusHealth] = ()) -> None:
        self.devices = {device.id: device for device in sorted(devices, key=lambda d: d.id)}
        self.buses = tuple(buses)
        self._subscriptions: list[Subscription] = []

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
        if self._subscriptions:
            update = Update(device, values, device.timestamp)
            for subscription in self._subscriptions:
                subscription.put(update)
