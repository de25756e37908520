"""What a device teaches by refusing reads, and the plan that follows from it; pure, `now` is Unix time."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from mbmd.bus.findings import ASK_AGAIN, KEEP_LIMITS, MOST_TRIALS, Findings
from mbmd.bus.findings import load as load_findings
from mbmd.devices.schema import BIT_FUNCTIONS, Register
from mbmd.planner import MOST_PLANS, Block, Limits, Place, Span, cost, crosses, places, plan, refine
from mbmd.protocol.timing import Costs

ASK_SOON = 60.0
"""Seconds after which a register is asked for again that was refused, but had a value before."""
MOST_SILENCES = 2
"""Polls in a row in which a trial is met by silence until it counts as refused: on a bad line answers get lost."""


class Refusal(NamedTuple):
    """A block that was refused, the one of its reads that was, and the blocks in place of it."""

    block: Block
    read: Block
    parts: Sequence[Block]


class Learned:
    """Tells apart why a device refuses a read: a register that it does not have, a border, a hole, or the length.

    Refused reads are read in parts at once (`rejected`): between the known borders of the device, without holes, in
    halves, down to the single value, which is refused. What all of this proves is concluded at the end of the poll: if
    all that lies between borders was accepted, reads across them are to blame. A refused read with a refused register
    or a known bad hole in it is explained. Else, if longer ones were accepted, a hole in it is to blame. Else its
    length may be: longer reads are tried, half way between the longest that was accepted and the shortest that was
    not, as long as that saves time. What no reason explains is not read in one again: some devices refuse reads
    across the borders of their memory. Coils and discrete inputs have no length to be found out: a refused read of
    them has a refused one or a bad hole in it, or is not read in one again.

    Some devices fail at what others refuse (`failed`). That teaches the same if all of the parts were answered; if only
    some were, the read is not made in one again; if none was, it teaches nothing.
    """

    def __init__(self, registers: Iterable[Register], slots: Mapping[str, int], limits: Limits, costs: Costs) -> None:
        self._registers = _by_name(tuple(registers))
        self._slots = slots
        self._limits = limits
        self._costs = costs
        self._known = Findings()
        self._rejected: list[Refusal] = []
        self._failed: list[Refusal] = []
        self._silent: list[Refusal] = []
        self._silences: Counter[Span] = Counter()

    @property
    def refused(self) -> Mapping[str, float]:
        """Measurements that the device does not have, and when to ask again."""
        return self._known.refused

    @property
    def has_findings(self) -> bool:
        """Whether anything is known, which may be forgotten or asked for again some time."""
        return bool(self._known.since or self._known.refused)

    @property
    def borders(self) -> Sequence[int]:
        """Where the device may want reads to begin and end."""
        return self._limits.borders

    def plan(self, registers: Iterable[Register], bold: bool = True) -> list[Block]:
        """The cheapest reads of registers that are not known to be refused; if `bold`, with trials of longer ones."""
        known = self._known
        wanted = [register for register in registers if register.measurement not in known.refused]
        low = self._most(wanted)
        best = self._cut(wanted, low)
        if not known.too_long or not bold or known.trials >= MOST_TRIALS:
            return best
        high = min(count for _, _, count in known.too_long) - 1
        while low < high:
            middle = (low + high + 1) // 2
            trial = self._cut(wanted, middle)
            if cost(trial, self._costs) < cost(best, self._costs):
                return trial
            low = middle
        return best

    def alone(self, register: Register) -> Block:
        """The read of one register."""
        (block,) = self._cut([register], self._most([register]))
        return block

    def ways(self, register: Register) -> Sequence[Block]:
        """The read of one register, and the one to make if that is refused."""
        alone = self.alone(register)
        return [alone, *refine(alone, self._slots, self.borders, self._known.longest)]

    def is_trial(self, block: Block) -> bool:
        """Whether a read is longer than any that was accepted, and is only tried."""
        return bool(self._known.too_long) and _length(block) > self._known.longest

    def rejected(self, block: Block, read: Block, accepted: Sequence[Block]) -> Sequence[Block]:
        """The parts to read in place of a block of which a read was refused; empty for a single value.

        `accepted` are the blocks that were accepted in this poll.
        """
        return self._step_down(self._rejected, block, read, accepted)

    def failed(self, block: Block, read: Block, accepted: Sequence[Block]) -> Sequence[Block]:
        """The parts to read in place of a block at which the device failed."""
        return self._step_down(self._failed, block, read, accepted)

    def unanswered(self, trial: Block, read: Block, accepted: Sequence[Block]) -> Sequence[Block]:
        """The parts to read in place of a trial that was met by silence."""
        return self._step_down(self._silent, trial, read, accepted)

    def conclude(self, accepted: Sequence[Block], now: float, valued: Container[str] = ()) -> list[Register]:
        """At the end of a poll with refusals or trials: the registers refused from now on. Plans are to be made anew.

        A device that accepts nothing teaches nothing: it may be starting up. A trial that is met by silence again
        counts as refused. What was answered in the same poll is not refused. `valued` are measurements that had a
        value before: their refusal may be a passing one.
        """
        rejected, failed, silent = self._rejected, self._failed, self._silent
        self._rejected, self._failed, self._silent = [], [], []
        if not accepted:
            return []
        known = self._known
        answered = _names(accepted)
        rejected += self._met_by_silence(silent) + self._met_by_failure(failed, answered)
        known.trials = min(known.trials + any(self.is_trial(refusal.block) for refusal in rejected), MOST_TRIALS)
        known.longest = max(known.longest, *map(_length, accepted))
        known.crossing = known.crossing and not self._forbids_crossing(rejected, accepted)
        if rejected or failed:
            known.since = known.since or now
        known.refused = {name: when for name, when in known.refused.items() if name not in answered}
        refused = [register for register in _singles(rejected) if register.measurement not in answered]
        for name in (register.measurement for register in refused):
            known.refused[name] = now + (ASK_SOON if name in valued else ASK_AGAIN)
        known.too_long |= {refusal.read.span for refusal in rejected if self._is_open(refusal)}
        known.parted |= {refusal.read.span for refusal in rejected if _is_split(refusal, accepted)}
        self._explain(_refused_apart(rejected))
        return refused

    def due(self, now: float) -> Register | None:
        """A register that was refused and is to be asked for again."""
        return next((self._registers[name] for name, when in self.refused.items() if when <= now), None)

    def ask_later(self, register: Register, now: float) -> None:
        """A read of `due` begins; it will be asked for again in an hour, unless it is readmitted."""
        self._known.refused[register.measurement] = now + ASK_AGAIN

    def readmit(self, register: Register, block: Block, now: float) -> None:
        """The register was answered by one of its `ways`; plans are to be made anew."""
        alone = self.alone(register)
        if block.span != alone.span:
            self._known.parted |= {alone.span}
            self._known.since = self._known.since or now
        del self._known.refused[register.measurement]

    def expire(self, now: float) -> bool:
        """Whether what is known of holes and lengths was old and is forgotten; plans are to be made anew."""
        if not self._known.since or now - self._known.since < KEEP_LIMITS:
            return False
        self._known.forget_limits()
        return True

    def dump(self) -> dict[str, object]:
        """What is known, as JSON can hold it."""
        return self._known.dump(self._spans())

    def load(self, known: Mapping[str, object], now: float) -> None:
        """Take what `dump` gave another time; but who refuses all it has is asked anew."""
        self._known = load_findings(known, self._spans(), now)
        if len(self.refused) == len(self._registers):
            self._known.refused.clear()

    def _spans(self) -> Mapping[str, Span]:
        return {name: (r.function, r.span.start, len(r.span)) for name, r in self._registers.items()}

    def _most(self, registers: Iterable[Register]) -> int:
        """Registers that a read may have without being a trial."""
        if not self._known.too_long:
            return self._limits.registers
        return max([self._known.longest, *(register.least for register in registers if not register.is_bit)])

    def _step_down(
        self, refusals: list[Refusal], block: Block, read: Block, accepted: Sequence[Block]
    ) -> Sequence[Block]:
        longest = max([self._known.longest, *map(_length, accepted)])
        parts = refine(block, self._slots, self.borders, longest)
        refusals.append(Refusal(block, read, parts))
        return parts

    def _met_by_silence(self, silent: Sequence[Refusal]) -> list[Refusal]:
        """Trials that were tried often enough, and never answered."""
        spans = Counter(refusal.read.span for refusal in silent)
        self._silences = Counter({span: n + self._silences[span] for span, n in spans.items()})
        return [refusal for refusal in silent if self._silences[refusal.read.span] >= MOST_SILENCES]

    def _met_by_failure(self, failed: Sequence[Refusal], answered: Container[str]) -> list[Refusal]:
        """Reads at which the device fails only because there is too much in one."""
        as_refused = []
        for refusal in failed:
            verdicts = {register.measurement in answered for register in refusal.block.registers}
            if verdicts == {True}:
                as_refused.append(refusal)
            elif verdicts == {True, False}:
                self._known.parted |= {refusal.read.span}
        return as_refused

    def _forbids_crossing(self, rejected: Iterable[Refusal], accepted: Sequence[Block]) -> bool:
        """Whether only the border within a read can be why it was refused."""
        if any(crosses(block, self.borders) for block in accepted):
            return False
        crossing = (refusal for refusal in rejected if crosses(refusal.block, self.borders))
        return any(all(part in accepted for part in refusal.parts) for refusal in crossing)

    def _is_open(self, refusal: Refusal) -> bool:
        """Whether it is still to be found out why a read was refused."""
        block = refusal.block
        return not block.is_single and (self._known.crossing or not crosses(block, self.borders))

    def _cut(self, registers: list[Register], most: int) -> list[Block]:
        known = self._known
        limits = replace(
            self._limits,
            registers=min(most, self._limits.registers),
            barriers=known.barriers | self._refused_places(),
            crossing=known.crossing,
        )
        return [part for block in plan(registers, self._slots, limits, self._costs) for part in self._parts(block)]

    def _parts(self, block: Block) -> list[Block]:
        """A read, in parts if it would hold one that is never accepted in one."""
        if not any(_holds(read, span) for read in block.reads for span in self._known.parted):
            return [block]
        halves = refine(block, self._slots, self.borders, 0)
        return [part for half in halves for part in self._parts(half)] or [block]

    def _refused_places(self) -> set[Place]:
        """Registers of refused values; their scales may be good, and so is what others need."""
        refused = self.refused
        values = (replace(self._registers[name], scale=None, anchor=None) for name in refused)
        return places(values) - places(r for name, r in self._registers.items() if name not in refused)

    def _explain(self, alone: set[Place]) -> None:
        """Leave in `too_long` only reads that nothing but their length explains; `alone` was refused by itself."""
        known = self._known
        wanted = places(self._registers.values())
        refused = self._refused_places() | alone
        for span in sorted(known.too_long, key=lambda span: span[2]):
            touched = _touched(span)
            if self._may_be_too_long(span) or touched & (refused | known.barriers):
                continue
            known.barriers |= touched - wanted
            if touched <= wanted:
                known.parted |= {span}
        explained = refused | known.barriers
        known.too_long = frozenset(
            s for s in known.too_long if self._may_be_too_long(s) and not _touched(s) & explained
        )

    def _may_be_too_long(self, span: Span) -> bool:
        return _has_length(span) and span[2] > self._known.longest


@lru_cache(maxsize=MOST_PLANS)
def _by_name(registers: tuple[Register, ...]) -> Mapping[str, Register]:
    """Registers by measurement, in one object for all devices that are alike."""
    return {register.measurement: register for register in registers}


def _has_length(span: Span) -> bool:
    """Whether a device may refuse it for its length."""
    return span[0] not in BIT_FUNCTIONS


def _length(block: Block) -> int:
    """The most registers of one of its reads, 0 if these are none."""
    return block.longest if _has_length(block.span) else 0


def _names(blocks: Iterable[Block]) -> set[str]:
    return {register.measurement for block in blocks for register in block.registers}


def _singles(refusals: Iterable[Refusal]) -> Iterable[Register]:
    """Registers that were refused with nothing else beside them, each once."""
    return dict.fromkeys(register for block, *_ in refusals if block.is_single for register in block.registers)


def _is_split(refusal: Refusal, accepted: Sequence[Block]) -> bool:
    """Whether a single value was refused, but not when it was read apart from its scale."""
    return refusal.block.is_single and any(part in accepted for part in refusal.parts)


def _refused_apart(refusals: Iterable[Refusal]) -> set[Place]:
    """Scales and values that were refused when each was read for one value alone."""
    return {place for block, read, _ in refusals if block.is_single and block.parts for place in _touched(read.span)}


def _holds(block: Block, span: Span) -> bool:
    """Whether a read has another within it."""
    function, address, count = span
    return function == block.function and block.address <= address and address + count <= block.address + block.count


def _touched(span: Span) -> set[Place]:
    function, address, count = span
    return {(function, at) for at in range(address, address + count)}
