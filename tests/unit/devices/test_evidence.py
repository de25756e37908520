"""What single values say for and against a type."""

import math
import struct

import pytest

from mbmd.devices.evidence import NO_MAINS, REFUSED, UNANSWERED, is_readable, value, weight
from mbmd.devices.schema import TYPES, Register


def float32(measurement: str, number: float) -> float:
    return weight(Register(measurement, 4, 0, "float32"), struct.pack(">f", number))


@pytest.mark.parametrize("volts", [100, 110, 120, 208, 230, 252])
def test_a_voltage_of_the_mains_is_telling(volts: float) -> None:
    assert float32("VoltageL1", volts) == 3


@pytest.mark.parametrize("volts", [1e-40, 0.5, 12, 98, 122, 206, 254, 400, 1e9, -230000])
def test_any_other_voltage_of_a_phase_speaks_against(volts: float) -> None:
    assert float32("VoltageL1", volts) == -3


def test_between_phases_the_voltage_is_higher() -> None:
    assert float32("VoltageL1_L2", 400) == 3
    assert float32("VoltageL1_L2", 230) == -3
    assert float32("Voltage", 400) == float32("Voltage", 230) == 3


@pytest.mark.parametrize(("hertz", "expected"), [(50, 3), (60, 3), (45, 3), (44.9, -3), (500, -3)])
def test_frequencies(hertz: float, expected: float) -> None:
    assert float32("Frequency", hertz) == expected


@pytest.mark.parametrize(("factor", "expected"), [(1, 1), (-0.95, 1), (1.5, -2), (1e-30, -2), (950, -2)])
def test_power_factors(factor: float, expected: float) -> None:
    assert float32("Cosphi", factor) == expected


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("Import", 1234.5, 0.5),
        ("Import", 1e12, -2),
        ("Sum", 1e-20, -2),
        ("Power", -3500, 0.5),
        ("Power", 1e20, -2),
        ("CurrentL1", 5, 0.5),
    ],
)
def test_other_quantities_count_little_for_and_more_against(name: str, number: float, expected: float) -> None:
    assert float32(name, number) == expected


@pytest.mark.parametrize("name", ["Import", "Power", "Cosphi", "THD"])
def test_zero_says_nothing(name: str) -> None:
    assert float32(name, 0) == float32(name, -0.0) == 0


def test_no_voltage_and_no_frequency_are_a_little_strange() -> None:
    assert float32("VoltageL2", 0) == float32("Frequency", 0) == NO_MAINS < 0


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_like_zero(number: float) -> None:
    assert float32("Import", number) == 0


def test_the_mark_of_no_value_is_like_zero() -> None:
    register = Register("Import", 3, 0, "uint32", 100, 0xFFFFFFFF)
    assert weight(register, b"\xff" * 4) == 0


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_refusal_weighs_most(code: int) -> None:
    assert weight(Register("Import", 3, 0, "uint16"), code) == REFUSED


@pytest.mark.parametrize("answer", [4, 5, 6, 8, None])
def test_who_fails_otherwise_may_have_other_reasons(answer: int | None) -> None:
    assert weight(Register("Import", 3, 0, "uint16"), answer) == UNANSWERED > REFUSED


def test_values_are_decoded_as_the_register_says() -> None:
    assert value(Register("VoltageL1", 4, 0, "int32_swapped", 10), bytes.fromhex("08fc 0000")) == 230.0
    assert value(Register("Frequency", 3, 0, "uint16", 100), b"\x13\x88") == 50.0


def test_all_numbers_in_registers_can_be_read() -> None:
    assert all(is_readable(Register("Power", function, 0, kind)) for kind in TYPES for function in (3, 4))
