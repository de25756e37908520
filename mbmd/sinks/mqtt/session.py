"""What is said on one connection, from the births on."""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

from mbmd.config.outputs import Mqtt
from mbmd.readings.device import Descriptor, DeviceReadings
from mbmd.readings.hub import Batch, Update
from mbmd.sinks.mqtt.broker import Broker
from mbmd.sinks.mqtt.changes import Gate, Moved
from mbmd.sinks.mqtt.dialect import Devices, Dialect
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.speech import Speech
from mbmd.sinks.mqtt.voice import Voice
from mbmd.sinks.sink import Feed

NOTHING = Batch([], [])


class Session:
    """One connection. `present` are the devices that a broker was told of, in whatever session, by id."""

    def __init__(
        self, config: Mqtt, broker: Broker, feed: Feed, speech: Speech, present: dict[str, DeviceReadings]
    ) -> None:
        self._voice = Voice(broker)
        self._feed = feed
        self._speech = speech
        self._present = present
        self._gate = Gate(config)
        self._devices: Devices = {}
        self._announced: dict[DeviceReadings, _Announced] = {}
        self._ahead: dict[DeviceReadings, None] = {}
        self._clock = asyncio.get_running_loop().time

    async def run(self, asked: asyncio.Event) -> None:
        """Once the broker was asked for what it keeps, say that mbmd is there, then what each device is and reads.

        It goes on until cancelled.
        """
        await asked.wait()
        for dialect in self._speech.dialects:
            await self._voice.say(dialect.births(self._feed.devices))
        while True:
            if self._devices is not self._feed.devices:
                await self._look_around()
            await self._tell(await self._take())
            await self._publish(self._gate.due(self._clock()))
            if self._ahead:
                await self._announce(next(iter(self._ahead)))

    async def _look_around(self) -> None:
        """Clear what is kept of devices that went, and tell of all others."""
        self._devices = self._feed.devices
        for name, device in list(self._present.items()):
            if name not in self._devices:
                del self._present[name]
                await self._say_gone(device)
        self._present.update(self._devices)
        self._announced = {device: said for device, said in self._announced.items() if self._feed.has(device)}
        self._ahead = {device: None for device in self._ahead if self._feed.has(device)}
        self._gate.keep(self._feed.has)
        for device in self._devices.values():
            await self._say_state(device)
            if device.online and not self._knows(device):
                self._ahead[device] = None

    def _knows(self, device: DeviceReadings) -> bool:
        """Whether the device was announced with what it offers now."""
        announced = self._announced.get(device)
        return announced is not None and announced.offer == _offer(device)

    async def _take(self) -> Batch:
        """What is new; nothing if something else is due, or a device is still to be announced."""
        if self._ahead and not self._feed.waiting:
            return NOTHING
        try:
            async with asyncio.timeout_at(self._gate.next):
                return await self._feed.take()
        except TimeoutError:
            return NOTHING

    async def _tell(self, batch: Batch) -> None:
        for update in batch.updates:
            device = update.device
            if not self._feed.has(device):
                continue
            if not self._knows(device):
                self._ahead[device] = None
            elif update.timestamp != self._announced[device].timestamp:
                await self._publish(self._gate.put(update, self._clock()))
        for device in filter(self._feed.has, batch.turned):
            if not device.online:
                self._gate.forget(device)
                self._ahead.pop(device, None)
            elif not self._knows(device):
                self._ahead[device] = None
            if device not in self._ahead:
                await self._say_state(device)

    async def _announce(self, device: DeviceReadings) -> None:
        """Say what a device is, and its latest values."""
        del self._ahead[device]
        if not (device.online and device.is_found and self._feed.has(device)):
            return
        update = Update(device, device.latest, device.timestamp, device.texts)
        self._announced[device] = _Announced(_offer(device), device.timestamp)
        await self._say_all(lambda dialect: dialect.presents(device))
        self._gate.forget(device)
        await self._publish(self._gate.put(update, self._clock()))
        await self._say_state(device)
        await self._voice.pause()

    async def _publish(self, all_moved: Iterable[Moved]) -> None:
        for moved in all_moved:
            await self._voice.say(self._speech.values(moved))

    async def _say_state(self, device: DeviceReadings) -> None:
        await self._say_all(lambda dialect: dialect.states(device))

    async def _say_gone(self, device: DeviceReadings) -> None:
        await self._say_all(lambda dialect: dialect.gone(device))

    async def _say_all(self, words: Callable[[Dialect], Iterable[Message]]) -> None:
        for dialect in self._speech.dialects:
            await self._voice.say(words(dialect))


class _Offer(NamedTuple):
    """What a device was presented by."""

    name: str
    place: str
    descriptor: Descriptor
    missing: frozenset[str]


class _Announced(NamedTuple):
    offer: _Offer
    timestamp: float


def _offer(device: DeviceReadings) -> _Offer:
    return _Offer(device.name, device.place, device.descriptor, device.missing)
