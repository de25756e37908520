"""What Home Assistant is told of devices and their entities by MQTT discovery; pure.

Source: www.home-assistant.io/integrations/mqtt, "Device discovery payload".
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import ceil, inf
from typing import Any, TypeAlias
from zlib import crc32

import orjson

from mbmd import __version__
from mbmd.config.outputs import Mqtt
from mbmd.measurements import Measurement
from mbmd.readings.device import DeviceReadings
from mbmd.sinks.mqtt.entities import looks

Component: TypeAlias = Mapping[str, Any]
"""The configuration of one entity."""

ORIGIN = "mbmd"
LARGEST = 1 << 20
"""Bytes of a payload that may be one of ours: those of a device with all measurements are a twentieth of it."""

_ODD = re.compile(r"[^a-zA-Z0-9_-]")
_MISSED = 3
"""Values that may be missed before the last one counts no more."""
_GRACE = 120.0
"""Seconds that any value may be late: a long bus takes its time, and a read that failed rests for up to a minute."""


def object_id(text: str) -> str:
    """The text as an id in topics of discovery, which have letters, digits, `_` and `-` only.

    Texts that have others keep apart by a number of their own.
    """
    clean = _ODD.sub("-", text)
    return clean if clean == text and text else f"{clean}-{crc32(text.encode(errors='surrogatepass')):08x}"


def bus_ids(addresses: Iterable[str]) -> dict[str, str]:
    """Ids of buses by their addresses: `dev-ttyUSB0` of /dev/ttyUSB0."""
    ids = {address: _ODD.sub("-", address).strip("-") for address in addresses}
    plain = Counter(ids.values())
    return {a: name if name and plain[name] == 1 else object_id(a) for a, name in ids.items()}


def expires(config: Mqtt, device: DeviceReadings, measurement: Measurement) -> int | None:
    """Seconds after which a value that did not come anew counts no more; None where none needs to come."""
    health = device.health
    interval = max(health.rates.get(measurement.name, health.rate), config.rate)
    if config.on_change:
        interval += config.silence or inf
    return None if interval == inf else ceil(_MISSED * interval + _GRACE)


def sensor(measurement: Measurement, topic: str, expire_after: int | None) -> dict[str, Any]:
    """The sensor of a measurement whose values are at a topic of their own."""
    keys = {"platform": "sensor", "name": measurement.description, "state_topic": topic, **looks(measurement)}
    return keys if expire_after is None else {**keys, "expire_after": expire_after}


def from_object(measurement: Measurement, component: Component) -> dict[str, Any]:
    """The sensor for a topic with an object of values.

    One that an object lacks keeps its state, and so do all when the topic is cleared: of numbers, an empty text is
    ignored.
    """
    value = f"(value_json | default({{}}))['{measurement.name}']"
    missing = "''" if "state_class" in component else "this.state"
    return {**component, "value_template": f"{{{{ {value} | default({missing}) }}}}"}


def diagnostic(platform: str, name: str, topic: str, **keys: Any) -> dict[str, Any]:
    """An entity among the diagnostics of a device."""
    return {"platform": platform, "name": name, "state_topic": topic, "entity_category": "diagnostic", **keys}


def payload(
    device: Mapping[str, Any], components: Mapping[str, Component], availability: Sequence[Component], qos: int
) -> bytes:
    """The discovery of a device; its empty keys are left out. Each component gets an id of device and key.

    All of `availability` must be there; without any the device is always available.
    """
    [identifier] = device["identifiers"]
    return orjson.dumps(
        {
            "device": {key: value for key, value in device.items() if value},
            "origin": {"name": ORIGIN, "sw_version": __version__},
            "components": {key: _named(f"{identifier}_{key}", component) for key, component in components.items()},
            "qos": qos,
            **({"availability": availability, "availability_mode": "all"} if availability else {}),
        }
    )


def _named(unique_id: str, component: Component) -> Component:
    """With its id; one that has nothing but its platform is to be removed, and has none."""
    return {**component, "unique_id": unique_id} if len(component) > 1 else component


def removed(platforms: Mapping[str, str]) -> dict[str, Component]:
    """Components by key that are to vanish from Home Assistant; to be followed by a payload without them."""
    return {key: {"platform": platform} for key, platform in platforms.items()}


def own_platforms(retained: bytes, root: str) -> Mapping[str, str] | None:
    """The platforms of a payload's components by key, if it is the discovery of the device `root` or one behind it.

    None of anybody else's, and of what is no discovery: it may be anything.
    """
    if len(retained) > LARGEST:
        return None
    try:
        body = orjson.loads(retained)
    except orjson.JSONDecodeError:
        return None
    device, origin, components = (_table(body, key) for key in ("device", "origin", "components"))
    if origin.get("name") != ORIGIN or (device.get("via_device") != root and device.get("identifiers") != [root]):
        return None
    platforms = {key: _table(components, key).get("platform") for key in components}
    return {key: platform for key, platform in platforms.items() if platform in ("sensor", "binary_sensor")}


def _table(body: object, key: str) -> Mapping[str, Any]:
    value = body.get(key) if isinstance(body, dict) else None
    return value if isinstance(value, dict) else {}
