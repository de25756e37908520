"""Requests, and what their answers must look like."""

import pytest

from mbmd.protocol.pdu import MAX_REGISTERS, Request, read, write_coils, write_registers


def test_read_holding_registers() -> None:
    # The example of MODBUS Application Protocol V1.1b3, section 6.3.
    assert read(3, 107, 3) == Request(bytes.fromhex("03006b0003"), bytes.fromhex("0306"), 6)


def test_read_input_registers() -> None:
    # The example of section 6.4.
    assert read(4, 8, 1) == Request(bytes.fromhex("0400080001"), bytes.fromhex("0402"), 2)


def test_read_coils_and_discrete_inputs() -> None:
    # The examples of sections 6.1 and 6.2.
    assert read(1, 19, 19) == Request(bytes.fromhex("0100130013"), bytes.fromhex("0103"), 3)
    assert read(2, 196, 22) == Request(bytes.fromhex("0200c40016"), bytes.fromhex("0203"), 3)


def test_write_coils_and_registers() -> None:
    # The examples of sections 6.11 and 6.12.
    coils = [bit == "1" for bit in "1011001110"]
    assert write_coils(19, coils) == Request(bytes.fromhex("0f0013000a02cd01"), bytes.fromhex("0f0013000a"), 0)
    assert write_registers(1, [10, 258]) == Request(
        bytes.fromhex("100001000204000a0102"), bytes.fromhex("1000010002"), 0
    )


@pytest.mark.parametrize(("address", "count"), [(0, 0), (0, 124), (0xFFFF, 2), (-1, 1)])
def test_registers_that_cannot_be_written(address: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"^cannot write {count} registers at {address}$"):
        write_registers(address, [0] * count)


@pytest.mark.parametrize(("address", "count"), [(0, 0), (0, 1969), (0xFFFF, 2), (-1, 1)])
def test_coils_that_cannot_be_written(address: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"^cannot write {count} coils at {address}$"):
        write_coils(address, [False] * count)


def test_the_ends_of_what_can_be_read() -> None:
    assert read(3, 0, MAX_REGISTERS).length == 250
    assert read(3, 0xFFFF, 1).pdu == bytes.fromhex("03ffff0001")
    assert read(4, 0x10000 - 125, 125).prefix == bytes((4, 250))


@pytest.mark.parametrize(
    ("function", "address", "count"),
    [
        (1, 0, 2001),
        (2, 0, 0),
        (6, 0, 1),
        (0x83, 0, 1),
        (3, 0, 0),
        (3, 0, 126),
        (3, -1, 1),
        (3, 0x10000, 1),
        (3, 0xFFFF, 2),
    ],
)
def test_what_cannot_be_read_is_an_error_of_the_program(function: int, address: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"^cannot read {count} registers at {address} with function {function}$"):
        read(function, address, count)
