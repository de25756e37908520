"""The last minute of a device poll by poll, and its last hour minute by minute; pure, in bounded memory.

Times are Unix seconds, of a clock that may jump: what lies ahead of it is dropped, so times always ascend.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import floor
from typing import NamedTuple

from mbmd._native.window import Summary
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
    """Columns of doubles side by side, each with its time."""

    __slots__ = ("_slots", "times", "values")

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self.times = array("d")
        self.values = array("d")

    def add(self, time: float, column: "array[float]") -> None:
        """Add a column that is later than all others."""
        self.times.append(time)
        self.values.extend(column)

    def complete(self, column: "array[float]") -> None:
        """Put readings where the last column has none."""
        last = self.values[-self._slots :]
        if (total := sum(last)) != total:
            pairs = zip(last, column, strict=True)
            self.values[-self._slots :] = array("d", [old if old == old else new for old, new in pairs])

    def keep(self, after: float, before: float) -> None:
        """Forget all columns but those after a time and before another."""
        if self.times and (self.times[0] <= after or self.times[-1] >= before):
            first, last = bisect_right(self.times, after), bisect_left(self.times, before)
            del self.times[last:], self.values[last * self._slots :]
            del self.times[:first], self.values[: first * self._slots]

    def part(self, first: int, last: int) -> "Columns":
        """A copy of the columns from `first` on, up to but without `last`."""
        part = Columns(self._slots)
        part.times, part.values = self.times[first:last], self.values[first * self._slots : last * self._slots]
        return part

    def series(self, slot: int) -> list[float]:
        """What all columns have in one slot."""
        return self.values[slot :: self._slots].tolist()


class Mark(NamedTuple):
    """What is the same as long as a part of a record is."""

    version: int
    first: int
    last: int


class Record:
    """What is kept of one device; `slots` of a column are those of the device."""

    __slots__ = ("_begun", "_blank", "_column", "_hour", "_minute", "_polls", "_present", "_summary")

    def __init__(self, measurements: Sequence[Measurement]) -> None:
        counters = (slot for slot, known in enumerate(measurements) if known.kind is Kind.COUNTER)
        self._blank = array("d", [NAN]) * len(measurements)
        self._column = self._blank[:]
        self._summary = Summary(len(measurements), counters)
        self._minute = Columns(len(measurements))
        self._hour = Columns(len(measurements))
        self._present: int | None = None
        self._polls = self._begun = 0

    def add(self, time: float, column: "array[float]") -> None:
        """Take what a poll brought; NaN is no reading."""
        self._advance(time)
        self._polls += 1
        self._summary.add(column)
        times = self._minute.times
        if times and floor(times[-1] / STEP) == floor(time / STEP):
            self._minute.complete(column)
        else:
            self._minute.add(time, column)

    def lose(self, time: float) -> None:
        """The device went offline: what is plotted has a gap from here on."""
        self._advance(time)
        self._polls += 1
        self._minute.add(time, self._blank)

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
        filled = Columns(len(self._blank))
        for minute in range(min(wanted, default=end), end):
            filled.add(minute * MINUTE, self._of_minute(minute, known.get(minute)))
        return filled

    def _of_minute(self, minute: int, at: int | None) -> "array[float]":
        if at is not None:
            return self._hour.part(at, at + 1).values
        if minute != self._present:
            return self._blank
        self._summary.mean(self._column)
        return self._column

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
            self._summary.mean(self._column)
            self._hour.add(self._present * MINUTE, self._column)
        self._summary.clear()
        self._present = minute
        self._begun += 1
        self._hour.keep((minute - MINUTES) * MINUTE - 1, minute * MINUTE)
