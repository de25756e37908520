"""How Home Assistant is to show a measurement: its classes, its unit and its digits; pure.

Sources: developers.home-assistant.io/docs/core/entity/sensor and www.home-assistant.io/integrations/sensor.mqtt.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from mbmd.measurements import Kind, Measurement


class Class(NamedTuple):
    """A device class of sensors, empty for none, and the decimals that are worth a look."""

    name: str = ""
    decimals: int | None = None


_BY_NAME = (
    ("Cosphi*", "", Class("power_factor", 2)),
    ("PhaseAngle", "°", Class("", 1)),
    ("ChargeState", "%", Class("battery", 0)),
)
"""Patterns of measurements with their unit, where the unit alone does not tell."""

_BY_UNIT: Mapping[str, Class] = {
    "Hz": Class("frequency", 2),
    "kHz": Class("frequency", 3),
    "mA": Class("current", 0),
    "A": Class("current", 2),
    "mV": Class("voltage", 0),
    "V": Class("voltage", 1),
    "kV": Class("voltage", 3),
    "mW": Class("power", 0),
    "W": Class("power", 0),
    "kW": Class("power", 3),
    "MW": Class("power", 3),
    "VA": Class("apparent_power", 0),
    "kVA": Class("apparent_power", 3),
    "var": Class("reactive_power", 0),
    "kvar": Class("reactive_power", 3),
    "Wh": Class("energy", 0),
    "kWh": Class("energy", 2),
    "MWh": Class("energy", 3),
    "GWh": Class("energy", 3),
    "varh": Class("reactive_energy", 0),
    "kvarh": Class("reactive_energy", 2),
    "°C": Class("temperature", 1),
    "°F": Class("temperature", 1),
    "K": Class("temperature", 1),
    "ms": Class("duration", 0),
    "s": Class("duration", 0),
    "min": Class("duration", 0),
    "h": Class("duration", 0),
    "d": Class("duration", 0),
    "W/m²": Class("irradiance", 0),
    "%": Class("", 1),
}

_ONLY_TOTALS = ("energy", "reactive_energy")
"""Classes of what adds up: Home Assistant does not take them for measurements of the moment."""
_ALSO_TOTALS = (*_ONLY_TOTALS, "duration", "")
"""Classes of what may add up."""


def looks(measurement: Measurement) -> dict[str, object]:
    """The keys of a sensor's configuration that follow from what it measures; none for a text."""
    if measurement.kind is Kind.TEXT:
        return {}
    known = _class_of(measurement)
    keys = {
        "device_class": known.name,
        "state_class": _state_class(measurement, known.name),
        "unit_of_measurement": measurement.unit,
        "suggested_display_precision": known.decimals,
    }
    return {key: value for key, value in keys.items() if value not in ("", None)}


def _class_of(measurement: Measurement) -> Class:
    by_name = (known for pattern, unit, known in _BY_NAME if _is(measurement, pattern) and measurement.unit == unit)
    known = next(by_name, _BY_UNIT.get(measurement.unit, Class()))
    if measurement.kind is Kind.COUNTER and known.name not in _ALSO_TOTALS:
        return known._replace(name="")
    return known


def _is(measurement: Measurement, pattern: str) -> bool:
    return fnmatchcase(measurement.name, pattern)


def _state_class(measurement: Measurement, device_class: str) -> str:
    """A total that never falls starts anew when it does; any other total follows what it shows."""
    if measurement.kind is Kind.COUNTER:
        return "total" if measurement.is_balance else "total_increasing"
    return "total" if device_class in _ONLY_TOTALS else "measurement"
