"""What simulated SunSpec devices say they are, by the type that they are configured as."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Nameplate(NamedTuple):
    """Manufacturer, and the models of its inverter and of the meter behind it, with their versions."""

    manufacturer: str
    inverter: str
    version: str
    meter: str
    meter_version: str


_SOLAREDGE = Nameplate("SolarEdge", "SE8K", "0004.0018.0518", "SE-MTR-3Y-400V-A", "75")
_ANY = Nameplate("mbmd", "simulated inverter", "1.0", "simulated meter", "1.0")
NAMEPLATES: Mapping[str, Nameplate] = MappingProxyType(
    {
        "FRONIUS": Nameplate("Fronius", "Symo 8.2-3-M", "0.3.30.2", "Smart Meter 63A", "1.3"),
        "KACO": Nameplate("KACO new energy", "blueplanet 8.6 TL3", "V5.71", "Energy Meter", "2.0"),
        "KOSTAL": Nameplate("KOSTAL", "PLENTICORE plus 8.5", "01.44", "Smart Energy Meter", "1.2"),
        "SE": _SOLAREDGE,
        "SMA": Nameplate("SMA", "STP8.0-3AV-40", "3.12.08.R", "Energy Meter", "2.03.4.R"),
        "SOLAREDGE": _SOLAREDGE,
        "STECA": Nameplate("STECA", "StecaGrid 8000+ 3ph", "1.9.0", "Energy Meter", "1.1"),
        "SUNS": _ANY,
        "SUNSPEC": _ANY,
    }
)
"""By the name of the type in upper case."""
