"""What registers say: each type, scale factors, names, and the same as another decoder of real models."""

import math
import struct
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd.sunspec.definitions import Point, definition
from mbmd.sunspec.layout import Placed, layout
from mbmd.sunspec.reading import Reading, State, readings
from tests.unit.sunspec.images import IMAGES, image, words

KNOWN = (1, 103, 111, 122, 124, 160, 203, 213, 701, 705, 706, 708, 712, 713, 714, 802, 803, 804)


def one(kind: str, data: bytes, symbols: dict[int, str] | None = None, sf: int | None = None) -> Reading:
    """What a point of this data says; its scale factor, if it has one, is behind it."""
    size = len(data) // 2
    point = Point("X", "", kind, size, "X_SF" if sf is not None else None, "", symbols or {})
    registers = dict(enumerate(words(data)))
    if sf is not None:
        registers[size] = sf & 0xFFFF
    placed = Placed(point, 0, scale=size if sf is not None else None)
    return next(iter(readings([placed], registers, {})))


@pytest.mark.parametrize(
    ("kind", "data", "raw", "value"),
    [
        ("int16", "ffd6", -42, -42),
        ("int16", "8000", -0x8000, None),
        ("int32", "80000000", -0x80000000, None),
        ("int32", "80000001", -0x7FFFFFFF, -0x7FFFFFFF),
        ("int64", "8000000000000000", -(2**63), None),
        ("uint16", "ffff", 0xFFFF, None),
        ("uint16", "fffe", 0xFFFE, 0xFFFE),
        ("uint32", "ffffffff", 0xFFFFFFFF, None),
        ("uint64", "ffffffffffffffff", 2**64 - 1, None),
        ("uint64", "fffffffffffffffe", 2**64 - 2, 2**64 - 2),
        ("count", "ffff", 0xFFFF, None),
        ("acc16", "0000", 0, 0),
        ("acc32", "00000000", 0, 0),
        ("acc64", "0000000000000000", 0, 0),
        ("enum16", "ffff", 0xFFFF, None),
        ("enum32", "ffffffff", 0xFFFFFFFF, None),
        ("bitfield16", "ffff", 0xFFFF, None),
        ("bitfield32", "00000005", 5, 5),
        ("bitfield64", "ffffffffffffffff", 2**64 - 1, None),
        ("sunssf", "8000", -0x8000, None),
        ("sunssf", "fffe", -2, -2),
        ("string", "53756e00ffff", "0x53756e00ffff", "Sun"),
        ("string", "53fc64200000", "0x53fc64200000", "Süd"),
        ("string", "53c3bc640000", "0x53c3bc640000", "Süd"),
        ("string", "53756effffff", "0x53756effffff", "Sun"),
        ("string", "0000", "0x0000", None),
        ("string", "ffffffff", "0xffffffff", None),
        ("ipaddr", "c0a80007", "0xc0a80007", "192.168.0.7"),
        ("ipaddr", "00000000", "0x00000000", None),
        ("ipv6addr", "fe80" + "0" * 27 + "1", "0xfe80" + "0" * 27 + "1", "fe80::1"),
        ("ipv6addr", "0" * 32, "0x" + "0" * 32, None),
        ("eui48", "0000001122334455", "0x0000001122334455", "00:11:22:33:44:55"),
        ("eui48", "0000ffffffffffff", "0x0000ffffffffffff", None),
        ("float32", "7fc00000", "0x7fc00000", None),
        ("float64", "7ff8000000000000", "0x7ff8000000000000", None),
        ("of_tomorrow", "0102", "0x0102", "0x0102"),
    ],
)
def test_each_type_has_its_values_and_what_is_not_implemented(kind: str, data: str, raw: Any, value: Any) -> None:
    reading = one(kind, bytes.fromhex(data))
    assert (reading.raw, reading.value, reading.note) == (raw, value, "")
    assert reading.state is (State.NONE if value is None else State.OK)
    assert b"".join(word.to_bytes(2) for word in reading.registers).hex() == data


