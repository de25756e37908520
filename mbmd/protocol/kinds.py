"""The four kinds of data that a device has, and the requests that read and write them.

MODBUS Application Protocol Specification V1.1b3, sections 4.3 and 6. A cell is one of them: a register from 0 to
65535, or a bit that is 0 or 1.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from mbmd.protocol import pdu

ADDRESSES = 0x10000


class Kind(NamedTuple):
    """One kind: the function that reads it, and those that write one cell and several, 0 where it is read only."""

    name: str
    read: int
    write_one: int = 0
    write_many: int = 0

    @property
    def is_bits(self) -> bool:
        """Whether its cells are bits."""
        return self.read in (1, 2)

    @property
    def most_read(self) -> int:
        """Cells that one request reads at most."""
        return pdu.MAX_READ[self.read]

    @property
    def most_written(self) -> int:
        """Cells that one request writes at most."""
        return pdu.MAX_WRITTEN_COILS if self.is_bits else pdu.MAX_WRITTEN_REGISTERS


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "holding": Kind("holding register", 3, 6, 16),
        "input": Kind("input register", 4),
        "coil": Kind("coil", 1, 5, 15),
        "discrete": Kind("discrete input", 2),
    }
)


@dataclass(frozen=True, slots=True)
class Span:
    """Cells of one kind at rising addresses."""

    kind: Kind
    address: int
    count: int

    def __str__(self) -> str:
        last = self.address + self.count - 1
        return f"{self.kind.name} {self.address}" if self.count == 1 else f"{self.kind.name}s {self.address} to {last}"


def read_request(span: Span) -> pdu.Request:
    """The request that reads cells; `cells` takes its answer apart."""
    return pdu.read(span.kind.read, span.address, span.count)


def write_request(function: int, address: int, cells: Sequence[int]) -> pdu.Request:
    """The request that writes cells by a function; 5 and 6 write one alone. ValueError for what it cannot write."""
    if function in _WRITE_ONE and len(cells) == 1:
        return _WRITE_ONE[function](address, cells[0])
    if function in _WRITE_MANY:
        return _WRITE_MANY[function](address, cells)
    raise ValueError(f"cannot write {len(cells)} cells with function {function}")


def cells(span: Span, data: bytes) -> list[int]:
    """The cells in the data of the answer to a read."""
    if span.kind.is_bits:
        return [data[at // 8] >> at % 8 & 1 for at in range(span.count)]
    return [int.from_bytes(data[at : at + 2]) for at in range(0, 2 * span.count, 2)]


_WRITE_ONE: Mapping[int, Callable[[int, int], pdu.Request]] = {
    5: lambda address, cell: pdu.write_coil(address, bool(cell)),
    6: pdu.write_register,
}
_WRITE_MANY: Mapping[int, Callable[[int, Sequence[int]], pdu.Request]] = {
    15: lambda address, cells: pdu.write_coils(address, [bool(cell) for cell in cells]),
    16: pdu.write_registers,
}
