"""Registers: their sizes, and what must be read for them at once."""

import pytest

from mbmd.devices.schema import TYPES, DeviceType, Register, Scale
from mbmd.measurements import CATALOGUE, Kind, Measurement


@pytest.mark.parametrize(("name", "count"), TYPES.items())
def test_a_type_tells_its_size(name: str, count: int) -> None:
    register = Register("Power", 3, 100, name)
    assert register.count == count == int("".join(filter(str.isdigit, name))) // 16
    assert register.end == 100 + count
    assert register.span == range(100, 100 + count)


def test_types_of_more_than_one_register_can_be_swapped() -> None:
    plain = {name for name in TYPES if not name.endswith("_swapped")}
    assert set(TYPES) - plain == {f"{name}_swapped" for name in plain if TYPES[name] > 1}


def test_a_bit_takes_one_place_and_a_text_its_length() -> None:
    assert Register("Power", 1, 7, "bit").span == range(7, 8)
    text = Register("Serial", 3, 7, "string", length=16)
    assert (text.count, text.end, text.span) == (16, 23, range(7, 23))


@pytest.mark.parametrize(
    ("scale", "span"),
    [
        (Scale(20), range(10, 21)),
        (Scale(5), range(5, 12)),
        (Scale(20, "uint32"), range(10, 22)),
        (Scale(11), range(10, 12)),
    ],
)
def test_a_value_needs_its_scale(scale: Scale, span: range) -> None:
    register = Register("Power", 3, 10, "int32", scale=scale)
    assert (register.address, register.end, register.span) == (10, 12, span)


def test_a_device_knows_its_measurements() -> None:
    own = Measurement("Pumping", "Pump is on", "", Kind.INSTANT)
    registers = Register("Power", 3, 0, "int16"), Register("Pumping", 1, 0, "bit")
    device = DeviceType("PUMP", "Pump", "Works", None, registers, None, own=(own,))
    assert device.measurements == {"Power": CATALOGUE["Power"], "Pumping": own}
    assert list(device.measurements) == ["Power", "Pumping"]
    assert device.known == {**CATALOGUE, "Pumping": own}
