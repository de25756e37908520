"""Homie 5.0: each device describes itself in one JSON object; mbmd is the root device, whose will stands for all.

Source: The Homie Convention, version 5.0.0.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

import orjson

from mbmd.config.outputs import Mqtt
from mbmd.measurements import Measurement
from mbmd.readings.device import DeviceReadings, State
from mbmd.sinks.mqtt.dialect import Devices, Words
from mbmd.sinks.mqtt.homie_common import DISCONNECTED, INIT, LARGEST, LOST, NODE, READY, Homie, datatype
from mbmd.sinks.mqtt.message import Message

_ALERT = "$alert/offline"
_ID = re.compile(r"[a-z0-9-]+")
_LIKE_A_DEVICE = re.compile(r".*[0-9]-[0-9]+(-[0-9]+)?")
_WORDS = {State.UNKNOWN: INIT, State.ONLINE: READY, State.OFFLINE: LOST}


class Homie5(Homie):
    """A device that does not answer is lost, and an alert says why: the convention has no state for that any more."""

    def __init__(self, config: Mqtt) -> None:
        super().__init__(config, f"{config.homie.rstrip('/')}/5", _WORDS)
        self._client = config.clientid
        self.root = root_id(config.clientid)
        self._children: set[str] = set()

    def device_id(self, device: DeviceReadings) -> str:
        return _valid(device.id)

    def property_id(self, measurement: Measurement) -> str:
        return _valid(measurement.name)

    def attributes(self, device: DeviceReadings) -> dict[str, bytes]:
        told = device.descriptor
        node = {
            "name": told.manufacturer or device.type,
            "type": told.model or device.type,
            "properties": {self.property_id(measurement): _property(measurement) for measurement in device.offered},
        }
        described = {"name": self.label(device), "root": self.root, "parent": self.root, "nodes": {NODE: node}}
        return {f"{self.topic(device)}/$description": _description(described)}

    def standing(self, device: DeviceReadings, word: str) -> dict[str, bytes]:
        alert = device.health.trouble if word == LOST else ""
        return {**super().standing(device, word), f"{self.topic(device)}/{_ALERT}": alert.encode()}

    def payload(self, text: str) -> bytes:
        return text.encode() or b"\0"

    def wills(self, devices: Devices) -> Sequence[Message]:  # noqa: ARG002
        return self._say_root(LOST)

    def corrects(self, devices: Devices) -> Iterable[Message]:  # noqa: ARG002
        return self._say_root(READY)

    def births(self, devices: Devices) -> Iterable[Message]:
        super().births(devices)
        self._children = set(map(self.device_id, devices.values()))
        return self._present_root()

    def announce(self, device: DeviceReadings) -> list[Message]:
        messages = super().announce(device)
        if (child := self.device_id(device)) not in self._children:
            self._children.add(child)
            messages += self._present_root()
        return messages

    def gone(self, device: DeviceReadings) -> Iterable[Message]:
        cleared = [*super().gone(device)]
        if not cleared and device.is_found:
            return ()
        self._children.discard(self.device_id(device))
        return [*self._present_root(), *cleared]

    def farewell(self, devices: Devices) -> Iterable[Message]:
        return [*super().farewell(devices), *self._say_root(DISCONNECTED)]

    def outdated(self, devices: Devices, retained: Mapping[str, bytes]) -> Words:
        yield from super().outdated(devices, retained)
        waiting = [device for device in devices.values() if not device.is_found]
        others = self._children.difference(map(self.device_id, waiting))
        before, self._children = self._children, others.union(map(self.device_id, filter(self.is_known, waiting)))
        if self._children != before:
            yield from self._present_root()

    def own(self, devices: Devices) -> dict[str, Callable[[], Container[str] | None]]:
        topic = f"{self.base}/{self.root}"
        return {**super().own(devices), topic: lambda: (f"{topic}/$description", f"{topic}/$state")}

    def marks(self) -> Sequence[str]:
        return (f"{self.base}/+/$description",)

    def former(self, own: Container[str], retained: Mapping[str, bytes]) -> Iterable[str]:
        for topic, payload in retained.items():
            device = self.device_topic(topic)
            if topic == f"{device}/$description" and device not in own:
                described = _loaded(payload)
                if described.get("root") == self.root:
                    yield from (f"{device}/$state", f"{device}/{_ALERT}")
                    yield from (f"{device}/{value}" for value in _values(described))
                    yield topic

    def _say_root(self, word: str) -> list[Message]:
        return self.say({f"{self.base}/{self.root}/$state": word.encode()})

    def _present_root(self) -> list[Message]:
        described = {"name": self._client, "children": sorted(self._children)}
        description = self.say({f"{self.base}/{self.root}/$description": _description(described)})
        return [*self._say_root(INIT), *description, *self._say_root(READY)]


def root_id(client: str) -> str:
    """The id of the root device: the client id, or one made of it if that is no id or could be a meter's."""
    if _ID.fullmatch(client) and not _LIKE_A_DEVICE.fullmatch(client):
        return client
    plain = re.sub(r"[^a-z0-9]+", "-", client.lower()).strip("-")
    return f"{plain or 'mbmd'}-c{crc32(client.encode()):08x}"


def _valid(name: str) -> str:
    return name.lower().replace(".", "-").replace("_", "-")


def _property(measurement: Measurement) -> dict[str, str]:
    described = {"name": measurement.description, "datatype": datatype(measurement), "unit": measurement.unit}
    return {key: text for key, text in described.items() if text}


def _description(described: Mapping[str, Any]) -> bytes:
    """The JSON of a description; its version is another whenever something in it is."""
    return orjson.dumps({"homie": "5.0", "version": crc32(orjson.dumps(described)), **described})


def _loaded(payload: bytes) -> dict[str, Any]:
    """The object in a description, empty if there is none of a fair size: anyone may have written it."""
    if len(payload) > LARGEST:
        return {}
    try:
        described = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    return described if isinstance(described, dict) else {}


def _values(described: Mapping[str, Any]) -> Iterator[str]:
    """Topics of the values of a device, within its own."""
    for node, properties in _objects(described, "nodes"):
        for name, _ in _objects(properties, "properties"):
            yield f"{node}/{name}"


def _objects(parent: Mapping[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects in an object by their ids, without those that are none."""
    inner = parent.get(key)
    for name, described in inner.items() if isinstance(inner, dict) else ():
        if isinstance(described, dict) and _ID.fullmatch(name):
            yield name, described
