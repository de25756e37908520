"""Decode programs against the oracle: types, markers, divisors, offsets, bits, scales, what is not finite."""

from __future__ import annotations

import math
import struct
from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd._native.decode import BIT, KINDS, MOST_SCALE, Program
from tests import reference

if TYPE_CHECKING:
    from mbmd._native.decode import Full, Plain

    Field = Plain | Full

NAMES = [name + end for name in reference.FORMATS for end in ("", "_swapped")]
UNTOUCHED = -12345.5


def size_of(name: str) -> int:
    return struct.calcsize(reference.FORMATS[name.removesuffix("_swapped")])


def decode(name: str, registers: bytes, divisor: float = 1, nan: int | None = None) -> float:
    column = array("d", [UNTOUCHED])
    Program([(name, 0, divisor, nan, 0)]).run(registers, column)
    return column[0]


def same(one: float, other: float) -> bool:
    """Bit for bit, but any NaN is like another."""
    return struct.pack("d", one) == struct.pack("d", other) or (math.isnan(one) and math.isnan(other))


divisors = st.one_of(
    st.sampled_from([1, 10, 100, 1000, -1, 0.1, 3600.0]), st.floats(1e-300, 1e300), st.floats(-1e300, -1e-300)
)


@st.composite
def fields(draw: st.DrawFn) -> Plain:
    name = draw(st.sampled_from(NAMES))
    # Small markers in small data, so that they are met.
    nan = draw(st.one_of(st.none(), st.integers(0, 3), st.integers(0, 2**64 - 1)))
    return name, draw(st.integers(0, 120)), draw(divisors), nan, draw(st.integers(0, 40))


def test_types_and_their_words() -> None:
    assert {name: 2 * words for name, (_, words) in KINDS.items()} == {n: size_of(n) for n in reference.FORMATS}


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_every_type_is_that_of_the_oracle(name: str, data: st.DataObject) -> None:
    size = size_of(name)
    registers = data.draw(st.binary(min_size=size, max_size=size))
    divisor = data.draw(divisors)
    assert same(decode(name, registers, divisor), reference.decode(name, registers, divisor))


@pytest.mark.parametrize(
    ("name", "registers", "value"),
    [
        ("uint16", "FF FF", 65535),
        ("int16", "FF FF", -1),
        ("int16", "80 00", -32768),
        ("uint32", "00 01 00 02", 0x10002),
        ("uint32_swapped", "00 01 00 02", 0x20001),
        ("int32", "80 00 00 00", -(2**31)),
        ("int32_swapped", "FF FE FF FF", -2),
        ("float32", "43 66 33 33", 230.1999969482422),
        ("float32_swapped", "33 33 43 66", 230.1999969482422),
        ("uint64", "FF FF FF FF FF FF FF FF", 2.0**64),
        ("uint64_swapped", "00 01 00 02 00 03 00 04", 0x4000300020001),
        ("int64", "FF FF FF FF FF FF FF FE", -2),
        ("int64", "80 00 00 00 00 00 00 00", -(2.0**63)),
        ("float64", "3F F0 00 00 00 00 00 00", 1),
        ("float64_swapped", "00 00 00 00 00 00 3F F0", 1),
    ],
)
def test_known_values(name: str, registers: str, value: float) -> None:
    assert decode(name, bytes.fromhex(registers)) == value
    assert reference.decode(name, bytes.fromhex(registers)) == value


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("float")])
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_float_that_is_not_finite_is_no_reading(name: str, value: float) -> None:
    registers = struct.pack(reference.FORMATS[name.removesuffix("_swapped")], value)
    if name.endswith("_swapped"):
        registers = b"".join(registers[at : at + 2] for at in reversed(range(0, len(registers), 2)))
    assert math.isnan(decode(name, registers))


def test_a_quotient_that_is_not_finite_is_no_reading() -> None:
    assert math.isnan(decode("float64", struct.pack(">d", 1e308), 1e-10))
    assert math.isnan(decode("uint16", b"\0\1", math.nan))


