"""What is read of a device and when, and how long old values count."""

from collections.abc import Iterable
from math import inf, isnan, nan
from typing import TYPE_CHECKING

import pytest

from mbmd.bus.meter import WITHDRAWN_AFTER, Doubt, Meter
from mbmd.config.options import PollClass
from mbmd.devices.schema import Register, Scale
from mbmd.measurements import CATALOGUE, Kind, Measurement
from mbmd.planner import Block, refine
from tests.polled_bus import RATE, SLOW_RATE, make_meter, meter_of, plans

if TYPE_CHECKING:
    from array import array


def column(meter: Meter, **values: float) -> "array[float]":
    fresh = meter.readings.blank()
    for name, value in values.items():
        fresh[meter.readings.slots[name]] = value
    return fresh


def latest(meter: Meter) -> dict[str, float]:
    return {name: meter.readings.latest[slot] for name, slot in meter.readings.slots.items()}


def blocks(meter: Meter) -> list[Block]:
    return [block for group in meter.groups for block in group.plan]


def commit(meter: Meter, when: float, failed: Iterable[Block] = (), left: Iterable[Block] = (), **v: float) -> None:
    """A poll that asked for all and brought `v`."""
    failed, left = list(failed), list(left)
    answered = [block for block in blocks(meter) if block not in failed + left]
    meter.count(failed)
    meter.commit(column(meter, **v), answered, [], when, when, not (failed or left))


def offline_and_back(meter: Meter) -> None:
    meter.go_offline("no answer")
    meter.readings.online = True


def test_a_device_that_is_offline_is_asked_a_short_read_first_and_then_all() -> None:
    meter = make_meter(slow=[200])
    assert [str(block) for block in meter.due(0.0)] == ["3:200+1", "3:0+4", "3:100+2"]
    meter.readings.online = True
    assert [str(block) for block in meter.due(0.0)] == ["3:0+4", "3:100+2", "3:200+1"]


def test_registers_are_read_at_the_rate_of_their_class() -> None:
    meter = make_meter(slow=[100, 101], once=[200])
    meter.readings.online = True
    read: dict[str, list[int]] = {}
    for second in range(21):
        for block in meter.due(second):
            read.setdefault(str(block), []).append(second)
        assert meter.advance(second, meter.due(second), [], []) == second + RATE
    assert read == {"3:0+4": list(range(21)), "3:100+2": [0, SLOW_RATE, 2 * SLOW_RATE], "3:200+1": [0]}
    assert [group.due for group in meter.groups] == [21, 30, inf]
    assert meter.readings.health.rate == RATE


def test_the_account_has_the_rate_of_each_measurement() -> None:
    meter = make_meter(addresses=[0, 100, 200], slow=[100], once=[200])
    rates = [meter.readings.health.rates[row.measurement] for row in meter.settings.registers]
    assert rates == [RATE, SLOW_RATE, inf]


def test_what_is_slow_is_read_no_more_often_than_what_is_fast() -> None:
    meter = make_meter(slow=[200], rate=60.0)
    assert [group.rate for group in meter.groups] == [60, 60]


def test_without_fast_registers_the_slow_ones_set_the_pace() -> None:
    meter = make_meter(addresses=[100, 200], slow=[100], once=[200])
    assert meter.advance(5.0, blocks(meter), [], []) == 5 + SLOW_RATE
    assert meter.readings.health.rate == SLOW_RATE


def test_what_is_read_seldom_is_read_with_the_next_poll_if_it_failed_or_was_left() -> None:
    meter = make_meter(slow=[100, 101], once=[200])
    meter.readings.online = True
    fast, slow, once = blocks(meter)
    meter.advance(0.0, [fast, slow], [once], [])
    assert meter.due(RATE) == [fast, once]
    meter.advance(RATE, [fast, once], [], [])
    assert meter.due(2 * RATE) == [fast]
    meter.advance(SLOW_RATE, [fast], [], [slow])
    assert meter.due(SLOW_RATE + RATE) == [slow, fast]


