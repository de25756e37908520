"""What a device teaches by refusing reads, and the plan that follows from it; pure, `now` is Unix time."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from mbmd.bus.findings import ASK_AGAIN, KEEP_LIMITS, MOST_TRIALS, Findings, Span
from mbmd.bus.findings import load as load_findings
from mbmd.devices.schema import BIT_FUNCTIONS, Register
from mbmd.planner import Block, Limits, Place, cost, places, plan, refine
from mbmd.protocol.timing import Costs

ASK_SOON = 60.0
"""Seconds after which a register is asked for again that was refused, but had a value before."""
MOST_SILENCES = 2
"""Polls in a row in which a trial is met by silence until it counts as refused: on a bad line answers get lost."""


class Learned:
    """Tells apart why a device refuses a read: a register that it does not have, a hole, or the length.

    Refused reads are read in parts at once (`rejected`): without holes, in halves, down to the single value, which
    is refused. What all of this proves is concluded at the end of the poll: a refused read with a refused register
    or a known bad hole in it is explained. Else, if longer ones were accepted, a hole in it is to blame. Else its
    length may be: longer reads are tried, half way between the longest that was accepted and the shortest that was
    not, as long as that saves time. What no reason explains is not read in one again: some devices refuse reads
    across the borders of their memory. Coils and discrete inputs have no length to be found out: a refused read of
    them has a refused one or a bad hole in it, or is not read in one again.
    """

    def __init__(self, registers: Iterable[Register], slots: Mapping[str, int], limits: Limits, costs: Costs) -> None:
        self._registers = {register.measurement: register for register in registers}
        self._slots = slots
        self._limits = limits
        self._costs = costs
        self._known = Findings()
        self._rejected: list[Block] = []
        self._silent: list[Block] = []
        self._silences: Counter[Span] = Counter()

    @property
    def refused(self) -> Mapping[str, float]:
        """Measurements that the device does not have, and when to ask again."""
        return self._known.refused

    def plan(self, registers: Iterable[Register], bold: bool = True) -> list[Block]:
        """The cheapest reads of registers that are not known to be refused; if `bold`, with trials of longer ones."""
        known = self._known
        wanted = [register for register in registers if register.measurement not in known.refused]
        sizes = [len(register.span) for register in wanted if not register.is_bit]
        shortest = min((count for _, _, count in known.too_long), default=0)
        if not shortest or not sizes:
            return self._cut(wanted, self._limits.registers)
        low = max(known.longest, *sizes)
        high = shortest - 1 if bold and known.trials < MOST_TRIALS else low
        best = self._cut(wanted, low)
        while low < high:
            middle = (low + high + 1) // 2
            trial = self._cut(wanted, middle)
            if cost(trial, self._costs) < cost(best, self._costs):
                return trial
            low = middle
        return best

    def alone(self, register: Register) -> Block:
        """The read of one register."""
        (block,) = plan([register], self._slots, self._limits, self._costs)
        return block

    def is_trial(self, block: Block) -> bool:
        """Whether a read is longer than any that was accepted, and is only tried."""
        return bool(self._known.too_long) and _has_length(_span(block)) and block.count > self._known.longest

    def rejected(self, block: Block) -> list[Block]:
        """The parts to read in place of a read that was refused; empty for a single value."""
        self._rejected.append(block)
        return refine(block, self._slots)

    def unanswered(self, trial: Block) -> list[Block]:
        """The parts to read in place of a trial that was met by silence."""
        self._silent.append(trial)
        return refine(trial, self._slots)

    def conclude(self, accepted: Sequence[Block], now: float, valued: Container[str] = ()) -> list[Register]:
        """At the end of a poll with refusals or trials: the registers refused from now on. Plans are to be made anew.

        A device that accepts nothing teaches nothing: it may be starting up. A trial that is met by silence again
        counts as refused. What was answered in the same poll is not refused. `valued` are measurements that had a
        value before: their refusal may be a passing one.
        """
        rejected, self._rejected = self._rejected, []
        silent, self._silent = self._silent, []
        if not accepted:
            return []
        known = self._known
        rejected += self._met_by_silence(silent)
        known.trials = min(known.trials + any(map(self.is_trial, rejected)), MOST_TRIALS)
        known.longest = max(known.longest, *(block.count if _has_length(_span(block)) else 0 for block in accepted))
        if rejected:
            known.since = known.since or now
        answered = {register.measurement for block in accepted for register in block.registers}
        known.refused = {name: when for name, when in known.refused.items() if name not in answered}
        singles = [register for block in rejected if block.is_single for register in block.registers]
        alone = [register for register in singles if register.measurement not in answered]
        for register in alone:
            name = register.measurement
            known.refused[name] = now + (ASK_SOON if name in valued else ASK_AGAIN)
        known.too_long |= {_span(block) for block in rejected if not block.is_single}
        self._explain()
        return alone

    def due(self, now: float) -> Register | None:
        """A register that was refused and is to be asked for again."""
        return next((self._registers[name] for name, when in self.refused.items() if when <= now), None)

    def ask_later(self, register: Register, now: float) -> None:
        """A read of `due` begins; it will be asked for again in an hour, unless it is readmitted."""
        self._known.refused[register.measurement] = now + ASK_AGAIN

    def readmit(self, register: Register) -> None:
        """The register was answered; plans are to be made anew."""
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

    def _met_by_silence(self, silent: Sequence[Block]) -> list[Block]:
        """Trials that were tried often enough, and never answered."""
        spans = Counter(_span(block) for block in silent)
        self._silences = Counter({span: n + self._silences[span] for span, n in spans.items()})
        return [block for block in silent if self._silences[_span(block)] >= MOST_SILENCES]

    def _cut(self, registers: list[Register], most: int) -> list[Block]:
        barriers = frozenset(self._known.barriers | self._refused_places())
        limits = replace(self._limits, registers=min(most, self._limits.registers), barriers=barriers)
        return [part for block in plan(registers, self._slots, limits, self._costs) for part in self._parts(block)]

    def _parts(self, block: Block) -> list[Block]:
        """A read, in parts if it would hold one that is never accepted in one."""
        end = block.address + block.count
        if block.is_single or not any(
            f == block.function and block.address <= a and a + n <= end for f, a, n in self._known.parted
        ):
            return [block]
        return [part for half in refine(block, self._slots) for part in self._parts(half)]

    def _refused_places(self) -> set[Place]:
        """Registers of refused values; their scales may be good, and so is what others need."""
        refused = self.refused
        values = (replace(self._registers[name], scale=None) for name in refused)
        return places(values) - places(r for name, r in self._registers.items() if name not in refused)

    def _explain(self) -> None:
        """Leave in `too_long` only reads that nothing but their length explains."""
        known = self._known
        wanted = places(self._registers.values())
        refused = self._refused_places()
        for span in sorted(known.too_long, key=lambda span: span[2]):
            touched = _touched(span)
            if self._may_be_too_long(span) or touched & (refused | known.barriers):
                continue
            known.barriers |= touched - wanted
            if touched <= wanted:
                known.parted.add(span)
        explained = refused | known.barriers
        known.too_long = {s for s in known.too_long if self._may_be_too_long(s) and not _touched(s) & explained}

    def _may_be_too_long(self, span: Span) -> bool:
        return _has_length(span) and span[2] > self._known.longest


def _has_length(span: Span) -> bool:
    """Whether a device may refuse it for its length."""
    return span[0] not in BIT_FUNCTIONS


def _span(block: Block) -> Span:
    return block.function, block.address, block.count


def _touched(span: Span) -> set[Place]:
    function, address, count = span
    return {(function, at) for at in range(address, address + count)}
