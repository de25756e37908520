"""Requests and what is known of their answers beforehand."""

from dataclasses import dataclass

MAX_REGISTERS = 125
"""Most registers a read may ask for, MODBUS Application Protocol V1.1b3, sections 6.3 and 6.4."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request PDU; a good answer is `prefix` and `length` bytes of data."""

    pdu: bytes
    prefix: bytes
    length: int


def read_registers(function: int, address: int, count: int) -> Request:
    """Read holding (function 3) or input registers (function 4)."""
    if function not in (3, 4) or not 1 <= count <= MAX_REGISTERS or not 0 <= address <= 0x10000 - count:
        raise ValueError(f"cannot read {count} registers at {address} with function {function}")
    pdu = bytes((function, *address.to_bytes(2), *count.to_bytes(2)))
    return Request(pdu, bytes((function, 2 * count)), 2 * count)
