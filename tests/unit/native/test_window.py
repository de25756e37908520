"""The minute window against a plain list of all readings."""

import math
from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd._native.window import MinuteWindow, Summary
from tests import reference
from tests.unit.native.streams import resident_bytes

NAN = math.nan


def mean(window: MinuteWindow, now: float) -> list[float]:
    column = array("d", [99]) * window.slots
    window.mean(now, column)
    return list(column)


def add(window: MinuteWindow, now: float, *values: float) -> None:
    window.add(now, array("d", values))


values = st.one_of(st.just(NAN), st.floats(-1e12, 1e12), st.integers(-3, 3).map(float))
# From many polls a second to gaps of hours; whole seconds meet the edges of the buckets.
pauses = st.one_of(
    st.floats(0, 0.5), st.floats(0, 5), st.sampled_from([0.0, 1.0, 59.0, 60.0, 61.0, 120.0]), st.floats(0, 1e5)
)
starts = st.one_of(st.floats(0, 130), st.floats(0, 1e9), st.sampled_from([0.0, 8e15]))


@given(starts, st.integers(0, 4), st.data())
def test_mean_is_that_of_the_oracle(now: float, slots: int, data: st.DataObject) -> None:
    window = MinuteWindow(slots)
    oracle = reference.Minute(slots)
    columns = st.lists(values, min_size=slots, max_size=slots)
    for pause, column in data.draw(st.lists(st.tuples(pauses, st.one_of(st.none(), columns)), max_size=60)):
        now += pause
        if column is None:
            window.clear()
            oracle.readings.clear()
        else:
            add(window, now, *column)
            oracle.add(now, column)
        assert mean(window, now) == pytest.approx(oracle.mean(now), nan_ok=True, rel=1e-9, abs=1e-3)
    later = now + data.draw(pauses)
    assert mean(window, later) == pytest.approx(oracle.mean(later), nan_ok=True, rel=1e-9, abs=1e-3)


@pytest.mark.parametrize("rate", [0.5, 1, 2, 7, 50])
def test_steady_rates_over_several_minutes(rate: float) -> None:
    window = MinuteWindow(2)
    oracle = reference.Minute(2)
    for i in range(int(200 * rate)):
        column = [float(i % 17), NAN if i % 3 else float(i)]
        add(window, 5 + i / rate, *column)
        oracle.add(5 + i / rate, column)
    now = 5 + 199.5
    assert mean(window, now) == pytest.approx(oracle.mean(now), rel=1e-12)


def test_nothing_is_no_reading() -> None:
    assert all(math.isnan(value) for value in mean(MinuteWindow(3), 0))


@pytest.mark.parametrize("start", [0.0, 0.999, 17.3, 58.0, 59.0, 60.0, 1e6])
def test_counts_for_sixty_seconds(start: float) -> None:
    window = MinuteWindow(1)
    add(window, start, 7)
    assert mean(window, start) == [7]
    assert mean(window, math.floor(start) + 59.999) == [7]
    assert math.isnan(mean(window, math.floor(start) + 60)[0])


def test_a_second_makes_way_for_that_a_minute_later() -> None:
    window = MinuteWindow(1)
    add(window, 10.2, 1)
    add(window, 70.1, 5)
    assert mean(window, 70.1) == [5]


def test_slots_without_readings_stay_apart() -> None:
    window = MinuteWindow(3)
    add(window, 1, 1, NAN, 3)
    add(window, 2, 3, NAN, NAN)
    first, second, third = mean(window, 2)
    assert (first, third) == (2, 3)
    assert math.isnan(second)


def test_no_rounding_is_left_behind_by_what_has_gone() -> None:
    window = MinuteWindow(1)
    add(window, 0, 1e300)
    add(window, 60, 0.1)
    assert mean(window, 60) == [0.1]


