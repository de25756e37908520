"""From the buses to everyone who wants readings; nobody can hold up a poll."""

import asyncio
from array import array
from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mbmd.readings.device import NO_TEXTS, DeviceReadings
from mbmd.readings.health import BusHealth, SinkHealth


class Update(NamedTuple):
    """What one poll of a device brought; NaN in `values` is no reading, `texts` are those that are no numbers.

    `packed` are the values as the device keeps them for a while, for who does too; None if nobody does.
    """

    device: DeviceReadings
    values: "array[float]"
    timestamp: float
    texts: Mapping[str, str] = NO_TEXTS
    packed: bytes | None = None


class Batch(NamedTuple):
    """What has happened since the last batch: updates in their order, and devices that came or went.

    A device is in `turned` once, however often it turned: its `state` is what counts.
    """

    updates: list[Update]
    turned: list[DeviceReadings]


class Wants(NamedTuple):
    """What a subscription brings: updates, and devices that come or go.

    With a `queue` each update counts: so many may wait, then the oldest are lost. Without one a device has but one
    that waits: a newer one takes its place, with the values that it has not itself, and one of a device that went
    offline is dropped.
    """

    updates: bool = True
    states: bool = True
    queue: int = 0


ALL = Wants()


class Subscription:
    """A queue that never grows beyond a bound; `lost` counts the readings in updates that found no room."""

    def __init__(self, wants: Wants = ALL) -> None:
        self.lost = 0
        self._wants = wants
        self._newest: dict[DeviceReadings, Update] = {}
        self._all: deque[Update] = deque()
        self._turned: dict[DeviceReadings, None] = {}
        self._arrived = asyncio.Event()

    def put(self, update: Update) -> None:
        """Add an update; never waits."""
        if not self._wants.updates:
            return
        if not self._wants.queue:
            older = self._newest.get(update.device)
            self._newest[update.device] = update if older is None else merged(older, update)
        else:
            if len(self._all) == self._wants.queue:
                self.lost += readings_in(self._all.popleft())
            self._all.append(update)
        self._arrived.set()

    def turn(self, device: DeviceReadings) -> None:
        """A device came online or went offline; never waits."""
        if not device.online:
            self._newest.pop(device, None)
        if self._wants.states:
            self._turned[device] = None
            self._arrived.set()

    def keep(self, devices: Iterable[DeviceReadings]) -> None:
        """Drop what waits of all other devices, unless each update counts, and end a `take` that waits."""
        kept = set(devices)
        self._newest = {device: update for device, update in self._newest.items() if device in kept}
        self._turned = {device: None for device in self._turned if device in kept}
        self._arrived.set()

    @property
    def waiting(self) -> bool:
        """Whether `take` would return at once."""
        return self._arrived.is_set()

    async def take(self) -> Batch:
        """All that waits; waits until there is something, or the hub's `generation` is a new one."""
        await self._arrived.wait()
        self._arrived.clear()
        batch = Batch([*self._newest.values(), *self._all], [*self._turned])
        self._newest.clear()
        self._all.clear()
        self._turned.clear()
        return batch


class Hub:
    """All devices by id, the accounts of their buses and of the sinks, and the subscriptions to updates.

    Devices come and go: `devices` and `buses` are replaced, never changed, and `generation` grows. Each `take` of a
    subscription returns after that, be it with nothing, so who keeps something of each device compares `generation`
    with what it was, and `devices` with those it knows: a device that is another object is another one, also under
    the same id. `past_requests` and `past_errors` are those of devices that went.
    """

    def __init__(self, devices: Iterable[DeviceReadings] = (), buses: Iterable[BusHealth] = ()) -> None:
        self.devices: dict[str, DeviceReadings] = {}
        self.buses: tuple[BusHealth, ...] = ()
        self.sinks: tuple[SinkHealth, ...] = ()
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

    def subscribe(self, wants: Wants = ALL) -> Subscription:
        """A new subscription, which gets what happens from now on until `unsubscribe`."""
        subscription = Subscription(wants)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription."""
        self._subscriptions.remove(subscription)

    def publish(self, device: DeviceReadings, values: "array[float]", texts: Mapping[str, str] = NO_TEXTS) -> None:
        """Hand out what a poll of `device` brought."""
        if self._subscriptions and self.has(device):
            update = Update(device, values, device.timestamp, texts, device.packed(values))
            for subscription in self._subscriptions:
                subscription.put(update)

    def turn(self, device: DeviceReadings) -> None:
        """Tell that `device` came online or went offline."""
        if self.has(device):
            for subscription in self._subscriptions:
                subscription.turn(device)


def readings_in(update: Update) -> int:
    """How many readings an update has, texts among them."""
    return sum(value == value for value in update.values) + len(update.texts)


def merged(older: Update, newer: Update) -> Update:
    """A newer update with what only the older one has."""
    values = array("d", [new if new == new else old for old, new in zip(older.values, newer.values, strict=True)])
    return newer._replace(values=values, texts={**older.texts, **newer.texts}, packed=None)
