"""From the registers of a meter to the cheapest reads; pure.

A read costs its overhead (`Costs.read`) and every register in it, wanted or not (`Costs.register`); sixteen coils or
discrete inputs cost as much as a register. A register stands for all that is read at once: its `span`. Only where that
is longer than a read may be, the value is read apart from its scale.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, groupby
from typing import TYPE_CHECKING, TypeAlias

from mbmd._native.decode import Program
from mbmd.devices.schema import BIT_FUNCTIONS, Register
from mbmd.devices.text import decode_text
from mbmd.protocol.pdu import MAX_BITS, MAX_REGISTERS, Request, read
from mbmd.protocol.timing import Costs

if TYPE_CHECKING:
    from mbmd._native.decode import Full

Place: TypeAlias = tuple[int, int]
"""Function and address of a register."""
Span: TypeAlias = tuple[int, int, int]
"""Function, first address and number of registers of a read."""
BITS_PER_REGISTER = 16
MOST_PLANS = 64
"""Plans that are kept for other devices of the type: most of a site are alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One read: `count` registers, or bits, from `address`, and what becomes of them.

    `program` fills the slots of `registers` in a device's column; `strings` are those that are text. `anchors` are
    places in the data and what must be there.

    Values that are read apart from their scales have three `parts`: the read of the scales, that of the values, and the
    first once more. The program is for the data of the first two in a row; it may only run if the scales have stayed.
    Address, count and request are those of the values then.
    """

    function: int
    address: int
    count: int
    registers: tuple[Register, ...]
    request: Request
    program: Program
    strings: tuple[Register, ...]
    anchors: tuple[tuple[slice, bytes], ...] = ()
    parts: "tuple[Block, ...]" = ()

    @property
    def is_single(self) -> bool:
        """Whether it cannot be parted: all its values, such as bit fields, are of the same registers."""
        return len({register.span for register in self.registers}) == 1

    @property
    def reads(self) -> "tuple[Block, ...]":
        """The requests that it takes, in their order."""
        return self.parts or (self,)

    @property
    def span(self) -> Span:
        """What is read; of a block with parts, the values."""
        return self.function, self.address, self.count

    @property
    def origins(self) -> tuple[int, int]:
        """The addresses at which the data would begin, if they were all alike: those of values, and those of scales."""
        if not self.parts:
            return self.address, self.address
        scales, values, _ = self.parts
        return values.address - scales.count, scales.address

    @property
    def longest(self) -> int:
        """The most registers that one of its reads has."""
        return max(read.count for read in self.reads)

    @property
    def holes(self) -> int:
        """Registers that are read though nobody wants them."""
        if self.parts:
            return sum(part.holes for part in self.parts)
        return self.count - len(places(self.registers))

    def is_steady(self, before: bytes, after: bytes) -> bool:
        """Whether its scales are the same in the data of two reads of them, whatever is between them."""
        start = self.parts[0].address
        places = (slice(2 * (r.address - start), 2 * (r.end - start)) for r in self.parts[0].registers)
        return all(before[place] == after[place] for place in places)

    def is_anchored(self, payload: bytes) -> bool:
        """Whether its anchors have the data that they must have, in the data of its answer."""
        return all(payload[place] == data for place, data in self.anchors)

    def texts(self, payload: bytes) -> dict[str, str]:
        """The texts of its registers in the data of its answer, without those that are empty."""
        found = {}
        for register in self.strings:
            start = 2 * (register.address - self.address)
            data = payload[start : start + 2 * register.count]
            found[register.measurement] = decode_text(data, register.type.endswith("_swapped"))
        return {name: text for name, text in found.items() if text}

    def __str__(self) -> str:
        scales = f" scaled by {self.parts[0]}" if self.parts else ""
        return f"{self.function}:{self.address}+{self.count}{scales}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a device allows: the most registers a read, and whether undefined registers may be read.

    `barriers` are undefined registers that may not. Coils and discrete inputs have no limit but the protocol's.
    `borders` are addresses, in their order, at which a device may want reads to begin and end; only if `crossing` may
    they go across.
    """

    registers: int = 125
    holes: bool = True
    barriers: frozenset[Place] = frozenset()
    borders: tuple[int, ...] = ()
    crossing: bool = True


