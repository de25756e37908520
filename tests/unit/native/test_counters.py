"""The guard of energy counters against an oracle that remembers everything."""

import math
import sys
from array import array
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbmd._native.counters import ACCEPTED_ANEW, HELD_BACK, PERSISTS, REFRESH, CounterGuard
from tests import reference
from tests.unit.native.streams import resident_bytes

NAN = math.nan
VERDICTS = {"held back": HELD_BACK, "accepted anew": ACCEPTED_ANEW}
FLOAT32 = 2.4e-7
TEN_KILOWATTS = 10 / 3600


class Limits(NamedTuple):
    """What a counter may do."""

    growth: float = TEN_KILOWATTS
    step: float = 0.01
    rounding: float = 0


def guard_of(limits: Limits) -> CounterGuard:
    return CounterGuard(1, [(0, *limits)])


def check(guard: CounterGuard, now: float, *values: float) -> tuple[list[float], tuple[tuple[int, int], ...]]:
    column = array("d", values)
    events = guard.check(now, column)
    return list(column), events


def verdicts(guard: CounterGuard, values: Sequence[float], pause: float = 1) -> list[int]:
    """What the guard of one counter says of each value, 0 for nothing."""
    said = [check(guard, 1000 + i * pause, value) for i, value in enumerate(values)]
    for (value,), events in said:
        assert math.isnan(value) or events != ((0, HELD_BACK),)
    return [events[0][1] if events else 0 for _, events in said]


# Multiples of powers of two, with which no sum is rounded: values at the very edge of what is plausible are met.
limits = st.builds(
    Limits,
    growth=st.sampled_from([0, 1 / 64, 0.25, 2, math.inf]),
    step=st.sampled_from([0, 0.125, 1]),
    rounding=st.sampled_from([0, 2**-22, 2**-4]),
)
values = st.one_of(
    st.sampled_from([NAN, math.inf, -math.inf]),
    st.integers(-20, 200).map(float),
    st.integers(-40, 4000).map(lambda eighths: eighths / 8),
    st.integers(2**19 - 4, 2**19 + 4).map(lambda eighths: eighths / 8),
)
pauses = st.sampled_from([0, 0, 0.125, 1, 1, 10, 60, 1000, -0.125, -60])
places = st.integers(0, 8)


def edges(counter: reference.Counter, now: float) -> list[float]:
    """Where verdicts change: values just plausible, just not, and those that just continue what was held back."""
    base, then = (counter.believed or [(0.0, now)])[-1]
    offered, before = (counter.held_back or [(0.0, now)])[-1]
    far = counter.growth * (max(now - then, 0) + 60) + counter.step
    near = counter.growth * (max(now - before, 0) + 60) + counter.step
    low = base - counter.rounding * abs(base)
    hair = 2**-12
    return [
        *(base, low, low - hair, base + far, base + far + hair),
        *(offered, offered + near, offered - near, offered + near + hair),
    ]


def assert_same(kernel: float, oracle: float) -> None:
    assert kernel == oracle or (math.isnan(kernel) and math.isnan(oracle))


def last_of(readings: list[tuple[float, float]]) -> float:
    return readings[-1][0] if readings else NAN


@given(st.lists(limits, max_size=3), st.integers(0, 3), st.integers(1, 4), st.data())
def test_any_sequence_is_judged_as_the_oracle_judges_it(
    counters: list[Limits], free: int, stride: int, data: st.DataObject
) -> None:
    slots = stride * len(counters) + free
    order = data.draw(st.permutations(range(0, stride * len(counters), stride)))
    guard = CounterGuard(slots, [(slot, *limit) for slot, limit in zip(order, counters, strict=True)])
    oracles = {slot: reference.Counter(*limit) for slot, limit in zip(order, counters, strict=True)}
    now = 10_000.0
    columns = st.lists(st.tuples(values, st.none() | places), min_size=slots, max_size=slots)
    for pause, drawn in data.draw(st.lists(st.tuples(pauses, columns), max_size=25)):
        now += pause
        shown = [
            value if place is None or slot not in oracles else edges(oracles[slot], now)[place]
            for slot, (value, place) in enumerate(drawn)
        ]
        column, events = check(guard, now, *shown)
        seen = {slot: oracle.look(shown[slot], now) for slot, oracle in oracles.items()}
        assert events == tuple((slot, VERDICTS[said]) for slot, (_, said) in seen.items() if said)
        for slot in range(slots):
            assert_same(column[slot], seen[slot][0] if slot in seen else shown[slot])
        for slot, oracle in oracles.items():
            assert guard.count(slot) == len(oracle.held_back)
            assert_same(guard.base(slot), last_of(oracle.believed))
            assert_same(guard.offered(slot), last_of(oracle.held_back))


