"""The minute window against a plain list of all readings."""

import math
import struct
from array import array
from collections.abc import Iterable
from sys import getrefcount
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd._native.window import MinuteWindow, Summary, completed, pack, series
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


@st.composite
def packed_values(draw: st.DrawFn) -> float:
    """A value that a float can hold, or hardly."""
    single = draw(st.floats(width=32))
    return draw(st.sampled_from([single, math.nextafter(single, math.inf), NAN, -0.0, 1e39, 5e-324]))


def bits(numbers: Iterable[float]) -> list[bytes]:
    """Values by their bits, but for those of NaN."""
    return [b"" if math.isnan(number) else struct.pack("d", number) for number in numbers]


def as_float(number: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return NAN


@given(st.lists(packed_values(), max_size=9))
def test_a_packed_column_says_the_same_in_as_little_room_as_it_can(values: list[float]) -> None:
    kept = pack(array("d", values))
    assert bits(series([kept], len(values), slot)[0] for slot in range(len(values))) == bits(values)
    are_floats = bits(map(as_float, values)) == bits(values)
    assert len(kept) == len(values) * (4 if are_floats else 8)


@given(st.integers(1, 5).flatmap(lambda n: st.tuples(*[st.lists(packed_values(), min_size=n, max_size=n)] * 2)))
def test_a_packed_column_is_completed(both: tuple[list[float], list[float]]) -> None:
    old, new = both
    wanted = [after if math.isnan(before) else before for before, after in zip(old, new, strict=True)]
    made, packed = (completed(pack(array("d", old)), array("d", new)), pack(array("d", wanted)))
    assert len(made) == len(packed)
    assert bits(series([made], len(old), slot)[0] for slot in range(len(old))) == bits(wanted)


def test_what_lacks_nothing_stays_the_same_object() -> None:
    kept = pack(array("d", [1, NAN]))
    assert completed(kept, array("d", [2, NAN])) is kept


def test_the_window_gives_the_column_as_it_keeps_it() -> None:
    window = MinuteWindow(2)
    for now, values in ((1, [1.5, NAN]), (1.5, [0.1, 2]), (61, [3, 4])):
        column = array("d", values)
        assert window.add(now, column) == pack(column)


@pytest.mark.parametrize(("rate", "seconds"), [(0.05, 3), (0.1, 6), (0.3, 18), (1, 60)])
def test_a_window_keeps_no_more_columns_than_it_needs(rate: float, seconds: int) -> None:
    window = MinuteWindow(1)
    columns = [window.add(1e6 + number / rate, array("d", [number])) for number in range(300)]
    nobody_elses = pack(array("d", [-1]))
    holders = [getrefcount(columns[number]) for number in range(300)]
    assert sum(count == getrefcount(nobody_elses) + 1 for count in holders) == seconds


@pytest.mark.parametrize("kept", [b"", bytes(4), bytes(7), bytes(9), bytes(12), bytes(24)])
def test_packed_columns_of_other_lengths(kept: bytes) -> None:
    with pytest.raises(ValueError, match="slots"):
        completed(kept, array("d", [0, 0]))
    with pytest.raises(ValueError, match="slots"):
        series([bytes(8), kept], 2, 0)


@pytest.mark.parametrize("kept", [None, bytearray(8), [0.0], 3])
def test_a_packed_column_is_bytes(kept: Any) -> None:
    with pytest.raises(TypeError):
        completed(kept, array("d", [0, 0]))
    with pytest.raises(TypeError):
        series([kept], 2, 0)
    with pytest.raises(TypeError):
        series(kept, 2, 0)


@pytest.mark.parametrize(("slots", "slot"), [(2, -1), (2, 2), (0, 0), (-1, -1), (2**30, 1), (2**61, 1), (2**62, 2**40)])
def test_a_series_is_of_a_slot_that_is_there(slots: int, slot: int) -> None:
    with pytest.raises(ValueError, match="slot"):
        series([b""], slots, slot)


@pytest.mark.parametrize("column", [None, [0.0], array("f", [0, 0]), array("B", bytes(16))])
def test_what_is_packed_is_a_column(column: Any) -> None:
    with pytest.raises(TypeError):
        pack(column)
    with pytest.raises(TypeError):
        completed(bytes(8), column)


def test_a_time_before_the_last_minute_is_none_of_it() -> None:
    window = MinuteWindow(1)
    add(window, 100, 1)
    add(window, 40, 5)
    add(window, 41, 3)
    assert mean(window, 100) == [2]
