"""What changed between two runs of the benchmarks."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Literal, NamedTuple

import msgspec

from benchmarks.figure import Better, Figure
from benchmarks.numbers import percent, readable
from benchmarks.results import Results
from mbmd.cli.output import Styled, bad, bold, faint, good, print_line, print_table

Verdict = Literal["better", "worse", "same", "changed"]

HEADER = ("benchmark", "figure", "old", "new", "unit", "change", "verdict")
NUMBERS = ("old", "new", "change")

SURE = 0.9
"""Share of the pairs of an old and a new value that must point the same way."""
SMALLEST = {"instructions": 0.005}
"""Changes of the median below this share count as none, by unit: what is counted does not wobble as time does."""
SMALLEST_TIMED = 0.03
SMALLEST_ALONE = 0.1
"""Where one of the runs has a single value, nobody knows how far it wobbles."""


class Change(NamedTuple):
    """A figure of two runs."""

    benchmark: str
    old: Figure
    new: Figure

    @property
    def share(self) -> float | None:
        """By how much the median changed, as a share of the old one; None if that is 0 and the new one is not."""
        if self.old.median == self.new.median:
            return 0.0
        return (self.new.median - self.old.median) / abs(self.old.median) if self.old.median else None

    @property
    def verdict(self) -> Verdict:
        """Whether that is more than chance."""
        return verdict(self.old.values, self.new.values, self.new.better, self.new.unit)


def verdict(old: Sequence[float], new: Sequence[float], better: Better | None, unit: str = "") -> Verdict:
    """Whether values changed by more than chance, and which way.

    Two things must hold. Of all pairs of an old and a new value, nine in ten point the same way, and ties for neither:
    so the spreads may touch, not overlap. With five values each, chance alone does that in three of a hundred
    comparisons. And the medians are 3 % apart, as the same code is from one start to the next; 0.5 % where
    instructions are counted; 10 % where one side has a single value, whose spread is not known.
    """
    ups, downs = (sum(sign * b > sign * a for a, b in product(old, new)) for sign in (1, -1))
    is_sure = max(ups, downs) >= SURE * len(old) * len(new)
    if not is_sure or not _is_apart(old, new, unit):
        return "same"
    if better is None:
        return "changed"
    return "better" if (ups > downs) == (better == "higher") else "worse"


def compared(old: Results, new: Results) -> Iterator[Change]:
    """The figures that both runs have, in the order of the new one; one whose unit is another is another."""
    before = {(name, figure.name, figure.unit): figure for name, figure in old.figures()}
    for name, figure in new.figures():
        if (same := before.get((name, figure.name, figure.unit))) is not None:
            yield Change(name, same, figure)


def notes(old: Results, new: Results) -> Iterator[str]:
    """What else is to be known: what differs beside the code, and what only one of the runs has."""
    for what, a, b in (("the machine", old.machine, new.machine), ("the effort", old.effort, new.effort)):
        before, after = msgspec.structs.asdict(a), msgspec.structs.asdict(b)
        for key in before.keys() - {"load"}:
            if before[key] != after[key]:
                yield f"{what} differs: {key}: {before[key]}, now {after[key]}"
    for key in sorted(old.versions.keys() | new.versions.keys()):
        if (was := old.versions.get(key, "none")) != (now := new.versions.get(key, "none")):
            yield f"the versions differ: {key}: {was}, now {now}"
    yield from _only("old", old, new)
    yield from _only("new", new, old)


def print_comparison(old: Results, new: Results) -> None:
    """Print what changed."""
    print_line()
    print_line(bold(f"compared with {old.commit or 'no commit'} of {old.date:%Y-%m-%d %H:%M}"))
    print_line()
    print_table(HEADER, map(_row, compared(old, new)), NUMBERS)
    for number, note in enumerate(notes(old, new)):
        if number == 0:
            print_line()
        print_line(faint(note))


def _is_apart(old: Sequence[float], new: Sequence[float], unit: str) -> bool:
    before, after = Figure("", unit, tuple(old)).median, Figure("", unit, tuple(new)).median
    smallest = SMALLEST.get(unit, SMALLEST_TIMED if min(len(old), len(new)) > 1 else SMALLEST_ALONE)
    return abs(after - before) >= smallest * abs(before)


def _only(which: str, one: Results, other: Results) -> Iterator[str]:
    """What only one run has; of what was measured in both, each figure."""
    there = {(name, figure.name, figure.unit) for name, figure in other.figures()}
    for name, measured in one.benchmarks.items():
        if name not in other.benchmarks:
            yield f"only in the {which} run: {name}"
            continue
        for figure in measured.figures:
            if (name, figure.name, figure.unit) not in there:
                yield f"only in the {which} run: {name}: {figure.name} ({figure.unit})"


def _row(change: Change) -> tuple[str, ...]:
    colours = {"better": good, "worse": bad, "same": faint, "changed": _plain}
    share = "" if change.share is None else percent(change.share)
    return (
        change.benchmark,
        change.new.name,
        readable(change.old.median),
        readable(change.new.median),
        change.new.unit,
        share,
        colours[change.verdict](change.verdict),
    )


def _plain(text: str) -> Styled:
    return Styled(text, "")
