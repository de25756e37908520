"""How buses and devices do, as objects that are published and as entities of Home Assistant that read them; pure.

The objects have keys of `/api/status`, with the same meaning.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth
from mbmd.readings.render import rfc3339
from mbmd.sinks.mqtt.discovery import diagnostic


class Row(NamedTuple):
    """An entity by its key, the expression of its value, and further keys of its configuration."""

    key: str
    name: str
    value: str
    keys: Mapping[str, Any]
    platform: str = "sensor"


_COUNT = {"state_class": "total_increasing", "suggested_display_precision": 0}
_NUMBER = {"state_class": "measurement", "suggested_display_precision": 0}
_SECONDS = {
    "device_class": "duration",
    "state_class": "measurement",
    "unit_of_measurement": "s",
    "suggested_display_precision": 3,
}
_CONNECTION = {"device_class": "connectivity"}

_OF_BUS = (
    Row(
        "connection", "Connection", "'ON' if value_json['Connected'] else 'OFF'", _CONNECTION, platform="binary_sensor"
    ),
    Row("load", "Load", "(value_json['Load'] * 100) | round(1)", {**_NUMBER, "unit_of_measurement": "%"}),
    Row("round_trip", "Round trip", "value_json['RoundTrip']['Median']", _SECONDS),
    Row("timeouts", "Timeouts", "value_json['Timeouts']", _COUNT),
    Row("checksum_errors", "Checksum errors", "value_json['ChecksumErrors']", _COUNT),
    Row("reconnects", "Reconnects", "value_json['Reconnects']", _COUNT),
    Row("online", "Devices online", "value_json['Online']", _NUMBER),
)

# A measurement has a name that begins with a letter.
_OF_DEVICE = (
    Row("_errors", "Errors", "value_json['Errors']", _COUNT),
    Row("_interval", "Poll interval", "value_json['Interval']", _SECONDS),
    Row("_last_seen", "Last seen", "value_json['LastSeen']", {"device_class": "timestamp"}),
)


def of_bus(topic: str) -> dict[str, dict[str, Any]]:
    """The entities that read a bus at a topic."""
    return _entities(_OF_BUS, topic)


def of_device(topic: str) -> dict[str, dict[str, Any]]:
    """The entities that read a device at a topic."""
    return _entities(_OF_DEVICE, topic)


def connection(topic: str, on: str, off: str) -> dict[str, dict[str, Any]]:
    """The entity that shows of a topic with two words whether something is there."""
    words = {"payload_on": on, "payload_off": off}
    return {"_connection": diagnostic("binary_sensor", "Connection", topic, **_CONNECTION, **words)}


def _entities(rows: Iterable[Row], topic: str) -> dict[str, dict[str, Any]]:
    return {
        row.key: diagnostic(row.platform, row.name, topic, value_template=_template(row.value), **row.keys)
        for row in rows
    }


def _template(value: str) -> str:
    """Of an object; what is empty, as when the topic is cleared, is ignored."""
    return f"{{% if value_json is defined %}}{{{{ {value} }}}}{{% endif %}}"


def bus_state(bus: BusHealth, devices: Mapping[str, DeviceReadings], now: float) -> dict[str, object]:
    """How a bus does at the monotonic time `now`."""
    members = [devices[name] for name in bus.devices if name in devices]
    return {
        "Adapter": bus.address,
        "Connected": bus.connected,
        "Devices": bus.devices,
        "Online": sum(device.online for device in members),
        "Requests": bus.requests,
        "Load": bus.load(now),
        "RoundTrip": {"Median": bus.round_trip(0.5), "P95": bus.round_trip(0.95)},
        "Timeouts": bus.timeouts,
        "ChecksumErrors": bus.damaged,
        "Reconnects": bus.reconnects,
    }


def device_state(device: DeviceReadings) -> dict[str, object]:
    """How the polling of a device goes."""
    health = device.health
    return {
        "Requests": device.requests,
        "Errors": device.errors,
        "Interval": health.interval or None,
        "LastSeen": rfc3339(health.last_seen) if health.last_seen else None,
        "Trouble": health.trouble,
    }
