"""Registers of simulated meters, read back with this file's own decoder."""

import math
import struct
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.devices.registry import BUILT_IN, Registry
from mbmd.devices.schema import TYPES, DeviceType, Register, Scale
from mbmd.simulator.registers import Image, bounds, encode, encode_text, image, meter_of
from mbmd.simulator.values import number_of, reading

DEVICES = [BUILT_IN.get(name) for name in BUILT_IN.names()]
YEAR = 365 * 86400.0
CODES = {"uint16": "H", "int16": "h", "uint32": "I", "int32": "i", "uint64": "Q", "int64": "q"} | {
    "float32": "f",
    "float64": "d",
}
# The probes of these types name another layout than their registers, which count here.
PROBE_IS_NO_REGISTER = {"ORNO1P504", "ORNO1p525"}
PROBED = [device for device in DEVICES if device.probe is not None and device.type not in PROBE_IS_NO_REGISTER]


def decode(register: Register, words: list[int]) -> float:
    ordered = words[::-1] if register.type.endswith("_swapped") else words
    raw = b"".join(struct.pack(">H", word) for word in ordered)
    number: float = struct.unpack(">" + CODES[register.type.removesuffix("_swapped")], raw)[0]
    return number / register.divisor


def read(registers: Image, register: Register) -> float:
    return decode(
        register, [registers[register.function][address] for address in range(register.address, register.end)]
    )


@given(st.sampled_from(sorted(TYPES)), st.floats(-30000, 30000), st.sampled_from([1.0, 10.0, 0.001]))
def test_what_is_encoded_is_decoded(register_type: str, value: float, divisor: float) -> None:
    register = Register("Power", 3, 0, register_type, divisor)
    low, high = bounds(register_type)
    words = encode(register, value)
    assert len(words) == register.count
    expected = min(max(value * divisor, low), high) / divisor
    tolerance = 0.5 / divisor if math.isfinite(high) else 1e-6 * abs(value)
    assert decode(register, words) == pytest.approx(expected, abs=tolerance + 1e-9)


def test_word_order() -> None:
    assert encode(Register("Power", 3, 0, "uint32"), 0x12345678) == [0x1234, 0x5678]
    assert encode(Register("Power", 3, 0, "uint32_swapped"), 0x12345678) == [0x5678, 0x1234]
    assert encode(Register("Power", 3, 0, "int16"), -2) == [0xFFFE]
    assert encode(Register("Power", 3, 0, "float32"), 1.0) == [0x3F80, 0]


def test_a_value_too_large_stops_at_the_end_of_its_type() -> None:
    assert encode(Register("Power", 3, 0, "uint16", 100), 1e6) == [0xFFFF]
    assert encode(Register("Power", 3, 0, "uint16"), -5) == [0]


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.type)
@pytest.mark.parametrize("unit", [1, 247])
@pytest.mark.parametrize("seconds", [0.0, 1234.5, 10 * YEAR])
def test_registers_hold_every_reading(device: DeviceType, unit: int, seconds: float) -> None:
    moment = meter_of(device, unit).at(seconds)
    registers = image(device, moment)
    for register in device.registers:
        value = reading(register.measurement, moment)
        tolerance = abs(value) * 1e-6 if register.type.startswith("float") else 0.5 / register.divisor + 1e-9
        assert read(registers, register) == pytest.approx(value, abs=tolerance), register


@pytest.mark.parametrize("device", PROBED, ids=lambda device: device.type)
def test_a_scan_finds_the_mains_voltage(device: DeviceType) -> None:
    assert device.probe is not None
    simulated = meter_of(device, 1)
    for seconds in range(0, 2000, 7):
        assert abs(read(image(device, simulated.at(seconds)), device.probe) - 230) <= 23


def test_no_reading_looks_like_no_value() -> None:
    for device in DEVICES:
        registers = image(device, meter_of(device, 1).at(100))
        for register in device.registers:
            words = [registers[register.function][address] for address in range(register.address, register.end)]
            ordered = words[::-1] if register.type.endswith("_swapped") else words
            raw = int.from_bytes(b"".join(word.to_bytes(2, "big") for word in ordered), "big")
            assert raw != register.nan