anything = st.floats()


@given(st.floats(0), st.floats(0, 1e300), st.floats(0, 1e300), st.lists(st.tuples(st.floats(0, 8e15), anything)))
def test_what_leaves_the_guard_runs_backwards_only_when_accepted_anew(
    growth: float, step: float, rounding: float, readings: list[tuple[float, float]]
) -> None:
    guard = CounterGuard(1, [(0, growth, step, rounding)])
    last = -math.inf
    for now, value in readings:
        (shown,), events = check(guard, now, value)
        if math.isfinite(shown):
            assert shown >= last or events == ((0, ACCEPTED_ANEW),)
            assert shown == guard.base(0)
            last = shown


def test_steady_counting_passes() -> None:
    guard = guard_of(Limits())
    assert verdicts(guard, [100 + i * TEN_KILOWATTS for i in range(5000)]) == [0] * 5000
    assert guard.count(0) == 0


def test_a_counter_that_runs_backwards_is_held_back() -> None:
    guard = guard_of(Limits())
    assert verdicts(guard, [100, 99.99, 100, 0, 100.01]) == [0, HELD_BACK, 0, HELD_BACK, 0]
    assert (guard.count(0), guard.base(0), guard.offered(0)) == (2, 100.01, 0)


def test_a_jump_is_held_back_and_the_next_good_value_passes() -> None:
    guard = guard_of(Limits())
    assert verdicts(guard, [100, 65535, 100.01, 100.02]) == [0, HELD_BACK, 0, 0]
    assert (guard.count(0), guard.base(0), guard.offered(0)) == (1, 100.02, 65535)


@pytest.mark.parametrize(("seconds", "grown"), [(0, 1), (60, 2), (3600, 61)])
def test_how_far_a_counter_may_have_come(seconds: float, grown: float) -> None:
    # A kilowatt hour a minute, and a minute on top: meters renew their counters once in a while.
    for over, said in ((0.49, ()), (0.51, ((0, HELD_BACK),))):
        guard = guard_of(Limits(growth=1 / 60, step=0.5))
        check(guard, 1000, 100)
        assert check(guard, 1000 + seconds, 100 + grown + over)[1] == said


def test_after_a_long_silence_the_counter_has_gone_on() -> None:
    guard = guard_of(Limits())
    check(guard, 1000, 100)
    assert check(guard, 1000 + 3600, 110) == ([110], ())


@pytest.mark.parametrize("new", [0.25, 7e5])
def test_a_replaced_meter_is_believed_at_the_third_value(new: float) -> None:
    guard = guard_of(Limits())
    assert verdicts(guard, [100, new, new, new + 0.01, new + 0.02]) == [0, HELD_BACK, HELD_BACK, ACCEPTED_ANEW, 0]
    assert (guard.count(0), guard.base(0), guard.offered(0)) == (PERSISTS - 1, new + 0.02, new)


def test_a_value_taken_back_must_persist_from_the_beginning() -> None:
    guard = guard_of(Limits())
    said = verdicts(guard, [100, 5, 5, 100, 5, 5, 5])
    assert said == [0, HELD_BACK, HELD_BACK, 0, HELD_BACK, HELD_BACK, ACCEPTED_ANEW]


def test_a_value_that_stands_still_within_the_rounding_is_plausible_too() -> None:
    guard = guard_of(Limits(rounding=FLOAT32))
    said = verdicts(guard, [100, 5, 5, 100 - 1e-5, 5])
    assert said == [0, HELD_BACK, HELD_BACK, 0, HELD_BACK]


