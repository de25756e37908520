"""What a SunSpec image means, told apart from `mbmd.sunspec`: measurements by logical device."""

import struct
from collections.abc import Iterable, Mapping
from functools import cache
from math import isclose, isnan

from tests.sunspec_images import BASES, Model, Point, Registers, absent, find, is_known, points
from tests.sunspec_reference import is_energy, names

Values = Mapping[str, tuple[float, ...]]
"""For each measurement all values that models give it, in the order of the chain."""

_GROUPS = {160: "module", 714: "Prt"}
"""What the groups are called that have measurements of their own."""


def truth(registers: Registers, device: int, bases: Iterable[int] = BASES, *, signed: bool = False) -> Values:
    """What the models of one logical device say; `signed`: its accumulators may be negative."""
    values: dict[str, tuple[float, ...]] = {}
    for model in find(registers, bases):
        measured = _names(model.id)
        if model.device != device or not measured:
            continue
        there = {point.name: point for point in points(model.id, model.length)}
        for point in there.values():
            if point.name in measured and (value := _value(registers, model, point, there, signed)) is not None:
                name = measured[point.name]
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
    """Measurements of a model by point."""
    if not is_known(model):
        return {}
    return {f"{_GROUPS[model]}/{n}/{point}" if n else point: name for (n, point), name in names(model).items()}


def _divisor(name: str) -> float:
    return 1000.0 if is_energy(name) else 1.0


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
