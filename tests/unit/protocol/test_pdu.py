"""Requests, and what their answers must look like."""

import pytest

from mbmd.protocol.pdu import MAX_REGISTERS, Request, read_registers


def test_read_holding_registers() -> None:
    # The example of MODBUS Application Protocol V1.1b3, section 6.3.
    assert read_registers(3, 107, 3) == Request(bytes.fromhex("03006b0003"), bytes.fromhex("0306"), 6)


def test_read_input_registers() -> None:
    # The example of section 6.4.
    assert read_registers(4, 8, 1) == Request(bytes.fromhex("0400080001"), bytes.fromhex("0402"), 2)


def test_the_ends_of_what_can_be_read() -> None:
    assert read_registers(3, 0, MAX_REGISTERS).length == 250
    assert read_registers(3, 0xFFFF, 1).pdu == bytes.fromhex("03ffff0001")
    assert read_registers(4, 0x10000 - 125, 125).prefix == bytes((4, 250))


@pytest.mark.parametrize(
    ("function", "address", "count"),
    [(1, 0, 1), (6, 0, 1), (0x83, 0, 1), (3, 0, 0), (3, 0, 126), (3, -1, 1), (3, 0x10000, 1), (3, 0xFFFF, 2)],
)
def test_what_cannot_be_read_is_an_error_of_the_program(function: int, address: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"^cannot read {count} registers at {address} with function {function}$"):
        read_registers(function, address, count)