def test_a_read_that_is_never_answered_is_asked_for_more_and_more_seldom() -> None:
    meter = make_meter(addresses=(0, 100))
    good, silent = blocks(meter)
    asked = []
    for second in range(200):
        due = meter.due(float(second)) if second else [good, silent]
        failed = [block for block in due if block is silent]
        asked += [second] * len(failed)
        meter.count(failed)
        meter.commit(column(meter, Current=1), [good], [], second, second, not failed)
        meter.advance(float(second), [good], failed, [])
    assert asked == [0, 1, 2, 3, 5, 9, 17, 33, 65, 125, 185]


def test_a_device_that_returns_is_read_whole() -> None:
    meter = make_meter(slow=[100, 101], once=[200])
    meter.advance(0.0, blocks(meter), [], [])
    offline_and_back(meter)
    assert meter.due(0.5) == blocks(meter)


def test_a_read_is_proven_when_all_of_its_rate_was_answered_by_the_plan_of_now() -> None:
    meter = make_meter(slow=[200])
    first, second, slow = blocks(meter)
    assert not meter.proven(first)
    meter.advance(0.0, [first, second], [slow], [])
    assert meter.proven(first)
    assert not meter.proven(slow)
    meter.replan()
    assert meter.proven(first)
    meter.remember({"refused": {"Current": 2e9}}, 1_700_000_000.0)
    assert not any(map(meter.proven, [first, *blocks(meter)]))


def test_what_was_learned_another_time_is_planned_with_from_the_start() -> None:
    meter = make_meter()
    meter.learned.rejected(blocks(meter)[2], blocks(meter)[2], blocks(meter)[:2])
    meter.learned.conclude(blocks(meter)[:2], 1_700_000_000.0)
    again = make_meter()
    again.remember(meter.learned.dump(), 1_700_000_000.0)
    assert plans(again) == ["3:0+4", "3:100+2"]
    assert again.readings.health.refused == ("Sum",)
    assert again.readings.health.plan == (2, 6, 0)


def test_the_account_tells_how_a_device_is_read() -> None:
    meter = make_meter(addresses=(0, 2, 4, 100), slow=[100])
    assert meter.readings.health.plan == (2, 6, 2)


def test_a_read_that_fails_is_asked_after_the_others() -> None:
    meter = make_meter(addresses=(0, 100, 200))
    meter.readings.online = True
    first, *others = blocks(meter)
    meter.advance(-1.0, others, [first], [])
    assert [block.address for block in meter.due(0.0)] == [100, 200, 0]


def test_values_of_a_failed_read_are_kept_but_not_for_ever() -> None:
    meter = make_meter(addresses=(0, 100))
    failing = blocks(meter)[1]
    commit(meter, 1, Current=1, Voltage=230)
    for poll in range(1, WITHDRAWN_AFTER):
        commit(meter, 1 + poll, [failing], Current=1 + poll)
        assert latest(meter) == {"Current": 1 + poll, "Voltage": 230}
    commit(meter, 9, [failing], Current=9)
    assert latest(meter)["Current"] == 9
    assert isnan(latest(meter)["Voltage"])


def test_one_good_read_begins_the_count_anew() -> None:
    meter = make_meter(addresses=(0, 100))
    failing = blocks(meter)[1]
    commit(meter, 1, Current=1, Voltage=230)
    for poll in range(2, 20):
        failed = [failing] if poll % WITHDRAWN_AFTER else []
        commit(meter, poll, failed, Current=poll, Voltage=nan if failed else poll)
        assert latest(meter)["Voltage"] == (230 if poll < WITHDRAWN_AFTER else poll - poll % WITHDRAWN_AFTER)


def test_reads_are_counted_each_for_itself() -> None:
    meter = make_meter(addresses=(0, 100))
    first, second = blocks(meter)
    commit(meter, 1, Current=1, Voltage=2)
    for poll in range(2, 2 + 2 * WITHDRAWN_AFTER):
        failed = first if poll % 2 else second
        values = {"Voltage": 2.0} if failed is first else {"Current": 1.0}
        commit(meter, poll, [failed], [], **values)
        assert latest(meter) == {"Current": 1, "Voltage": 2}


def test_a_value_that_is_marked_as_none_is_not_kept() -> None:
    meter = make_meter(addresses=(0, 100))
    commit(meter, 1, Current=1, Voltage=2)
    commit(meter, 2, Current=1)
    assert isnan(latest(meter)["Voltage"])


