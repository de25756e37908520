"""A record against a plain list of all polls."""

import math
from array import array
from itertools import pairwise
from math import floor, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd._native.window import pack
from mbmd.measurements import CATALOGUE
from mbmd.readings.history import STEP, Columns, Mark, Record

MEASUREMENTS = [CATALOGUE[name] for name in ("Import", "Power", "Voltage")]
COUNTERS = {0}
NOON = 1_700_000_000.0 - 1_700_000_000.0 % 60

Seen = list[tuple[float, list[float]]]


class Oracle:
    """All polls that are not forgotten, as they came."""

    def __init__(self) -> None:
        self.steps: list[tuple[float, list[list[float]]]] = []
        self.minutes: dict[int, list[list[float]]] = {}
        self.present = 0

    def add(self, time: float, column: list[float]) -> None:
        self.steps = [(first, columns) for first, columns in self.steps if time - 60 < first < time]
        if self.steps and floor(self.steps[-1][0] / STEP) == floor(time / STEP):
            self.steps[-1][1].append(column)
        else:
            self.steps.append((time, [column]))
        minute = floor(time / 60)
        goes_on = self.present == minute
        self.minutes = {m: c for m, c in self.minutes.items() if minute - 60 <= m < minute + goes_on}
        self.minutes.setdefault(minute, []).append(column)
        self.present = minute

    def minute(self, now: float) -> Seen:
        return [
            (first, [next((value for value in slot if value == value), nan) for slot in zip(*columns, strict=True)])
            for first, columns in self.steps
            if now - 60 < first <= now
        ]

    def hour(self, now: float) -> Seen:
        end = floor(now / 60)
        there = [minute for minute in self.minutes if end - 60 <= minute < end]
        first = min(there, default=end)
        return [(m * 60.0, self._summary(self.minutes.get(m, [[nan] * 3]))) for m in range(first, end)]

    def _summary(self, columns: list[list[float]]) -> list[float]:
        slots = [[value for value in slot if value == value] for slot in zip(*columns, strict=True)]
        return [
            nan if not read else read[-1] if number in COUNTERS else math.fsum(read) / len(read)
            for number, read in enumerate(slots)
        ]


def seen(columns: Columns) -> Seen:
    values = zip(*(columns.series(slot) for slot in range(len(MEASUREMENTS))), strict=True)
    return list(zip(columns.times, map(list, values), strict=True))


def is_alike(one: Seen, other: Seen) -> bool:
    return [time for time, _ in one] == [time for time, _ in other] and all(
        mine == pytest.approx(theirs, nan_ok=True, rel=1e-9) for (_, mine), (_, theirs) in zip(one, other, strict=True)
    )


def poll(record: Record, time: float, *values: float) -> None:
    record.add(time, array("d", values))


value = st.one_of(st.just(nan), st.integers(-5, 5).map(float), st.floats(-1e6, 1e6))
pause = st.one_of(
    st.floats(0, 0.3),
    st.floats(0, 20),
    st.sampled_from([0.0, STEP, 1.0, 60.0, 3600.0, -0.1, -1.0, -60.0, -61.0]),
    st.floats(-4000, 8000),
    st.sampled_from([-1e9, 1e9]),
)


@given(
    st.sampled_from([NOON, NOON - 0.1, 0.0, 59.9]),
    st.lists(st.tuples(pause, st.lists(value, min_size=3, max_size=3), pause), max_size=40),
)
def test_it_keeps_what_the_oracle_keeps(time: float, polls: list[tuple[float, list[float], float]]) -> None:
    record, oracle = Record(MEASUREMENTS), Oracle()
    told: dict[tuple[str, Mark], Seen] = {}
    for step, column, later in polls:
        time = abs(time + step)
        poll(record, time, *column)
        oracle.add(time, column)
        for now in (time, time + later):
            minute, hour = seen(record.minute(now)), seen(record.hour(now))
            assert is_alike(minute, oracle.minute(now))
            assert is_alike(hour, oracle.hour(now))
            assert len(minute) <= 60 / STEP + 1
            assert len(hour) <= 60
            for key, content in ((("m", record.mark_of_minute(now)), minute), (("h", record.mark_of_hour(now)), hour)):
                assert is_alike(told.setdefault(key, content), content)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.24, 0.26, 1, 10])
