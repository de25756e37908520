"""The messages of the stream; pure."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import orjson

from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Update
from mbmd.web.stream.wishes import Form

IsWanted = Callable[[str], bool]
"""Whether a measurement is told, by its name."""


def current(device: DeviceReadings) -> Update:
    """All that is known of a device, as if one poll had brought it."""
    return Update(device, device.latest, device.timestamp, device.texts)


def reading_messages(update: Update, is_wanted: IsWanted = lambda _: True) -> list[bytes]:
    """A message for each reading that is a number."""
    device, stamp = update.device, _milliseconds(update)
    return [
        orjson.dumps(
            {
                "Device": device.id,
                "Value": value,
                "IEC61850": measurement.name,
                "Description": measurement.label,
                "Timestamp": stamp,
            }
        )
        for measurement, value in zip(device.measurements, update.values, strict=True)
        if value == value and is_wanted(measurement.name)
    ]


def batch_messages(update: Update, is_wanted: IsWanted = lambda _: True) -> list[bytes]:
    """One message with all readings, texts among them; none if there is no reading."""
    device = update.device
    values: dict[str, float | str] = {
        measurement.name: value
        for measurement, value in zip(device.measurements, update.values, strict=True)
        if value == value and is_wanted(measurement.name)
    }
    values |= {name: text for name, text in update.texts.items() if is_wanted(name)}
    if not values:
        return []
    return [orjson.dumps({"Device": device.id, "Timestamp": _milliseconds(update), "Values": values})]


MESSAGES: Mapping[Form, Callable[[Update, IsWanted], list[bytes]]] = MappingProxyType(
    {Form.READING: reading_messages, Form.BATCH: batch_messages}
)


def _milliseconds(update: Update) -> int:
    return int(update.timestamp * 1000)
