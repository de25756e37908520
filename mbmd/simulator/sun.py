"""The sun on the panels of a house and what it does to its meter: pure functions of time that repeat every day.

Times are seconds since a midnight, of days that may be shorter than those of the earth; counters run in real time, so
that they are the exact integral of the powers that are seen.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from mbmd.simulator.meter import Wave, between

SUNRISE, SUNSET = 0.25, 0.75
"""Parts of the day."""

_SAMPLES = 1000
"""Pieces of a day in each of which a power changes its sign no more than once."""
_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Day:
    """How many seconds a day has, and the part of it that is over when the simulation begins."""

    length: float = 600.0
    start: float = 10 / 24

    def part(self, time: float) -> float:
        """The part of the day that is over at a time, from 0 to 1."""
        return time % self.length / self.length

    def is_light(self, time: float) -> bool:
        """Whether the sun is up."""
        return SUNRISE < self.part(time) < SUNSET


@dataclass(frozen=True, slots=True)
class Panels:
    """The panels of one string: from `rise` to `fall`, parts of the day, they have sun, and `clouds` come over it.

    In between, with an angle that goes from 0 to pi, the power is peak * sin²(angle) * (1 - depth * sin²(clouds *
    angle)): a sum of cosines of even multiples of the angle, which has an exact integral.
    """

    day: Day
    peak: float
    rise: float
    fall: float
    clouds: int
    depth: float = 0.35

    def at(self, time: float) -> float:
        """Watts at a time."""
        angle = self._angle(self.day.part(time))
        if not 0 < angle < math.pi:
            return 0.0
        return max(0.0, self.peak * sum(share * math.cos(2 * n * angle) for n, share in self._cosines()))

    def integral(self, time: float) -> float:
        """Joules from time 0 on."""
        days, rest = divmod(time, self.day.length)
        return days * self._until(math.pi) + self._until(self._angle(rest / self.day.length))

    def _angle(self, part: float) -> float:
        return math.pi * min(max((part - self.rise) / (self.fall - self.rise), 0.0), 1.0)

    def _until(self, angle: float) -> float:
        area = sum(share * (math.sin(2 * n * angle) / (2 * n) if n else angle) for n, share in self._cosines())
        return self.peak * area * (self.fall - self.rise) * self.day.length / math.pi

    def _cosines(self) -> tuple[tuple[int, float], ...]:
        n, quarter = self.clouds, self.depth / 4
        return (
            (0, 0.5 - quarter),
            (1, quarter - 0.5),
            (n, quarter),
            (n - 1, -quarter / 2),
            (n + 1, -quarter / 2),
        )


class Curve(NamedTuple):
    """A power by time, in W, and its exact integral from time 0 on, in J."""

    at: Callable[[float], float]
    integral: Callable[[float], float]


class Balance:
    """The two counters of a power that repeats every day: what is above 0 and what is below it."""

    def __init__(self, power: Curve, day: Day) -> None:
        self._power = power
        self._day = day.length
        self._edges = (0.0, *_roots(power.at, day.length), day.length)
        areas = [power.integral(end) - power.integral(start) for start, end in pairwise(self._edges)]
        self._above, self._below = ([0.0], [0.0])
        for area in areas:
            self._above.append(self._above[-1] + max(area, 0.0))
            self._below.append(self._below[-1] + max(-area, 0.0))

    def after(self, time: float) -> tuple[float, float]:
        """Joules above 0 and below it from time 0 on."""
        days, rest = divmod(time, self._day)
        piece = bisect_right(self._edges, rest) - 1
        area = self._power.integral(rest) - self._power.integral(self._edges[piece])
        above, below = self._above[piece] + max(area, 0.0), self._below[piece] + max(-area, 0.0)
        return days * self._above[-1] + above, days * self._below[-1] + below


def _roots(function: Callable[[float], float], end: float) -> list[float]:
    """Where a function changes its sign."""
    times = [end * number / _SAMPLES for number in range(_SAMPLES + 1)]
    values = [function(time) for time in times]
    return [_root(function, *times[n : n + 2]) for n in range(_SAMPLES) if (values[n] > 0) is not (values[n + 1] > 0)]


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    was_above = function(low) > 0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if (function(middle) > 0) is was_above else (low, middle)
    return low


def daily_wave(day: Day, mean: float, swing: float, *seed: str) -> Wave:
    """A slow and a quick swing, together never more than `swing`, that are the same every day."""
    parts = ((0.6, 3, "slow"), (0.4, 23, "quick"))
    return Wave(
        mean,
        tuple(
            (share * swing, day.length / times, between(0, math.tau, *seed, name, "phase"))
            for share, times, name in parts
        ),
    )


ROOFS = MappingProxyType({"East": (SUNRISE, 0.625, 7), "West": (0.375, SUNSET, 5)})
"""Sides of a roof: when the sun comes and goes, and the clouds."""
