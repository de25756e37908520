"""What a poller learns of a device while other things go wrong, and how it unlearns it."""

from collections.abc import Callable
from typing import Any

import pytest

from mbmd.bus.findings import ASK_AGAIN, KEEP_LIMITS
from mbmd.bus.meter import WITHDRAWN_AFTER
from mbmd.bus.other_framing import OtherFraming
from mbmd.bus.poll import ATTEMPTS
from mbmd.config.adapter import Framing
from tests import virtual_time
from tests.polled_bus import NAMES, RATE, make_meter, plans, polling, right, values
from tests.scripted import Asked, FarEnd, ScriptedLine, Step, drop, exception, good, hang_up, late, only, refuse
from tests.virtual_time import UNIX

START = UNIX + 1000.0


def by(choice: Callable[[Asked], Step]) -> Step:
    def step(far: FarEnd, asked: Asked) -> None:
        choice(asked)(far, asked)

    return step


def longer_than(most: int, step: Step) -> Step:
    return by(lambda asked: step if asked.count > most else good)


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("at", range(12))
@pytest.mark.parametrize("down", [0, 1])
def test_a_line_lost_in_the_middle_of_learning_teaches_nothing_wrong(kind: Framing, at: int, down: int) -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(kind)
        asked = 0

        def step(far: FarEnd, request: Asked) -> None:
            nonlocal asked
            asked += 1
            if asked == at + 1:
                line.down = down
                hang_up()(far, request)
            else:
                refuse(1, 101)(far, request)

        line.by_unit[1] = step
        async with polling(line, meter) as bus:
            await bus.until(online=True)
            await bus.wait(3)
            assert values(meter.readings) == right(meter, 1, 101)
            assert set(meter.learned.refused) == {NAMES[1], NAMES[5]}
            assert not meter.trying
            errors = meter.readings.errors
            await bus.wait(10)
            assert meter.readings.errors == errors

    virtual_time.run(run())


def test_a_refused_register_is_asked_for_once_an_hour_and_readmitted_when_it_is_answered() -> None:
    async def run() -> None:
        meter = make_meter(rate=60.0)
        line = only(1, refuse(1, 200))
        async with polling(line, meter) as bus:
            await bus.wait(1)
            assert meter.learned.refused == {NAMES[1]: START + ASK_AGAIN, NAMES[6]: START + ASK_AGAIN}
            line.asked.clear()
            await bus.wait(3 * ASK_AGAIN + 120)
            assert line.places.count((1, 1)) == line.places.count((200, 1)) == 3
            kept = len(bus.kept)
            line.by_unit[1] = refuse(200)
            await bus.wait(ASK_AGAIN + 120)
            assert list(meter.learned.refused) == [NAMES[6]]
            assert meter.readings.health.refused == (NAMES[6],)
            assert values(meter.readings) == right(meter, 200)
            assert plans(meter) == ["3:0+4", "3:100+2"]
            assert len(bus.kept) > kept
            assert bus.kept[-1].learned.dump()["refused"] == meter.learned.refused
            del line.by_unit[1]
            await bus.wait(ASK_AGAIN + 120)
            assert values(meter.readings) == right(meter)
            assert plans(meter) == ["3:0+4", "3:100+2", "3:200+1"]
            assert bus.kept[-1].learned.dump() == {}

    virtual_time.run(run())


def test_registers_of_any_class_are_readmitted() -> None:
    async def run() -> None:
        meter = make_meter(rate=60.0, slow=(100, 101), once=[200], slow_rate=600.0)
        line = only(1, refuse(0, 100, 200))
        async with polling(line, meter) as bus:
            await bus.wait(10)
            assert values(meter.readings) == right(meter, 0, 100, 200)
            del line.by_unit[1]
            await bus.wait(ASK_AGAIN + 240)  # one with each poll
            assert values(meter.readings) == right(meter)
            await bus.wait(ASK_AGAIN)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


