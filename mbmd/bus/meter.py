"""A device on a bus: what is read of it and when, and what its answers are worth."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from mbmd._native.counters import ACCEPTED_ANEW, CounterGuard
from mbmd._native.decode import Program
from mbmd._native.query import Query
from mbmd.backoff import pause_after
from mbmd.bus.learned import Learned
from mbmd.config.options import PollClass
from mbmd.devices.schema import Register
from mbmd.devices.settings import Settings
from mbmd.measurements import Kind
from mbmd.planner import MOST_PLANS, Block, Limits
from mbmd.protocol.pdu import Request
from mbmd.protocol.timing import Costs
from mbmd.readings.device import NO_TEXTS, DeviceReadings
from mbmd.readings.health import Plan

if TYPE_CHECKING:
    from array import array

WITHDRAWN_AFTER = 3
"""Polls in which a read may fail before its last values are withdrawn."""
MOST_RENEWALS = 3
"""Times that a counter may go on from an implausible value before it is taken for none."""
FIRST = -inf
"""When reads are due that were held back: before all others."""
FLOAT32_ROUNDING = 2.4e-7
"""Two units in the last place of a float32, relative."""
USUAL_SCALE = 1000.0
"""Counters with a scale of their own seldom have a larger one."""
SCALED_ROUNDING = 1e-3
"""What a counter may lose when its scale grows, relative: of four digits the last one."""
UNITS_OF_ENERGY = {
    prefix + unit: factor
    for unit in ("Wh", "varh", "VAh")
    for prefix, factor in (("", 1e3), ("k", 1.0), ("M", 1e-3), ("G", 1e-6))
}
"""How many of each are a kWh."""


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
    """A counter's value that cannot be: held back, or believed since it persists; at last it is no counter."""

    measurement: str
    value: float
    before: float
    believed: bool
    unguarded: bool


class Brought(NamedTuple):
    """What a poll brought of a device: a column and texts; `came` says that it was not online before."""

    readings: DeviceReadings
    values: "array[float]"
    texts: Mapping[str, str]
    came: bool


