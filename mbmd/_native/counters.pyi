from array import array
from collections.abc import Iterable

HELD_BACK: int
"""The value is implausible and was taken out of the column."""
ACCEPTED_ANEW: int
"""The value is implausible but persists: it counts from now on, and stays in the column."""
REFRESH: float
"""Seconds of growth that are allowed on top of the time passed: meters renew their counters less often than
they are polled."""
PERSISTS: int
"""At so many implausible values in a row that continue each other the counter is believed, as after the meter
was replaced."""

class CounterGuard:
    """Holds back what an energy counter cannot have counted: it never runs backwards, and grows no faster
    than the device's rating.

    A counter is (slot, growth, step, rounding): the most that it may grow in a second, which may be infinite;
    its resolution; and the relative rounding of its number format, 0 for integers. `slots` is the length of
    the columns, at most 65536. Raises ValueError for other slots, a slot outside of the column or there twice,
    and for numbers that are negative or not finite. Memory is constant.
    """

    slots: int

    def __init__(self, slots: int, counters: Iterable[tuple[int, float, float, float]]) -> None: ...
    def check(self, now: float, column: array[float]) -> tuple[tuple[int, int], ...]:
        """Judge the counters in a column that was read at the monotonic second `now`, and say of which slots
        the value was HELD_BACK or ACCEPTED_ANEW: (slot, verdict) in the order of the counters.

        The first value of a counter is believed. Later it may be greater than the last one believed by the
        growth in the time between (none, if the clock ran backwards) and in REFRESH, by a step and by the
        rounding. Where it is less by no more than the rounding, the last one stays in the column. Any other is
        replaced by NaN, until PERSISTS in a row are no further from each other than a plausible value could be.
        NaN and infinities are no readings: they are left alone and change nothing.

        The column has exactly `slots` doubles, else ValueError; TypeError when it holds no doubles,
        BufferError when it cannot be written. `now` is from 0 on, else ValueError.
        """
    def count(self, slot: int, /) -> int:
        """How many values of a counter were held back so far. ValueError, here and below, when the slot is no
        counter."""
    def base(self, slot: int, /) -> float:
        """The last value of a counter that was believed; NaN if there was none."""
    def offered(self, slot: int, /) -> float:
        """The last value of a counter that was held back; NaN if there was none."""
