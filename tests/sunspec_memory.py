"""SunSpec units in memory, walked along and read by hand."""

from __future__ import annotations

import json
import math
from array import array
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from mbmd.planner import Limits, plan
from mbmd.protocol.timing import Costs
from mbmd.sunspec.chain import walk
from mbmd.sunspec.common import BASES
from mbmd.sunspec.registers import offer
from tests.sunspec_reference import CASES, definition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mbmd.devices.schema import Register
    from mbmd.sunspec.chain import Ask, Chain, Reply

Memory = dict[int, int]
COSTS = Costs(0.001, 0.000_001)
ILLEGAL_ADDRESS = 2
NASTY = (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFE, 0xFFFF)


def image(name: str) -> dict[int, Memory]:
    """The units of an image."""
    units = json.loads((CASES / f"image_{name}.json").read_bytes())["units"]
    return {
        int(unit): {int(start) + n: value for start, values in blocks.items() for n, value in enumerate(values)}
        for unit, blocks in units.items()
    }


def text(value: bytes, size: int) -> list[int]:
    """A string in registers."""
    padded = value.ljust(2 * size, b"\0")
    return [int.from_bytes(padded[at : at + 2]) for at in range(0, 2 * size, 2)]


def common(*texts: str, length: int = 66) -> list[int]:
    """Model 1 with the texts that are given: manufacturer, model, options, version, serial."""
    sizes = (16, 16, 8, 8, 16)
    values = [texts[n] if n < len(texts) else "" for n in range(5)]
    body = [word for value, size in zip(values, sizes, strict=True) for word in text(value.encode("latin-1"), size)]
    return [1, length, *body, 1, 0x8000][: 2 + length]


def chain_of(*models: Sequence[int], base: int = 40000, end: Sequence[int] = (0xFFFF, 0)) -> Memory:
    """A unit with the marker at a base, models as they stand behind it, and its end."""
    values = [0x5375, 0x6E53, *(word for model in models for word in model), *end]
    return {base + n: value for n, value in enumerate(values)}


def model(number: int, length: int | None = None, **points: int) -> list[int]:
    """A model whose fixed block has some points, the others not implemented; cut or filled up to its length."""
    group = definition(number)
    assert group is not None
    values = []
    for point in group["points"][2:]:
        size = point["size"]
        first = 0x8000 if point["type"] in ("int16", "int32", "sunssf", "pad") else 0xFFFF
        unknown = (
            [0x7FC0, 0] if point["type"] == "float32" else [first, *[0 if first == 0x8000 else first] * (size - 1)]
        )
        value = points.pop(point["name"], None)
        data = b"" if value is None else (value % 2 ** (16 * size)).to_bytes(2 * size)
        values += unknown if value is None else [int.from_bytes(data[n : n + 2]) for n in range(0, len(data), 2)]
    assert not points, "points that the model does not have"
    length = len(values) if length is None else length
    return [number, length, *(values + [0] * (length - len(values)))[:length]]


class Answers:
    """A unit that answers reads of its memory and refuses all that is not there; `asks` are the reads."""

    def __init__(self, memory: Mapping[int, int]) -> None:
        self.memory = memory
        self.asks: list[tuple[int, int]] = []

    def __call__(self, address: int, size: int) -> bytes | int:
        self.asks.append((address, size))
        wanted = range(address, address + size)
        if not all(at in self.memory for at in wanted):
            return ILLEGAL_ADDRESS
        return b"".join(self.memory[at].to_bytes(2) for at in wanted)


def walked(answer: Callable[[int, int], Reply], bases: Sequence[int] = BASES) -> Chain | None:
    """The chain of a unit, by what it answers."""
    steps = walk(bases)
    ask: Ask = next(steps)
    try:
        while True:
            ask = steps.send(answer(*ask))
    except StopIteration as ended:
        chain: Chain | None = ended.value
        return chain


def polled(
    answer: Callable[[int, int], bytes | int], chain: Chain, device: int, signed: bool = False
) -> dict[str, float]:
    """The values of a logical device: of each measurement that of the first candidate which has one."""
    found: dict[str, float] = {}
    candidates = offer(chain, device, signed).candidates
    for rank in range(max(map(len, candidates.values()), default=0)):
        registers = [c[rank] for name, c in candidates.items() if len(c) > rank and name not in found]
        found |= read(answer, registers)
    return found


def read(answer: Callable[[int, int], bytes | int], registers: Sequence[Register]) -> dict[str, float]:
    """Values by measurement, read as planned and, where that is refused, one by one."""
    names = [register.measurement for register in registers]
    slots = {name: slot for slot, name in enumerate(names)}
    column = array("d", [math.nan] * len(names))
    blocks = plan(registers, slots, Limits(), COSTS)
    while blocks:
        block = blocks.pop()
        payload = answer(block.address, block.count)
        if isinstance(payload, bytes):
            block.program.run(payload, column)
        elif len(block.registers) > 1:
            blocks += [part for register in block.registers for part in plan([register], slots, Limits(), COSTS)]
    return {name: column[slot] for name, slot in slots.items() if not math.isnan(column[slot])}


class Part(NamedTuple):
    """One model of a made-up unit: how many groups, how many it says, and how many registers are too many or few."""

    id: int
    groups: int = 0
    counted: int = 0xFFFF
    excess: int = 0


def made_up(parts: Iterable[Part], base: int, end: Sequence[int], cut: int, seed: int) -> Memory:
    """A unit of such models, filled with values at and near what means not implemented; without its last registers."""
    random = Random(seed)
    memory = chain_of(*(_filled(part, random) for part in parts), base=base, end=end)
    addresses = [at for at in memory if at < 0x10000]
    return {at: memory[at] for at in addresses[: len(addresses) - cut]}


def _filled(part: Part, random: Random) -> list[int]:
    group = definition(part.id)
    repeated = group["groups"][0] if group and group.get("groups") else {"points": []}
    points = [*group["points"], *repeated["points"] * part.groups] if group else []
    values: list[int] = []
    for point in points:
        values += _value(point["type"], point["size"], random)
    values = (values + [random.choice(NASTY) for _ in range(40)])[: max(len(values) + part.excess, 2)]
    if part.id in (160, 714) and len(values) > 8:
        values[8 if part.id == 160 else 4] = part.counted
    return [part.id, len(values) - 2, *values[2:]]


def _value(kind: str, size: int, random: Random) -> list[int]:
    if kind == "sunssf":
        return [random.choice((*range(-10, 11), 0x8000, 11, -11, 0x7FFF)) % 0x10000]
    if kind == "string":
        texts = (
            b"",
            b"SMA",
            b"K\xd6STAL \xb0C",
            "Wöhr".encode(),
            b"KOSTAL",
            b"x" * 2 * size,
            random.randbytes(2 * size),
        )
        return text(random.choice(texts)[: 2 * size], size)
    if kind == "float32" and random.random() < 0.7:
        return [random.randrange(0x10000), random.randrange(0x10000)]
    every = random.choice((None, None, *NASTY))
    return [random.choice((*NASTY, random.randrange(0x10000))) if every is None else every for _ in range(size)]