class Meter:
    """What the poller knows of one device.

    `probes` counts the polls in vain since it was last heard, `vain` the requests of such polls, `busy` the polls in
    a row that brought nothing else, `failures` for each read the polls in which it failed. `refuses_all` says that it
    answers, but only with refusals, `is_heard` that it is offline but has answered just now.
    """

    def __init__(self, unit: int, readings: DeviceReadings, settings: Settings, costs: Costs) -> None:
        self.unit = unit
        self.readings = readings
        self.settings = settings
        self.probes = 0
        self.busy = 0
        self.vain = 0
        self.refuses_all = False
        self.is_heard = False
        self.costs = costs
        self.read_these(groups_of(settings), settings.registers if settings.plausibility else ())

    def read_these(self, groups: Sequence[Group], guarded: Iterable[Register], borders: tuple[int, ...] = ()) -> None:
        """From now on read groups of registers, of which nothing is known yet; counters in `guarded` must be plausible.

        `readings` must have their slots. The group that is read most often comes first.
        """
        settings, readings = self.settings, self.readings
        limits = Limits(settings.max_registers, settings.holes, borders=borders)
        registers = [register for group in groups for register in group.registers]
        self.learned = Learned(registers, readings.slots, limits, self.costs)
        self.groups = list(groups)
        self.failures: dict[Block, int] = {}
        self._pending: dict[Block, float] = {}
        self._row: tuple[list[Block], tuple[Query, ...]] = [], ()
        self.trying = False
        self._guard = _guard(guarded, settings.rating, readings)
        self._unguarded: set[str] = set()
        self._renewed: Counter[str] = Counter()
        readings.health.rate = min((group.rate for group in groups), default=settings.rate)
        readings.health.rates = _rates(tuple((group.registers, group.rate) for group in groups))
        self.replan()

    def told(self, measurement: str) -> str:
        """A measurement, as the log has it."""
        return f"{self.readings.id}: {measurement}"

    def moved(self) -> None:
        """What was read stands elsewhere by now."""

    def lost(self) -> None:
        """Something that had a value is refused from now on."""

    def remember(self, known: Mapping[str, object], now: float) -> None:
        """Start with what `learned.dump` gave another time; `now` is Unix time."""
        self.learned.load(known, now)
        self.replan()

    def replan(self, bold: bool = True) -> bool:
        """Plan anew with what was learned; returns whether there are reads that were none before: they are due."""
        renewed = False
        for group in self.groups:
            before = {_read(block): block for block in group.plan}
            now = {_read(block): block for block in self.learned.plan(group.registers, bold)}
            if now.keys() != before.keys():
                # Reads that stay are the same ones, so that what was put off is not forgotten.
                group.plan = [before.get(read, block) for read, block in now.items()]
                group.proven = False
            if not now.keys() <= before.keys():
                group.due = 0.0
                renewed = True
        blocks = [block for group in self.groups for block in group.plan]
        self.failures = {block: n for block, n in self.failures.items() if block in blocks}
        self._pending = _whole(self._pending, blocks)
        self.trying = any(map(self.learned.is_trial, blocks))
        health = self.readings.health
        reads = [read for block in blocks for read in block.reads]
        health.plan = Plan(len(reads), sum(read.count for read in reads), sum(read.holes for read in reads))
        health.refused = tuple(sorted(self.learned.refused))
        return renewed

    def has_tried(self, answered: Sequence[Block]) -> bool:
        """Whether a trial is among reads that were answered."""
        return self.trying and any(map(self.learned.is_trial, answered))

    def due(self, now: float) -> list[Block]:
        """The reads of a poll that begins now: first what was held back, last what failed, and trials.

        Of a device that is offline all, a short one first: it may be vain. If nothing is due, a short one: it tells
        whether the device is there.
        """
        if not self.readings.online:
            return self._probe_first()
        if not self._pending and len(self.groups) == 1 and not self.trying:
            return self.groups[0].plan
        pending = self._pending
        blocks = [block for block, when in pending.items() if when == FIRST]
        blocks += [b for group in self.groups if group.due <= now for b in group.plan if b not in pending]
        blocks += [block for block, when in pending.items() if FIRST < when <= now]
        if self.trying:
            blocks.sort(key=self.learned.is_trial)
        return blocks or [block for block in self._probe_first() if block not in pending][:1]

    @property
    def is_flat_out(self) -> bool:
        """Whether all was read, is due again at once, and will be read alike: nothing failed, nothing is learned."""
        if len(self.groups) != 1 or self.groups[0].rate or self._pending or self.failures or self.trying:
            return False
        return not self.learned.has_findings

    def is_all(self, blocks: Iterable[Block]) -> bool:
        """Whether every read of the plan is among `blocks`; parts of others that were put off may be too."""
        if len(self.groups) == 1 and blocks is self.groups[0].plan:
            return True
        return {*blocks}.issuperset(block for group in self.groups for block in group.plan)

    def row(self, ahead: list[Block], query: Callable[[int, Request, Program], Query]) -> tuple[Query, ...]:
        """What asks for reads, of which the last is the first; nothing where something is to be done between them."""
        if not self.readings.online or self.refuses_all or self.settings.pause:
            return ()
        if ahead != self._row[0]:
            is_plain = not any(block.parts or block.anchors or block.strings for block in ahead)
            queries = (query(self.unit, block.request, block.program) for block in reversed(ahead))
            self._row = ahead[:], tuple(queries) if is_plain else ()
        return self._row[1]

    def _probe_first(self) -> list[Block]:
        """All reads, the shortest first; after vain probes a longer one, for one read alone may never be answered."""
        blocks = [block for group in self.groups for block in group.plan]
        if blocks:
            by_length = sorted(blocks, key=lambda block: block.count)
            probe = by_length[self.probes % len(blocks)]
            blocks.remove(probe)
            blocks.insert(0, probe)
        return blocks

    def single(self) -> Block:
        """The read of one register, another one after each vain probe."""
        registers = [register for group in self.groups for register in group.registers]
        return self.learned.alone(registers[self.probes % len(registers)])

    def proven(self, block: Block) -> bool:
        """Whether a read was answered before, so that a refusal is a surprise."""
        return any(group.proven and block in group.plan for group in self.groups)

    def advance(
        self,
        started: float,
        answered: Sequence[Block],
        failed: Sequence[Block],
        left: Sequence[Block],
        refused: bool = False,  # noqa: ARG002 - of no account where it is known what there is to read
    ) -> float:
        """A poll that began at `started` brought something, some may be `refused`; returns when the next is due."""
        self.busy = 0
        self.refuses_all = False
        for group in self.groups:
            if group.due <= started:
                group.due = started + group.rate
                group.proven = group.proven or all(block in answered for block in group.plan)
        if failed or left or self._pending:
            self.put_off(started, answered, failed, left)
        return self.groups[0].due

    def put_off(
        self, started: float, answered: Sequence[Block], failed: Sequence[Block], left: Sequence[Block]
    ) -> None:
        """Ask first for what was left, and last for what failed: after WITHDRAWN_AFTER polls with growing pauses."""
        asked = {*answered, *left, *failed}
        pending = {block: when for block, when in self._pending.items() if block not in asked}
        pending |= dict.fromkeys(left, FIRST)
        pending |= {block: started + self._rest(block) for block in failed}
        self._pending = pending

    def _rest(self, block: Block) -> float:
        polls = self.failures.get(block, 0) - WITHDRAWN_AFTER
        return 0.0 if polls < 0 else pause_after(polls + 1, 0.0)

    def first_request(self) -> Request | None:
        """What tells whether the device is there; None if nothing is left to read."""
        return next((block.request for block in self._probe_first()), None)

    def withdraw(self, trouble: str) -> list[DeviceReadings]:
        """Go offline; returns the readings whose state is another now."""
        before = self.readings.state
        self.go_offline(trouble)
        return [self.readings] if self.readings.state is not before else []

    def go_offline(self, trouble: str) -> None:
        """Forget its values; when it returns, all are read."""
        self.readings.go_offline()
        self.readings.health.gone(trouble)
        self.failures.clear()
        self._pending.clear()
        self.vain = 0
        self.is_heard = False
        if self.trying:
            self.replan(bold=False)
        for group in self.groups:
            group.due = 0.0

    def check(self, fresh: "array[float]", now: float) -> list[Doubt]:
        """Take counters that run backwards or leap out of `fresh`; returns what was noticed.

        A counter that was believed anew time after time, such as the balance of import and export, is none.
        """
        if self._guard is None or not (events := self._guard.check(now, fresh)):
            return []
        doubts = []
        for slot, verdict in events:
            name = self.readings.measurements[slot].name
            believed = verdict == ACCEPTED_ANEW
            if name in self._unguarded:
                fresh[slot] = fresh[slot] if believed else self._guard.offered(slot)
                continue
            value = fresh[slot] if believed else self._guard.offered(slot)
            self._renewed[name] += believed
            if self._renewed[name] >= MOST_RENEWALS:
                self._unguarded.add(name)
            doubts.append(Doubt(name, value, self._guard.base(slot), believed, name in self._unguarded))
            if not believed:
                self.readings.health.held_back[name] += 1
        return doubts

    def count(self, failed: Sequence[Block]) -> list[Block]:
        """Reads that failed in a poll, whatever else it brought; returns those whose values are withdrawn by that."""
        for block in failed:
            self.failures[block] = self.failures.get(block, 0) + 1
        return [block for block in failed if self.failures[block] == WITHDRAWN_AFTER]

    def commit(
        self,
        fresh: "array[float]",
        answered: Sequence[Block],
        doubts: Iterable[Doubt],
        monotonic: float,
        timestamp: float,
        whole: bool,
        texts: Mapping[str, str] = NO_TEXTS,
    ) -> list[Brought]:
        """Take what a poll brought, and return what is to be told of it; `whole` says that it read all.

        What was not read keeps its values, what failed for a while (`count`) does not.
        """
        if self.failures:
            self.failures = {block: n for block, n in self.failures.items() if block not in answered}
        slots = self.readings.slots
        keep = [slots[doubt.measurement] for doubt in doubts if not doubt.believed]
        if not whole:
            read = {register.measurement for block in answered for register in block.registers}
            gone = self.gone()
            keep += [slot for name, slot in slots.items() if name not in read and name not in gone]
        return self._take(Brought(self.readings, fresh, texts, not self.readings.online), keep, monotonic, timestamp)

    def gone(self) -> set[str]:
        """Measurements that are refused, or not answered for too long."""
        failed = {r.measurement for b, n in self.failures.items() if n >= WITHDRAWN_AFTER for r in b.registers}
        return failed.union(self.learned.refused)

    def _take(self, brought: Brought, keep: Collection[int], monotonic: float, timestamp: float) -> list[Brought]:
        self.readings.commit(brought.values, keep, monotonic, timestamp, brought.texts)
        return [brought]