def test_a_value_that_is_marked_as_none_is_not_kept_by_a_part_of_the_reads_either() -> None:
    meter = make_meter(addresses=(0, 100, 200))
    commit(meter, 1, Current=1, Voltage=2, Power=3)
    commit(meter, 2, left=[blocks(meter)[2]], Current=1)
    assert isnan(latest(meter)["Voltage"])
    assert latest(meter)["Power"] == 3


def test_kept_values_do_not_count_for_the_mean() -> None:
    meter = make_meter(addresses=(0, 100))
    commit(meter, 1, Current=1, Voltage=100)
    commit(meter, 2, [blocks(meter)[1]], Current=2)
    commit(meter, 3, Current=3, Voltage=200)
    means = meter.readings.mean(4)
    assert means[meter.readings.slots["Current"]] == pytest.approx(2)
    assert means[meter.readings.slots["Voltage"]] == pytest.approx(150)


def test_values_of_reads_that_were_left_are_kept_and_are_no_failures() -> None:
    meter = make_meter(addresses=(0, 100))
    held = blocks(meter)[1]
    commit(meter, 1, Current=1, Voltage=2)
    for poll in range(2, 2 + 2 * WITHDRAWN_AFTER):
        commit(meter, poll, left=[held], Current=poll)
        assert latest(meter) == {"Current": poll, "Voltage": 2}
    assert not meter.failures


IMPORT = Register("Import", 3, 0, "uint32", 100)
POWER = Register("Power", 3, 2, "uint16")


def test_a_counter_that_leaps_is_taken_out_and_keeps_its_latest_value() -> None:
    meter = meter_of([IMPORT, POWER])
    assert meter.check(column(meter, Import=5, Power=1), 1) == []
    commit(meter, 1, Import=5, Power=1)
    fresh = column(meter, Import=500_000, Power=2)
    (doubt,) = meter.check(fresh, 2)
    assert doubt == Doubt("Import", 500_000, 5, believed=False, unguarded=False)
    assert isnan(fresh[meter.readings.slots["Import"]])
    meter.commit(fresh, blocks(meter), [doubt], 2, 2, True)
    assert latest(meter) == {"Import": 5, "Power": 2}
    assert meter.readings.health.held_back == {"Import": 1}


def test_what_is_no_counter_may_leap_as_it_likes() -> None:
    meter = meter_of([IMPORT, POWER])
    assert meter.check(column(meter, Import=5, Power=1), 1) == []
    assert meter.check(column(meter, Import=5, Power=60_000), 2) == []
    assert meter.check(column(meter, Import=5, Power=-60_000), 3) == []


def test_a_rating_says_how_fast_a_counter_may_grow() -> None:
    def held(rating: float) -> bool:
        meter = meter_of([IMPORT], rating=rating)
        meter.check(column(meter, Import=0), 0)
        return bool(meter.check(column(meter, Import=10), 3540))  # 10 kWh in an hour, as a minute is granted

    assert held(9)
    assert not held(10)


def test_a_float32_may_seem_to_run_back_by_its_rounding_and_a_whole_number_may_not() -> None:
    rounded, whole = meter_of([Register("Import", 3, 0, "float32")]), meter_of([IMPORT])
    for meter in (rounded, whole):
        assert meter.check(column(meter, Import=1_000_000), 1) == []
    assert rounded.check(column(rounded, Import=999_999.9), 2) == []
    assert whole.check(column(whole, Import=999_999.9), 2) != []


def test_without_plausibility_a_counter_may_be_anything() -> None:
    meter = meter_of([IMPORT], plausibility=False)
    for when, value in enumerate((5, 500_000, 0, 7e8)):
        assert meter.check(column(meter, Import=value), when) == []
    assert not meter.readings.health.held_back


def counting(unit: str, register: Register) -> Meter:
    return meter_of([register], own={"Own": Measurement("Own", "Own", unit, Kind.COUNTER)}, rating=9)