def test_noise_that_differs_each_time_is_never_believed() -> None:
    guard = guard_of(Limits())
    noise = [float(1000 + 7919 * i % 60013) for i in range(1000)]
    assert verdicts(guard, [100, *noise, 100]) == [0, *[HELD_BACK] * 1000, 0]
    assert guard.count(0) == 1000


def test_a_counter_that_takes_turns_with_noise_stays() -> None:
    guard = guard_of(Limits())
    assert verdicts(guard, [100, 1e6, 5, 1e6, 5, 1e6, 5, 100]) == [0, *[HELD_BACK] * 6, 0]


def test_rounding_of_floats_stands_still() -> None:
    shown, lower = 123456.7890625, 123456.78125  # neighbours among the floats of 32 bits
    guard = guard_of(Limits(rounding=FLOAT32))
    check(guard, 0, shown)
    assert check(guard, 1, lower) == ([shown], ())
    assert check(guard, 2, lower) == ([shown], ())
    assert (guard.base(0), guard.count(0)) == (shown, 0)
    exact = guard_of(Limits())
    check(exact, 0, shown)
    assert check(exact, 1, lower)[1] == ((0, HELD_BACK),)


def test_the_rounding_goes_by_the_size_of_negative_numbers_too() -> None:
    guard = guard_of(Limits(growth=0, step=0, rounding=1 / 16))
    assert verdicts(guard, [-20, -21.25, -19, -20.5, -17]) == [0, 0, 0, HELD_BACK, HELD_BACK]
    assert guard.base(0) == -19


def test_standing_still_does_not_let_a_counter_creep_back() -> None:
    guard = guard_of(Limits(growth=0, step=0, rounding=FLOAT32))
    assert verdicts(guard, [100 - i * 1e-5 for i in range(4)]) == [0, 0, 0, HELD_BACK]
    assert guard.base(0) == 100


def test_standing_still_is_news_of_now() -> None:
    guard = guard_of(Limits(growth=1, step=0, rounding=FLOAT32))
    check(guard, 0, 100)
    check(guard, 1000, 99.99999)
    assert check(guard, 1000, 100 + REFRESH + 1)[1] == ((0, HELD_BACK),)


@pytest.mark.parametrize("missing", [NAN, math.inf, -math.inf])
def test_no_reading_changes_nothing(missing: float) -> None:
    guard = guard_of(Limits())
    assert verdicts(guard, [missing, missing]) == [0, 0]
    assert all(math.isnan(value) for value in (guard.base(0), guard.offered(0)))
    said = verdicts(guard, [100, missing, 5, missing, 5, missing, 5])
    assert said == [0, 0, HELD_BACK, 0, HELD_BACK, 0, ACCEPTED_ANEW]


def test_a_counter_without_a_rating_may_only_not_run_backwards() -> None:
    guard = guard_of(Limits(growth=math.inf))
    assert verdicts(guard, [0, 1e300, 1]) == [0, 0, HELD_BACK]


def test_a_clock_that_runs_backwards_gives_and_takes_no_time() -> None:
    guard = guard_of(Limits(growth=1, step=0))
    check(guard, 1000, 100)
    assert check(guard, 0, 100 + REFRESH) == ([100 + REFRESH], ())
    assert check(guard, 0, 100 + 3 * REFRESH)[1] == ((0, HELD_BACK),)


def test_other_slots_are_left_alone() -> None:
    guard = CounterGuard(4, [(2, 0, 0, 0), (1, 0, 0, 0)])
    check(guard, 0, 9, 9, 9, 9)
    column, events = check(guard, 0, 1, 1, 1, 1)
    assert (column[0], column[3]) == (1, 1)
    assert all(math.isnan(value) for value in column[1:3])
    assert events == ((2, HELD_BACK), (1, HELD_BACK))


