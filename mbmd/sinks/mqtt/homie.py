"""Homie 4.0: devices, their node and their properties as retained topics.

Source: The Homie Convention, version 4.0.0.
"""

import re
from collections.abc import Container, Iterable, Mapping, Sequence

from mbmd.config.outputs import Mqtt
from mbmd.measurements import Measurement
from mbmd.readings.device import DeviceReadings, State
from mbmd.sinks.mqtt.dialect import Devices
from mbmd.sinks.mqtt.homie_common import ALERT, INIT, LARGEST, LOST, NODE, READY, Homie, datatype
from mbmd.sinks.mqtt.message import Message
from mbmd.sunspec.device_type import is_sunspec

_MARK = "$implementation/clientid"
"""Bears the client id: a device with another one, or none, is not ours to clear."""
_PROPERTIES = f"{NODE}/$properties"
_OF_DEVICE = ("$homie", "$name", "$implementation", "$extensions", "$nodes", f"{NODE}/$name", f"{NODE}/$type")
_OF_PROPERTY = ("$name", "$datatype", "$unit")
_PROPERTY = re.compile(r"[a-z0-9_]+")
_WORDS = {State.UNKNOWN: INIT, State.ONLINE: READY, State.OFFLINE: ALERT}


class Homie4(Homie):
    """Devices by the ids that people know: a `_` in a type or a measurement stays, though the convention has none."""

    def __init__(self, config: Mqtt) -> None:
        super().__init__(config, config.homie.rstrip("/"), _WORDS)
        self._client = config.clientid

    def device_id(self, device: DeviceReadings) -> str:
        return device.id.lower().replace(".", "-")

    def property_id(self, measurement: Measurement) -> str:
        return measurement.name.lower()

    def attributes(self, device: DeviceReadings) -> dict[str, bytes]:
        topic = self.topic(device)
        texts = {
            f"{topic}/{_MARK}": self._client,
            f"{topic}/{_PROPERTIES}": ",".join(map(self.property_id, device.offered)),
            f"{topic}/$homie": "4.0",
            f"{topic}/$name": self.label(device),
            f"{topic}/$implementation": "MBMD",
            f"{topic}/$extensions": "",
            f"{topic}/$nodes": NODE,
            f"{topic}/{NODE}/$name": _maker(device),
            f"{topic}/{NODE}/$type": device.descriptor.model or device.type,
        }
        for measurement in device.offered:
            of_property = f"{topic}/{NODE}/{self.property_id(measurement)}"
            texts[f"{of_property}/$name"] = measurement.description
            texts[f"{of_property}/$datatype"] = datatype(measurement)
            if measurement.unit:
                texts[f"{of_property}/$unit"] = measurement.unit
        return {topic: text.encode() for topic, text in texts.items()}

    def wills(self, devices: Devices) -> Sequence[Message]:
        return [will for device in devices.values() for will in self.say(self.standing(device, LOST))]

    def marks(self) -> Sequence[str]:
        return (f"{self.base}/+/{_MARK}", f"{self.base}/+/{_PROPERTIES}")

    def former(self, own: Container[str], retained: Mapping[str, bytes]) -> Iterable[str]:
        for topic, payload in retained.items():
            device = self.device_topic(topic)
            if topic == f"{device}/{_MARK}" and payload == self._client.encode() and device not in own:
                yield from _topics(device, retained.get(f"{device}/{_PROPERTIES}", b""))


def _maker(device: DeviceReadings) -> str:
    """The manufacturer of a device that tells of itself; of others it is the type, as it always was."""
    told = device.descriptor
    tells = is_sunspec(device.type) or told.serial or told.version or told.options
    return (told.manufacturer if tells else "") or device.type


def _topics(device: str, properties: bytes) -> Iterable[str]:
    """All topics that mbmd keeps of a device with such properties, the mark last."""
    yield f"{device}/$state"
    # Whatever is there was written by anyone: what is no id would be no topic either.
    for name in filter(_PROPERTY.fullmatch, properties[:LARGEST].decode(errors="replace").split(",")):
        yield f"{device}/{NODE}/{name}"
        yield from (f"{device}/{NODE}/{name}/{attribute}" for attribute in _OF_PROPERTY)
    yield from (f"{device}/{attribute}" for attribute in (*_OF_DEVICE, _PROPERTIES, _MARK))