def _whole(pending: Mapping[Block, float], blocks: Sequence[Block]) -> dict[Block, float]:
    """What of a plan is put off; of a part of a read, which is none of the plan, the whole read counts, at once."""
    registers = {r for block in pending if block not in blocks for r in block.registers}
    parted = {block: 0.0 for block in blocks if not registers.isdisjoint(block.registers)}
    return parted | {block: when for block, when in pending.items() if block in blocks}


def _read(block: Block) -> tuple[bytes, tuple[Register, ...]]:
    return block.request.pdu, block.registers


def groups_of(settings: Settings) -> list[Group]:
    """The registers by class, what is read most often first."""
    rates = {PollClass.FAST: settings.rate, PollClass.SLOW: max(settings.slow_rate, settings.rate), PollClass.ONCE: inf}
    groups = [Group(_of_class(settings.registers, poll), rate) for poll, rate in rates.items()]
    return [group for group in groups if group.registers]


@lru_cache(maxsize=MOST_PLANS)
def _of_class(registers: tuple[Register, ...], poll: PollClass) -> tuple[Register, ...]:
    """Those of one class, in one object for all devices that are alike."""
    return tuple(register for register in registers if register.poll is poll)


@lru_cache(maxsize=MOST_PLANS)
def _rates(groups: tuple[tuple[tuple[Register, ...], float], ...]) -> Mapping[str, float]:
    """How often each measurement is read, in one object for all devices that are alike."""
    return {register.measurement: rate for registers, rate in groups for register in registers}


def _guard(guarded: Iterable[Register], rating: float, readings: DeviceReadings) -> CounterGuard | None:
    counters = [
        (slot, _growth(measurement.unit, rating), _step(register), _rounding(register))
        for register in guarded
        for slot in [readings.slots[register.measurement]]
        for measurement in [readings.measurements[slot]]
        if measurement.kind is Kind.COUNTER
    ]
    return CounterGuard(len(readings.slots), counters) if counters else None


def _growth(unit: str, rating: float) -> float:
    """The most that a counter of energy can grow in a second, others without limit: they only must not fall."""
    return rating / 3600 * UNITS_OF_ENERGY.get(unit, inf)


def _step(register: Register) -> float:
    if register.type.startswith("float"):
        return 0.0
    return abs(1 / register.divisor) * (USUAL_SCALE if register.scale else 1.0)


def _rounding(register: Register) -> float:
    if register.scale is not None:
        return SCALED_ROUNDING
    return FLOAT32_ROUNDING if register.type.startswith("float32") else 0.0
