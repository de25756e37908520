"""Requests and what is known of their answers beforehand.

Limits are those of the MODBUS Application Protocol Specification V1.1b3, sections 6.1 to 6.12.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

MAX_REGISTERS = 125
MAX_BITS = 2000
MAX_WRITTEN_REGISTERS = 123
MAX_WRITTEN_COILS = 1968

MAX_READ: Mapping[int, int] = MappingProxyType({1: MAX_BITS, 2: MAX_BITS, 3: MAX_REGISTERS, 4: MAX_REGISTERS})
"""Function codes that read coils, discrete inputs, holding and input registers, and how many at most."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request PDU; a good answer is `prefix` and `length` bytes of data."""

    pdu: bytes
    prefix: bytes
    length: int

    @property
    def is_its_own_answer(self) -> bool:
        """Whether a good answer is the request once more, as of functions 5 and 6."""
        return self.prefix == self.pdu


def read(function: int, address: int, count: int) -> Request:
    """Read coils (function 1) or discrete inputs (2), eight in a byte from the lowest bit on, or holding (3) or
    input registers (4), two bytes each."""
    if not 1 <= count <= MAX_READ.get(function, 0) or not 0 <= address <= 0x10000 - count:
        raise ValueError(f"cannot read {count} registers at {address} with function {function}")
    length = 2 * count if function in (3, 4) else (count + 7) // 8
    return Request(_head(function, address, count), bytes((function, length)), length)


def write_coil(address: int, on: bool) -> Request:
    """Write one coil (function 5); the answer is the request."""
    return _write_one(5, address, 0xFF00 if on else 0)


def write_register(address: int, word: int) -> Request:
    """Write one holding register (function 6); the answer is the request."""
    return _write_one(6, address, word)


def write_registers(address: int, words: Sequence[int]) -> Request:
    """Write holding registers (function 16)."""
    if not 1 <= len(words) <= MAX_WRITTEN_REGISTERS or not 0 <= address <= 0x10000 - len(words):
        raise ValueError(f"cannot write {len(words)} registers at {address}")
    head = _head(16, address, len(words))
    return Request(head + bytes((2 * len(words),)) + b"".join(word.to_bytes(2) for word in words), head, 0)


def write_coils(address: int, coils: Sequence[bool]) -> Request:
    """Write coils (function 15)."""
    if not 1 <= len(coils) <= MAX_WRITTEN_COILS or not 0 <= address <= 0x10000 - len(coils):
        raise ValueError(f"cannot write {len(coils)} coils at {address}")
    head = _head(15, address, len(coils))
    size = (len(coils) + 7) // 8
    packed = sum(coil << at for at, coil in enumerate(coils)).to_bytes(size, "little")
    return Request(head + bytes((size,)) + packed, head, 0)


def _write_one(function: int, address: int, word: int) -> Request:
    if not 0 <= address <= 0xFFFF:
        raise ValueError(f"cannot write at {address}")
    pdu = _head(function, address, word)
    return Request(pdu, pdu, 0)


def _head(function: int, address: int, count: int) -> bytes:
    return bytes((function, *address.to_bytes(2), *count.to_bytes(2)))
