"""The native kernels one by one, beside pymodbus, a CRC in Rust, and the pure Python that they are tested against.

Every round is a fresh process in which pyperf takes the CPU time of all ways in turn, every other time in the reverse
order; so what is compared is measured within moments of each other, and ratios are of such pairs. The instructions are
counted under callgrind: the same run counts the same again, while other statements beside them may move the smallest
by 1 %.
"""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec

from benchmarks.effort import Effort
from benchmarks.figure import Figure, ratio
from benchmarks.kernel import clock, instructions
from benchmarks.kernel.cases import Case, Way, cases

SLOW = "oracle"
"""The way that a quick run leaves out."""
OPTIONAL = {"fastcrc": "not installed: pip install fastcrc, or mbmd's extra `bench`"}
"""Rivals that need not be there, and what to do about it."""
PART = 1e-3
"""Of the seconds of a measurement, the part that each value of a kernel takes: there are many of them."""


def run(effort: Effort) -> Iterator[Figure]:
    """Times, where pyperf is installed, and instructions, where valgrind is."""
    chosen = [_ways_here(case, effort) for case in cases()]
    if clock.is_there():
        yield from _times(chosen, effort)
    else:
        effort.left_out["times of kernels"] = clock.MISSING
    try:
        yield from _instructions(chosen, effort)
    except instructions.CannotCountError as error:
        effort.left_out["instructions of kernels"] = str(error)


def _ways_here(case: Case, effort: Effort) -> Case:
    """The case with the ways that can be gone here."""
    missing = {way for way in case.ways.keys() & OPTIONAL.keys() if find_spec(way) is None}
    effort.left_out.update((way, OPTIONAL[way]) for way in missing)
    missing |= {SLOW} if effort.quick else set()
    return case._replace(ways={name: way for name, way in case.ways.items() if name not in missing})


def _times(chosen: list[Case], effort: Effort) -> Iterator[Figure]:
    row = {_title(case, name): way for case in chosen for name, way in case.ways.items()}
    rounds = []
    for number in range(effort.repeat):
        effort.tell(f"{len(row)} statements, {number + 1} of {effort.repeat}")
        in_turn = row if number % 2 == 0 else dict(reversed(row.items()))
        rounds.append(clock.time_row(in_turn, PART * effort.seconds))
    values = {title: [times[title] for times in rounds] for title in row}
    for case in chosen:
        yield from _figures(case, values)


def _figures(case: Case, values: Mapping[str, list[float]]) -> Iterator[Figure]:
    ours = values[_title(case, "mbmd")]
    for name in case.ways:
        title = _title(case, name)
        yield Figure(title, "ns", tuple(values[title]), "lower" if name == "mbmd" else None)
        if name not in ("mbmd", SLOW):
            aim = case.aim if name == "pymodbus" else None
            yield ratio(f"{case.name}: mbmd beside {name}", values[title], ours, "higher", aim)


def _instructions(chosen: list[Case], effort: Effort) -> Iterator[Figure]:
    compared = [case.name for case in chosen if case.aim is not None and not effort.quick]
    ways: dict[str, Way] = {_title(case, "mbmd"): case.ways["mbmd"] for case in chosen}
    ways |= {_title(case, "pymodbus"): case.ways["pymodbus"] for case in chosen if case.name in compared}
    effort.tell(f"instructions of {len(ways)} statements")
    counts = dict(zip(ways, instructions.count([*ways.values()]), strict=True))
    for case in chosen:
        ours = counts[_title(case, "mbmd")]
        yield Figure(f"{case.name}: instructions", "instructions", (ours,), "lower")
        if case.name in compared:
            theirs = counts[_title(case, "pymodbus")]
            yield ratio(f"{case.name}: mbmd beside pymodbus, by instructions", (theirs,), (ours,), "higher", case.aim)


def _title(case: Case, way: str) -> str:
    return f"{case.name}: {way}"
