"""Devices that come and go while a bus is polled, in virtual time."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.bus.client import LATE
from mbmd.config.adapter import Framing
from tests import virtual_time
from tests.polled_bus import RATE, TIMEOUT, Bus, make_meter, no_wrong_value, polling, right, values
from tests.scripted import ScriptedLine, drop, exception, good, hang_up, late, of_unit

READS = 3
"""Reads of a device."""


def starts(line: ScriptedLine, unit: int) -> list[float]:
    """When the polls of a unit began, if each is whole."""
    return [asked.when for asked in line.asked if asked.unit == unit][::READS]


@pytest.mark.parametrize("kind", Framing)
def test_who_stays_is_polled_as_if_nothing_had_happened(kind: Framing) -> None:
    async def run() -> None:
        stays, goes, comes = make_meter(1), make_meter(2), make_meter(3)
        line = ScriptedLine(kind)
        async with polling(line, stays, goes) as bus:
            await bus.wait(5.5)
            opened, version = line.opened, stays.readings.version
            for others in ([comes], [], [goes], [goes, comes], []):
                bus.replace(stays, *others)
                await bus.wait(1.0)
            assert line.opened == opened == 1
            assert stays.readings.version == version + 5
        assert [round(at - 1000) for at in starts(line, 1)] == list(range(11))
        assert max(later - earlier for earlier, later in pairwise(starts(line, 1))) < RATE + 0.02

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
def test_who_comes_is_polled_at_once_though_the_bus_sleeps(kind: Framing) -> None:
    async def run() -> None:
        slow, comes = make_meter(1, rate=1000.0), make_meter(2)
        line = ScriptedLine(kind)
        async with polling(line, slow) as bus:
            await bus.wait(10)
            bus.replace(slow, comes)
            await bus.wait(0.1)
            assert values(comes.readings) == right(comes)
        assert len(starts(line, 1)) == 1

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
def test_who_goes_is_not_asked_again_and_nothing_of_it_is_published(kind: Framing) -> None:
    async def run() -> None:
        stays, goes = make_meter(1), make_meter(2)
        line = ScriptedLine(kind)
        async with polling(line, stays, goes) as bus:
            await bus.wait(3.5)
            await bus.subscription.take()
            bus.replace(stays)
            line.asked.clear()
            await bus.wait(3.5)
            assert {asked.unit for asked in line.asked} == {1}
            assert {update.device for update in (await bus.subscription.take()).updates} == {stays.readings}

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
def test_a_poll_that_is_under_way_ends_before_its_device_goes(kind: Framing) -> None:
    async def run() -> None:
        before, after = make_meter(1), make_meter(1, rate=2.0)
        line = ScriptedLine(kind)
        line.by_unit[1] = late(TIMEOUT / 2)
        async with polling(line, before) as bus:
            await bus.wait(TIMEOUT / 4)
            bus.replace(after)
            await bus.subscription.take()
            await bus.wait(0.5)
            assert line.places == [(200, 1), (0, 4), (100, 2)] * 2
            assert (before.readings.requests, after.readings.requests) == (READS, READS)
            assert before.readings.errors == after.readings.errors == 0
            ((update,), _) = await bus.subscription.take()
            assert update.device is after.readings

    virtual_time.run(run())


def test_of_several_changes_within_a_poll_the_last_counts() -> None:
    async def run() -> None:
        meters = [make_meter(unit) for unit in (1, 2, 3, 4)]
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = late(TIMEOUT / 2)
        async with polling(line, meters[0]) as bus:
            await bus.wait(TIMEOUT / 4)
            for wanted in (meters[:2], meters[1:3], meters[::3]):
                bus.replace(*wanted)
            await bus.wait(0.9)
        assert [asked.unit for asked in line.asked] == [1] * READS + [4] * READS

    virtual_time.run(run())


def test_a_learned_plan_and_a_pause_outlive_the_change_of_others() -> None:
    async def run() -> None:
        dead, stays, goes = make_meter(1), make_meter(2), make_meter(3)
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = drop
        line.by_unit[2] = exception(2)
        async with polling(line, dead, stays, goes) as bus:
            await bus.wait(40)
            probes, refused = dead.probes, set(stays.learned.refused)
            asked = len([a for a in line.asked if a.unit == 1])
            for others in ([], [goes], []):
                bus.replace(dead, stays, *others)
            await bus.wait(1)
            assert (dead.probes, set(stays.learned.refused)) == (probes, refused)
            assert len([a for a in line.asked if a.unit == 1]) == asked

    virtual_time.run(run())


def test_who_comes_while_the_bus_is_down_is_told_so_and_polled_when_it_is_back() -> None:
    async def run() -> None:
        first, second = make_meter(1), make_meter(2)
        line = ScriptedLine(Framing.MBAP)
        line.down = 5
        async with polling(line, first) as bus:
            await bus.wait(2)
            bus.replace(first, second)
            assert second.readings.health.trouble == first.readings.health.trouble == "the bus is down: unplugged"
            await bus.until(online=True, unit=2)
            assert second.readings.health.trouble == ""
            third = make_meter(3)
            bus.replace(first, third)
            assert third.readings.health.trouble == ""

    virtual_time.run(run())


def test_a_connection_that_is_closed_between_polls_is_not_down_for_who_comes() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        line.down = 1
        first, second = make_meter(1), make_meter(2)
        async with polling(line, first) as bus:
            await bus.until(online=True)
            bus.client.rest()
            bus.replace(first, second)
            assert second.readings.health.trouble == ""

    virtual_time.run(run())


def test_how_late_an_answer_may_be_follows_the_slowest_device() -> None:
    async def run() -> None:
        quick, slow = make_meter(1, timeout=0.03), make_meter(2, timeout=5.0)
        line = ScriptedLine(Framing.RTU)
        async with polling(line, quick) as bus:
            assert bus.client._late is not None
            await bus.wait(0.5)
            for wanted, seconds in (([quick, slow], 5.0), ([slow], 5.0), ([quick], LATE)):
                bus.replace(*wanted)
                assert (bus.client._late.seconds, bus.client._late.elsewhere) == (seconds, seconds)

    virtual_time.run(run())


def test_an_answer_of_a_device_that_went_is_never_that_of_the_one_that_came() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.RTU)
        before, after = make_meter(1, (0,), timeout=0.05), make_meter(1, (100,), timeout=0.05)
        async with polling(line, before) as bus:
            await bus.update()
            line.script = iter([late(0.06)])
            await bus.wait(1)
            bus.replace(after)
            for _ in range(100):
                await bus.wait(0.05)
                assert no_wrong_value(after)
            assert values(after.readings) == right(after)

    virtual_time.run(run())


STEP = st.sampled_from(
    [good, good, good, drop, exception(4), exception(2), of_unit(9), late(0.02), late(0.06), hang_up()]
)
UNITS = st.sets(st.integers(1, 4), min_size=1)


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.MBAP])
@given(
    script=st.lists(STEP, max_size=30),
    changes=st.lists(st.tuples(st.floats(0.0, 3.0), UNITS, st.booleans()), min_size=1, max_size=8),
)
@settings(max_examples=30)
def test_whatever_comes_and_goes_those_that_are_wanted_are_polled_and_no_others(
    kind: Framing, script: list[object], changes: list[tuple[float, set[int], bool]]
) -> None:
    async def run() -> None:
        line = ScriptedLine(kind, script)  # type: ignore[arg-type]
        meters = {unit: make_meter(unit) for unit in (1, 2, 3, 4)}
        async with polling(line, meters[1]) as bus:
            for seconds, units, anew in changes:
                await bus.wait(seconds)
                for unit in units if anew else ():
                    meters[unit] = make_meter(unit)
                bus.replace(*(meters[unit] for unit in units))
                assert all(no_wrong_value(meter) for meter in bus.meters)
            await settled(bus)
            line.asked.clear()
            await bus.wait(10)
            assert {asked.unit for asked in line.asked} == {meter.unit for meter in bus.meters}
            assert all(meter.readings.online and no_wrong_value(meter) for meter in bus.meters)

    async def settled(bus: Bus) -> None:
        while next(bus.line.script, None) is not None:
            pass
        await bus.wait(150)

    virtual_time.run(run())


def test_a_thousand_changes_leave_nothing() -> None:
    async def run() -> None:
        meters = [make_meter(unit) for unit in (1, 2, 3)]
        line = ScriptedLine(Framing.MBAP)
        async with polling(line, *meters) as bus:
            for number in range(1000):
                bus.replace(*meters[number % 3 :])
                await bus.wait(0.01)
            assert len(asyncio.all_tasks()) == 2
            assert set(bus.poller._scheduler._turns) == set(bus.meters)

    virtual_time.run(run())  # fails if a task or a timer is left