@pytest.mark.parametrize("now", [0.0, 30.0, 58.9, 59.0, 60.0, 1e6])
def test_clear_forgets_at_any_time_after_boot(now: float) -> None:
    window = MinuteWindow(1)
    add(window, now, 7)
    window.clear()
    assert math.isnan(mean(window, now)[0])
    add(window, now, 1)
    assert mean(window, now) == [1]


def test_memory_does_not_grow_with_the_rate() -> None:
    window = MinuteWindow(100)
    column = array("d", [1]) * 100
    window.add(0, column)
    before = resident_bytes()
    for i in range(100_000):
        window.add(i / 1000, column)
    assert resident_bytes() - before < 40_000_000  # half of what came
    assert mean(window, 99.999) == [1] * 100


@pytest.mark.parametrize("now", [-1.0, -0.001, NAN, math.inf, -math.inf, 9e15])
def test_times_out_of_range(now: float) -> None:
    window = MinuteWindow(1)
    with pytest.raises(ValueError, match="now"):
        add(window, now, 1)
    with pytest.raises(ValueError, match="now"):
        mean(window, now)


@pytest.mark.parametrize("length", [0, 1, 3])
def test_columns_of_another_length(length: int) -> None:
    window = MinuteWindow(2)
    column = array("d", [0]) * length
    with pytest.raises(ValueError, match="slots"):
        window.add(1, column)
    with pytest.raises(ValueError, match="slots"):
        window.mean(1, column)
    column.append(1)  # would be refused while the buffer is held


@pytest.mark.parametrize("column", [None, [0.0], array("f", [0, 0]), array("q", [0]), array("B", bytes(8))])
def test_a_column_is_of_doubles(column: object) -> None:
    window = MinuteWindow(1)
    with pytest.raises(TypeError):
        window.add(1, column)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        window.mean(1, column)  # type: ignore[arg-type]


@pytest.mark.parametrize("slots", [-1, 0x10001])
def test_slots_out_of_range(slots: int) -> None:
    with pytest.raises(ValueError, match="slots"):
        MinuteWindow(slots)


def test_most_slots() -> None:
    window = MinuteWindow(0x10000)
    add(window, 59, *[2.0] * 0x10000)
    assert set(mean(window, 59)) == {2.0}


@given(st.integers(0, 4), st.data())
def test_a_summary_is_that_of_the_oracle(slots: int, data: st.DataObject) -> None:
    lasting = data.draw(st.sets(st.sampled_from(range(slots)))) if slots else set()
    summary = Summary(slots, lasting)
    kept: list[list[float]] = []
    columns = st.lists(values, min_size=slots, max_size=slots)
    for column in data.draw(st.lists(st.none() | columns, max_size=30)):
        if column is None:
            summary.clear()
            kept.clear()
        else:
            summary.add(array("d", column))
            kept.append(column)
        came = [[column[slot] for column in kept if not math.isnan(column[slot])] for slot in range(slots)]
        wanted = [
            NAN if not read else read[-1] if slot in lasting else math.fsum(read) / len(read)
            for slot, read in enumerate(came)
        ]
        assert summary_of(summary) == pytest.approx(wanted, nan_ok=True, rel=1e-9, abs=1e-3)


def summary_of(summary: Summary) -> list[float]:
    column = array("d", [99]) * summary.slots
    summary.mean(column)
    return list(column)


@pytest.mark.parametrize("column", [None, [0.0], array("f", [0, 0]), array("d", [0]), array("d", [0, 0, 0])])
def test_a_summary_takes_columns_of_its_slots(column: Any) -> None:
    summary = Summary(2)
    for take in (summary.add, summary.mean):
        with pytest.raises((TypeError, ValueError)):
            take(column)


@pytest.mark.parametrize(("slots", "lasting"), [(-1, ()), (0x10001, ()), (2, (2,)), (2, (-1,)), (0, (0,))])
def test_a_summary_of_slots_out_of_range(slots: int, lasting: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="slot"):
        Summary(slots, lasting)
