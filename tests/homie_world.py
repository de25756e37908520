"""A broker that keeps messages, and an mbmd at it that does nothing but Homie, as the MQTT sink would drive it."""

from array import array
from collections.abc import Callable, Iterable, Mapping
from math import nan

from paho.mqtt.client import topic_matches_sub

from mbmd.measurements import Measurement
from mbmd.readings.device import NO_TEXTS, Descriptor, DeviceReadings
from mbmd.readings.hub import Update
from mbmd.sinks.mqtt.dialect import Dialect, Words
from mbmd.sinks.mqtt.message import Message


class KeepingBroker:
    """Keeps the latest retained message of each topic; `sent` are the topics of all that came."""

    def __init__(self) -> None:
        self.retained: dict[str, bytes] = {}
        self.sent: set[str] = set()

    def take(self, messages: Iterable[Message]) -> None:
        """Messages come, all of them to be kept."""
        for topic, payload, retain, _ in messages:
            assert retain
            assert topic
            assert not set(topic) & set("+#")
            self.sent.add(topic)
            if payload:
                self.retained[topic] = payload
            else:
                self.retained.pop(topic, None)

    def kept(self, filters: Iterable[str]) -> dict[str, bytes]:
        """The messages that someone gets who subscribes."""
        filters = list(filters)
        return {
            topic: payload
            for topic, payload in self.retained.items()
            if any(topic_matches_sub(pattern, topic) for pattern in filters)
        }

    def text(self, topic: str) -> str | None:
        """What is kept of a topic."""
        payload = self.retained.get(topic)
        return None if payload is None else payload.decode()

    def below(self, topic: str) -> dict[str, str]:
        """All that is kept below a topic."""
        below = {found: text.decode() for found, text in self.retained.items() if found.startswith(f"{topic}/")}
        return {found.removeprefix(f"{topic}/"): text for found, text in below.items()}


class Daemon:
    """An mbmd; what it says while it is not connected is lost."""

    def __init__(
        self, broker: KeepingBroker, make: Callable[[], Dialect], devices: Iterable[DeviceReadings] = ()
    ) -> None:
        self.broker = broker
        self.dialect = make()
        self.devices = {device.id: device for device in devices}
        self.connected = False
        self._offered: dict[DeviceReadings, tuple[Measurement, ...]] = {}

    def connect(self, *, heard_late: bool = False) -> "Daemon":
        """Connect; what is retained comes before all that mbmd says, or after it."""
        self.connected = True
        filters = self.dialect.watches(self.devices)
        heard = self.broker.kept(filters)
        self._say(self.dialect.births(self.devices))
        for device in self.devices.values():
            self._offered.pop(device, None)
            self._appear(device)
        if heard_late:
            heard = self.broker.kept(filters)
        self._say(self.dialect.outdated(self.devices, heard))
        return self

    def lose(self) -> None:
        """The broker notices that mbmd is gone, and says what it was told to say then."""
        if self.connected:
            self.broker.take(self.dialect.wills(self.devices))
        self.connected = False

    def leave(self) -> None:
        """Mbmd ends on purpose."""
        self._say(self.dialect.farewell(self.devices))
        self.connected = False

    def poll(self, device: DeviceReadings, values: Iterable[float], texts: Mapping[str, str] = NO_TEXTS) -> None:
        """A device answers."""
        turned = not device.online
        column = array("d", values)
        device.commit(column, (), 0.0, 0.0, texts)
        device.health.trouble = ""
        if turned:
            self._turn(device)
        if self._offered.get(device) != device.offered:
            self._present(device)
        self._say(self.dialect.values(Update(device, column, 0.0, texts)))
        if turned:
            self._say(self.dialect.states(device))

    def silence(self, device: DeviceReadings, trouble: str = "does not answer") -> None:
        """A device does not answer any more."""
        device.health.trouble = trouble
        device.go_offline()
        self._turn(device)

    def find(self, device: DeviceReadings, absent: Iterable[str] = (), told: Descriptor | None = None) -> None:
        """It is known, or known anew, which measurements a device has."""
        device.is_found = True
        device.absent = frozenset(absent)
        device.descriptor = told or device.descriptor
        self._appear(device)

    def reload(self, devices: Iterable[DeviceReadings]) -> None:
        """Other devices are configured; it is looked for leftovers then."""
        before, self.devices = self.devices, {device.id: device for device in devices}
        for device in before.values():
            if device.id not in self.devices:
                self._say(self.dialect.gone(device))
        for device in self.devices.values():
            if before.get(device.id) is not device:
                self._appear(device)
        self._say(self.dialect.outdated(self.devices, self.broker.kept(self.dialect.watches(self.devices))))

    def _appear(self, device: DeviceReadings) -> None:
        self._turn(device)
        if device.version and device.online:
            self._present(device)
            self._say(self.dialect.values(Update(device, device.latest, 0.0, device.texts)))
            self._turn(device)

    def _present(self, device: DeviceReadings) -> None:
        self._offered[device] = device.offered
        self._say(self.dialect.presents(device))

    def _turn(self, device: DeviceReadings) -> None:
        self._say(self.dialect.states(device))

    def _say(self, words: Words) -> None:
        messages = list(filter(None, words))
        if self.connected:
            self.broker.take(messages)


def meter(
    device_id: str, measurements: Iterable[Measurement], type_name: str = "SDM", told: Descriptor | None = None
) -> DeviceReadings:
    """A meter, by default of Eastron."""
    device = DeviceReadings(device_id, type_name, measurements)
    device.descriptor = told or Descriptor("Eastron", "Eastron SDM630")
    return device


def unknown(device: DeviceReadings) -> DeviceReadings:
    """The device, of which nobody knows yet what it has."""
    device.is_found = False
    device.absent = frozenset(device.slots)
    return device


def some(device: DeviceReadings) -> list[float]:
    """Values of all that a device offers."""
    offered = set(device.offered)
    return [slot + 0.5 if m in offered else nan for slot, m in enumerate(device.measurements)]
