"""The task of a bus: turns, faults, dead devices, in virtual time."""

import asyncio
from itertools import pairwise
from math import isnan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbmd.backoff import LONGEST_PAUSE
from mbmd.bus.client import LATE
from mbmd.bus.poll import ATTEMPTS, VAIN_ATTEMPTS
from mbmd.config.adapter import Framing
from tests import virtual_time
from tests.polled_bus import (
    NAMES,
    RATE,
    TIMEOUT,
    make_meter,
    no_wrong_value,
    polling,
    right,
    values,
)
from tests.scripted import (
    Asked,
    FarEnd,
    ScriptedLine,
    Step,
    cut,
    drop,
    exception,
    flip,
    good,
    hang_up,
    late,
    of_count,
    of_unit,
    refuse,
    word,
)
from tests.virtual_time import now


@pytest.mark.parametrize("kind", Framing)
def test_a_whole_plan_is_read_and_published(kind: Framing) -> None:
    async def run() -> None:
        meter = make_meter()
        async with polling(ScriptedLine(kind), meter) as bus:
            update = await bus.update()
            assert bus.line.places == [(200, 1), (0, 4), (100, 2)]  # as long as it may be in vain, a short one first
            assert values(meter.readings) == right(meter)
            assert list(update.values) == list(meter.readings.latest)
            assert update.timestamp == meter.readings.timestamp > 1_700_000_000
            assert (meter.readings.requests, meter.readings.errors, meter.readings.online) == (3, 0, True)

    virtual_time.run(run())


def test_polls_begin_at_the_rate_and_never_sooner() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = late(0.02)
        async with polling(line, make_meter()) as bus:
            await bus.wait(20.5)
        starts = [asked.when for asked in line.asked[::3]]
        assert len(starts) == 21
        assert all(later - earlier >= RATE - 1e-6 for earlier, later in pairwise(starts))

    virtual_time.run(run())


def test_without_a_rate_the_bus_is_never_idle() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = line.by_unit[2] = late(0.02)
        async with polling(line, make_meter(1, rate=0.0), make_meter(2, rate=0.0)) as bus:
            await bus.wait(6)
        assert 295 <= len(line.asked) <= 301
        units = [asked.unit for asked in line.asked]
        assert abs(units.count(1) - units.count(2)) <= 6

    virtual_time.run(run())


def test_a_device_may_ask_for_rest_before_each_request() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        async with polling(line, make_meter(pause=0.2)) as bus:
            await bus.wait(0.7)
        times = [asked.when for asked in line.asked]
        assert [round(later - earlier, 3) for earlier, later in pairwise(times)] == [0.2, 0.2]

    virtual_time.run(run())


FAULTS: dict[str, Step] = {
    "drop": drop,
    "late": late(0.04),
    "unit": of_unit(2),
    "count": of_count(3),
    "exception 4": exception(4),
    "exception 11": exception(11),
}


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", range(3))
def test_one_fault_is_asked_again_and_nothing_is_missing(kind: Framing, fault: str, at: int) -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(kind)
        async with polling(line, meter) as bus:
            await bus.update()
            line.script = iter([*[good] * at, FAULTS[fault]])
            update = await bus.update()
            assert values(meter.readings) == right(meter)
            assert not any(map(isnan, update.values))
            assert meter.readings.errors == 1

    virtual_time.run(run())


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
def test_a_cut_answer_is_asked_again(kind: Framing) -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(kind)
        async with polling(line, meter) as bus:
            await bus.update()
            for size in range(12):
                line.script = iter([cut(size)])
                update = await bus.update()
                assert not any(map(isnan, update.values))
                assert values(meter.readings) == right(meter)

    virtual_time.run(run())


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
def test_a_flipped_bit_is_asked_again(kind: Framing) -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(kind)
        async with polling(line, meter) as bus:
            await bus.update()
            for bit in range(0, 104, 3):
                line.script = iter([flip(bit)])
                update = await bus.update()
                assert no_wrong_value(meter)
                assert meter.readings.online
                assert not any(map(isnan, update.values))

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
def test_a_silent_device_goes_offline_and_comes_back(kind: Framing) -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(kind)
        async with polling(line, meter) as bus:
            await bus.update()
            line.by_unit[1] = drop
            asked = len(line.asked)
            await bus.until(online=False)
            assert len(line.asked) - asked == VAIN_ATTEMPTS
            assert values(meter.readings) == {}
            del line.by_unit[1]
            await bus.update()
            assert meter.readings.online
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_a_dead_device_is_probed_once_after_growing_pauses() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        line.by_unit[1] = drop
        async with polling(line) as bus:
            await bus.wait(400)
        times = [asked.when for asked in line.asked]
        assert [round(later - earlier) for earlier, later in pairwise(times)][:9] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        assert max(later - earlier for earlier, later in pairwise(times)) <= LONGEST_PAUSE + TIMEOUT + 0.01

    virtual_time.run(run())


