"""What a device measures, in a few words; pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mbmd.measurements import Measurement

_NAME = re.compile(r"(?P<base>.+?)(?P<index>[LST]\d)?(_L\d)?", re.ASCII)
"""A name, with the phase, string or tariff that it is of; `VoltageL1_L2` counts for the first."""

_DIRECTIONS = {"Import": "import", "Export": "export", "ReactiveImport": "import", "ReactiveExport": "export"}
_QUANTITIES: Mapping[str, str] = MappingProxyType(
    {
        "Voltage": "voltage",
        "VoltageL_N_avg": "voltage",
        "VoltageL_L_avg": "voltage",
        "Current": "current",
        "ThreePhase_Vec_A": "current",
        "Power": "power",
        "ImportPower": "power",
        "ExportPower": "power",
        "ReactivePower": "reactive power",
        "ApparentPower": "apparent power",
        "Cosphi": "power factor",
        "PhaseAngle": "phase angle",
        "Frequency": "frequency",
        "THD": "THD",
        "Sum": "energy",
        "Import": "energy",
        "Export": "energy",
        "ReactiveSum": "reactive energy",
        "ReactiveImport": "reactive energy",
        "ReactiveExport": "reactive energy",
        "DCCurrent": "DC current",
        "DCVoltage": "DC voltage",
        "DCPower": "DC power",
        "DCEnergy": "DC energy",
        "BatteryVoltage": "battery voltage",
        "ChargeState": "charge",
        "HeatSinkTemp": "temperature",
    }
)
_ORDER = {name: place for place, name in enumerate(dict.fromkeys(_QUANTITIES.values()))}


@dataclass(slots=True)
class _Quantity:
    """How a quantity is measured: of which phases, strings or tariffs, and in which directions."""

    indices: set[str] = field(default_factory=set)
    directions: set[str] = field(default_factory=set)


def summary(measurements: Iterable[Measurement]) -> str:
    """Quantities such as `L1-L3: voltage, current, energy import/export; frequency`, those of phases first."""
    quantities: dict[str, _Quantity] = {}
    for measurement in measurements:
        base, index = split(measurement.name)
        quantity = quantities.setdefault(_QUANTITIES.get(base, measurement.description), _Quantity())
        quantity.indices |= {index} - {""}
        quantity.directions |= {_DIRECTIONS.get(base, "")} - {""}
    groups: dict[str, list[str]] = {}
    for name, quantity in sorted(quantities.items(), key=lambda item: _ORDER.get(item[0], len(_ORDER))):
        label = f"{name} {'/'.join(sorted(quantity.directions, reverse=True))}".rstrip()
        groups.setdefault(_spans(quantity.indices), []).append(label)
    of_phases_first = sorted(groups.items(), key=lambda group: not group[0])
    return "; ".join((f"{spans}: " if spans else "") + ", ".join(labels) for spans, labels in of_phases_first)


def quantity_of(measurement: Measurement) -> str:
    """What is measured in a word or two: `energy` for ImportL1."""
    return _QUANTITIES.get(split(measurement.name)[0], measurement.description)


def split(name: str) -> tuple[str, str]:
    """The measurement that one is a part of by its name, and which of its phases, strings or tariffs: Import and L1."""
    match = _NAME.fullmatch(name)
    if name in _QUANTITIES or match is None or match["base"] not in _QUANTITIES:
        return name, ""
    return match["base"], match["index"] or ""


def _spans(indices: Iterable[str]) -> str:
    """`L1-L3 T1` for L1, L3 and T1: the first and the last of each letter."""
    numbers: dict[str, list[str]] = {}
    for index in sorted(indices):
        numbers.setdefault(index[0], []).append(index)
    return " ".join(all_[0] if len(all_) == 1 else f"{all_[0]}-{all_[-1]}" for all_ in numbers.values())
