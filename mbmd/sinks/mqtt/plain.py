"""A topic and a number for each measurement."""

from collections.abc import Iterable, Iterator

from mbmd.config.outputs import Mqtt
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Update
from mbmd.sinks.mqtt.dialect import Silent
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.names import Names


class Plain(Silent):
    """Values with three decimals, and texts as they are."""

    def __init__(self, config: Mqtt, names: Names) -> None:
        self._names = names
        self._qos = config.qos
        self._retain = config.retain
        self._kept: dict[str, frozenset[str]] = {}

    def presents(self, device: DeviceReadings, /) -> Iterable[Message]:
        """Nothing but the clearing of what the broker keeps and the device does not offer, or not under that name."""
        if not self._retain:
            return ()
        missing = device.missing
        topics = zip(device.measurements, self._names.of(device).readings, strict=False)
        offered = frozenset(topic for measurement, topic in topics if measurement.name not in missing)
        before, self._kept[device.id] = self._kept.get(device.id, offered), offered
        return self._cleared(device, before - offered)

    def values(self, update: Update, /) -> list[Message]:
        """A message for each reading."""
        device, retain, qos = update.device, self._retain, self._qos
        topics = self._names.of(device).readings
        messages = [
            Message(topic, b"%.3f" % value, retain, qos)
            for topic, value in zip(topics, update.values, strict=False)
            if value == value
        ]
        if update.texts and topics:
            texts = update.texts.items()
            messages += [Message(topics[device.slots[name]], text.encode(), retain, qos) for name, text in texts]
        return messages

    def gone(self, device: DeviceReadings, /) -> Iterable[Message]:
        """What the broker keeps of a device, cleared."""
        self._names.forget(device)
        return self._cleared(device, self._kept.pop(device.id, frozenset()))

    def _cleared(self, device: DeviceReadings, topics: Iterable[str]) -> Iterator[Message]:
        cleared = (topic for topic in sorted(topics) if self._names.may_clear(device, topic))
        return (Message(topic, b"", True, self._qos) for topic in cleared)
