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


def device_json(
    device: DeviceReadings, column: "array[float]", timestamp: float, texts: Mapping[str, str] = NO_TEXTS
) -> bytes:
    """`{"Timestamp", "Unix", "<Measurement>": value, ...}`; what has neither a reading nor a text is left out."""
    body: dict[str, object] = {"Timestamp": rfc3339(timestamp), "Unix": int(timestamp)}
    for measurement, value in zip(device.measurements, column, strict=True):
        if value == value:
            body[measurement.name] = value
        elif measurement.name in texts:
            body[measurement.name] = texts[measurement.name]
    return orjson.dumps(body)
