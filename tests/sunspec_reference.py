"""The oracle of SunSpec devices: what their registers mean, in slow and obvious Python.

Written from the SunSpec Device Information Model Specification (the chain of models, types and their not-implemented
values, scale factors, repeating blocks) and the definitions of its models; of how mbmd does it, it knows nothing.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases" / "sunspec"
MEASUREMENTS = json.loads((CASES / "sunspec-measurements.json").read_bytes())

Memory = Mapping[int, int]
"""Registers by address; what is not there is refused."""

TYPES = {
    "int16": (1, True, 0x8000),
    "int32": (2, True, 0x80000000),
    "int64": (4, True, 0x8000000000000000),
    "uint16": (1, False, 0xFFFF),
    "uint32": (2, False, 0xFFFFFFFF),
    "uint64": (4, False, 0xFFFFFFFFFFFFFFFF),
    "acc16": (1, False, 0xFFFF),
    "acc32": (2, False, 0xFFFFFFFF),
    "acc64": (4, False, 0xFFFFFFFFFFFFFFFF),
    "sunssf": (1, True, 0x8000),
}
"""Registers, whether signed, and the raw value that means not implemented.

Of accumulators the specification says 0, which is a good value on any device; all ones is what devices write.
"""

DER_PHASE = {
    "AL": "Current",
    "VL": "Voltage",
    "WL": "Power",
    "VAL": "ApparentPower",
    "VarL": "ReactivePower",
    "PFL": "Cosphi",
    "TotWhInjL": "Export",
    "TotWhAbsL": "Import",
    "TotVarhInjL": "ReactiveExport",
    "TotVarhAbsL": "ReactiveImport",
}
DER = {
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
DER |= {f"{point}{phase}": f"{name}L{phase}" for point, name in DER_PHASE.items() for phase in "123"}
PORT = {"DCA": "DCCurrent", "DCV": "DCVoltage", "DCW": "DCPower", "DCWhInj": "DCEnergy"}
NEWER_THAN = {
    701: {101, 102, 103, 111, 112, 113, 201, 202, 203, 204, 211, 212, 213, 214},
    714: {160},
    802: {124},
    713: {124, 802},
}


@cache
def names(model: int) -> dict[tuple[int, str], str]:
    """Measurements of a model by group (0 for the fixed block) and point."""
    if model in (102, 112, 202, 212):
        return {where: name for where, name in names(model + 1).items() if not name.endswith("L3")}
    if model in (204, 214):
        return names(model - 1)
    if model == 701:
        return {(0, point): name for point, name in DER.items()}
    if model == 713:
        return {(0, "SoC"): "ChargeState"}
    if model == 714:
        ports = {(n, point): f"{name}S{n}" for point, name in PORT.items() for n in range(1, 5)}
        return {(0, "DCA"): "DCCurrent", (0, "DCW"): "DCPower"} | ports
    if model == 802:
        return {(0, "SoC"): "ChargeState", (0, "V"): "BatteryVoltage"}
    blocks = MEASUREMENTS["models"].get(str(model), {})
    return {(int(n), point): name for n, points in blocks.items() for point, name in points.items()}


def is_energy(measurement: str) -> bool:
    """Whether it is published in thousands of what devices count."""
    return any(word in measurement for word in ("Import", "Export", "DCEnergy"))


@cache
def definition(model: int) -> dict[str, Any] | None:
    """The group of a model as the SunSpec Alliance defines it."""
    package = find_spec("sunspec2")
    assert package is not None
    assert package.submodule_search_locations is not None
    path = Path(package.submodule_search_locations[0]) / "models" / "json" / f"model_{model}.json"
    if not path.exists():
        return None
    group: dict[str, Any] = json.loads(path.read_bytes())["group"]
    return group


@dataclass
class Device:
    """A logical device: id, address and length of its models, and the texts of model 1."""

    models: list[tuple[int, int, int]] = field(default_factory=list)
    texts: list[str] = field(default_factory=lambda: [""] * 5)


def text(memory: Memory, address: int, size: int) -> str:
    """A string, up to the first zero or to the ones that fill its end; nothing if it cannot be read."""
    raw = registers(memory, address, size)
    if raw is None:
        return ""
    data = b"".join(value.to_bytes(2) for value in raw).split(b"\0")[0]
    while data.endswith(b"\xff"):
        data = data[:-1]
    data = data.strip(b" ")
    try:
        found = data.decode("utf-8")
    except UnicodeDecodeError:
        found = data.decode("latin-1")
    return "".join(char for char in found if char.isprintable()).strip()


def registers(memory: Memory, address: int, size: int) -> list[int] | None:
    """Registers, None where one of them is not there."""
    wanted = range(address, address + size)
    return [memory[at] for at in wanted] if all(at in memory for at in wanted) else None


def devices(memory: Memory, bases: Sequence[int]) -> list[Device]:
    """The logical devices behind the first marker that has models behind it."""
    for base in bases:
        if registers(memory, base, 2) == [0x5375, 0x6E53]:
            found = follow(memory, base + 2)
            if found:
                return found
    return []


def follow(memory: Memory, address: int) -> list[Device]:
    """The logical devices of the chain that begins at an address."""
    found: list[Device] = []
    for _ in range(200):
        header = registers(memory, address, 2)
        if header is None:
            break
        model, length = header
        end = address + 2 + length
        if model in (0, 0xFFFF) or length == 0 or end > 0x10000:
            break
        if model == 1 or not found:
            found.append(Device())
        if model == 1:
            at = address + 2
            for number, size in enumerate((16, 16, 8, 8, 16)):
                if at + size <= end:
                    found[-1].texts[number] = text(memory, at, size)
                at += size
        found[-1].models.append((model, address, length))
        address = end
    return found


def raw_value(memory: Memory, address: int, kind: str, signed: bool = False) -> Fraction | None:
    """What is there as a number; None if it is not there, not implemented or not finite."""
    if kind == "float32":
        found = registers(memory, address, 2)
        if found is None:
            return None
        single = struct.unpack(">f", struct.pack(">HH", *found))[0]
        return Fraction(single) if math.isfinite(single) else None
    size, is_signed, not_implemented = TYPES[kind]
    found = registers(memory, address, size)
    if found is None:
        return None
    bits = int("".join(f"{value:016b}" for value in found), 2)
    if bits == not_implemented:
        return None
    if (is_signed or (signed and kind.startswith("acc"))) and bits >= 2 ** (16 * size - 1):
        bits -= 2 ** (16 * size)
    return Fraction(bits)


Place = tuple[int, str, str, int, int | None]
"""Group, name, type, address and, if there is a scale factor, its address."""


def places(memory: Memory, model: int, address: int, length: int) -> list[Place]:
    """All points of a measured model that lie in its length, but for those whose scale factor does not."""
    group = definition(model)
    if group is None:
        return []
    end = address + 2 + length
    at = address
    fixed = {}
    for point in group["points"]:
        fixed[point["name"]] = at
        at += point["size"]
    blocks = [(0, group["points"], address)]
    for repeated in group.get("groups", []):
        size = sum(point["size"] for point in repeated["points"])
        for number in count(1):
            start = at + (number - 1) * size
            if start >= end or not is_there(memory, model, number, fixed, end, start + size <= end):
                break
            blocks.append((number, repeated["points"], start))
    found = []
    for number, points, at in blocks:
        sizes = [point["size"] for point in points]
        own = {point["name"]: at + sum(sizes[:n]) for n, point in enumerate(points)}
        for point in points:
            scale = {**fixed, **own}[point["sf"]] if "sf" in point else None
            if own[point["name"]] + point["size"] <= end and (scale is None or scale < end):
                found.append((number, point["name"], point["type"], own[point["name"]], scale))
    return found


def is_there(memory: Memory, model: int, number: int, fixed: Mapping[str, int], end: int, is_whole: bool) -> bool:
    """Whether a model has the group of a number, which begins within its length."""
    counter = fixed["N" if model == 160 else "NPrt"]
    counted = memory.get(counter, 0xFFFF) if counter < end else 0xFFFF
    if model == 160:
        return is_whole or (counted != 0xFFFF and number <= counted)
    return is_whole if counted == 0xFFFF else number <= counted


def measured(memory: Memory, device: Device, signed: bool = False) -> dict[str, Fraction]:
    """What a logical device measures; of models that measure the same the last counts.

    A newer model counts only where an older one has the same measurement, but no value.
    """
    signed = signed or (device.texts[0].upper() + " ").startswith("KOSTAL ")
    there = {model for model, _, _ in device.models}
    found: dict[str, Fraction | None] = {}
    newer: dict[str, Fraction | None] = {}
    behind = [model for model, _, _ in device.models if NEWER_THAN.get(model, set()) & there]
    for model, address, length in device.models:
        for number, point, kind, at, scale in places(memory, model, address, length) if names(model) else ():
            name = names(model).get((number, point))
            if name is None:
                continue
            value = raw_value(memory, at, kind, signed)
            if value is not None and scale is not None:
                power = raw_value(memory, scale, "sunssf")
                value = value * Fraction(10) ** int(power) if power is not None and abs(power) <= 10 else None
            if value is not None and is_energy(name):
                value /= 1000
            column = newer if model in behind else found
            column[name] = value if value is not None else column.get(name)
    for name, value in newer.items():
        if name in found and found[name] is None:
            found[name] = value
    return {name: value for name, value in found.items() if value is not None}