def test_the_living_go_on_beside_the_dead() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.RTU)
        line.by_unit[2] = line.by_unit[3] = drop
        alive, dead, other = make_meter(1), make_meter(2), make_meter(3)
        async with polling(line, alive, dead, other) as bus:
            await bus.wait(60.5)
            assert alive.readings.version == 61
            assert (dead.readings.version, other.readings.version) == (0, 0)
            assert dead.readings.requests == 6  # after 0, 1, 3, 7, 15 and 31 s
            del line.by_unit[2]
            await bus.until(online=True, unit=2)
            assert values(dead.readings) == right(dead)
            assert not other.readings.online

    virtual_time.run(run())


def test_a_late_answer_of_one_read_is_never_that_of_another() -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 100, 200))
        line = ScriptedLine(Framing.RTU)
        async with polling(line, meter) as bus:
            for delay in (0.031, 0.04, 0.05, 0.07, 0.2, 0.9):
                line.script = iter([late(delay), late(delay), late(delay / 2), good])
                for _ in range(4):
                    await bus.wait(1)
                    assert (
                        values(meter.readings).items()
                        <= {name: word(1, 3, at) for name, at in zip(NAMES, (0, 100, 200), strict=False)}.items()
                    )
            await bus.wait(10)
            assert len(values(meter.readings)) == 3

    virtual_time.run(run())


def test_cancelled_in_a_transaction_it_leaves_nothing() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.RTU)
        line.by_unit[1] = drop
        meter = make_meter()
        async with polling(line, meter):
            await asyncio.sleep(TIMEOUT / 2)
            assert len(line.asked) == 1

    virtual_time.run(run())  # fails if a task or a timer is left


def test_what_happens_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        async with polling(line) as bus:
            await bus.update()
            line.by_unit[1] = drop
            await bus.wait(200)
            del line.by_unit[1]
            await bus.until(online=True)
            line.by_unit[1] = refuse(200)
            await bus.wait(30)
            line.down = 4
            assert line.near is not None
            line.near.close()
            await bus.wait(30)

    with caplog.at_level("INFO", logger="mbmd"):
        virtual_time.run(run())
    assert [record.getMessage() for record in caplog.records] == [
        "SDM1.1: online",
        "SDM1.1: offline, no answer",
        "SDM1.1: online",
        f"SDM1.1: {NAMES[-1]} is left out: {REFUSAL}",
        "SDM1.1: reads: 3:0+4, 3:100+2",
        "meter:502: unplugged",
        "meter:502: connected again",
    ]


REFUSAL = "the device refuses register 200 (function 3); asked again in a minute, then hourly"
EXCEPTIONS = [exception(code) for code in (1, 2, 3, 4, 5, 6, 10, 11)]
FAULTY = st.sampled_from([good, drop, *EXCEPTIONS, of_unit(9)])
CLASSES = st.sampled_from([{}, {"slow": (100, 101)}, {"once": (200,)}, {"slow": (0, 1, 2, 3), "once": (101, 200)}])
ANY = FAULTY | st.builds(hang_up, st.integers(0, 20))
DAMAGED = ANY | st.builds(cut, st.integers(0, 20)) | st.builds(flip, st.integers(0, 200))
DELAYS = st.floats(0, 0.9)


