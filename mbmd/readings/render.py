"""The readings of a device as JSON; pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from mbmd.readings.device import NO_TEXTS, DeviceReadings

if TYPE_CHECKING:
    from array import array


def rfc3339(timestamp: float) -> str:
    """A Unix time in local time, as RFC 3339."""
    return datetime.fromtimestamp(timestamp, UTC).astimezone().isoformat()


def device_members(
    device: DeviceReadings, column: "array[float]", timestamp: float, texts: Mapping[str, str] = NO_TEXTS
) -> dict[str, object]:
    """`{"Timestamp", "Unix", "<Measurement>": value, ...}`; what has neither a reading nor a text is left out."""
    members: dict[str, object] = {"Timestamp": rfc3339(timestamp), "Unix": int(timestamp)}
    for measurement, value in zip(device.measurements, column, strict=True):
        if value == value:
            members[measurement.name] = value
        elif measurement.name in texts:
            members[measurement.name] = texts[measurement.name]
    return members


def device_json(
    device: DeviceReadings, column: "array[float]", timestamp: float, texts: Mapping[str, str] = NO_TEXTS
) -> bytes:
    """The members of a device as JSON."""
    return orjson.dumps(device_members(device, column, timestamp, texts))
