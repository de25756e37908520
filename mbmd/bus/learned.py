"""What a device has taught by refusing reads, and the plan that follows from it; pure, `now` is Unix time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from mbmd.devices.schema import Register
from mbmd.planner import Block, Limits, Place, cost, places, plan, refine
from mbmd.protocol.timing import Costs

ASK_AGAIN = 3600.0
"""Seconds after which a refused register is asked for again: a firmware may have been renewed."""
KEEP_LIMITS = 7 * 86400.0
"""Seconds after which limits are tried anew: what refused them may have been a passing state of the device."""
MOST_TRIALS = 16
"""Polls with refusals after which no longer reads are tried any more."""
MOST_SILENCES = 5
"""Polls in which a trial may be met by silence before it counts as refused: on a bad line answers get lost."""
MOST_ROWS = 1000
"""Rows that are loaded: more were not written by us."""


Span: TypeAlias = tuple[int, int, int]
"""Function, first address and number of registers of a read."""


class Learned:
    """Tells apart why a device refuses a read: a register that it does not have, a hole, or the length.

    Refused reads are read in parts at once (`rejected`): without holes, in halves, down to the single value, which
    is refused. What all of this proves is concluded at the end of the poll: a refused read with a refused register
    or a known bad hole in it is explained. Else, if longer ones were accepted, a hole in it is to blame. Else its
    length may be: longer reads are tried, half way between the longest that was accepted and the shortest that was
    not, as long as that saves time.
    """

    def __init__(self, registers: Iterable[Register], slots: Mapping[str, int], limits: Limits, costs: Costs) -> None:
        self.refused: dict[str, float] = {}
        """Measurements that the device does not have, and when to ask again."""
        self._registers = {register.measurement: register for register in registers}
        self._slots = slots
        self._limits = limits
        self._costs = costs
        self._longest = 0
        self._too_long: set[Span] = set()
        self._silences: Counter[Span] = Counter()
        self._barriers: set[Place] = set()
        self._rejected: list[Block] = []
        self._trials = 0
        self._since = 0.0
        self._trying = False

    @property
    def trying(self) -> bool:
        """Whether plans hold longer reads than were ever accepted, of which `conclude` wants to hear."""
        return self._trying

    def plan(self, registers: Iterable[Register]) -> list[Block]:
        """The cheapest reads of registers that are not known to be refused."""
        wanted = [register for register in registers if register.measurement not in self.refused]
        shortest = min((count for _, _, count in self._too_long), default=0)
        if not shortest or not wanted:
            return self._cut(wanted, self._limits.registers)
        low = max(self._longest, *(register.count for register in wanted))
        high = shortest - 1 if self._trials < MOST_TRIALS else low
        best = self._cut(wanted, low)
        while low < high:
            middle = (low + high + 1) // 2
            trial = self._cut(wanted, middle)
            if cost(trial, self._costs) < cost(best, self._costs):
                self._trying = True
                return trial
            low = middle
        return best

    def rejected(self, block: Block) -> list[Block]:
        """The parts to read in place of a read that was refused; empty for a single value."""
        self._rejected.append(block)
        return refine(block, self._slots)

    def conclude(self, accepted: Sequence[Block], silent: Sequence[Block], now: float) -> list[Register]:
        """At the end of a poll with refusals or trials: the registers refused from now on. Plans are to be made anew.

        A device that accepts nothing teaches nothing: it may be starting up. A trial that is only ever met by silence
        counts as refused.
        """
        rejected, self._rejected = self._rejected, []
        if not accepted:
            return []
        rejected += self._met_by_silence(silent)
        self._trying = False
        self._longest = max(self._longest, *(block.count for block in accepted))
        if rejected:
            self._since = self._since or now
            self._trials += 1
        alone = [b.registers[0] for b in rejected if len(b.registers) == 1 and b not in silent]
        for register in alone:
            self.refused[register.measurement] = now + ASK_AGAIN
        self._too_long |= {_span(b) for b in rejected if len(b.registers) > 1}
        self._explain()
        return alone

    def due(self, now: float) -> list[Block]:
        """Reads of single registers that were refused and are to be asked for again."""
        again = [self._registers[name] for name, when in self.refused.items() if when <= now]
        return [block for register in again for block in plan([register], self._slots, self._limits, self._costs)]

    def asked_again(self, register: Register, now: float, answered: bool) -> None:
        """What became of a read of `due`; plans are to be made anew when it was answered."""
        if answered:
            del self.refused[register.measurement]
        else:
            self.refused[register.measurement] = now + ASK_AGAIN

    def expire(self, now: float) -> bool:
        """Whether what is known of holes and lengths was old and is forgotten; plans are to be made anew."""
        if not self._since or now - self._since < KEEP_LIMITS:
            return False
        self._longest = self._trials = 0
        self._since = 0.0
        self._too_long.clear()
        self._barriers.clear()
        return True

    def dump(self) -> dict[str, object]:
        """What is known, as JSON can hold it; empty when nothing was refused."""
        if not (self.refused or self._too_long or self._barriers):
            return {}
        return {
            "longest": self._longest,
            "too_long": sorted(self._too_long),
            "barriers": _runs(self._barriers),
            "refused": dict(self.refused),
            "trials": self._trials,
            "since": self._since,
        }

    def load(self, known: Mapping[str, object]) -> None:
        """Take what `dump` gave; what cannot be is left out, as it may have come from anywhere."""
        self._longest = _number(known.get("longest"), self._limits.registers)
        self._trials = _number(known.get("trials"), MOST_TRIALS)
        self._since = float(_number(known.get("since"), 2**40))
        self._too_long = {(f, a, n) for f, a, n in _rows(known.get("too_long")) if n > self._longest}
        self._barriers = {(f, at) for f, a, n in _rows(known.get("barriers")) for at in range(a, a + n)}
        refused = known.get("refused")
        names = refused if isinstance(refused, dict) else {}
        self.refused = {n: float(_number(when, 2**40)) for n, when in names.items() if n in self._registers}
        if len(self.refused) == len(self._registers):
            self.refused = {}

    def _met_by_silence(self, silent: Sequence[Block]) -> list[Block]:
        """Reads that were tried often enough, and never answered."""
        if not self._trying:
            return []
        spans = Counter(_span(block) for block in silent)
        self._silences = Counter({span: n + self._silences[span] for span, n in spans.items()})
        return [b for b in silent if b.count > self._longest and self._silences[_span(b)] >= MOST_SILENCES]

    def _cut(self, registers: list[Register], most: int) -> list[Block]:
        barriers = frozenset(self._barriers | self._refused_places())
        limits = replace(self._limits, registers=min(most, self._limits.registers), barriers=barriers)
        return plan(registers, self._slots, limits, self._costs)

    def _refused_places(self) -> set[Place]:
        return places(self._registers[name] for name in self.refused)

    def _explain(self) -> None:
        """Leave in `_too_long` only reads that nothing but their length explains."""
        wanted = places(self._registers.values())
        refused = self._refused_places()
        for function, address, count in sorted(self._too_long, key=lambda span: span[2]):
            touched = {(function, at) for at in range(address, address + count)}
            if not touched & (refused | self._barriers) and count <= self._longest:
                self._barriers |= touched - wanted
        self._too_long = {
            span
            for span in self._too_long
            if span[2] > self._longest
            and not (refused | self._barriers) & {(span[0], at) for at in range(span[1], span[1] + span[2])}
        }


def _number(value: object, most: int) -> int:
    """A whole number from 0 to `most`; 0 in place of anything else."""
    return int(value) if isinstance(value, int | float) and 0 <= value <= most else 0


def _span(block: Block) -> Span:
    return block.function, block.address, block.count


def _runs(barriers: Iterable[Place]) -> list[Span]:
    """Neighbouring registers together."""
    runs: list[Span] = []
    for function, address in sorted(barriers):
        last = runs[-1] if runs else (0, 0, 0)
        if (function, address) == (last[0], last[1] + last[2]):
            runs[-1] = (*last[:2], last[2] + 1)
        else:
            runs.append((function, address, 1))
    return runs


def _rows(value: object) -> list[list[int]]:
    """Rows of function, address and count; leaves out all others."""
    rows = value if isinstance(value, list) else []
    return [list(row) for row in rows[:MOST_ROWS] if isinstance(row, list | tuple) and _is_row(row)]


def _is_row(row: Sequence[object]) -> bool:
    return len(row) == 3 and all(type(n) is int and 0 <= n < 65536 for n in row)
