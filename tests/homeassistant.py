"""What Home Assistant takes by MQTT discovery, as tables, and a check of messages against them, key by key.

Sources, read on 2026-11-22:
- www.home-assistant.io/integrations/mqtt: discovery topic, device discovery payload, availability, origin;
- www.home-assistant.io/integrations/sensor.mqtt and binary_sensor.mqtt: keys of the components;
- developers.home-assistant.io/docs/core/entity/sensor (of 2026-08-28): units of device classes;
- github.com/home-assistant/core, components/mqtt/schemas.py (what is required of a device discovery, and that keys
  which are unknown to `device` and `origin` are refused), components/mqtt/sensor.py (that the unit must be one of the
  device class), components/sensor/const.py (state classes of device classes).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

Check = Callable[[object], bool]


class Key(NamedTuple):
    """What a key may hold, and whether it must be there."""

    check: Check
    required: bool = False


def _text(value: object) -> bool:
    return isinstance(value, str)


def _filled(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _topic(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value.encode()) <= 65535 and not set(value) & set("+#\0")


def _template(value: object) -> bool:
    return isinstance(value, str) and value.count("{{") == value.count("}}") > 0


def _one_of(*words: object) -> Check:
    return lambda value: value in words


def _texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_filled, value))


def _list(value: object) -> bool:
    return isinstance(value, list)


def _table(value: object) -> bool:
    return isinstance(value, dict)


def _url(value: object) -> bool:
    return isinstance(value, str) and re.match(r"(https?|homeassistant)://.", value) is not None


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


AVAILABILITY_OPTIONS = {
    "availability": Key(_list),
    "availability_mode": Key(_one_of("all", "any", "latest")),
    "availability_template": Key(_template),
    "availability_topic": Key(_topic),
    "payload_available": Key(_text),
    "payload_not_available": Key(_text),
}

DISCOVERY = {
    **AVAILABILITY_OPTIONS,
    "device": Key(_table, required=True),
    "origin": Key(_table, required=True),
    "components": Key(_table, required=True),
    "state_topic": Key(_topic),
    "command_topic": Key(_topic),
    "qos": Key(_one_of(0, 1, 2)),
    "encoding": Key(_text),
}

DEVICE = {
    "configuration_url": Key(_url),
    "connections": Key(_list),
    "hw_version": Key(_filled),
    # Required here: without identifiers there would have to be connections.
    "identifiers": Key(_texts, required=True),
    "manufacturer": Key(_filled),
    "model": Key(_filled),
    "model_id": Key(_filled),
    "name": Key(_filled, required=True),
    "serial_number": Key(_filled),
    "suggested_area": Key(_filled),
    "sw_version": Key(_filled),
    "via_device": Key(_filled),
}

ORIGIN = {"name": Key(_filled, required=True), "sw_version": Key(_filled), "support_url": Key(_url)}

AVAILABILITY = {
    "topic": Key(_topic, required=True),
    "payload_available": Key(_text),
    "payload_not_available": Key(_text),
    "value_template": Key(_template),
}

_ENTITY = {
    **AVAILABILITY_OPTIONS,
    "default_entity_id": Key(_filled),
    "enabled_by_default": Key(_flag),
    "encoding": Key(_text),
    "entity_category": Key(_one_of("diagnostic")),
    "entity_picture": Key(_url),
    "expire_after": Key(_count),
    "force_update": Key(_flag),
    "icon": Key(_filled),
    "json_attributes_template": Key(_template),
    "json_attributes_topic": Key(_topic),
    "name": Key(_or_null(_filled)),
    "qos": Key(_one_of(0, 1, 2)),
    "state_topic": Key(_topic, required=True),
    "unique_id": Key(_filled, required=True),
    "value_template": Key(_template),
}

MEASUREMENT, TOTAL, INCREASING = "measurement", "total", "total_increasing"
_NOW = frozenset({MEASUREMENT})
_SUMS = frozenset({TOTAL, INCREASING})
_ENERGY = "J kJ MJ GJ mWh Wh kWh MWh GWh TWh cal kcal Mcal Gcal"


class DeviceClass(NamedTuple):
    """Units of a device class, None for no unit, and its state classes, None for no class."""

    units: frozenset[str | None]
    states: frozenset[str] | frozenset[None]


def _class(units: str, states: frozenset[str] | frozenset[None], *more: str | None) -> DeviceClass:
    return DeviceClass(frozenset([*units.split(), *more]), states)


DEVICE_CLASSES = {
    "apparent_power": _class("mVA VA kVA", _NOW),
    "battery": _class("%", _NOW),
    "current": _class("A mA µA", _NOW),
    "duration": _class("d h min s ms µs", _NOW | _SUMS),
    "energy": _class(_ENERGY, _SUMS),
    "energy_storage": _class(_ENERGY, _NOW),
    "frequency": _class("mHz Hz kHz MHz GHz", _NOW),
    "humidity": _class("%", _NOW),
    "irradiance": _class("W/m² BTU/(h⋅ft²)", _NOW),
    "power": _class("mW W kW MW GW TW", _NOW),
    "power_factor": _class("%", _NOW, None),
    "pressure": _class("cbar bar hPa mmHg inHg kPa mbar Pa psi mPa", _NOW),
    "reactive_energy": _class("varh kvarh", _SUMS),
    "reactive_power": _class("mvar var kvar", _NOW),
    "temperature": _class("°C °F K", _NOW),
    "timestamp": _class("", frozenset({None}), None),
    "voltage": _class("V mV µV kV MV", _NOW),
    "wind_direction": _class("°", frozenset({None})),
}
"""Those that a meter could have."""

SENSOR = {
    **_ENTITY,
    "platform": Key(_one_of("sensor"), required=True),
    "device_class": Key(_or_null(_one_of(*DEVICE_CLASSES))),
    "last_reset_value_template": Key(_template),
    "options": Key(_texts),
    "state_class": Key(_one_of(MEASUREMENT, "measurement_angle", TOTAL, INCREASING)),
    "suggested_display_precision": Key(_count),
    "unit_of_measurement": Key(_or_null(_filled)),
}

BINARY_SENSOR = {
    **_ENTITY,
    "platform": Key(_one_of("binary_sensor"), required=True),
    "device_class": Key(_or_null(_one_of("battery", "connectivity", "heat", "plug", "power", "problem", "running"))),
    "off_delay": Key(_count),
    "payload_off": Key(_text),
    "payload_on": Key(_text),
}

COMPONENTS = {"sensor": SENSOR, "binary_sensor": BINARY_SENSOR}

CONFIG_TOPIC = re.compile(r"homeassistant/device/[a-zA-Z0-9_-]+/config", re.ASCII)


def problems(topic: str, payload: bytes) -> list[str]:
    """All that Home Assistant would not take of a device's discovery."""
    if CONFIG_TOPIC.fullmatch(topic) is None:
        return [f"{topic} is no topic of discovery"]
    body = orjson.loads(payload)
    found = _wrong("payload", body, DISCOVERY)
    found += _wrong("device", body["device"], DEVICE)
    found += _wrong("origin", body["origin"], ORIGIN)
    found += _wrong_availability("payload", body)
    if not body["components"]:
        found.append("there is no component")
    for key, component in body["components"].items():
        found += _wrong_component(key, component)
    ids = [component["unique_id"] for component in body["components"].values() if "unique_id" in component]
    if len(ids) != len(set(ids)):
        found.append("an id is not unique")
    return found


