"""Discovery by Home Assistant: what devices and sensors there are, and which topics have their values.

Source: www.home-assistant.io/integrations/mqtt, "MQTT Discovery".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from mbmd import __version__
from mbmd.config.outputs import Mqtt
from mbmd.measurements import Measurement
from mbmd.readings.device import DeviceReadings, State
from mbmd.readings.health import BusHealth
from mbmd.sinks.mqtt import diagnostics, discovery
from mbmd.sinks.mqtt.dialect import Devices, Silent, Words
from mbmd.sinks.mqtt.discovery import Component
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.names import Names, Topics, status_topic
from mbmd.sinks.mqtt.presence import CONNECTED, DISCONNECTED

CLEARED = b""
_BUS = "bus_"
"""What ids of buses begin with: types of devices, and so ids, are in upper case."""


class HomeAssistant(Silent):
    """The discovery of each device, of each bus, and of mbmd itself, which the others are connected by.

    All is kept by the broker, so that a Home Assistant that starts finds it. What it keeps of a device that is not
    found yet stays until the device is presented. `diagnostics` is to be called after `births` on each connection, and
    now and then.
    """

    def __init__(self, config: Mqtt, names: Names) -> None:
        self._config = config
        self._names = names
        self._root = config.clientid
        self._client = discovery.object_id(config.clientid)
        self._prefix = f"{config.homeassistant}/device/{self._client}"
        self._status = status_topic(config)
        self._daemon = {
            "topic": self._status,
            "payload_available": CONNECTED.decode(),
            "payload_not_available": DISCONNECTED.decode(),
        }
        self._shown: dict[str, Mapping[str, str]] = {}
        self._buses: dict[str, bytes] = {}
        self._earlier: set[str] = set()

    def births(self, _: Devices, /) -> Iterator[Message]:
        """mbmd as a device."""
        self._earlier |= self._buses.keys()
        self._buses.clear()
        known = {"name": self._root, "manufacturer": "mbmd", "model": "mbmd", "sw_version": __version__}
        components = diagnostics.connection(self._status, CONNECTED.decode(), DISCONNECTED.decode())
        payload = discovery.payload({"identifiers": [self._root], **known}, components, (), self._config.qos)
        yield self._kept(self._topic(), payload)

    def presents(self, device: DeviceReadings, /) -> Iterator[Message]:
        """The device with a sensor for each measurement; first those vanish that it was presented with before."""
        components = self._components(device)
        yield from self._presented(device, components, self._shown.get(device.id, {}))
        self._shown[device.id] = {key: component["platform"] for key, component in components.items()}
        yield self._device_state(device)

    def gone(self, device: DeviceReadings, /) -> Iterator[Message]:
        """The device vanishes from Home Assistant."""
        self._shown.pop(device.id, None)
        yield from self._cleared(_id_of(device))

    def watches(self, _: Devices, /) -> Sequence[str]:
        """All discoveries of devices."""
        return (f"{self._config.homeassistant}/device/+/config",)

    def outdated(self, devices: Devices, retained: Mapping[str, bytes], /) -> Words:
        """Devices that are gone and sensors that they have no more; buses wait for `diagnostics`, which knows them."""
        ours = {}
        for device in devices.values():
            ours[self._topic(_id_of(device))] = device
            yield None
        for topic, payload in retained.items():
            yield None
            platforms = discovery.own_platforms(payload, self._root)
            if platforms is None:
                continue
            if topic in ours:
                yield from self._without_outdated(ours[topic], platforms)
            elif name := self._id_in(topic):
                yield from self._outdated(name)

    def diagnostics(self, devices: Devices, buses: Sequence[BusHealth], now: float) -> Iterator[Message]:
        """How buses and devices do at the monotonic time `now`; buses that are new, or are gone, are told too.

        Devices that never answered are left out: they were not presented.
        """
        names = discovery.bus_ids(bus.address for bus in buses)
        known = {_BUS + names[bus.address]: bus for bus in buses}
        for name in (self._earlier | self._buses.keys()) - known.keys():
            self._buses.pop(name, None)
            yield from self._cleared(name)
        self._earlier.clear()
        for name, bus in known.items():
            payload = self._bus(name, bus)
            if self._buses.get(name) != payload:
                self._buses[name] = payload
                yield self._kept(self._topic(name), payload)
            yield self._kept(self._diagnostics(name), orjson.dumps(diagnostics.bus_state(bus, devices, now)))
        yield from (self._device_state(device) for device in devices.values() if device.health.last_seen)

    def _outdated(self, name: str) -> Iterator[Message]:
        if name.startswith(_BUS):
            self._earlier.add(name)
        else:
            yield from self._cleared(name)

    def _without_outdated(self, device: DeviceReadings, platforms: Mapping[str, str]) -> Iterator[Message]:
        """The device that the broker knows with components of these platforms, if some of them are no more."""
        if not device.is_found:
            self._shown[device.id] = {**self._shown.get(device.id, {}), **platforms}
            return
        components = self._components(device)
        if platforms.keys() - components.keys():
            yield from self._presented(device, components, platforms)

    def _presented(
        self, device: DeviceReadings, components: Mapping[str, Component], before: Mapping[str, str]
    ) -> Iterator[Message]:
        """The discovery of a device; first those of its components `before`, by platform, vanish that are no more."""
        topic = self._topic(_id_of(device))
        gone = {key: platform for key, platform in before.items() if key not in components}
        if gone:
            yield self._kept(topic, self._device(device, {**components, **discovery.removed(gone)}))
        yield self._kept(topic, self._device(device, components))

    def _device(self, device: DeviceReadings, components: Mapping[str, Component]) -> bytes:
        descriptor = device.descriptor
        known = {
            "identifiers": [f"{self._root}_{device.id}"],
            "name": device.name or device.id,
            "manufacturer": descriptor.manufacturer,
            "model": descriptor.model,
            "model_id": device.type,
            "serial_number": descriptor.serial,
            "sw_version": descriptor.version,
            "suggested_area": device.place,
            "via_device": self._root,
        }
        online = {
            "topic": self._names.of(device).status,
            "payload_available": State.ONLINE.value,
            "payload_not_available": State.OFFLINE.value,
        }
        return discovery.payload(known, components, (self._daemon, online), self._config.qos)

    def _components(self, device: DeviceReadings) -> dict[str, Component]:
        topics = self._names.of(device)
        components: dict[str, Component] = {}
        for measurement in device.offered if topics.readings else ():
            components[measurement.name] = self._sensor(device, measurement, topics)
        about = {
            **diagnostics.connection(topics.status, State.ONLINE.value, State.OFFLINE.value),
            **diagnostics.of_device(self._diagnostics(_id_of(device))),
        }
        # They are of use above all when the device does not answer.
        return components | {key: {**keys, "availability": [self._daemon]} for key, keys in about.items()}

    def _sensor(self, device: DeviceReadings, measurement: Measurement, topics: Topics) -> Component:
        expire_after = discovery.expires(self._config, device, measurement)
        if self._config.payload != "json":
            return discovery.sensor(measurement, topics.readings[device.slots[measurement.name]], expire_after)
        return discovery.from_object(measurement, discovery.sensor(measurement, topics.whole, expire_after))

    def _device_state(self, device: DeviceReadings) -> Message:
        return self._kept(self._diagnostics(_id_of(device)), orjson.dumps(diagnostics.device_state(device)))

    def _bus(self, name: str, bus: BusHealth) -> bytes:
        known: dict[str, Any] = {
            "identifiers": [f"{self._root}_{name}"],
            "name": f"{self._root} {bus.address}",
            "manufacturer": "mbmd",
            "model": "Modbus",
            "via_device": self._root,
        }
        components = diagnostics.of_bus(self._diagnostics(name))
        return discovery.payload(known, components, (self._daemon,), self._config.qos)

    def _cleared(self, name: str) -> Iterator[Message]:
        yield self._kept(self._topic(name), CLEARED)
        yield self._kept(self._diagnostics(name), CLEARED)

    def _topic(self, name: str = "") -> str:
        """Where the discovery of a device or bus is, by its id; of mbmd itself without one."""
        return f"{self._prefix}_{name}/config" if name else f"{self._prefix}/config"

    def _diagnostics(self, name: str) -> str:
        return f"{self._config.topic}/diagnostics/{self._client}_{name}"

    def _id_in(self, topic: str) -> str:
        """The id of the device or bus that such a topic is about; empty if it is no topic of ours."""
        begin, end = f"{self._prefix}_", "/config"
        name = topic[len(begin) : -len(end)] if topic.startswith(begin) and topic.endswith(end) else ""
        return "" if "/" in name else name

    def _kept(self, topic: str, payload: bytes) -> Message:
        return Message(topic, payload, True, self._config.qos)


def _id_of(device: DeviceReadings) -> str:
    """`SDM1-1` of SDM1.1."""
    return discovery.object_id(device.id.replace(".", "-"))
