"""CRC16 of the kernel against the oracle and against frames that others have published."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd._native.crc import crc16
from tests import reference

PUBLISHED = [
    # MODBUS over Serial Line V1.02, section 6.2.2: the CRC of 02 07 is 1241h, sent as 41 12
    ("02 07", "41 12"),
    # Eastron SDM630 Modbus protocol: a read of the first voltage
    ("01 04 00 00 00 02", "71 CB"),
    # Simply Modbus, the pages of function 3 and of exceptions
    ("11 03 00 6B 00 03", "76 87"),
    ("11 03 06 AE 41 56 52 43 40", "49 AD"),
    ("0A 81 02", "B0 53"),
]


@pytest.mark.parametrize(("frame", "crc"), PUBLISHED)
def test_published_frames(frame: str, crc: str) -> None:
    assert crc16(bytes.fromhex(frame)).to_bytes(2, "little") == bytes.fromhex(crc)
    assert reference.crc16(bytes.fromhex(frame)).to_bytes(2, "little") == bytes.fromhex(crc)


def test_check_value_of_the_algorithm() -> None:
    assert crc16(b"123456789") == 0x4B37


def test_of_nothing_is_its_start() -> None:
    assert crc16(b"") == 0xFFFF


@given(st.binary(max_size=300))
def test_is_that_of_the_oracle(data: bytes) -> None:
    assert crc16(data) == reference.crc16(data)


@given(st.binary(max_size=256))
def test_of_a_frame_with_its_crc_is_zero(data: bytes) -> None:
    assert crc16(data + crc16(data).to_bytes(2, "little")) == 0


@given(st.binary(min_size=1, max_size=64), st.data())
def test_finds_every_single_bit(data: bytes, draw: st.DataObject) -> None:
    bit = draw.draw(st.integers(0, 8 * len(data) - 1))
    other = bytearray(data)
    other[bit // 8] ^= 1 << bit % 8
    assert crc16(bytes(other)) != crc16(data)


@pytest.mark.parametrize("wrong", [None, "text", bytearray(b"\1"), memoryview(b"\1"), 7])
def test_takes_bytes_only(wrong: object) -> None:
    with pytest.raises(TypeError):
        crc16(wrong)  # type: ignore[arg-type]