@pytest.mark.parametrize("kind", Framing)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_whatever_happens_no_wrong_value_is_committed_and_all_return(kind: Framing, data: st.DataObject) -> None:
    step = ANY if kind is Framing.MBAP else DAMAGED  # a TCP connection loses no bytes in its midst
    # Late, an answer of another length than was asked for cannot be told from that of another request.
    script = data.draw(st.lists(step | st.just(of_count(1)) | st.builds(late, DELAYS, step), max_size=8))
    classes: Any = data.draw(CLASSES)

    async def run() -> None:
        line = ScriptedLine(kind, script)
        meters = make_meter(1, **classes), make_meter(2, (0, 100, 200))
        async with polling(line, *meters) as bus:
            for seconds in [*[0.05] * 200, *[1.0] * 40, 200.0]:
                await bus.wait(seconds)
                assert all(map(no_wrong_value, meters))
            assert next(line.script, None) is None
            for meter in meters:
                assert meter.readings.online
                assert not meter.trying
                missing = set(right(meter)) - set(values(meter.readings))
                assert missing == set(meter.learned.refused)

    virtual_time.run(run())


def test_what_is_read_once_is_not_forgotten_when_the_plan_changes_while_the_device_is_busy() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP, [drop, drop, exception(2), good, exception(5)])
        meters = make_meter(1, slow=(0, 1, 2, 3), once=(101, 200)), make_meter(2, (0, 100, 200))
        async with polling(line, *meters) as bus:
            await bus.wait(60)
        meter = meters[0]
        assert set(right(meter)) - set(values(meter.readings)) == set(meter.learned.refused) != set()

    virtual_time.run(run())


def test_what_is_read_once_is_kept_where_the_probe_was_held_back_for_a_late_answer() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.RTU, [hang_up(0), exception(2), *[drop] * 4, cut(0)])
        meter = make_meter(1, once=(200,))
        async with polling(line, meter, make_meter(2, (0, 100, 200))) as bus:
            await bus.wait(60)
        assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_parts_of_a_read_that_were_put_off_do_not_pass_for_the_rest_of_the_plan() -> None:
    async def run() -> None:
        refused = exception(2)
        line = ScriptedLine(Framing.RTU, [refused, refused, drop, refused, late(0.393), refused, drop, drop])
        meter = make_meter(1, slow=(0, 1, 2, 3), once=(101, 200))
        async with polling(line, meter, make_meter(2, (0, 100, 200))) as bus:
            await bus.wait(60)
        assert values(meter.readings) == right(meter)

    virtual_time.run(run())


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
def test_others_go_on_while_reads_are_held_back_for_a_late_answer(kind: Framing) -> None:
    async def run() -> None:
        alike, other = make_meter(1, (0, 100, 200), rate=0.1), make_meter(2, rate=0.1)
        line = ScriptedLine(kind)
        async with polling(line, alike, other) as bus:
            await bus.wait(1)
            line.script = iter([drop])
            await bus.wait(0.15)
            before = [asked.unit for asked in line.asked]
            await bus.wait(0.8)
            since = [asked.unit for asked in line.asked][len(before) :]
            assert since.count(2) >= 3 * 6
            assert alike.readings.online
            assert len(values(alike.readings)) == 3
            await bus.wait(3)
            assert not alike.failures
            assert line.places[-20:].count((200, 1)) > 1

    virtual_time.run(run())


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
@pytest.mark.parametrize("silent", [0, 100, 200])
def test_one_of_several_alike_reads_that_goes_silent_puts_nobody_offline(kind: Framing, silent: int) -> None:
    def deaf(far: FarEnd, asked: Asked) -> None:
        if asked.address != silent:
            good(far, asked)

    async def run() -> None:
        meter = make_meter(addresses=(0, 100, 200))
        line = ScriptedLine(kind)
        async with polling(line, meter) as bus:
            await bus.update()
            line.by_unit[1] = deaf
            for _ in range(300):
                await bus.wait(0.1)
                assert meter.readings.online
            assert values(meter.readings) == right(meter, silent)

    virtual_time.run(run())


@pytest.mark.parametrize("kind", [Framing.RTU, Framing.ASCII])
def test_a_device_with_alike_reads_goes_offline_after_as_many_silent_requests_as_others(kind: Framing) -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 100, 200))
        line = ScriptedLine(kind)
        async with polling(line, meter) as bus:
            await bus.update()
            line.by_unit[1] = drop
            line.asked.clear()
            await bus.until(online=False)
            assert line.places == [*[(0, 1)] * ATTEMPTS, *[(100, 1)] * (VAIN_ATTEMPTS - ATTEMPTS)]
            assert now() <= 1000 + RATE + 2 * LATE + 10 * TIMEOUT

    virtual_time.run(run())
