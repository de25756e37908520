"""What a SunSpec image means, told apart from `mbmd.sunspec`: measurements by logical device."""

import json
import struct
from collections.abc import Iterable, Mapping
from functools import cache
from math import isclose, isnan

from tests.sunspec_images import BASES, CASES, Model, Point, Registers, absent, find, is_known, points

Values = Mapping[str, tuple[float, ...]]
"""For each measurement all values that models give it, in the order of the chain."""

_LIKE = {102: 103, 112: 113, 202: 203, 204: 203, 212: 213, 214: 213}
"""Phase variants: what of a model's points is there means the same as in the other."""
_SPLIT_PHASE = (102, 112, 202, 212)
_DER = {
    "A": "Current",
    "Hz": "Frequency",
    "W": "Power",
    "VA": "ApparentPower",
    "Var": "ReactivePower",
    "PF": "Cosphi",
    "LNV": "Voltage",
    "TotWhInj": "Export",
    "TotWhAbs": "Import",
    "TmpSnk": "HeatSinkTemp",
    "TotVarhInj": "ReactiveExport",
    "TotVarhAbs": "ReactiveImport",
    **{f"VL{a}L{b}": f"VoltageL{a}_L{b}" for a, b in ((1, 2), (2, 3), (3, 1))},
}
_OF_PHASES = {
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
_PORT = {"DCA": "DCCurrentS", "DCV": "DCVoltageS", "DCW": "DCPowerS", "DCWhInj": "DCEnergyS"}
_OWN: Mapping[int, Mapping[str, str]] = {
    701: _DER | {f"{point}{n}": f"{name}{n}" for point, name in _OF_PHASES.items() for n in (1, 2, 3)},
    713: {"SoC": "ChargeState"},
    714: {"DCA": "DCCurrent", "DCW": "DCPower"}
    | {f"Prt/{n}/{point}": f"{name}{n}" for point, name in _PORT.items() for n in (1, 2, 3, 4)},
    802: {"SoC": "ChargeState", "V": "BatteryVoltage"},
}
_KILO = ("Export", "Import", "ReactiveExport", "ReactiveImport", "DCEnergyS")


def truth(registers: Registers, device: int, bases: Iterable[int] = BASES, *, signed: bool = False) -> Values:
    """What the models of one logical device say; `signed`: its accumulators may be negative."""
    values: dict[str, tuple[float, ...]] = {}
    for model in find(registers, bases):
        names = _names(model.id)
        if model.device != device or not names:
            continue
        there = {point.name: point for point in points(model.id, model.length)}
        for point in there.values():
            if point.name in names and (value := _value(registers, model, point, there, signed)) is not None:
                name = names[point.name]
                values[name] = (*values.get(name, ()), value / _divisor(name))
    return values


def differences(found: Mapping[str, float], right: Values) -> list[str]:
    """What of the values found is not true; those that are missing are none."""
    return [
        f"{name} {value:.10g} is none of {right.get(name, ())}"
        for name, value in found.items()
        if not any(isclose(value, true, rel_tol=1e-9, abs_tol=1e-12) for true in right.get(name, ()))
    ]


@cache
def _names(model: int) -> Mapping[str, str]:
    if not is_known(model):
        return {}
    if model in _OWN:
        return _OWN[model]
    groups = json.loads((CASES / "measurements.json").read_text())["models"].get(str(_LIKE.get(model, model)), {})
    repeated = "module" if model == 160 else ""
    last = 2 if model in _SPLIT_PHASE else 3
    return {
        f"{repeated}/{number}/{point}" if number != "0" else point: measurement
        for number, rows in groups.items()
        for point, measurement in rows.items()
        if measurement[-2] != "L" or int(measurement[-1]) <= last
    }


def _divisor(name: str) -> float:
    return 1000.0 if name.startswith(_KILO) else 1.0


def _value(registers: Registers, model: Model, point: Point, there: Mapping[str, Point], signed: bool) -> float | None:
    raw = _number(registers, model, point, signed)
    if raw is None or point.scale is None:
        return raw
    scale = there.get(str(point.scale))
    power = point.scale if isinstance(point.scale, int) else scale and _number(registers, model, scale)
    return None if power is None or not -10 <= power <= 10 else raw * 10.0**power


def _number(registers: Registers, model: Model, point: Point, signed: bool = False) -> float | None:
    if point.at + point.size > 2 + model.length:
        return None
    words = [registers.get(model.address + point.at + n) for n in range(point.size)]
    if None in words:
        return None
    data = struct.pack(f">{point.size}H", *words)
    if data == absent(point.type):
        return None
    if point.type.startswith("float"):
        value = float(struct.unpack(">f" if point.size == 2 else ">d", data)[0])
        return None if isnan(value) else value
    kinds = ("int", "sunssf", "acc") if signed else ("int", "sunssf")
    return float(int.from_bytes(data, signed=point.type.startswith(kinds)))
