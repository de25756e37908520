"""Registers that are read with every poll, now and then, or once."""

from math import isnan
from typing import Any

import pytest

from mbmd.bus.meter import WITHDRAWN_AFTER
from mbmd.bus.poll import ATTEMPTS
from mbmd.config.adapter import Framing
from tests import virtual_time
from tests.polled_bus import RATE, SLOW_RATE, make_meter, plans, polling, right, values
from tests.scripted import Asked, FarEnd, ScriptedLine, Step, drop, exception, good, only, refuse, word

FAST, SLOW, ONCE = (0, 4), (100, 2), (200, 1)


def not_at(address: int, step: Step = drop) -> Step:
    def act(far: FarEnd, asked: Asked) -> None:
        (step if asked.address == address else good)(far, asked)

    return act


def times(line: ScriptedLine, place: tuple[int, int]) -> list[float]:
    """When a read was asked for, in seconds from the start."""
    return [round(asked.when - 1000, 3) for asked in line.asked if asked.place == place]


@pytest.mark.parametrize("kind", Framing)
def test_each_class_is_read_at_its_own_rate_and_all_values_are_there(kind: Framing) -> None:
    async def run() -> None:
        meter = make_meter(slow=(100, 101), once=[200])
        line = ScriptedLine(kind)
        async with polling(line, meter) as bus:
            for _ in range(21):
                update = await bus.update()
                assert values(meter.readings) == right(meter)
                assert not isnan(update.values[meter.readings.slots["Current"]])
            assert times(line, FAST) == pytest.approx([RATE * n for n in range(21)], abs=0.01)
            assert times(line, SLOW) == pytest.approx([0, SLOW_RATE, 2 * SLOW_RATE], abs=0.01)
            assert times(line, ONCE) == [0]
            assert meter.readings.errors == 0

    virtual_time.run(run())


def test_an_update_holds_only_what_was_read() -> None:
    async def run() -> None:
        meter = make_meter(slow=(100, 101), once=[200])
        async with polling(ScriptedLine(Framing.MBAP), meter) as bus:
            first, second = await bus.update(), await bus.update()
            assert [isnan(value) for value in first.values] == [False] * 7
            read = {name for name, slot in meter.readings.slots.items() if not isnan(second.values[slot])}
            assert read == set(right(meter, 100, 101, 200))

    virtual_time.run(run())


def test_what_was_not_read_lately_does_not_count_twice_for_the_mean() -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 100), slow=[100])
        line = ScriptedLine(Framing.MBAP)
        async with polling(line, meter) as bus:
            await bus.wait(SLOW_RATE / 2)
            line.by_unit[1] = lambda far, asked: far.send(asked.frame(bytes((3, 2, 0, 100))))
            await bus.wait(SLOW_RATE)
            slot = meter.readings.slots["Voltage"]
            assert meter.readings.latest[slot] == 100
            assert meter.readings.mean(1000 + 1.5 * SLOW_RATE)[slot] == (word(1, 3, 100) + 100) / 2

    virtual_time.run(run())


def test_a_slow_read_that_failed_is_asked_for_with_the_next_poll() -> None:
    async def run() -> None:
        meter = make_meter(slow=(100, 101))
        line = ScriptedLine(Framing.MBAP)
        async with polling(line, meter) as bus:
            await bus.wait(SLOW_RATE - RATE / 2)
            line.asked.clear()
            line.by_unit[1] = not_at(100)
            await bus.wait(WITHDRAWN_AFTER * RATE)
            assert len(times(line, SLOW)) == ATTEMPTS * WITHDRAWN_AFTER
            assert values(meter.readings) == right(meter, 100, 101)
            del line.by_unit[1]
            await bus.wait(RATE)
            assert values(meter.readings) == right(meter)
            line.asked.clear()
            await bus.wait(SLOW_RATE - 4 * RATE)
            assert times(line, SLOW) == []

    virtual_time.run(run())


def test_values_of_a_slow_read_that_fails_now_and_then_stay() -> None:
    async def run() -> None:
        meter = make_meter(slow=(100, 101))
        line = ScriptedLine(Framing.MBAP)
        async with polling(line, meter) as bus:
            await bus.wait(SLOW_RATE - RATE / 2)
            for _ in range(5):
                line.by_unit[1] = not_at(100, exception(4))
                await bus.wait((WITHDRAWN_AFTER - 1) * RATE)
                assert values(meter.readings) == right(meter)
                del line.by_unit[1]
                await bus.wait(SLOW_RATE - (WITHDRAWN_AFTER - 1) * RATE)
                assert values(meter.readings) == right(meter)

    virtual_time.run(run())