def test_single_phase_meters_have_one_phase() -> None:
    moment = meter_of(BUILT_IN.get("sdm220"), 1).at(33)
    voltage, current = reading("Voltage", moment), reading("Current", moment)
    assert voltage * current * reading("Cosphi", moment) == pytest.approx(reading("Power", moment))


HEAT_PUMP = Registry([Path(__file__).parents[2] / "cases" / "devices"]).get("heatpump")


def raw(registers: Image, name: str) -> int:
    """The whole register of a measurement of the heat pump."""
    register = next(register for register in HEAT_PUMP.registers if register.measurement == name)
    return registers[register.function][register.address]


def signed(word: int) -> int:
    return word - 0x10000 if word >= 0x8000 else word


def test_all_that_a_table_can_say_is_simulated() -> None:
    simulated = meter_of(HEAT_PUMP, 1)
    moment = simulated.at(50)
    registers = image(HEAT_PUMP, moment)
    scales = {at: signed(registers[3][at]) for at in (120, 121, 122)}
    assert signed(raw(registers, "Power")) * 10.0 ** scales[120] == pytest.approx(reading("Power", moment), rel=0.01)
    assert raw(registers, "Current") * 10.0 ** scales[121] == pytest.approx(reading("Current", moment), rel=0.01)
    assert raw(registers, "Outside") / 10 - 50 == pytest.approx(reading("HeatSinkTemp", moment), abs=0.1)
    assert raw(registers, "Voltage") / 10 == pytest.approx(reading("Voltage", moment), abs=0.1)
    mode = raw(registers, "Mode")
    assert mode & 0b1111_1000_0000_1000 | mode & 7 | mode & 0xFF00 == mode
    assert mode >> 8 == round(reading("ChargeState", moment))
    assert registers[1].keys() == {3, 12}
    assert registers[2].keys() == {0}
    assert {*registers[1].values(), *registers[2].values()} <= {0, 1}
    words = [registers[3][at] for at in range(200, 208)]
    assert b"".join(word.to_bytes(2) for word in words) == b"simulated Model\0"
    swapped = [registers[3][at] for at in range(208, 212)]
    assert b"".join(word.to_bytes(2, "little") for word in swapped) == b"simulate"


def test_values_may_share_a_scale_that_each_takes_otherwise() -> None:
    power = Register("Power", 3, 5, "int16", scale=Scale(1, nan=0x8000))
    current = Register("Current", 3, 6, "int16", 1000, scale=Scale(1))
    voltage = Register("Voltage", 3, 7, "uint16", scale=Scale(1, "uint16"))
    for registers in permutations((power, current, voltage)):
        device = replace(HEAT_PUMP, registers=registers)
        moment = meter_of(device, 1).at(100)
        words = image(device, moment)
        for register in registers:
            value = decode(register, [words[3][register.address]]) * 10.0 ** signed(words[3][1])
            assert value == pytest.approx(reading(register.measurement, moment), rel=0.05)


def test_bit_fields_of_one_register_keep_each_others_bits() -> None:
    seen = [raw(image(HEAT_PUMP, meter_of(HEAT_PUMP, 1).at(second)), "Stage") for second in range(0, 4000, 50)]
    assert len({word & 7 for word in seen}) > 4
    assert len({word >> 8 for word in seen}) > 20
    assert {word & 0b1111_0000 for word in seen} == {0}


def test_own_counters_never_fall_and_own_values_move() -> None:
    simulated = meter_of(HEAT_PUMP, 1)
    heat = HEAT_PUMP.measurements["Heat"]
    counts = [number_of(heat, simulated.at(second)) for second in range(100)]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]
    assert len({number_of(HEAT_PUMP.measurements["Stage"], simulated.at(second)) for second in range(10)}) == 10


def test_a_text_too_long_ends_with_its_registers() -> None:
    assert encode_text(Register("Model", 3, 0, "string", length=2), "ABCDEF") == [0x4142, 0x4344]
    assert encode_text(Register("Model", 3, 0, "string_swapped", length=2), "ABC") == [0x4241, 0x0043]