@pytest.mark.parametrize("kind", ["bitfield16", "bitfield32", "bitfield64"])
def test_bits_below_the_highest_one_mean_nothing(kind: str) -> None:
    data = bytes((0x80,)) + bytes(int(kind[8:]) // 8 - 1)
    reading = one(kind, data)
    assert (reading.state, reading.note) == (State.NONE, "the highest bit is set")


def test_values_are_exact() -> None:
    assert one("acc32", (411523).to_bytes(4), sf=-2).value == Decimal("4115.23")
    assert str(one("uint16", b"\x03\xe9", sf=-3).value) == "1.001"
    assert one("uint64", (2**64 - 2).to_bytes(8), sf=-10).value == Decimal(2**64 - 2) / 10**10
    assert one("int16", (-5).to_bytes(2, signed=True), sf=10).value == -5 * 10**10


@pytest.mark.parametrize(
    ("sf", "note"), [(-0x8000, "X_SF is n/a"), (11, "X_SF is 11, beyond 10"), (-11, "X_SF is -11, beyond 10")]
)
def test_a_value_without_its_scale_factor_is_not_there_but_its_number_is(sf: int, note: str) -> None:
    reading = one("int16", b"\0\x07", sf=sf)
    assert (reading.state, reading.raw, reading.value, reading.note) == (State.NONE, 7, None, note)


def test_a_scale_factor_that_is_unread_or_missing_is_named() -> None:
    point = Point("X", "", "int16", 1, "X_SF", "", {})
    unread = next(readings([Placed(point, 2, scale=9)], {2: 7}, {}))
    missing = next(readings([Placed(point, 2, scale_is_missing=True)], {2: 7}, {}))
    constant = next(readings([Placed(point, 2, scale=-3, is_constant=True)], {2: 7}, {}))
    assert (unread.state, unread.note) == (State.NONE, "X_SF is unread")
    assert (missing.state, missing.note) == (State.NONE, "X_SF is missing")
    assert constant.value == Decimal("0.007")


def test_a_scale_factor_out_of_bounds_is_told_where_it_stands() -> None:
    assert one("sunssf", b"\0\x0b").note == "beyond 10"
    assert one("sunssf", b"\0\x0a").note == ""


def test_enumerations_and_bits_have_names() -> None:
    assert one("enum16", b"\0\x04", {4: "MPPT"}).names == ("MPPT",)
    unknown = one("enum16", b"\0\x05", {4: "MPPT"})
    assert (unknown.state, unknown.value, unknown.names, unknown.note) == (State.OK, 5, (), "no such value is defined")
    assert one("enum16", b"\0\x05").note == ""
    assert one("bitfield32", b"\0\0\0\x0b", {0: "A", 3: "B"}).names == ("A", "bit 1", "B")


def test_what_was_not_read_says_why() -> None:
    point = Point("X", "", "uint32", 2, None, "", {})
    reading = next(readings([Placed(point, 2)], {2: 7}, {3: "exception 2"}))
    assert (reading.state, reading.raw, reading.registers, reading.note) == (State.UNREAD, None, (), "exception 2")


def test_counters_below_zero_are_known_where_they_are_signed() -> None:
    placed = [Placed(Point("X", "", "acc32", 2, None, "", {}), 0)]
    registers = {0: 0xFFFF, 1: 0xFFFE}
    assert [r.value for r in readings(placed, registers, {}, signed_counters=True)] == [-2]
    assert [r.value for r in readings(placed, registers, {})] == [2**32 - 2]


@given(st.floats(width=32, allow_nan=False))
def test_a_float_is_the_shortest_decimal_that_is_it_again(number: float) -> None:
    value = one("float32", struct.pack(">f", number)).value
    assert isinstance(value, Decimal)
    assert struct.pack(">f", float(value)) == struct.pack(">f", number)
    if math.isfinite(number):
        assert len(value.as_tuple().digits) <= 9


@given(st.floats(allow_nan=False))
def test_a_double_is_a_decimal_that_is_it_again(number: float) -> None:
    value = one("float64", struct.pack(">d", number)).value
    assert isinstance(value, Decimal)
    assert struct.pack(">d", float(value)) == struct.pack(">d", number)


@given(st.sampled_from(KNOWN), st.data())
def test_any_registers_are_read_point_by_point(number: int, data: st.DataObject) -> None:
    model = definition(number)
    assert model is not None
    length = data.draw(st.integers(1, 300))
    some = data.draw(st.lists(st.one_of(st.none(), st.integers(0, 5), st.integers(0, 0xFFFF)), max_size=length))
    registers = {at: word for at, word in enumerate(some, 2) if word is not None}
    placed = list(layout(model, length, registers.get))
    said = list(readings(placed, registers, {}))
    assert [reading.placed for reading in said] == [point for point in placed if point.point.type != "pad"]
    for reading in said:
        assert (reading.state is State.OK) == (reading.value is not None)
        assert (reading.state is State.UNREAD) == (not reading.registers)


def models_of(name: str) -> list[tuple[int, int, int, dict[int, int]]]:
    """The models of an image that are wholly there: unit, id, length and registers from their headers on."""
    found = []
    for unit, registers in image(name).items():
        address = next(base for base in (40000, 0, 50000) if registers.get(base) == 0x5375) + 2
        while registers.get(address, 0xFFFF) != 0xFFFF:
            model, length = registers[address], registers[address + 1]
            body = {at: registers[address + at] for at in range(length + 2) if address + at in registers}
            if len(body) == length + 2:
                found.append((unit, model, length, body))
            address += length + 2
    return found


@pytest.mark.parametrize("name", IMAGES)
def test_the_decoder_of_pysunspec2_reads_the_same(name: str) -> None:
    """Where it is right: it takes accumulators of 0 for none, and values without their scale factor for values."""
    decoder: Any = import_module("sunspec2.modbus.client").SunSpecModbusClientModel
    compared = 0
    for _, number, length, registers in models_of(name):
        known = definition(number)
        if known is None:
            continue
        data = b"".join(registers[at].to_bytes(2) for at in range(length + 2))
        witness = decoder(number, model_len=length, data=data)
        for reading in readings(layout(known, length, registers.get), registers, {}):
            point = _find(witness, reading)
            if reading.note or (reading.placed.point.type.startswith("acc") and not reading.raw):
                continue
            value = reading.value
            assert point.cvalue == (pytest.approx(float(value)) if isinstance(value, Decimal) else value), reading
            compared += 1
    assert compared > 20


def _find(group: Any, reading: Reading) -> Any:
    for name, number in reading.placed.group:
        inner = group.groups[name]
        group = inner[number - 1] if isinstance(inner, list) else inner
    return group.points[reading.placed.point.name]