@pytest.mark.parametrize("step", [drop, exception(4), exception(6)])
def test_what_is_read_once_is_asked_for_until_it_was_answered(step: Step) -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 100, 200, 201), once=[200, 201])
        line = only(1, not_at(200, step))
        async with polling(line, meter) as bus:
            await bus.wait(5)
            assert meter.readings.online
            assert values(meter.readings) == right(meter, 200, 201)
            del line.by_unit[1]
            await bus.wait(1)
            assert values(meter.readings) == right(meter)
            line.asked.clear()
            await bus.wait(100)
            assert times(line, (200, 2)) == []
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_what_is_read_once_is_read_again_after_a_return() -> None:
    async def run() -> None:
        meter = make_meter(slow=(100, 101), once=[200])
        line = ScriptedLine(Framing.RTU)
        async with polling(line, meter) as bus:
            await bus.wait(2.5)
            line.by_unit[1] = drop
            await bus.until(online=False)
            assert values(meter.readings) == {}
            del line.by_unit[1]
            line.asked.clear()
            await bus.until(online=True)
            await bus.wait(RATE)
            assert values(meter.readings) == right(meter)
            assert len(times(line, SLOW)) == len(times(line, ONCE)) == 1

    virtual_time.run(run())


def test_a_line_that_was_lost_once_does_not_make_it_be_read_again() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        async with polling(line, make_meter(once=[200])) as bus:
            await bus.wait(2.5)
            assert line.near is not None
            line.near.close()
            await bus.wait(5)
            assert line.opened == 2
            assert times(line, ONCE) == [0]

    virtual_time.run(run())


CLASSES: dict[str, Any] = {
    "slow": {"slow": (100, 101)},
    "once": {"once": (100, 101)},
    "slow and once": {"slow": (2, 3), "once": (100, 101)},
    "all slow": {"slow": (0, 1, 2, 3, 100, 101, 200)},
    "fast alone": {"slow": (1, 2, 3, 100), "once": (101, 200)},
}


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("refused", [(0,), (100,), (101, 200), (0, 1, 2), (3, 100, 101)])
def test_what_a_device_refuses_of_any_class_leaves_it_online_with_the_rest(
    classes: str, refused: tuple[int, ...], caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        meter = make_meter(**CLASSES[classes])
        line = only(1, refuse(*refused))
        async with polling(line, meter) as bus:
            await bus.until(online=True)
            await bus.wait(0.2)
            assert not meter.trying
            for _ in range(50):
                assert meter.readings.online
                assert values(meter.readings) == right(meter, *refused)
                await bus.wait(0.5)
            errors = meter.readings.errors
            await bus.wait(50)
            assert meter.readings.errors == errors
            assert values(meter.readings) == right(meter, *refused)

    with caplog.at_level("INFO", logger="mbmd"):
        virtual_time.run(run())
    assert caplog.messages.count("SDM1.1: online") == 1


@pytest.mark.parametrize("classes", CLASSES)
@pytest.mark.parametrize("most", [1, 2, 3])
def test_the_longest_read_is_found_for_all_classes_at_once(classes: str, most: int) -> None:
    def short(far: FarEnd, asked: Asked) -> None:
        (good if asked.count <= most else exception(3))(far, asked)

    async def run() -> None:
        meter = make_meter(**CLASSES[classes])
        async with polling(only(1, short), meter) as bus:
            await bus.wait(0.5)
            assert not meter.trying
            assert not meter.learned.refused
            errors = meter.readings.errors
            await bus.wait(60)
            assert meter.readings.errors == errors
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_values_that_a_device_begins_to_refuse_do_not_stay() -> None:
    async def run() -> None:
        meter = make_meter(once=[200])
        line = ScriptedLine(Framing.MBAP)
        async with polling(line, meter) as bus:
            await bus.wait(2.5)
            line.by_unit[1] = refuse(100, 101)
            await bus.wait(2 * RATE)
            assert values(meter.readings) == right(meter, 100, 101)
            assert plans(meter) == ["3:0+4", "3:200+1"]

    virtual_time.run(run())


def test_a_device_that_keeps_only_what_is_read_once_is_read_at_the_rate() -> None:
    async def run() -> None:
        meter = make_meter(addresses=(0, 100, 200), slow=[100], once=[200])
        line = only(1, refuse(0, 100))
        async with polling(line, meter) as bus:
            await bus.wait(10.5)
            assert meter.readings.online
            assert values(meter.readings) == right(meter, 0, 100)
            line.asked.clear()
            await bus.wait(10)
            assert line.places == [ONCE] * 10

    virtual_time.run(run())
