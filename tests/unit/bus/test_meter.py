"""A device's plan, what it refused, and how long old values count."""

from math import isnan, nan
from typing import TYPE_CHECKING

import pytest

from mbmd.bus.meter import WITHDRAWN_AFTER, Meter
from mbmd.measurements import CATALOGUE
from mbmd.planner import Limits, plan
from mbmd.protocol.timing import Costs
from mbmd.readings.device import DeviceReadings
from tests.scripted import registers

if TYPE_CHECKING:
    from array import array


def make_meter(*addresses: int) -> Meter:
    """Registers far apart: a block each."""
    rows = registers(*addresses)
    readings = DeviceReadings("SDM1.1", "SDM", [CATALOGUE[row.measurement] for row in rows])
    return Meter(1, readings, tuple(plan(rows, readings.slots, Limits(), Costs(1, 0.1))))


def column(meter: Meter, **values: float) -> "array[float]":
    fresh = meter.readings.blank()
    for name, value in values.items():
        fresh[meter.readings.slots[name]] = value
    return fresh


def latest(meter: Meter) -> dict[str, float]:
    return {name: meter.readings.latest[slot] for name, slot in meter.readings.slots.items()}


def test_a_refused_read_gives_way_to_smaller_ones_in_its_place() -> None:
    meter = make_meter(0, 1, 100)
    pair, single = meter.plan
    parts = meter.replan(pair)
    assert [str(block) for block in meter.plan] == ["3:0+1", "3:1+1", "3:100+1"]
    assert meter.plan == [*parts, single]
    assert meter.refused == []


def test_a_refused_register_is_named_and_left_out() -> None:
    meter = make_meter(0, 100)
    assert meter.replan(meter.plan[0]) == []
    assert meter.refused == ["Current"]
    assert [str(block) for block in meter.plan] == ["3:100+1"]


def test_starting_over_forgets_what_was_refused() -> None:
    meter = make_meter(0, 100)
    for block in list(meter.plan):
        meter.replan(block)
    assert meter.plan == []
    meter.start_over()
    assert meter.plan == list(meter.whole_plan)
    assert meter.refused == []


def test_a_read_that_fails_is_asked_after_the_others() -> None:
    meter = make_meter(0, 100, 200)
    meter.put_last(meter.plan[0])
    assert [block.address for block in meter.plan] == [100, 200, 0]


def test_values_of_a_failed_read_are_kept_but_not_for_ever() -> None:
    meter = make_meter(0, 100)
    failing = meter.plan[1]
    meter.commit(column(meter, Current=1, Voltage=230), [], 1, 1)
    for poll in range(1, WITHDRAWN_AFTER):
        meter.commit(column(meter, Current=1 + poll), [failing], 1 + poll, 1 + poll)
        assert latest(meter) == {"Current": 1 + poll, "Voltage": 230}
    meter.commit(column(meter, Current=9), [failing], 9, 9)
    assert latest(meter)["Current"] == 9
    assert isnan(latest(meter)["Voltage"])


def test_one_good_read_begins_the_count_anew() -> None:
    meter = make_meter(0, 100)
    failing = meter.plan[1]
    meter.commit(column(meter, Current=1, Voltage=230), [], 1, 1)
    for poll in range(2, 20):
        failed = [failing] if poll % WITHDRAWN_AFTER else []
        meter.commit(column(meter, Current=poll, Voltage=nan if failed else poll), failed, poll, poll)
        assert latest(meter)["Voltage"] == (230 if poll < WITHDRAWN_AFTER else poll - poll % WITHDRAWN_AFTER)


def test_reads_are_counted_each_for_itself() -> None:
    meter = make_meter(0, 100)
    first, second = meter.plan
    meter.commit(column(meter, Current=1, Voltage=2), [], 1, 1)
    for poll in range(2, 2 + 2 * WITHDRAWN_AFTER):
        failed = first if poll % 2 else second
        values = {"Voltage": 2.0} if failed is first else {"Current": 1.0}
        meter.commit(column(meter, **values), [failed], poll, poll)
        assert latest(meter) == {"Current": 1, "Voltage": 2}


def test_a_value_that_is_marked_as_none_is_not_kept() -> None:
    meter = make_meter(0, 100)
    meter.commit(column(meter, Current=1, Voltage=2), [], 1, 1)
    meter.commit(column(meter, Current=1), [], 2, 2)
    assert isnan(latest(meter)["Voltage"])


def test_kept_values_do_not_count_for_the_mean() -> None:
    meter = make_meter(0, 100)
    meter.commit(column(meter, Current=1, Voltage=100), [], 1, 1)
    meter.commit(column(meter, Current=2), [meter.plan[1]], 2, 2)
    meter.commit(column(meter, Current=3, Voltage=200), [], 3, 3)
    means = meter.readings.mean(4)
    assert means[meter.readings.slots["Current"]] == pytest.approx(2)
    assert means[meter.readings.slots["Voltage"]] == pytest.approx(150)


def test_values_of_reads_held_back_are_kept_and_are_no_failures() -> None:
    meter = make_meter(0, 100)
    held = meter.plan[1]
    meter.commit(column(meter, Current=1, Voltage=2), [], 1, 1)
    for poll in range(2, 2 + 2 * WITHDRAWN_AFTER):
        meter.commit(column(meter, Current=poll), [], poll, poll, [held])
        assert latest(meter) == {"Current": poll, "Voltage": 2}
    assert not meter.failures
