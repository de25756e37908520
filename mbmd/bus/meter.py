"""A device on a bus: what is read of it and when, and what its answers are worth."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from mbmd._native.counters import ACCEPTED_ANEW, CounterGuard
from mbmd.bus.learned import Learned
from mbmd.config.options import PollClass
from mbmd.devices.schema import Register
from mbmd.devices.settings import Settings
from mbmd.measurements import CATALOGUE, Kind
from mbmd.planner import Block, Limits
from mbmd.protocol.timing import Costs
from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import Plan

if TYPE_CHECKING:
    from array import array

WITHDRAWN_AFTER = 3
"""Polls in which a read may fail before its last values are withdrawn."""
FLOAT32_ROUNDING = 2.4e-7
"""Two units in the last place of a float32, relative."""


@dataclass(slots=True, eq=False)
class Group:
    """Registers that are read at the same rate; `due` is the monotonic time of their next read.

    `proven` says that all reads of the plan were answered.
    """

    registers: tuple[Register, ...]
    rate: float
    plan: list[Block] = field(default_factory=list)
    due: float = 0.0
    proven: bool = False


class Doubt(NamedTuple):
    """A counter's value that cannot be: held back, or believed since it persists."""

    measurement: str
    value: float
    before: float
    believed: bool


class Meter:
    """What the poller knows of one device.

    `probes` counts the polls in vain since it was last heard, `vain` the requests; `busy` the polls in a row that
    brought nothing else; `failures` for each read the polls in which it failed.
    """

    def __init__(self, unit: int, readings: DeviceReadings, settings: Settings, costs: Costs) -> None:
        self.unit = unit
        self.readings = readings
        self.settings = settings
        self.probes = 0
        self.busy = 0
        self.vain = 0
        self.failures: dict[Block, int] = {}
        self.learned = Learned(
            settings.registers, readings.slots, Limits(settings.max_registers, settings.holes), costs
        )
        self.groups = _groups(settings)
        self._guard = _guard(settings, readings) if settings.plausibility else None
        readings.health.rate = min(group.rate for group in self.groups)
        self.replan()

    def remember(self, known: Mapping[str, object]) -> None:
        """Start with what `learned.dump` gave another time."""
        self.learned.load(known)
        self.replan()

    def replan(self) -> None:
        """Plan anew with what was learned."""
        for group in self.groups:
            group.plan = self.learned.plan(group.registers)
            group.proven = False
        blocks = [block for group in self.groups for block in group.plan]
        self.failures = {}
        health = self.readings.health
        health.plan = Plan(len(blocks), sum(b.count for b in blocks), sum(b.holes for b in blocks))
        health.refused = tuple(sorted(self.learned.refused))

    def due(self, now: float) -> list[Block]:
        """The reads of a poll that begins now; of a device that is offline all, a short one first: it may be vain.

        Of a device of which nothing is due, the short one: it tells whether the device is there.
        """
        if not self.readings.online:
            return self._probe_first()
        groups = self.groups
        if len(groups) == 1:
            return groups[0].plan[:]
        blocks = [block for group in groups if group.due <= now for block in group.plan]
        return blocks or self._probe_first()[:1]

    def _probe_first(self) -> list[Block]:
        """All reads, the shortest first; after vain probes a longer one, for one read alone may never be answered."""
        blocks = [block for group in self.groups for block in group.plan]
        if blocks:
            by_length = sorted(blocks, key=lambda block: block.count)
            probe = by_length[self.probes % len(blocks)]
            blocks.remove(probe)
            blocks.insert(0, probe)
        return blocks

    def proven(self, block: Block) -> bool:
        """Whether a read was answered before, so that a refusal is a surprise."""
        return any(group.proven and block in group.plan for group in self.groups)

    def put_last(self, block: Block) -> None:
        """Ask for `block` after all others, so that it does not keep them from being asked."""
        for group in self.groups:
            if block in group.plan:
                group.plan.remove(block)
                group.plan.append(block)

    def advance(self, started: float, left: Sequence[Block]) -> float:
        """A poll that began at `started` brought something, but not `left`; returns when the next is due.

        What is read seldom and was left is read with the next poll.
        """
        for group in self.groups:
            if group.due <= started:
                done = not (left and any(block in left for block in group.plan))
                if done or group is self.groups[0]:
                    group.due = started + group.rate
                group.proven = group.proven or done
        return self.groups[0].due

    def go_offline(self, trouble: str) -> None:
        """Forget its values; when it returns, all are read."""
        self.readings.go_offline()
        self.readings.health.gone(trouble)
        self.failures.clear()
        self.vain = 0
        for group in self.groups:
            group.due = 0.0

    def check(self, fresh: "array[float]", now: float) -> list[Doubt]:
        """Take counters that run backwards or leap out of `fresh`; returns what was noticed."""
        if self._guard is None or not (events := self._guard.check(now, fresh)):
            return []
        doubts = []
        for slot, verdict in events:
            name = self.readings.measurements[slot].name
            believed = verdict == ACCEPTED_ANEW
            value = fresh[slot] if believed else self._guard.offered(slot)
            doubts.append(Doubt(name, value, self._guard.base(slot), believed))
            if not believed:
                self.readings.health.held_back[name] += 1
        return doubts

    def commit(
        self,
        fresh: "array[float]",
        answered: Sequence[Block],
        failed: Sequence[Block],
        doubts: Iterable[Doubt],
        monotonic: float,
        timestamp: float,
        whole: bool,
    ) -> None:
        """Take what a poll brought; `whole` says that it read all. What was not read keeps its values, what failed
        for a while does not.
        """
        if failed or self.failures:
            before = self.failures
            self.failures = {block: n for block, n in before.items() if block not in answered}
            self.failures |= {block: before.get(block, 0) + 1 for block in failed}
        slots = self.readings.slots
        keep = [slots[doubt.measurement] for doubt in doubts if not doubt.believed]
        if not whole:
            read = {register.measurement for block in answered for register in block.registers}
            gone = {r.measurement for b, n in self.failures.items() if n >= WITHDRAWN_AFTER for r in b.registers}
            keep += [slot for name, slot in slots.items() if name not in read and name not in gone]
        self.readings.commit(fresh, keep, monotonic, timestamp)


def _groups(settings: Settings) -> list[Group]:
    """The registers by class, what is read most often first."""
    rates = {PollClass.FAST: settings.rate, PollClass.SLOW: max(settings.slow_rate, settings.rate), PollClass.ONCE: inf}
    groups = [Group(tuple(r for r in settings.registers if r.poll is poll), rate) for poll, rate in rates.items()]
    return [group for group in groups if group.registers]


def _guard(settings: Settings, readings: DeviceReadings) -> CounterGuard:
    counters = [
        (readings.slots[register.measurement], settings.rating / 3600, _step(register), _rounding(register))
        for register in settings.registers
        if CATALOGUE[register.measurement].kind is Kind.COUNTER
    ]
    return CounterGuard(len(readings.slots), counters)


def _step(register: Register) -> float:
    return 0.0 if register.type.startswith("float") else abs(1 / register.divisor)


def _rounding(register: Register) -> float:
    return FLOAT32_ROUNDING if register.type.startswith("float32") else 0.0
