"""How long things took; pure."""

from collections.abc import Sequence
from typing import NamedTuple


class Delays(NamedTuple):
    """Of many durations that in the middle, those that 95 and 99 of 100 stay below, and the longest."""

    median: float
    p95: float
    p99: float
    longest: float


def delays(seconds: Sequence[float]) -> Delays:
    """Of at least one duration, by nearest rank. Raises ValueError if there are none."""
    if not seconds:
        raise ValueError("nothing came, so there is nothing to measure")
    ordered = sorted(seconds)
    return Delays(*(ordered[-(-len(ordered) * share // 100) - 1] for share in (50, 95, 99, 100)))