def test_nothing_wrong_is_the_same_nothing_each_time() -> None:
    guard = CounterGuard(100, [(slot, 1, 0, 0) for slot in range(100)])
    column = array("d", [1]) * 100
    quiet = guard.check(0, column)
    before = sys.getallocatedblocks()
    assert all(guard.check(now, column) is quiet for now in range(1000))
    assert sys.getallocatedblocks() - before < 100
    assert quiet == ()


def test_memory_does_not_grow_with_what_came() -> None:
    guard = CounterGuard(100, [(slot, 1, 0, 0) for slot in range(100)])
    column = array("d", [1]) * 100
    before = resident_bytes()
    for i in range(100_000):
        column[99] = 1 if i % 50 else i * 1e6
        guard.check(i / 1000, column)
    assert resident_bytes() - before < 40_000_000  # half of what came
    assert guard.count(99) == 2000 - 1


@pytest.mark.parametrize("now", [-1.0, -0.001, NAN, math.inf, -math.inf, 9e15])
def test_times_out_of_range(now: float) -> None:
    with pytest.raises(ValueError, match="now"):
        check(guard_of(Limits()), now, 1)


@pytest.mark.parametrize("length", [0, 1, 3])
def test_columns_of_another_length(length: int) -> None:
    guard = CounterGuard(2, [])
    column = array("d", [0]) * length
    with pytest.raises(ValueError, match="slots"):
        guard.check(1, column)
    column.append(1)  # would be refused while the buffer is held


@pytest.mark.parametrize("column", [None, [0.0], array("f", [0, 0]), array("q", [0]), array("B", bytes(8))])
def test_a_column_is_of_doubles(column: object) -> None:
    with pytest.raises(TypeError):
        guard_of(Limits()).check(1, column)  # type: ignore[arg-type]


def test_a_column_can_be_written() -> None:
    with pytest.raises(BufferError):
        guard_of(Limits()).check(1, bytes(8))  # type: ignore[arg-type]


@pytest.mark.parametrize("slots", [-1, 0x10001])
def test_slots_out_of_range(slots: int) -> None:
    with pytest.raises(ValueError, match="slots"):
        CounterGuard(slots, [])


@pytest.mark.parametrize("slot", [-1, 3, 0x10000, 2**100])
def test_counters_outside_of_the_column(slot: int) -> None:
    with pytest.raises(ValueError, match="slot"):
        CounterGuard(3, [(0, 1, 1, 0), (slot, 1, 1, 0)])


def test_a_counter_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        CounterGuard(3, [(1, 1, 1, 0), (1, 2, 1, 0)])


@pytest.mark.parametrize(
    "limits",
    [
        *(Limits(growth=wrong) for wrong in (-0.001, -math.inf, NAN)),
        *(Limits(step=wrong) for wrong in (-0.001, math.inf, NAN)),
        *(Limits(rounding=wrong) for wrong in (-0.001, math.inf, NAN)),
    ],
)
def test_limits_that_are_none(limits: Limits) -> None:
    with pytest.raises(ValueError, match="growth, step or rounding"):
        guard_of(limits)


@pytest.mark.parametrize("counters", [None, 3, [3], [(0, 1, 1)], [(0, "1", 1, 1)], [("0", 1, 1, 1)], [(0.5, 1, 1, 1)]])
def test_counters_that_are_none(counters: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        CounterGuard(1, counters)  # type: ignore[arg-type]


@pytest.mark.parametrize("slot", [-1, 0, 2, 3])
def test_a_slot_that_is_no_counter(slot: int) -> None:
    guard = CounterGuard(3, [(1, 1, 1, 0)])
    for ask in (guard.count, guard.base, guard.offered):
        with pytest.raises(ValueError, match="counter"):
            ask(slot)


def test_most_slots() -> None:
    guard = CounterGuard(0x10000, ((slot, 0, 0, 0) for slot in range(0x10000)))
    column = array("d", [2]) * 0x10000
    assert guard.check(0, column) == ()
    column = array("d", [1]) * 0x10000
    assert len(guard.check(0, column)) == 0x10000
    assert all(map(math.isnan, column))
    assert guard.base(0xFFFF) == 2