@pytest.mark.parametrize("then", [refuse(200), drop, good])
def test_a_register_that_is_readmitted_is_not_lost_with_the_line(then: Step) -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 100, 200), rate=60.0)
        line = only(1, refuse(100, 200))
        async with polling(line, meter) as bus:
            await bus.wait(10)
            assert list(meter.learned.refused) == ["Voltage", "Power"]

            def lost_at_200(far: FarEnd, asked: Asked) -> None:
                if asked.address == 200:
                    line.down = 1
                    line.by_unit[1] = by(lambda asked: then if asked.address == 200 else good)
                    hang_up()(far, asked)
                else:
                    good(far, asked)

            line.by_unit[1] = lost_at_200
            await bus.wait(ASK_AGAIN + 120)
            assert values(meter.readings).items() >= right(meter, 200).items()
            line.by_unit[1] = good
            await bus.wait(ASK_AGAIN + 120)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_limits_are_tried_anew_after_a_week() -> None:
    async def run() -> None:
        meter = make_meter(addresses=range(8), rate=600.0)
        line = only(1, longer_than(4, exception(3)))
        async with polling(line, meter) as bus:
            await bus.wait(10)
            assert plans(meter) == ["3:0+4", "3:4+4"]
            line.asked.clear()
            await bus.wait(KEEP_LIMITS - 1200)
            assert set(line.places) == {(0, 4), (4, 4)}
            await bus.wait(2400)
            assert plans(meter) == ["3:0+4", "3:4+4"]
            line.by_unit[1] = good
            line.asked.clear()
            await bus.wait(KEEP_LIMITS + 1200)
            assert plans(meter) == ["3:0+8"]
            assert bus.kept[-1].learned.dump() == {}
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_reads_across_a_border_that_nothing_explains_are_not_repeated_in_haste() -> None:
    def crosses(asked: Asked) -> Step:
        return exception(2) if asked.address <= 1 and asked.address + asked.count > 2 else good

    async def run() -> None:
        meter = make_meter(addresses=(0, 1, 2, 3, 100, 101, 102, 103))
        line = only(1, late(0.01, by(crosses)))
        async with polling(line, meter) as bus:
            await bus.wait(5)
            line.asked.clear()
            for _ in range(20):
                await bus.wait(RATE)
                assert meter.readings.online
                assert values(meter.readings) == right(meter)
            assert len(line.asked) <= 4 * 21
            dumped = meter.learned.dump()
            await bus.wait(60)
            assert meter.learned.dump() == dumped  # else the state file would be written with every poll

    virtual_time.run(run())


@pytest.mark.parametrize("limit", [4, 5, 6])
@pytest.mark.parametrize("classes", [{}, {"slow": range(20, 40)}, {"once": range(20, 40)}])
def test_a_device_may_be_silent_about_trials_that_are_too_long(limit: int, classes: dict[str, Any]) -> None:
    def answer(asked: Asked) -> Step:
        return exception(3) if asked.count >= 8 else drop if asked.count > limit else good

    async def run() -> None:
        meter = make_meter(addresses=(0, 1, 2, 3, 4, 5, 20, 21, 22), **classes)
        meter.learned.load({"longest": 3, "too_long": [[3, 0, 8]], "since": START}, START)
        meter.replan()
        line = only(1, late(0.001, by(answer)))
        async with polling(line, meter) as bus:
            await bus.wait((WITHDRAWN_AFTER + 2) * RATE)
            assert values(meter.readings) == right(meter)
            assert not meter.trying
            errors = meter.readings.errors
            assert errors <= 4 * ATTEMPTS
            line.asked.clear()
            await bus.wait(30)
            assert meter.readings.errors == errors
            assert max(asked.count for asked in line.asked) <= limit
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
def test_a_device_of_which_all_was_refused_another_time_is_asked_anew(kind: Framing) -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 100))
        meter.remember({"refused": dict.fromkeys(NAMES, START + 1e6)}, START)
        line = ScriptedLine(kind)
        async with polling(line, meter, other_framing=OtherFraming.of(line.adapter, line.open)) as bus:
            await bus.until(online=True)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_what_was_refused_another_time_is_asked_for_when_its_time_has_come() -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 100, 200), once=[200])
        meter.remember({"refused": {"Voltage": START - 10, "Power": START + 10}}, START)
        line = ScriptedLine(Framing.MBAP)
        async with polling(line, meter) as bus:
            await bus.wait(RATE / 2)
            assert values(meter.readings) == right(meter, 200)
            await bus.wait(11)
            assert values(meter.readings) == right(meter)
            assert bus.kept

    virtual_time.run(run())


def test_what_is_read_once_is_not_lost_when_a_register_is_readmitted_in_the_same_poll() -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 100, 200), once=[200])
        meter.remember({"refused": {"Voltage": START - 10}}, START)
        line = only(1, by(lambda asked: drop if asked.address == 200 else good))
        async with polling(line, meter) as bus:
            await bus.wait(RATE / 2)
            assert not meter.learned.refused
            line.by_unit[1] = good
            await bus.wait(2 * RATE)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_one_register_that_is_refused_now_and_then_returns() -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0,))
        line = ScriptedLine(Framing.MBAP, [exception(2), good, *[exception(2)] * 5])
        async with polling(line, meter) as bus:
            await bus.wait(200)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_a_device_that_refuses_all_but_what_it_refused_before_returns_whole() -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 100, 200))
        meter.remember({"refused": {"Current": START + 1e3}}, START)
        line = only(1, refuse(100, 200))
        async with polling(line, meter) as bus:
            await bus.wait(100)
            del line.by_unit[1]
            await bus.wait(2 * ASK_AGAIN)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())
