"""The last minute of a device poll by poll, and its last hour minute by minute; pure, in bounded memory.

Times are Unix seconds, of a clock that may jump: what lies ahead of it is dropped, so times always ascend.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cache
from math import floor
from typing import NamedTuple

from mbmd._native.window import Summary, completed, pack, series
from mbmd.measurements import Kind, Measurement

NAN = float("nan")
MINUTE = 60
MINUTES = 60
"""Minutes that are kept."""
STEP = 0.25
"""Seconds of the last minute that have one column at most: of polls that come faster the first reading counts.

A gap has a column of its own.
"""


class Columns:
    """Packed columns side by side, each with its time."""

    __slots__ = ("_columns", "_slots", "times")

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self.times = array("d")
        self._columns: list[bytes] = []

    def add(self, time: float, column: bytes) -> None:
        """Add a column that is later than all others."""
        self.times.append(time)
        self._columns.append(column)

    def complete(self, column: "array[float]") -> None:
        """Put readings where the last column has none."""
        self._columns[-1] = completed(self._columns[-1], column)

    def keep(self, after: float, before: float) -> None:
        """Forget all columns but those after a time and before another."""
        if self.times and (self.times[0] <= after or self.times[-1] >= before):
            first, last = bisect_right(self.times, after), bisect_left(self.times, before)
            del self.times[last:], self._columns[last:]
            del self.times[:first], self._columns[:first]

    def part(self, first: int, last: int) -> "Columns":
        """The columns from `first` on, up to but without `last`."""
        part = Columns(self._slots)
        part.times, part._columns = self.times[first:last], self._columns[first:last]
        return part

    def column(self, at: int) -> bytes:
        """One of them."""
        return self._columns[at]

    def series(self, slot: int) -> list[float]:
        """What all columns have in one slot."""
        return series(self._columns, self._slots, slot)


class Mark(NamedTuple):
    """What is the same as long as a part of a record is."""

    version: int
    first: int
    last: int


class Record:
    """What is kept of one device; `slots` of a column are those of the device."""

    __slots__ = ("_begun", "_hour", "_minute", "_polls", "_present", "_slots", "_summary")

    def __init__(self, measurements: Sequence[Measurement]) -> None:
        counters = (slot for slot, known in enumerate(measurements) if known.kind is Kind.COUNTER)
        self._slots = len(measurements)
        self._summary = Summary(self._slots, counters)
        self._minute = Columns(self._slots)
        self._hour = Columns(self._slots)
        self._present: int | None = None
        self._polls = self._begun = 0

    def add(self, time: float, column: "array[float]", packed: bytes | None = None) -> None:
        """Take what a poll brought; NaN is no reading. It is kept `packed`, if somebody else keeps it so too."""
        self._advance(time)
        self._polls += 1
        self._summary.add(column)
        times = self._minute.times
        if times and floor(times[-1] / STEP) == floor(time / STEP):
            self._minute.complete(column)
        else:
            self._minute.add(time, pack(column) if packed is None else packed)

    def lose(self, time: float) -> None:
        """The device went offline: what is plotted has a gap from here on."""
        self._advance(time)
        self._polls += 1
        self._minute.add(time, _blank(self._slots))

    def mark_of_minute(self, now: float) -> Mark:
        """What is another as soon as `minute` is."""
        return Mark(self._polls, *self._minute_until(now))

    def minute(self, now: float) -> Columns:
        """The columns of the 60 seconds before `now`."""
        return self._minute.part(*self._minute_until(now))

    def mark_of_hour(self, now: float) -> Mark:
        """What is another as soon as `hour` is."""
        end = floor(now / MINUTE)
        is_over = self._present is not None and self._present < end
        return Mark(self._begun, self._polls if is_over else 0, end)

    def hour(self, now: float) -> Columns:
        """A column for each of the last 60 minutes that have ended, from the first on of which something is kept.

        Its time is the minute's begin. It has the means of instants and the last values of counters; NaN where
        nothing was read.
        """
        end = floor(now / MINUTE)
        known = {floor(time / MINUTE): at for at, time in enumerate(self._hour.times)}
        wanted = [minute for minute in known if end - MINUTES <= minute < end]
        if self._present is not None and end - MINUTES <= self._present < end:
            wanted.append(self._present)
        filled = Columns(self._slots)
        for minute in range(min(wanted, default=end), end):
            filled.add(minute * MINUTE, self._of_minute(minute, known.get(minute)))
        return filled

    def _of_minute(self, minute: int, at: int | None) -> bytes:
        if at is not None:
            return self._hour.column(at)
        return self._summed() if minute == self._present else _blank(self._slots)

    def _summed(self) -> bytes:
        column = array("d", bytes(8 * self._slots))
        self._summary.mean(column)
        return pack(column)

    def _minute_until(self, now: float) -> tuple[int, int]:
        times = self._minute.times
        return bisect_right(times, now - MINUTE), bisect_right(times, now)

    def _advance(self, time: float) -> None:
        """It is that late: end the present minute if it is over, and forget what is too old or ahead."""
        minute = floor(time / MINUTE)
        if minute != self._present:
            self._begin(minute)
        self._minute.keep(time - MINUTE, time)

    def _begin(self, minute: int) -> None:
        if self._present is not None and self._present < minute:
            self._hour.add(self._present * MINUTE, self._summed())
        self._summary.clear()
        self._present = minute
        self._begun += 1
        self._hour.keep((minute - MINUTES) * MINUTE - 1, minute * MINUTE)


@cache
def _blank(slots: int) -> bytes:
    """A packed column without readings."""
    return pack(array("d", [NAN]) * slots)
