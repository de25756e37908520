"""A simulated meter's registers: its values encoded as its device table says, the slow and obvious way."""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from mbmd.devices.schema import DeviceType, Register
from mbmd.measurements import Measurement
from mbmd.simulator.meter import PEAK_POWER, Meter, Moment
from mbmd.simulator.values import PEAK, PEAKS, number_of, text_of

Image: TypeAlias = dict[int, dict[int, int]]
"""What is at each address: bits for functions 1 and 2 (coils, discrete inputs), words for 3 and 4 (holding and
input registers)."""

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
_SCALES = range(-3, 11)
"""Powers of ten that a simulated meter may choose."""


def bounds(register_type: str) -> tuple[float, float]:
    """The lowest and the highest number that a register type holds; floats are taken as endless."""
    base = register_type.removesuffix("_swapped")
    if base.startswith("float"):
        return -math.inf, math.inf
    bits = 8 * struct.calcsize(_FORMATS[base])
    return (0, 2**bits - 1) if base.startswith("uint") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def encode(register: Register, value: float, exponent: int = 0) -> list[int]:
    """The words of a number, as they lie at rising addresses; beyond the bounds of the type it stops there.

    `exponent` is what its scale register says. Bits outside of its field are 0; of a field or a coil, which no
    number fits, the lowest bits of the number are taken.
    """
    raw = (value - register.offset) * register.divisor / 10**exponent
    if register.is_bit:
        return [round(raw) & 1]
    if register.bits is not None:
        lowest, size = register.bits
        return _words(register.type, (round(raw) & (1 << size) - 1) << lowest)
    return _words(register.type, raw)


def _words(register_type: str, raw: float) -> list[int]:
    low, high = bounds(register_type)
    raw = min(max(raw, low), high)
    base = register_type.removesuffix("_swapped")
    data = struct.pack(_FORMATS[base], raw if base.startswith("float") else round(raw))
    words = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
    return words[::-1] if register_type.endswith("_swapped") else words


def encode_text(register: Register, text: str) -> list[int]:
    """The words of a text, as long as there is room, then zeros."""
    data = text.encode()[: 2 * register.length].ljust(2 * register.length, b"\0")
    swapped = register.type.endswith("_swapped")
    return [int.from_bytes(data[at : at + 2], "little" if swapped else "big") for at in range(0, len(data), 2)]


def meter_of(device: DeviceType, unit: int) -> Meter:
    """The simulated meter of a device type: as many phases as it measures, a load that its registers hold."""
    measured = device.measurements
    phases = 3 if any(mark in name for name in measured for mark in ("L2", "L3", "L_L")) else 1
    room = (
        bounds(register.type)[1] / abs(register.divisor)
        for register in device.registers
        if measured[register.measurement].unit in _POWER_UNITS and not (register.bits or register.scale)
    )
    return Meter(device.type.upper(), unit, phases, min(1.0, min(room, default=math.inf) / PEAK_POWER))


def image(device: DeviceType, moment: Moment) -> Image:
    """The registers of a device at one moment. The probe counts where it overlaps no other register."""
    words: Image = {1: {}, 2: {}, 3: {}, 4: {}}
    known, exponents = device.known, _exponents(device)
    probe = (device.probe,) if device.probe else ()
    for register in (*probe, *device.registers):
        measurement, beside = known[register.measurement], words[register.function]
        if register.is_text:
            fresh = encode_text(register, text_of(measurement))
        else:
            exponent = exponents[register.function, register.scale.address] if register.scale else 0
            fresh = encode(register, number_of(measurement, moment), exponent)
        if register.bits is not None:
            fresh = _into_field(fresh, register, register.bits, beside)
        # What is between a value and its scale is read along, so no device may refuse it.
        for address in register.span:
            beside.setdefault(address, 0)
        beside.update(enumerate(fresh, register.address))
    for register in (*probe, *device.registers):
        if (scale := register.scale) is not None:
            exponent = exponents[register.function, scale.address]
            words[register.function].update(enumerate(_words(scale.type, exponent), scale.address))
    return words


def _into_field(
    fresh: Sequence[int], register: Register, bits: tuple[int, int], beside: Mapping[int, int]
) -> list[int]:
    """The words of a register of which other values may have other bits."""
    lowest, size = bits
    mask = _words(register.type, ((1 << size) - 1) << lowest)
    return [
        beside.get(at, 0) & ~m | word for at, (word, m) in enumerate(zip(fresh, mask, strict=True), register.address)
    ]


def _exponents(device: DeviceType) -> dict[tuple[int, int], int]:
    """What the scale at each place says: the smallest power of ten with which all its values fit their types."""
    known = device.known
    exponents: dict[tuple[int, int], int] = {}
    for register in (*([device.probe] if device.probe else []), *device.registers):
        if register.scale is not None:
            place = register.function, register.scale.address
            exponents[place] = max(exponents.get(place, _SCALES[0]), _exponent(register, known[register.measurement]))
    return exponents


def _exponent(register: Register, measurement: Measurement) -> int:
    scale, highest = register.scale, bounds(register.type)[1]
    lowest = 0 if scale is not None and scale.type.startswith("u") else _SCALES[0]
    peak = PEAKS.get(measurement.unit, PEAK) * abs(register.divisor)
    return next((e for e in _SCALES if e >= lowest and peak / 10**e <= highest), _SCALES[-1])
