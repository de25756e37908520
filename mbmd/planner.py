"""From the registers of a meter to the cheapest reads; pure.

A read costs its overhead (`Costs.read`) and every register in it, wanted or not (`Costs.register`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from mbmd._native.decode import Program
from mbmd.devices.schema import Register
from mbmd.protocol.pdu import Request, read
from mbmd.protocol.timing import Costs

Place: TypeAlias = tuple[int, int]
"""Function and address of a register."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One read: `count` registers from `address`, and what becomes of them.

    `program` fills the slots of `registers` in a device's column.
    """

    function: int
    address: int
    count: int
    registers: tuple[Register, ...]
    request: Request
    program: Program

    @property
    def holes(self) -> int:
        """Registers that are read though nobody wants them."""
        return self.count - len({address for register in self.registers for address in _addresses(register)})

    def __str__(self) -> str:
        return f"{self.function}:{self.address}+{self.count}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a device allows: the most registers a read, and whether undefined registers may be read.

    `barriers` are undefined registers that may not.
    """

    registers: int = 125
    holes: bool = True
    barriers: frozenset[Place] = frozenset()


def plan(registers: Iterable[Register], slots: Mapping[str, int], limits: Limits, costs: Costs) -> list[Block]:
    """The cheapest cut of `registers` into reads; a value is never split, functions stay apart.

    `slots` gives each measurement its place in the column.
    """
    ordered = sorted(registers, key=lambda r: (r.function, r.address, r.end))
    blocks = []
    for _, group in groupby(ordered, key=lambda r: r.function):
        for run in _runs(group, limits):
            blocks += [_block(part, slots) for part in _cheapest_cut(run, limits.registers, costs)]
    return blocks


def cost(blocks: Iterable[Block], costs: Costs) -> float:
    """Seconds that the reads take."""
    return sum(costs.read + costs.register * block.count for block in blocks)


def places(registers: Iterable[Register]) -> set[Place]:
    """Every register that the values take."""
    return {(register.function, address) for register in registers for address in _addresses(register)}


def refine(block: Block, slots: Mapping[str, int]) -> list[Block]:
    """Smaller reads in place of one that a device refused: without holes, then halves, then none."""
    registers = list(block.registers)
    if block.holes:
        return [_block(part, slots) for part in _runs(registers, Limits(holes=False))]
    half = len(registers) // 2
    return [_block(part, slots) for part in (registers[:half], registers[half:]) if half]


def _cheapest_cut(registers: Sequence[Register], most: int, costs: Costs) -> list[Sequence[Register]]:
    """Dynamic programming over the registers in order of address: best[i] is the cheapest cut of the first i."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for last in range(1, len(registers) + 1):
        end = 0
        choices = []
        for first in range(last - 1, -1, -1):
            end = max(end, registers[first].end)
            size = end - registers[first].address
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
        end = max(end, register.end)
    return runs


def _parted(register: Register, end: int, limits: Limits) -> bool:
    """Whether a read may not go on from `end` to a register."""
    if register.address <= end:
        return False
    if not limits.holes:
        return True
    return any(f == register.function and end <= address < register.address for f, address in limits.barriers)


def _addresses(register: Register) -> range:
    return range(register.address, register.end)


def _block(registers: Sequence[Register], slots: Mapping[str, int]) -> Block:
    function, address = registers[0].function, registers[0].address
    count = max(register.end for register in registers) - address
    program = Program((r.type, r.address - address, r.divisor, r.nan, slots[r.measurement]) for r in registers)
    return Block(function, address, count, tuple(registers), read(function, address, count), program)
