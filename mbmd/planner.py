"""From the registers of a meter to the cheapest reads; pure.

A read costs its overhead (`Costs.read`) and every register in it, wanted or not (`Costs.register`); sixteen coils or
discrete inputs cost as much as a register. A register stands for all that must be read at once: its `span`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import TYPE_CHECKING, TypeAlias

from mbmd._native.decode import Program
from mbmd.devices.schema import BIT_FUNCTIONS, Register
from mbmd.devices.text import decode_text
from mbmd.protocol.pdu import MAX_BITS, Request, read
from mbmd.protocol.timing import Costs

if TYPE_CHECKING:
    from mbmd._native.decode import Full

Place: TypeAlias = tuple[int, int]
"""Function and address of a register."""
BITS_PER_REGISTER = 16


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One read: `count` registers, or bits, from `address`, and what becomes of them.

    `program` fills the slots of `registers` in a device's column; `strings` are those that are text.
    """

    function: int
    address: int
    count: int
    registers: tuple[Register, ...]
    request: Request
    program: Program
    strings: tuple[Register, ...]

    @property
    def is_single(self) -> bool:
        """Whether it cannot be parted: all its values, such as bit fields, are of the same registers."""
        return len({register.span for register in self.registers}) == 1

    @property
    def holes(self) -> int:
        """Registers that are read though nobody wants them."""
        return self.count - len(places(self.registers))

    def texts(self, payload: bytes) -> dict[str, str]:
        """The texts of its registers in the data of its answer, without those that are empty."""
        found = {}
        for register in self.strings:
            start = 2 * (register.address - self.address)
            data = payload[start : start + 2 * register.count]
            found[register.measurement] = decode_text(data, register.type.endswith("_swapped"))
        return {name: text for name, text in found.items() if text}

    def __str__(self) -> str:
        return f"{self.function}:{self.address}+{self.count}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a device allows: the most registers a read, and whether undefined registers may be read.

    `barriers` are undefined registers that may not. Coils and discrete inputs have no limit but the protocol's.
    """

    registers: int = 125
    holes: bool = True
    barriers: frozenset[Place] = frozenset()
    borders: tuple[int, ...] = ()


def plan(registers: Iterable[Register], slots: Mapping[str, int], limits: Limits, costs: Costs) -> list[Block]:
    """The cheapest cut of `registers` into reads; a value and its scale are never split, functions stay apart.

    `slots` gives each measurement its place in the column.
    """
    ordered = sorted(registers, key=lambda r: (r.function, r.span.start, r.span.stop))
    blocks = []
    for function, group in groupby(ordered, key=lambda r: r.function):
        most = MAX_BITS if function in BIT_FUNCTIONS else limits.registers
        price = Costs(costs.read, _cost_of_one(function, costs))
        for run in _runs(group, limits):
            blocks += [_block(part, slots) for part in _cheapest_cut(run, most, price)]
    return blocks


def cost(blocks: Iterable[Block], costs: Costs) -> float:
    """Seconds that the reads take."""
    return sum(costs.read + _cost_of_one(block.function, costs) * block.count for block in blocks)


def places(registers: Iterable[Register]) -> set[Place]:
    """Every register that must be read for the values."""
    return {(register.function, address) for register in registers for address in register.span}


def refine(block: Block, slots: Mapping[str, int]) -> list[Block]:
    """Smaller reads in place of one that a device refused: without holes, then halves, then none."""
    if block.is_single:
        return []
    if block.holes:
        return [_block(part, slots) for part in _runs(block.registers, Limits(holes=False))]
    values = [list(alike) for _, alike in groupby(block.registers, key=lambda r: r.span)]
    half = len(values) // 2
    return [_block([*chain(*part)], slots) for part in (values[:half], values[half:])]


def _cost_of_one(function: int, costs: Costs) -> float:
    return costs.register / BITS_PER_REGISTER if function in BIT_FUNCTIONS else costs.register


def _cheapest_cut(registers: Sequence[Register], most: int, costs: Costs) -> list[Sequence[Register]]:
    """Dynamic programming over the registers in order of address: best[i] is the cheapest cut of the first i."""
    spans = [register.span for register in registers]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for last in range(1, len(registers) + 1):
        end = 0
        choices = []
        for first in range(last - 1, -1, -1):
            end = max(end, spans[first].stop)
            size = end - spans[first].start
            if size > most:
                break
            choices.append((best[first][0] + costs.read + costs.register * size, first))
        best.append(min(choices))
    parts = []
    last = len(registers)
    while last:
        first = best[last][1]
        parts.append(registers[first:last])
        last = first
    return parts[::-1]


def _runs(registers: Iterable[Register], limits: Limits) -> list[list[Register]]:
    """Registers in order of address, cut wherever there is a hole that may not be read."""
    runs: list[list[Register]] = []
    end = 0
    for register in registers:
        if not runs or _parted(register, end, limits):
            runs.append([])
        runs[-1].append(register)
        end = max(end, register.span.stop)
    return runs


def _parted(register: Register, end: int, limits: Limits) -> bool:
    """Whether a read may not go on from `end` to a register."""
    start = register.span.start
    if start <= end:
        return False
    if not limits.holes:
        return True
    return any(f == register.function and end <= address < start for f, address in limits.barriers)


def _block(registers: Sequence[Register], slots: Mapping[str, int]) -> Block:
    function, address = registers[0].function, registers[0].span.start
    count = max(register.span.stop for register in registers) - address
    strings = tuple(register for register in registers if register.is_text)
    program = Program(_field(r, address, slots[r.measurement]) for r in registers if not r.is_text)
    return Block(function, address, count, tuple(registers), read(function, address, count), program, strings)


def _field(register: Register, start: int, slot: int) -> "Full":
    """What the decode program of a read from `start` is to do with a register."""
    at = register.scale
    scale = (at.type, at.address - start, at.nan) if at is not None else None
    place = register.address - start
    return register.type, place, register.divisor, register.nan, slot, register.offset, register.bits, scale
