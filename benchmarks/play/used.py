"""What masters made of serial lines, from the account of what was on them; pure."""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import TypeAlias

from benchmarks.play.lines import Account, Exchange
from benchmarks.play.pace import FRAME, Pace

Read: TypeAlias = tuple[int, int, int]
"""Function, first address, number of registers."""
Plans: TypeAlias = Mapping[int, frozenset[Read]]
"""The reads that make a set of readings of each unit."""


def by_bus(account: Account) -> list[list[Exchange]]:
    """The exchanges of each bus on which there were any, in their order."""
    buses: dict[int, list[Exchange]] = {}
    for exchange in account.exchanges:
        buses.setdefault(exchange.bus, []).append(exchange)
    return [*buses.values()]


def share(account: Account, plans: Plans, pace: Pace, idle: float = 0.0) -> float:
    """Of the time from the first to the last request of each bus, how much the reads of the plans take at the least.

    `idle` are seconds of buses on which there was nothing.
    """
    buses = by_bus(account)
    passed = sum(exchanges[-1].began - exchanges[0].began for exchanges in buses)
    if not passed:
        raise RuntimeError("no two requests came on a line, so there is nothing to measure")
    passed += idle
    asked = (exchange for exchanges in buses for exchange in exchanges[:-1])
    return sum(pace.cost(e.registers) for e in asked if (e.function, e.address, e.registers) in plans[e.unit]) / passed


def limit(plans: Plans, pace: Pace) -> float:
    """The most sets a second that a line with these units can carry, when they take turns."""
    round_of_all = sum(pace.cost(count) for reads in plans.values() for _, _, count in reads)
    return len(plans) / round_of_all


def silences(account: Account, pace: Pace) -> list[float]:
    """Seconds of silence before each request beyond what it must be; less than 0 is a violation."""
    return [e.silence - pace.silence for e in account.exchanges if e.silence is not None]


def busy(account: Account, pace: Pace) -> float:
    """Share of the time in which there were characters on the lines."""
    buses = by_bus(account)
    passed = sum(exchanges[-1].began - exchanges[0].began for exchanges in buses)
    asked = (exchange for exchanges in buses for exchange in exchanges[:-1])
    return sum(pace.characters(e.registers) * pace.character for e in asked) / passed


def late(account: Account) -> list[float]:
    """Seconds by which the last character of each answer came too late."""
    return [e.written - e.due for e in account.exchanges]


def drift(account: Account, pace: Pace) -> float:
    """How much longer all exchanges took than they should, as a share."""
    should = sum(pace.until_answered(FRAME + 2 * e.registers) for e in account.exchanges)
    return sum(late(account)) / should


def percentile(values: Iterable[float], share_below: float) -> float:
    """The smallest value that no more than the rest of the share is above: 0.5 is the median, 1.0 the greatest."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share_below * len(ordered)) - 1)]