@pytest.mark.parametrize("name", NAMES)
def test_the_marker_is_compared_after_swapping(name: str) -> None:
    straight = bytes(range(1, size_of(name) + 1))
    marker = int.from_bytes(straight)
    swapped = b"".join(straight[at : at + 2] for at in reversed(range(0, len(straight), 2)))
    registers = swapped if name.endswith("_swapped") else straight
    assert math.isnan(decode(name, registers, nan=marker))
    assert not math.isnan(decode(name, registers, nan=marker + 1))
    assert not math.isnan(decode(name, registers, nan=None))


def test_a_marker_wider_than_the_type_is_never_met() -> None:
    assert decode("int16", b"\xff\xff", nan=0xFFFFFFFF) == -1
    assert decode("uint16", b"\x80\x00", nan=0x18000) == 0x8000


def test_zero_may_be_the_marker() -> None:
    assert math.isnan(decode("uint16", b"\0\0", nan=0))


INTEGERS = [name for name in NAMES if "float" not in name]
UNSIGNED = [name for name in NAMES if name.startswith("uint")]
markers = st.none() | st.integers(0, 3) | st.integers(0, 2**64 - 1)
places = st.integers(0, 120)


@st.composite
def full_fields(draw: st.DrawFn) -> Full:
    """Fields with all that a device table may say; some of it nothing."""
    slot, offset = draw(st.integers(0, 40)), draw(st.just(0.0) | st.floats(-1e9, 1e9))
    bits: tuple[int, int] | None = None
    if draw(st.booleans()):
        return BIT, draw(st.integers(0, 1999)), draw(divisors), None, slot, offset, None, None
    name = draw(st.sampled_from(NAMES))
    if name in UNSIGNED and draw(st.booleans()):
        lowest = draw(st.integers(0, 8 * size_of(name) - 1))
        bits = lowest, draw(st.integers(1, 8 * size_of(name) - lowest))
    scale = draw(st.none() | st.tuples(st.sampled_from(INTEGERS), places, markers))
    return name, draw(places), draw(divisors), draw(markers), slot, offset, bits, scale


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Data of an answer, in which small positive and negative words are as frequent as others."""
    word = st.integers(0, 12) | st.integers(0xFFF0, 0xFFFF) | st.integers(0, 0xFFFF)
    return b"".join(word.to_bytes(2) for word in draw(st.lists(word, min_size=125, max_size=125)))


@given(st.lists(full_fields(), max_size=20), answers())
def test_all_that_a_table_may_say_is_as_the_oracle_has_it(program: list[Full], payload: bytes) -> None:
    expected = [UNTOUCHED] * 41
    for name, place, divisor, nan, slot, offset, bits, scale in program:
        expected[slot] = reference.decode_field(name, place, payload, divisor, nan, offset, bits, scale)
    column = array("d", [UNTOUCHED]) * 41
    Program(program).run(payload, column)
    assert all(map(same, column, expected))


@given(st.lists(full_fields(), max_size=20))
def test_a_program_tells_how_much_it_reads(program: list[Full]) -> None:
    ends = [0]
    for name, place, _, _, _, _, _, scale in program:
        ends.append(place // 8 + 1 if name == BIT else 2 * place + size_of(name))
        ends += [2 * scale[1] + size_of(scale[0])] if scale else []
    native = Program(program)
    assert native.payload_bytes == max(ends)
    payload, column = bytes(native.payload_bytes), array("d", [0]) * 41
    native.run(payload, column)
    if payload:
        with pytest.raises(ValueError, match="payload"):
            native.run(payload[:-1], column)


def full(
    name: str, registers: str, bits: tuple[int, int] | None = None, scale: str = "", nan: int | None = None
) -> float:
    """A value whose scale is behind it, divided by 1, with an offset of 0."""
    column = array("d", [UNTOUCHED])
    place = len(bytes.fromhex(registers)) // 2
    field: Full = (name, 0, 1, nan, 0, 0.0, bits, ("int16", place, 0x8000) if scale else None)
    Program([field]).run(bytes.fromhex(registers + scale), column)
    return column[0]


@pytest.mark.parametrize(
    ("scale", "value"),
    [("0000", 2301), ("FFFF", 230.1), ("FFFE", 23.01), ("0003", 2301000), ("FFF6", 2301e-10), ("000A", 2301e10)],
)
def test_scales_are_exact(scale: str, value: float) -> None:
    assert full("uint16", "08FD", scale=scale) == value


@pytest.mark.parametrize("scale", ["8000", "FFF5", "000B", "7FFF"])
def test_without_a_scale_there_is_no_reading(scale: str) -> None:
    assert MOST_SCALE == 10
    assert math.isnan(full("uint16", "08FD", scale=scale))


def test_the_marker_counts_beside_a_scale() -> None:
    assert math.isnan(full("uint16", "FFFF", scale="0001", nan=0xFFFF))


@pytest.mark.parametrize(
    ("bits", "value"), [((0, 16), 0xA5C3), ((0, 1), 1), ((2, 1), 0), ((4, 4), 0xC), ((8, 8), 0xA5), ((15, 1), 1)]
)
def test_bit_0_is_the_lowest(bits: tuple[int, int], value: int) -> None:
    assert full("uint16", "A5C3", bits) == value


def test_the_marker_is_that_of_the_whole_register() -> None:
    assert math.isnan(full("uint16", "FFFF", (0, 4), nan=0xFFFF))
    assert full("uint16", "00FF", (0, 8), nan=0xFF00) == 0xFF


def test_coils_begin_with_the_lowest_bit_of_the_first_byte() -> None:
    column = array("d", [UNTOUCHED]) * 10
    Program([(BIT, place, 1, None, place) for place in range(10)]).run(b"\x05\x02", column)
    assert list(column) == [1, 0, 1, 0, 0, 0, 0, 0, 0, 1]


def test_minus_zero_stays_so_without_an_offset() -> None:
    assert same(decode("float32", struct.pack(">f", -0.0)), -0.0)


@given(st.lists(fields(), max_size=30), st.lists(st.integers(0, 3), min_size=250, max_size=250))
def test_programs_fill_their_slots_and_no_others(program: list[Plain], data: list[int]) -> None:
    payload = bytes(data)
    native = Program(program)
    assert native.payload_bytes == max((2 * offset + size_of(name) for name, offset, *_ in program), default=0)
    assert native.slots == max((slot + 1 for *_, slot in program), default=0)
    expected = [UNTOUCHED] * 50
    for name, offset, divisor, nan, slot in program:
        expected[slot] = reference.decode(name, payload[2 * offset :], divisor, nan)
    column = array("d", [UNTOUCHED]) * 50
    native.run(payload, column)
    assert all(map(same, column, expected))


@pytest.mark.parametrize("name", NAMES)
def test_reads_to_the_last_byte_and_writes_to_the_last_slot(name: str) -> None:
    size = size_of(name)
    program = Program([(name, 3, 1, None, 2)])
    payload = bytes(6) + bytes(range(1, size + 1))
    column = array("d", [UNTOUCHED]) * 3
    program.run(payload, column)
    assert list(column) == [UNTOUCHED, UNTOUCHED, reference.decode(name, payload[6:])]
    with pytest.raises(ValueError, match="payload"):
        program.run(payload[:-1], column)
    with pytest.raises(ValueError, match="column"):
        program.run(payload, column[:2])
    assert list(column) == [UNTOUCHED, UNTOUCHED, reference.decode(name, payload[6:])]


def test_no_fields_do_nothing() -> None:
    program = Program([])
    program.run(b"", array("d"))
    assert (program.payload_bytes, program.slots) == (0, 0)


def test_fields_may_come_from_an_iterator() -> None:
    assert Program((name, 0, 1, None, slot) for slot, name in enumerate(NAMES)).slots == len(NAMES)


def test_highest_offset_and_slot() -> None:
    program = Program([("uint64", 65535, 1, None, 65535)])
    assert (program.payload_bytes, program.slots) == (2 * 65535 + 8, 65536)


@pytest.mark.parametrize(
    ("field", "error"),
    [
        (("uint8", 0, 1, None, 0), KeyError),
        (("", 0, 1, None, 0), KeyError),
        (("_swapped", 0, 1, None, 0), KeyError),
        (("uint32_swapped_swapped", 0, 1, None, 0), KeyError),
        (("uint16", -1, 1, None, 0), ValueError),
        (("uint16", 65536, 1, None, 0), ValueError),
        (("uint16", 2**200, 1, None, 0), ValueError),
        (("uint16", 0, 1, None, -1), ValueError),
        (("uint16", 0, 1, None, 65536), ValueError),
        (("uint16", 0, 1, None, -(2**200)), ValueError),
        (("uint16", 0, 0, None, 0), ValueError),
        (("uint16", 0, 0.0, None, 0), ValueError),
        (("uint16", 0, -0.0, None, 0), ValueError),
        (("uint16", 0, 1, 2**64, 0), OverflowError),
        (("uint16", 0, 1, -1, 0), OverflowError),
        (("uint16", 1.5, 1, None, 0), TypeError),
        (("uint16", 0, "1", None, 0), TypeError),
        (("uint16", 0, 1, None), ValueError),
        (("uint16", 0, 1, None, 0, 0.0), ValueError),
        (("uint16", 0, 1, None, 0, "1", None, None), TypeError),
        (("uint16", 0, 1, None, 0, 0.0, (0, 17), None), ValueError),
        (("uint16", 0, 1, None, 0, 0.0, (16, 1), None), ValueError),
        (("uint16", 0, 1, None, 0, 0.0, (0, 0), None), ValueError),
        (("uint16", 0, 1, None, 0, 0.0, (-1, 2), None), ValueError),
        (("uint64", 0, 1, None, 0, 0.0, (2**70, 2**70), None), ValueError),
        (("int16", 0, 1, None, 0, 0.0, (0, 1), None), ValueError),
        (("float32", 0, 1, None, 0, 0.0, (0, 1), None), ValueError),
        (("uint16", 0, 1, None, 0, 0.0, None, ("float32", 0, None)), ValueError),
        (("uint16", 0, 1, None, 0, 0.0, None, ("int8", 0, None)), KeyError),
        (("uint16", 0, 1, None, 0, 0.0, None, ("int16", 65536, None)), ValueError),
        (("uint16", 0, 1, None, 0, 0.0, None, ("int16", 0, 2**64)), OverflowError),
        (("uint16", 0, 1, None, 0, 0.0, None, (BIT, 0, None)), KeyError),
        ((BIT, 65536, 1, None, 0), ValueError),
        ((BIT, -1, 1, None, 0), ValueError),
        ((BIT, 0, 0, None, 0), ValueError),
        ((BIT, 0, 1, 0, 0), ValueError),
        ((BIT, 0, 1, None, 0, 0.0, (0, 1), None), ValueError),
        ((BIT, 0, 1, None, 0, 0.0, None, ("int16", 0, None)), ValueError),
        (None, TypeError),
    ],
)
def test_wrong_fields(field: Field, error: type[Exception]) -> None:
    with pytest.raises(error):
        Program([("uint16", 0, 1, None, 0), field])


@pytest.mark.parametrize("column", [None, [0.0], array("f", [0]), array("q", [0]), array("B", bytes(8)), b"12345678"])
def test_a_column_is_of_doubles(column: object) -> None:
    program = Program([("uint16", 0, 1, None, 0)])
    with pytest.raises((TypeError, BufferError)):
        program.run(b"\0\0", column)  # type: ignore[arg-type]


@pytest.mark.parametrize("payload", [None, "00", bytearray(2), memoryview(b"\0\0")])
def test_a_payload_is_bytes(payload: object) -> None:
    with pytest.raises(TypeError):
        Program([("uint16", 0, 1, None, 0)]).run(payload, array("d", [0]))  # type: ignore[arg-type]


def test_the_column_is_let_go_after_each_run() -> None:
    program = Program([("uint16", 0, 1, None, 0)])
    column = array("d", [0])
    program.run(b"\0\7", column)
    with pytest.raises(ValueError, match="column"):
        program.run(b"\0\7", array("d"))
    column.append(1)  # would be refused while the buffer is held
    assert list(column) == [7, 1]