def plan(registers: Iterable[Register], slots: Mapping[str, int], limits: Limits, costs: Costs) -> list[Block]:
    """The cheapest cut of `registers` into reads; functions stay apart.

    A value and its scale are only split where a read of both would be too long. `slots` gives each measurement its
    place in the column. Devices that are alike have the same reads.
    """
    wanted = tuple(registers)
    return list(_planned(wanted, tuple(slots[register.measurement] for register in wanted), limits, costs))


@lru_cache(maxsize=MOST_PLANS)
def _planned(
    registers: tuple[Register, ...], of_each: tuple[int, ...], limits: Limits, costs: Costs
) -> tuple[Block, ...]:
    slots = {register.measurement: slot for register, slot in zip(registers, of_each, strict=True)}
    ordered = sorted(registers, key=lambda r: (r.function, *_ends(r)))
    blocks: list[Block] = []
    for function, group in groupby(ordered, key=lambda r: r.function):
        most = MAX_BITS if function in BIT_FUNCTIONS else limits.registers
        price = Costs(costs.read, _cost_of_one(function, costs))
        near: list[Register] = []
        far: list[Register] = []
        for register in (_within(register, most) for register in group):
            (near if register.scale is None or len(register.span) <= most else far).append(register)
        for run in _runs(near, limits):
            blocks += [_block(part, slots) for part in _cheapest_cut(run, most, price)]
        blocks += [_apart(part, slots) for part in _fewest_apart(far, limits)]
    return tuple(blocks)


def _within(register: Register, most: int) -> Register:
    """A register without its anchor, if a read of both would be too long."""
    return replace(register, anchor=None) if register.anchor is not None and len(register.span) > most else register


def cost(blocks: Iterable[Block], costs: Costs) -> float:
    """Seconds that the reads take."""
    reads = (read for block in blocks for read in block.reads)
    return sum(costs.read + _cost_of_one(read.function, costs) * read.count for read in reads)


def places(registers: Iterable[Register]) -> set[Place]:
    """Every register that is read for the values, with all between them and their scales."""
    return {(register.function, address) for register in registers for address in register.span}


def crosses(block: Block, borders: Sequence[int]) -> bool:
    """Whether a read goes across a border, and could end there."""
    return len(_at_borders(block, borders)) > 1


def refine(
    block: Block, slots: Mapping[str, int], borders: Sequence[int] = (), accepted: int = MAX_REGISTERS
) -> list[Block]:
    """Smaller reads in place of one that a device refused, none in the end.

    It is cut at the `borders` of the device first. One without borders is read without its holes then, any other has
    none in a piece between borders. Then come halves, and last the value apart from its scale, if there is something
    between them, or a read of both is longer than any that was `accepted`. Where that is so of several values, none of
    them is halved.
    """
    make = _apart if block.parts else _block
    if len(pieces := _at_borders(block, borders)) > 1:
        return [make(piece, slots) for piece in pieces]
    if _may_be_apart(block, accepted):
        apart = _apart(block.registers, slots)
        if apart.longest < block.count:
            return [apart]
    if block.is_single and len(kinds := _kinds(block.registers)) > 1:
        return [make(kind, slots) for kind in kinds]
    if block.is_single:
        return [_block([replace(r, anchor=None) for r in block.registers], slots)] if block.anchors else []
    if block.holes and not borders and not block.parts:
        return [_block(part, slots) for part in _runs(block.registers, Limits(holes=False))]
    # In the order of their middles: of values behind a common scale the first half is the shorter one.
    ordered = sorted(block.registers, key=lambda r: (sum(_ends(r)), *_ends(r)))
    values = [list(alike) for _, alike in groupby(ordered, key=_ends)]
    half = len(values) // 2
    return [make([*chain(*part)], slots) for part in (values[:half], values[half:])]


def _ends(register: Register) -> tuple[int, int]:
    return register.span.start, register.span.stop


def _at_borders(block: Block, borders: Sequence[int]) -> list[list[Register]]:
    """Its registers, cut at borders."""
    return _runs(sorted(block.registers, key=_ends), Limits(borders=tuple(borders), crossing=False))


