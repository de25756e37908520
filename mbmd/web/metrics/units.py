"""From the units of measurements to the base units of Prometheus; pure."""

import re
from math import pi
from typing import NamedTuple


class Unit(NamedTuple):
    """A base unit as names of metrics end in it, and how a number comes to it."""

    name: str
    times: float = 1.0
    parts: float = 1.0

    @property
    def is_base(self) -> bool:
        """Whether numbers stay as they are."""
        return self.times == self.parts

    def of(self, value: float) -> float:
        """A number in the base unit."""
        # Multiplied and divided by whole numbers, so that 3.3 % are 0.033 and not 0.033000000000000002.
        return value * self.times / self.parts


_UNITS = {
    "": Unit(""),
    "%": Unit("ratio", parts=100),
    "°": Unit("radians", pi, 180),
    "°C": Unit("celsius"),
    "°F": Unit("fahrenheit"),
    "K": Unit("kelvin"),
    "min": Unit("seconds", 60),
    "h": Unit("seconds", 3600),
    "d": Unit("seconds", 86_400),
    "l": Unit("cubic_meters", parts=1000),
    "l/h": Unit("cubic_meters_per_second", parts=3_600_000),
    "m³": Unit("cubic_meters"),
    "m³/h": Unit("cubic_meters_per_second", parts=3600),
    "bar": Unit("pascals", 100_000),
    "mbar": Unit("pascals", 100),
}
_PREFIXED = {
    "V": Unit("volts"),
    "A": Unit("amperes"),
    "Ω": Unit("ohms"),
    "W": Unit("watts"),
    "var": Unit("vars"),
    "VA": Unit("voltamperes"),
    "Wh": Unit("joules", 3600),
    "J": Unit("joules"),
    "Ws": Unit("joules"),
    "varh": Unit("var_seconds", 3600),
    "VAh": Unit("voltampere_seconds", 3600),
    "Ah": Unit("coulombs", 3600),
    "Hz": Unit("hertz"),
    "Pa": Unit("pascals"),
    "s": Unit("seconds"),
    "m": Unit("meters"),
    "g": Unit("grams"),
}
_PREFIXES = {"": (1, 1), "µ": (1, 10**6), "m": (1, 10**3), "k": (10**3, 1), "M": (10**6, 1), "G": (10**9, 1)}
"""What a prefix multiplies by, and what it divides by."""


def base_unit(text: str) -> Unit:
    """The base unit of a unit as measurements have it; of one that is not known its own letters and digits."""
    if text in _UNITS:
        return _UNITS[text]
    prefix = "" if text in _PREFIXED else text[:1]
    unit = _PREFIXED.get(text.removeprefix(prefix))
    if unit is not None and prefix in _PREFIXES:
        times, parts = _PREFIXES[prefix]
        return Unit(unit.name, unit.times * times, unit.parts * parts)
    return Unit(re.sub("[^a-z0-9]+", "_", text.lower().replace("/", " per ")).strip("_"))
