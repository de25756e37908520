"""What refusals have proven of a device, and how it is kept as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mbmd.planner import Place, Span
from mbmd.protocol.pdu import MAX_READ, MAX_REGISTERS

ASK_AGAIN = 3600.0
"""Seconds after which a refused register is asked for again: a firmware may have been renewed."""
KEEP_LIMITS = 86400.0
"""Seconds after which limits are tried anew: what refused them may have been a passing state of the device."""
MOST_TRIALS = 16
"""Trials that may be refused; after that longer reads are not tried any more."""
MOST_ROWS = 200
"""Rows that are loaded: more were not written by us."""


@dataclass(slots=True)
class Findings:
    """`refused` are measurements that the device does not have, and the Unix time at which to ask again.

    `longest` is the most registers that were accepted in a read; reads in `too_long` were refused for their length,
    those in `parted` for a reason of their own; `barriers` are undefined registers that may not be read along.
    `crossing` is False where reads across the borders of the device are refused.
    `trials` counts longer reads that were tried in vain; limits are known `since` that Unix time, 0 if there are none.
    """

    refused: dict[str, float] = field(default_factory=dict)
    longest: int = 0
    too_long: frozenset[Span] = frozenset()
    parted: frozenset[Span] = frozenset()
    barriers: frozenset[Place] = frozenset()
    crossing: bool = True
    trials: int = 0
    since: float = 0.0

    def forget_limits(self) -> None:
        """Keep only what was refused."""
        self.longest = self.trials = 0
        self.since = 0.0
        self.crossing = True
        self.too_long = self.parted = frozenset()
        self.barriers = frozenset()

    def dump(self, spans: Mapping[str, Span]) -> dict[str, object]:
        """As JSON can hold it, with where measurements were refused; empty when nothing was."""
        if self.crossing and not (self.refused or self.too_long or self.parted or self.barriers):
            return {}
        return {
            "refused": dict(self.refused),
            "places": {name: spans[name] for name in self.refused},
            "longest": self.longest,
            "too_long": sorted(self.too_long),
            "parted": sorted(self.parted),
            "barriers": _runs(self.barriers),
            "crossing": self.crossing,
            "trials": self.trials,
            "since": self.since,
        }


def load(known: Mapping[str, object], spans: Mapping[str, Span], now: float) -> Findings:
    """What `dump` gave; what cannot be is left out, as it may have come from anywhere.

    So is a refused measurement that has other registers by now: `spans` are what is read for each.
    Times in the future, of a clock that was wrong, are brought back to what they can be at `now`.
    """
    refused = _object(known.get("refused"))
    places = {name: span for name, row in _object(known.get("places")).items() for span in _rows([row])}
    longest = int(_number(known.get("longest"), MAX_REGISTERS))
    return Findings(
        refused={
            name: _number(when, now + ASK_AGAIN)
            for name, when in refused.items()
            if name in spans and places.get(name, spans[name]) == spans[name]
        },
        longest=longest,
        too_long=frozenset(span for span in _rows(known.get("too_long")) if span[2] > longest),
        parted=frozenset(_rows(known.get("parted"))),
        barriers=frozenset(
            (f, at) for f, first, count in _rows(known.get("barriers")) for at in range(first, first + count)
        ),
        crossing=known.get("crossing") is not False,
        trials=int(_number(known.get("trials"), MOST_TRIALS)),
        since=_number(known.get("since"), now),
    )


def _object(value: object) -> Mapping[str, object]:
    """A JSON object; an empty one in place of what is none."""
    return value if isinstance(value, dict) else {}


def _number(value: object, most: float) -> float:
    """A number from 0 to `most`; 0 in place of what is none."""
    return min(max(float(value), 0.0), most) if isinstance(value, int | float) and value == value else 0.0


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


def _rows(value: object) -> list[Span]:
    """Rows of function, address and count; leaves out all others."""
    rows = value if isinstance(value, list) else []
    return [(row[0], row[1], row[2]) for row in rows[:MOST_ROWS] if isinstance(row, list | tuple) and _is_span(row)]


def _is_span(row: Sequence[object]) -> bool:
    if len(row) != 3 or not all(type(number) is int for number in row):
        return False
    function, address, count = row
    return 0 <= address <= 0xFFFF and 1 <= count <= MAX_READ.get(function, 0)  # type: ignore[operator,call-overload]