def _kinds(registers: Iterable[Register]) -> list[list[Register]]:
    """Values by what is needed for them: of the same span some may need what is between others and their scales."""
    kinds: dict[frozenset[Place], list[Register]] = {}
    for register in registers:
        kinds.setdefault(frozenset(_values_and_scales([register])), []).append(register)
    return [*kinds.values()]


def _may_be_apart(block: Block, accepted: int) -> bool:
    """Whether a read may have been refused only since values and their scales are far from each other."""
    registers = block.registers
    if block.parts or any(register.scale is None for register in registers):
        return False
    if block.is_single and len(_values_and_scales(registers)) < block.count:
        return True
    return (block.is_single or accepted > 0) and all(len(register.span) > accepted for register in registers)


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


def _fewest_apart(registers: Sequence[Register], limits: Limits) -> list[list[Register]]:
    """Values far from their scales in as few parts as can be, each for one read of values and one of scales."""
    parts: list[list[Register]] = []
    for register in sorted(registers, key=lambda r: (r.address, *_ends(r))):
        if parts and _fit_apart([*parts[-1], register], limits):
            parts[-1].append(register)
        else:
            parts.append([register])
    return parts


def _fit_apart(registers: Sequence[Register], limits: Limits) -> bool:
    within = replace(limits, crossing=False)
    for side in (_values(registers), _scales(registers)):
        (first, *others) = _runs(sorted(side, key=_ends), within)
        if others or max(register.end for register in first) - first[0].address > limits.registers:
            return False
    return True


def _runs(registers: Iterable[Register], limits: Limits) -> list[list[Register]]:
    """Registers in order of address, cut wherever there is a hole that may not be read, or a border."""
    runs: list[list[Register]] = []
    end = 0
    for register in registers:
        if not runs or _parted(register, end, limits) or _are_apart(runs[-1][0], register, limits):
            runs.append([])
            end = 0
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


def _are_apart(first: Register, register: Register, limits: Limits) -> bool:
    """Whether there is a border between them that no read may cross."""
    if limits.crossing or not limits.borders:
        return False
    return bisect_right(limits.borders, first.span.start) != bisect_right(limits.borders, register.span.start)


def _block(registers: Sequence[Register], slots: Mapping[str, int]) -> Block:
    start = min(register.span.start for register in registers)
    fields = (_field(r, start, start, slots[r.measurement]) for r in registers if not r.is_text)
    return _read(registers, Program(fields))


def _apart(registers: Sequence[Register], slots: Mapping[str, int]) -> Block:
    """Values and their scales in reads of their own."""
    scales, values = (_read(side, Program(())) for side in (_scales(registers), _values(registers)))
    behind = values.address - scales.count
    program = Program(_field(r, behind, scales.address, slots[r.measurement]) for r in registers)
    return replace(values, registers=tuple(registers), program=program, parts=(scales, values, scales))


def _values_and_scales(registers: Sequence[Register]) -> set[Place]:
    """What is needed for values, without what is between them and their scales."""
    return places([*_values(registers), *_scales(registers)])


def _values(registers: Iterable[Register]) -> list[Register]:
    """The values without their scales."""
    return [replace(register, scale=None, anchor=None) for register in registers]


def _scales(registers: Iterable[Register]) -> list[Register]:
    """The scales of values."""
    scales = ((register, register.scale) for register in registers if register.scale is not None)
    return [Register(r.measurement, r.function, scale.address, scale.type) for r, scale in scales]


def _read(registers: Sequence[Register], program: Program) -> Block:
    function, address = registers[0].function, min(register.span.start for register in registers)
    count = max(register.span.stop for register in registers) - address
    strings = tuple(register for register in registers if register.is_text)
    anchors = tuple(
        (slice(2 * (anchor.address - address), 2 * (anchor.end - address)), anchor.data)
        for anchor in (register.anchor for register in registers)
        if anchor is not None
    )
    return Block(function, address, count, tuple(registers), read(function, address, count), program, strings, anchors)


def _field(register: Register, start: int, scales: int, slot: int) -> "Full":
    """What the decode program is to do with a register, of data that begin at `start`, or for scales at `scales`."""
    at = register.scale
    scale = (at.type, at.address - scales, at.nan) if at is not None else None
    place = register.address - start
    return register.type, place, register.divisor, register.nan, slot, register.offset, register.bits, scale
