"""A JSON object for each device and poll."""

from collections.abc import Iterable

from mbmd.config.outputs import Mqtt
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Update
from mbmd.readings.render import device_json
from mbmd.sinks.mqtt.dialect import Silent
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.names import Names


class Objects(Silent):
    """What REST says of a device, of what one poll brought."""

    def __init__(self, config: Mqtt, names: Names) -> None:
        self._names = names
        self._qos = config.qos
        self._retain = config.retain
        self._kept: dict[str, str] = {}

    def presents(self, device: DeviceReadings, /) -> Iterable[Message]:
        """Nothing but the clearing of what the broker keeps under another name of the device."""
        if not self._retain:
            return ()
        topic = self._names.of(device).whole
        before, self._kept[device.id] = self._kept.get(device.id, topic), topic
        return self._cleared(device, before) if before != topic else ()

    def values(self, update: Update, /) -> Iterable[Message]:
        """The object of an update."""
        device = update.device
        topic = self._names.of(device).whole
        if not topic:
            return ()
        body = device_json(device, update.values, update.timestamp, update.texts)
        return (Message(topic, body, self._retain, self._qos),)

    def gone(self, device: DeviceReadings, /) -> Iterable[Message]:
        """What the broker keeps of a device, cleared."""
        self._names.forget(device)
        return self._cleared(device, self._kept.pop(device.id, ""))

    def _cleared(self, device: DeviceReadings, topic: str) -> Iterable[Message]:
        cleared = topic and self._names.may_clear(device, topic)
        return (Message(topic, b"", True, self._qos),) if cleared else ()