def test_the_last_minute_is_even_at_every_rate_and_bounded(rate: float) -> None:
    record = Record(MEASUREMENTS)
    for number in range(int(130 / rate)):
        poll(record, NOON + number * rate, number, 1, 2)
    times = list(record.minute(NOON + 130).times)
    assert len(times) <= 241
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert max(pauses) < rate + STEP
    if rate > STEP:
        assert max(pauses) == pytest.approx(rate, abs=1e-5)
    assert len(record._minute.times) <= 241
    assert len(record._hour.times) <= 60


def test_what_is_read_seldom_is_not_lost_by_thinning() -> None:
    record = Record(MEASUREMENTS)
    poll(record, NOON, nan, 1, nan)
    poll(record, NOON + 0.1, 7, 2, nan)
    poll(record, NOON + 0.2, 8, 3, 9)
    assert seen(record.minute(NOON + 1)) == [(NOON, [7, 1, 9])]


def test_an_hour_has_means_of_instants_and_last_values_of_counters() -> None:
    record = Record(MEASUREMENTS)
    for second in range(180):
        poll(record, NOON + second, second, second, 230)
    assert seen(record.hour(NOON + 179)) == [(NOON, [59, 29.5, 230]), (NOON + 60, [119, 89.5, 230])]
    assert seen(record.hour(NOON + 180))[-1] == (NOON + 120, [179, 149.5, 230])


def test_who_goes_offline_keeps_the_hour_and_has_gaps() -> None:
    record = Record(MEASUREMENTS)
    poll(record, NOON + 1, 1, 2, 3)
    record.lose(NOON + 5)
    poll(record, NOON + 20, 4, 5, 6)
    middle = seen(record.minute(NOON + 30))[1]
    assert middle[0] == NOON + 5
    assert all(map(math.isnan, middle[1]))
    poll(record, NOON + 200, 7, 8, 9)
    hour = seen(record.hour(NOON + 400))
    assert [time - NOON for time, _ in hour] == [0, 60, 120, 180, 240, 300]
    assert [values[1] for _, values in hour if values[1] == values[1]] == [3.5, 8]
    assert seen(record.minute(NOON + 400)) == []
    assert seen(record.hour(NOON + 4000)) == []


def test_a_gap_that_begins_right_after_a_reading_is_one() -> None:
    record = Record(MEASUREMENTS)
    poll(record, NOON + 1, 1, 2, 3)
    record.lose(NOON + 1.1)
    poll(record, NOON + 20, 4, 5, 6)
    assert [values[0] == values[0] for _, values in seen(record.minute(NOON + 30))] == [True, False, True]


def test_a_clock_that_goes_back_drops_what_is_ahead_of_it() -> None:
    record = Record(MEASUREMENTS)
    for second in range(0, 600, 10):
        poll(record, NOON + second, 1, 1, 1)
    poll(record, NOON + 130, 2, 2, 2)
    assert [time - NOON for time in record.hour(NOON + 180).times] == [0, 60, 120]
    assert list(record.minute(NOON + 130).times) == [NOON + 130]


def test_a_device_without_measurements_has_no_values() -> None:
    record = Record([])
    for second in range(200):
        record.add(NOON + second, array("d"))
    assert len(record.hour(NOON + 200).times) == 3


def test_what_is_packed_already_is_kept_as_it_is() -> None:
    record, column = Record(MEASUREMENTS), array("d", [1, nan, 0.3])
    packed = pack(column)
    record.add(NOON, column, packed)
    assert record.minute(NOON).column(0) is packed
    poll(record, NOON + 1, 2, 3, 4)
    assert seen(record.minute(NOON + 1)) == [(NOON, [1, pytest.approx(nan, nan_ok=True), 0.3]), (NOON + 1, [2, 3, 4])]