def _wrong(where: str, body: Mapping[str, Any], table: Mapping[str, Key]) -> list[str]:
    found = [f"{where}: {key} is unknown" for key in body.keys() - table.keys()]
    found += [f"{where}: {key} is missing" for key, known in table.items() if known.required and key not in body]
    return found + [
        f"{where}: {key} cannot be {value!r}"
        for key, value in body.items()
        if key in table and not table[key].check(value)
    ]


def _wrong_availability(where: str, body: Mapping[str, Any]) -> list[str]:
    found = [
        text for entry in body.get("availability", ()) for text in _wrong(f"{where}: available", entry, AVAILABILITY)
    ]
    if "availability" in body and "availability_topic" in body:
        found.append(f"{where}: availability excludes availability_topic")
    return found


def _wrong_component(key: str, component: Mapping[str, Any]) -> list[str]:
    if component.keys() == {"platform"}:
        return [] if component["platform"] in COMPONENTS else [f"{key}: cannot be removed"]
    found = _wrong(key, component, COMPONENTS[component["platform"]]) + _wrong_availability(key, component)
    return found + (wrong_class(key, component) if component["platform"] == "sensor" else [])


def wrong_class(key: str, sensor: Mapping[str, Any]) -> list[str]:
    """What does not go together of a sensor's classes and its unit."""
    known = DEVICE_CLASSES.get(sensor.get("device_class", ""))
    if known is None:
        return []
    unit, state = sensor.get("unit_of_measurement"), sensor.get("state_class")
    found = [] if unit in known.units else [f"{key}: {unit} is no unit of {sensor['device_class']}"]
    return found + ([] if state in known.states else [f"{key}: {sensor['device_class']} cannot be {state}"])
