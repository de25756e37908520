"""Model devices that refuse reads, and a reader that learns of them as the engine does."""

from dataclasses import dataclass

from mbmd.bus.learned import Learned
from mbmd.devices.schema import Register
from mbmd.measurements import CATALOGUE
from mbmd.planner import Block, Limits, cost, plan
from mbmd.protocol.timing import Costs

COSTS = Costs(0.03, 0.002)
NAMES = list(CATALOGUE)
NOW = 1_700_000_000.0


def floats(*addresses: int) -> list[Register]:
    return [Register(name, 4, address, "float32") for name, address in zip(NAMES, addresses, strict=False)]


@dataclass
class Model:
    """A device that accepts reads of up to `most` registers that touch no bad one and cross no border before one."""

    most: int = 125
    bad: frozenset[int] = frozenset()
    borders: frozenset[int] = frozenset()

    def refused(self, block: Block) -> Block | None:
        """The first of its reads that is not accepted."""
        return next((read for read in block.reads if not self.accepts(read)), None)

    def accepts(self, block: Block) -> bool:
        touched = range(block.address, block.address + block.count)
        return (
            (block.function == 1 or block.count <= self.most)
            and not self.bad & set(touched)
            and not self.borders & set(touched[1:])
        )


class Reader:
    """Polls a model as the engine does; `borders` are known of it, whether or not it cares."""

    def __init__(self, registers: list[Register], model: Model, borders: tuple[int, ...] = ()) -> None:
        self.registers = registers
        self.model = model
        limits = Limits(borders=borders)
        self.learned = Learned(registers, {name: i for i, name in enumerate(NAMES)}, limits, COSTS)
        self.plan = self.learned.plan(registers)
        self.refusals = 0

    def poll(self) -> set[str]:
        """Names that were read."""
        accepted = []
        ahead = self.plan[::-1]
        self.refusals = 0
        while ahead:
            block = ahead.pop()
            if (refused := self.model.refused(block)) is None:
                accepted.append(block)
            else:
                self.refusals += 1
                ahead += self.learned.rejected(block, refused, accepted)[::-1]
        if self.refusals or self.trying:
            self.learned.conclude(accepted, NOW)
            self.plan = self.learned.plan(self.registers)
        return {register.measurement for block in accepted for register in block.registers}

    @property
    def trying(self) -> bool:
        return any(map(self.learned.is_trial, self.plan))

    def settle(self, polls: int = 30) -> int:
        """Polls until none is refused and nothing is tried any more."""
        for n in range(1, polls + 1):
            before = sorted(map(str, self.plan))
            self.poll()
            if not self.refusals and not self.trying and sorted(map(str, self.plan)) == before:
                return n
        raise AssertionError("it never settles")


SDM = floats(*range(0, 36, 2), 52, 56, 60, 62, 66, 70, 72, 74, 76, 78, 234, 236, 238, 248, *range(342, 382, 2))


def readable(reader: Reader) -> set[str]:
    """Values of which neither their own registers nor those of their scales are bad."""
    return {r.measurement for r in reader.registers if not reader.model.bad & needed(r)}


def needed(register: Register) -> set[int]:
    scale = register.scale
    return {*range(register.address, register.end)} | ({*range(scale.address, scale.end)} if scale else set())


def least(reader: Reader) -> float:
    """The cost of the best plan for who knows all about the device."""
    wanted = [r for r in reader.registers if r.measurement in readable(reader)]
    limits = Limits(reader.model.most, True, frozenset((4, address) for address in reader.model.bad))
    return cost(plan(wanted, {name: i for i, name in enumerate(NAMES)}, limits, COSTS), COSTS)