@pytest.mark.parametrize(("unit", "an_hour"), [("kWh", 9), ("Wh", 9000), ("MWh", 0.009), ("varh", 9000), ("kVAh", 9)])
def test_own_counters_of_energy_grow_no_faster_than_rated(unit: str, an_hour: float) -> None:
    for share, is_held in ((0.99, False), (1.01, True)):
        meter = counting(unit, Register("Own", 3, 0, "float64"))
        meter.check(column(meter, Own=0), 0)
        assert bool(meter.check(column(meter, Own=share * an_hour), 3540)) is is_held


def test_own_counters_of_anything_else_may_leap_but_not_fall() -> None:
    meter = counting("m³", Register("Own", 3, 0, "uint32"))
    for when, value in enumerate((0, 1e9, 4e9)):
        assert meter.check(column(meter, Own=value), when) == []
    fresh = column(meter, Own=5)
    assert [doubt.measurement for doubt in meter.check(fresh, 3)] == ["Own"]
    assert isnan(fresh[0])


def test_a_counter_with_a_scale_may_take_large_steps() -> None:
    meter = counting("kWh", Register("Own", 3, 0, "uint16", scale=Scale(1)))
    meter.check(column(meter, Own=7000), 0)
    assert meter.check(column(meter, Own=8000), 1) == []
    assert meter.check(column(meter, Own=11_000), 2) != []


def test_a_counter_does_not_fall_when_its_scale_grows() -> None:
    meter = counting("kWh", Register("Own", 3, 0, "uint16", scale=Scale(1)))
    for year, (value, shown) in enumerate(((65535, 65535), (65530, 65535), (65540, 65540), (99990, 99990))):
        fresh = column(meter, Own=value)
        assert meter.check(fresh, year * 3e7) == []
        assert fresh[0] == shown
    assert meter.check(column(meter, Own=99_800), 3e8) != []


TEXTS = {name: Measurement(name, name, "", Kind.TEXT) for name in ("Model", "Serial")}


def texts_meter() -> Meter:
    """Three reads: a number, and two texts."""
    texts = [Register("Model", 3, 100, "string", length=2), Register("Serial", 3, 200, "string", length=2)]
    return meter_of([Register("Power", 3, 0, "uint16"), *texts], own={**CATALOGUE, **TEXTS})


def test_texts_live_beside_the_column() -> None:
    meter = texts_meter()
    number, model, serial = blocks(meter)
    meter.commit(column(meter, Power=1), [number, model, serial], [], 1, 1, True, {"Model": "A", "Serial": "1"})
    assert meter.readings.texts == {"Model": "A", "Serial": "1"}
    before = meter.readings.texts
    meter.commit(column(meter, Power=2), [number], [], 2, 2, False)
    assert meter.readings.texts == before
    meter.commit(column(meter, Power=2), [number, model], [], 3, 3, False, {"Model": "B"})
    assert meter.readings.texts == {"Model": "B", "Serial": "1"}
    meter.commit(column(meter, Power=2), [number, serial], [], 3, 3, False)
    assert meter.readings.texts == {"Model": "B"}
    for when in range(WITHDRAWN_AFTER):
        meter.count([model])
        meter.commit(column(meter, Power=2), [number], [], when, when, False)
    assert meter.readings.texts == {}
    assert before == {"Model": "A", "Serial": "1"}
    meter.commit(column(meter, Power=2), [number, model, serial], [], 9, 9, True, {"Model": "C"})
    offline_and_back(meter)
    assert meter.readings.texts == {}


def test_what_was_put_off_in_parts_is_asked_for_in_one_again_when_that_is_the_plan() -> None:
    scaled = Register("Current", 3, 100, "uint16", poll=PollClass.ONCE, scale=Scale(110))
    within = Register("Voltage", 3, 105, "uint16", poll=PollClass.ONCE)
    meter = meter_of([Register("Power", 3, 0, "uint16"), scaled, within])
    meter.readings.online = True
    number, both = blocks(meter)
    first, second = refine(both, meter.readings.slots)
    for failed, left in (([first, second], []), ([], [first, second]), ([second], [first])):
        meter.groups[1].due = 0.0
        meter.advance(0.0, [number], failed, left)
        meter.replan()
        assert meter.due(0.5) == [both]
        meter.advance(0.5, [both], [], [])
        assert meter.due(0.6) == [number]
