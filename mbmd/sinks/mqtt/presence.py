"""Whether mbmd is there and which devices answer."""

from collections.abc import Iterable, Iterator, Sequence

from mbmd.config.outputs import Mqtt
from mbmd.readings.device import DeviceReadings, State
from mbmd.sinks.mqtt.dialect import Devices, Silent
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.names import Names, status_topic

CONNECTED = b"connected"
DISCONNECTED = b"disconnected"


class Presence(Silent):
    """`connected` or `disconnected` of mbmd, `online` or `offline` of each device; the broker keeps all of it.

    What it kept before, it is left alone: another mbmd may use the same topics.
    """

    def __init__(self, config: Mqtt, names: Names) -> None:
        self._names = names
        self._qos = config.qos
        self._status = status_topic(config)
        self._told: dict[str, str] = {}

    def wills(self, _: Devices, /) -> Sequence[Message]:
        """That mbmd is not there."""
        return (self._kept(self._status, DISCONNECTED),)

    def births(self, _: Devices, /) -> Iterable[Message]:
        """That mbmd is there."""
        return (self._kept(self._status, CONNECTED),)

    def presents(self, device: DeviceReadings, /) -> Iterable[Message]:
        """Nothing but the clearing of what was told under another name of the device."""
        told = self._told.get(device.id)
        if told is None or told == self._names.of(device).status:
            return ()
        del self._told[device.id]
        return self._cleared(device, told)

    def states(self, device: DeviceReadings, /) -> Iterator[Message]:
        """Whether a device answers; nothing before that is known."""
        if device.state is not State.UNKNOWN:
            yield from self.presents(device)
            topic = self._told[device.id] = self._names.of(device).status
            yield self._kept(topic, device.state.encode())

    def gone(self, device: DeviceReadings, /) -> Iterable[Message]:
        """What was told of a device, cleared."""
        self._names.forget(device)
        told = self._told.pop(device.id, None)
        return () if told is None else self._cleared(device, told)

    def farewell(self, _: Devices, /) -> Iterator[Message]:
        """That nobody knows of the devices any more, and mbmd is not there."""
        for topic in self._told.values():
            yield self._kept(topic, State.OFFLINE.encode())
        yield self._kept(self._status, DISCONNECTED)

    def _kept(self, topic: str, payload: bytes) -> Message:
        return Message(topic, payload, True, self._qos)

    def _cleared(self, device: DeviceReadings, topic: str) -> Iterable[Message]:
        return (self._kept(topic, b""),) if self._names.may_clear(device, topic) else ()
