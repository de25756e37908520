"""Which points of which SunSpec models are which measurements.

A point of the fixed block has its name here, one of a repeated group `<group>/<number>/<name>`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

STRINGS = 4
"""Strings of an inverter, or ports, that have measurements."""

_INVERTER = {
    "A": "Current",
    "AphA": "CurrentL1",
    "PhVphA": "VoltageL1",
    "Hz": "Frequency",
    "W": "Power",
    "VA": "ApparentPower",
    "VAr": "ReactivePower",
    "PF": "Cosphi",
    "WH": "Export",
    "DCA": "DCCurrent",
    "DCV": "DCVoltage",
    "DCW": "DCPower",
    "TmpCab": "HeatSinkTemp",
}
_INVERTER_L2 = _INVERTER | {"AphB": "CurrentL2", "PhVphB": "VoltageL2"}
_INVERTER_L3 = _INVERTER_L2 | {"AphC": "CurrentL3", "PhVphC": "VoltageL3"}

_METER = {
    "A": "Current",
    "Hz": "Frequency",
    "PF": "Cosphi",
    "PhV": "Voltage",
    "TotWhExp": "Export",
    "TotWhImp": "Import",
    "VA": "ApparentPower",
    "VAR": "ReactivePower",
    "W": "Power",
}


def _of_phases(last: str) -> dict[str, str]:
    """What a meter says of each phase, named A, B and C."""
    names = {"Aph": "Current", "PhVph": "Voltage", "Wph": "Power", "VAph": "ApparentPower", "VARph": "ReactivePower"}
    names |= {"PFph": "Cosphi", "TotWhExpPh": "Export", "TotWhImpPh": "Import"}
    phases = "ABC"[: "ABC".index(last) + 1]
    return {f"{p}{phase}": f"{name}L{n}" for p, name in names.items() for n, phase in enumerate(phases, 1)}


_METER_L2 = _METER | _of_phases("B")
_METER_L3 = _METER | _of_phases("C")

_DER = {
    "A": "Current",
    "LNV": "Voltage",
    "Hz": "Frequency",
    "W": "Power",
    "VA": "ApparentPower",
    "Var": "ReactivePower",
    "PF": "Cosphi",
    "TotWhInj": "Export",
    "TotWhAbs": "Import",
    "TotVarhInj": "ReactiveExport",
    "TotVarhAbs": "ReactiveImport",
    "TmpSnk": "HeatSinkTemp",
    "VL1L2": "VoltageL1_L2",
    "VL2L3": "VoltageL2_L3",
    "VL3L1": "VoltageL3_L1",
}
_OF_DER_PHASE = {
    "AL": "CurrentL",
    "VL": "VoltageL",
    "WL": "PowerL",
    "VAL": "ApparentPowerL",
    "VarL": "ReactivePowerL",
    "PFL": "CosphiL",
    "TotWhInjL": "ExportL",
    "TotWhAbsL": "ImportL",
    "TotVarhInjL": "ReactiveExportL",
    "TotVarhAbsL": "ReactiveImportL",
}
_DER_L3 = _DER | {f"{p}{n}": f"{name}{n}" for p, name in _OF_DER_PHASE.items() for n in (1, 2, 3)}


def _of_strings(group: str, energy: str) -> dict[str, str]:
    names = {"DCA": "DCCurrent", "DCV": "DCVoltage", "DCW": "DCPower", energy: "DCEnergy"}
    return {f"{group}/{n}/{p}": f"{name}S{n}" for p, name in names.items() for n in range(1, STRINGS + 1)}


MEASURED: Mapping[int, Mapping[str, str]] = MappingProxyType(
    {
        101: _INVERTER,
        102: _INVERTER_L2,
        103: _INVERTER_L3,
        111: _INVERTER,
        112: _INVERTER_L2,
        113: _INVERTER_L3,
        160: _of_strings("module", "DCWH"),
        201: _METER,
        202: _METER_L2,
        203: _METER_L3,
        204: _METER_L3,
        211: _METER,
        212: _METER_L2,
        213: _METER_L3,
        214: _METER_L3,
        124: {"ChaState": "ChargeState", "InBatV": "BatteryVoltage"},
        701: _DER_L3,
        713: {"SoC": "ChargeState"},
        714: {"DCA": "DCCurrent", "DCW": "DCPower"} | _of_strings("Prt", "DCWhInj"),
        802: {"SoC": "ChargeState", "V": "BatteryVoltage"},
    }
)
"""Measurements by model and point."""

OLDER: Mapping[int, frozenset[int]] = MappingProxyType(
    {
        701: frozenset({101, 102, 103, 111, 112, 113, 201, 202, 203, 204, 211, 212, 213, 214}),
        714: frozenset({160}),
        802: frozenset({124}),
        713: frozenset({124, 802}),
    }
)
"""Newer models, and those that say the same: where a logical device has one of these too, it is read first."""

KILO = frozenset({"kWh", "kvarh"})
"""Units of measurements whose points are a thousand times as large."""
