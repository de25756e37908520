"""A simulated meter's registers: its values encoded as its device table says, the slow and obvious way."""

import math
import struct
from collections.abc import Mapping
from typing import TypeAlias

from mbmd.devices.schema import DeviceType, Register
from mbmd.measurements import CATALOGUE
from mbmd.simulator.meter import PEAK_POWER, Meter, Moment
from mbmd.simulator.values import reading

Image: TypeAlias = dict[int, dict[int, int]]
"""The word at each address, for function 3 (holding registers) and function 4 (input registers)."""

_FORMATS: Mapping[str, str] = {
    "uint16": ">H",
    "int16": ">h",
    "uint32": ">I",
    "int32": ">i",
    "uint64": ">Q",
    "int64": ">q",
    "float32": ">f",
    "float64": ">d",
}
_POWER_UNITS = ("W", "var", "VA")


def bounds(register_type: str) -> tuple[float, float]:
    """The lowest and the highest number that a register type holds; floats are taken as endless."""
    base = register_type.removesuffix("_swapped")
    if base.startswith("float"):
        return -math.inf, math.inf
    bits = 8 * struct.calcsize(_FORMATS[base])
    return (0, 2**bits - 1) if base.startswith("uint") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def encode(register: Register, value: float) -> list[int]:
    """The words of a value, as they lie at rising addresses; beyond the bounds of the type it stops there."""
    low, high = bounds(register.type)
    raw = min(max(value * register.divisor, low), high)
    base = register.type.removesuffix("_swapped")
    data = struct.pack(_FORMATS[base], raw if base.startswith("float") else round(raw))
    words = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
    return words[::-1] if register.type.endswith("_swapped") else words


def meter_of(device: DeviceType, unit: int) -> Meter:
    """The simulated meter of a device type: as many phases as it measures, a load that its registers hold."""
    names = {register.measurement for register in device.registers}
    phases = 3 if any(mark in name for name in names for mark in ("L2", "L3", "L_L")) else 1
    room = (
        bounds(register.type)[1] / abs(register.divisor)
        for register in device.registers
        if CATALOGUE[register.measurement].unit in _POWER_UNITS
    )
    return Meter(device.type.upper(), unit, phases, min(1.0, min(room, default=math.inf) / PEAK_POWER))


def image(device: DeviceType, moment: Moment) -> Image:
    """The registers of a device at one moment. The probe counts where it overlaps no other register."""
    words: Image = {3: {}, 4: {}}
    probe = (device.probe,) if device.probe else ()
    for register in (*probe, *device.registers):
        value = reading(register.measurement, moment)
        words[register.function].update(enumerate(encode(register, value), register.address))
    return words
