"""Updates to encode."""

from array import array
from collections.abc import Mapping

from mbmd.measurements import Kind, Measurement
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Update


def device_with(device_id: str, *names: str, texts: tuple[str, ...] = ()) -> DeviceReadings:
    """A device with measurements of such names."""
    numbers = [Measurement(name, name, "W", Kind.INSTANT) for name in names]
    return DeviceReadings(device_id, "SDM", [*numbers, *(Measurement(name, name, "", Kind.TEXT) for name in texts)])


def update_of(
    device: DeviceReadings, timestamp: float, values: Mapping[str, float], texts: Mapping[str, str] | None = None
) -> Update:
    """What a poll brought; no reading of what is not among `values`."""
    column = array("d", [values.get(measurement.name, float("nan")) for measurement in device.measurements])
    return Update(device, column, timestamp, texts or {})
