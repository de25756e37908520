"""A device of models in a row: what it costs that it refuses reads across them, or that one of them is out of order."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from mbmd.bus.learned import Learned
from mbmd.bus.meter import Meter
from mbmd.config.adapter import Framing
from mbmd.devices.schema import Register, Scale
from mbmd.planner import Limits
from tests import virtual_time
from tests.polled_bus import COSTS, RATE, meter_of, plans, polling, right, values
from tests.scripted import MEASUREMENTS, Asked, FarEnd, Step, drop, exception, good, only, registers

BORDERS = (0, 4, 8, 12, 50)
"""Three models, and one that nothing is measured of."""
ADDRESSES = (1, 2, 3, 5, 7, 9, 11)
Accepts = Callable[[Asked], bool]


def with_borders(meter: Meter) -> Meter:
    """A device of which it is known where its models begin."""
    limits = Limits(meter.settings.max_registers, meter.settings.holes, borders=BORDERS)
    meter.learned = Learned(meter.settings.registers, meter.readings.slots, limits, COSTS)
    meter.replan()
    return meter


def of_models(**asked: Any) -> Meter:
    return with_borders(meter_of(registers(*ADDRESSES), **asked))


def within_a_model(asked: Asked) -> bool:
    return not any(asked.address < border < asked.address + asked.count for border in BORDERS)


def unless(accepts: Accepts, otherwise: Step) -> Step:
    def step(far: FarEnd, asked: Asked) -> None:
        (good if accepts(asked) else otherwise)(far, asked)

    return step


def without(bad: Iterable[int]) -> Accepts:
    return lambda asked: not any(asked.address <= at < asked.address + asked.count for at in bad)


@pytest.mark.parametrize("framing", Framing)
@pytest.mark.parametrize("code", [2, 3])
def test_reads_across_models_are_refused_once_in_the_life_of_a_device(framing: Framing, code: int) -> None:
    async def run() -> None:
        meter = of_models()
        line = only(1, unless(within_a_model, exception(code)), framing)
        async with polling(line, meter) as bus:
            await bus.wait(20 * RATE)
            assert values(meter.readings) == right(meter)
            assert meter.readings.errors == 1
            assert line.places[:4] == [(1, 11), (1, 3), (5, 3), (9, 3)]
            assert plans(meter) == ["3:1+3", "3:5+3", "3:9+3"]
            assert bus.kept[-1].learned.dump()["crossing"] is False

    virtual_time.run(run())


def test_a_device_may_say_that_it_failed_at_reads_across_models() -> None:
    async def run() -> None:
        meter = of_models()
        async with polling(only(1, unless(within_a_model, exception(4))), meter) as bus:
            await bus.wait(20 * RATE)
            assert values(meter.readings) == right(meter)
            assert meter.readings.errors <= 5
            assert plans(meter) == ["3:1+3", "3:5+3", "3:9+3"]

    virtual_time.run(run())


def test_a_meter_without_borders_is_asked_again_after_a_failure_and_not_in_parts() -> None:
    async def run() -> None:
        meter = meter_of(registers(*ADDRESSES))
        line = only(1, unless(within_a_model, exception(4)))
        async with polling(line, meter) as bus:
            await bus.wait(20 * RATE)
            assert set(line.places) == {(1, 11)}

    virtual_time.run(run())


@pytest.mark.parametrize("accepts", [lambda asked: True, within_a_model])
@pytest.mark.parametrize("code", [2, 3, 4])
@pytest.mark.parametrize("first", [0, 4, 8])
def test_a_model_that_fails_takes_no_other_along_and_costs_little(first: int, code: int, accepts: Accepts) -> None:
    bad = range(first, first + 4)

    async def run() -> None:
        meter = of_models(rate=10.0)
        line = only(1, unless(lambda asked: accepts(asked) and without(bad)(asked), exception(code)))
        async with polling(line, meter) as bus:
            await bus.wait(200)
            assert values(meter.readings) == right(meter, *bad)
            assert meter.readings.online
            assert meter.readings.errors <= 40
            errors = meter.readings.errors
            await bus.wait(600)
            assert meter.readings.errors <= errors + 40
            assert values(meter.readings) == right(meter, *bad)
            line.by_unit[1] = unless(accepts, exception(code))
            await bus.wait(200 if code == 4 else 3700)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


@pytest.mark.parametrize("code", [2, 4])
def test_a_device_that_refuses_all_is_soon_asked_little(code: int) -> None:
    async def run() -> None:
        meter = of_models()
        line = only(1, good)
        async with polling(line, meter) as bus:
            await bus.until(online=True)
            line.by_unit[1] = exception(code)
            await bus.until(online=False)
            assert len(line.asked) <= 40
            line.asked.clear()
            await bus.wait(120 * RATE)
            assert len(line.asked) <= 12
            line.by_unit[1] = good
            await bus.until(online=True)
            await bus.wait(3 * RATE)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


def test_one_register_at_which_a_device_fails_is_failed_and_not_refused() -> None:
    async def run() -> None:
        meter = of_models()
        line = only(1, unless(without([7]), exception(4)))
        async with polling(line, meter) as bus:
            await bus.wait(30 * RATE)
            assert values(meter.readings) == right(meter, 7)
            assert not meter.learned.refused
            line.by_unit[1] = good
            await bus.wait(120 * RATE)
            assert values(meter.readings) == right(meter)

    virtual_time.run(run())


class Scaled:
    """Values 20 registers behind their scale; `scales` are its answers, the last one for ever."""

    def __init__(self, *scales: int) -> None:
        rows = [
            Register(name, 3, at, "uint16", scale=Scale(0)) for name, at in zip(MEASUREMENTS, (20, 22), strict=False)
        ]
        self.meter = meter_of(rows, max_registers=10, plausibility=False)
        self._scales = [*scales]

    def answer(self, far: FarEnd, asked: Asked) -> None:
        scale = self._scales.pop(0) if asked.address == 0 and len(self._scales) > 1 else self._scales[0]
        data = b"".join(
            (scale & 0xFFFF if at == 0 else at).to_bytes(2) for at in range(asked.address, asked.address + asked.count)
        )
        far.send(asked.frame(bytes((asked.function, len(data))) + data))


@pytest.mark.parametrize("framing", Framing)
def test_values_too_far_from_their_scale_are_read_between_two_reads_of_it(framing: Framing) -> None:
    async def run() -> None:
        device = Scaled(-1)
        line = only(1, device.answer, framing)
        async with polling(line, device.meter) as bus:
            await bus.wait(RATE / 2)
            assert line.places == [(0, 1), (20, 3), (0, 1)]
            assert values(device.meter.readings) == {MEASUREMENTS[0]: 2.0, MEASUREMENTS[1]: 2.2}
            assert device.meter.readings.health.plan == (3, 5, 1)
            assert (device.meter.readings.requests, device.meter.readings.errors) == (3, 0)

    virtual_time.run(run())


def test_values_whose_scale_changes_meanwhile_are_read_again() -> None:
    async def run() -> None:
        device = Scaled(0, -1, -1)
        line = only(1, device.answer)
        async with polling(line, device.meter) as bus:
            await bus.wait(RATE / 2)
            assert line.places == [(0, 1), (20, 3), (0, 1)] * 2
            assert values(device.meter.readings) == {MEASUREMENTS[0]: 2.0, MEASUREMENTS[1]: 2.2}

    virtual_time.run(run())


def test_what_changes_between_two_scales_does_not_matter() -> None:
    async def run() -> None:
        device = Scaled(-1)
        rows = [replace(row, scale=Scale(at)) for row, at in zip(device.meter.settings.registers, (0, 2), strict=True)]
        meter = meter_of(rows, max_registers=10, plausibility=False)
        line = only(1, good)

        def step(far: FarEnd, asked: Asked) -> None:
            words = {0: 1, 1: len(line.asked), 2: 0, 20: 7, 22: 8}
            data = b"".join(words.get(at, 0).to_bytes(2) for at in range(asked.address, asked.address + asked.count))
            far.send(asked.frame(bytes((asked.function, len(data))) + data))

        line.by_unit[1] = step
        async with polling(line, meter) as bus:
            await bus.wait(RATE / 2)
            assert line.places == [(0, 3), (20, 3), (0, 3)]
            assert values(meter.readings) == {MEASUREMENTS[0]: 70.0, MEASUREMENTS[1]: 8.0}

    virtual_time.run(run())


def test_values_whose_scale_never_stays_are_none() -> None:
    async def run() -> None:
        device = Scaled(*[0, -1] * 50)
        line = only(1, device.answer)
        async with polling(line, device.meter) as bus:
            await bus.wait(5 * RATE)
            assert line.places[:6] == [(0, 1), (20, 3), (0, 1)] * 2
            assert values(device.meter.readings) == {}
            assert device.meter.readings.health.errors["unsteady"]

    virtual_time.run(run())


@pytest.mark.parametrize("framing", [Framing.RTU, Framing.ASCII])
def test_a_scale_that_was_asked_for_again_does_not_vouch_for_values(framing: Framing) -> None:
    async def run() -> None:
        device = Scaled(-1)
        line = only(1, device.answer, framing)
        lost = [drop]

        def step(far: FarEnd, asked: Asked) -> None:
            (lost.pop() if lost and asked.address == 0 and len(line.asked) > 4 else device.answer)(far, asked)

        line.by_unit[1] = step
        async with polling(line, device.meter) as bus:
            await bus.wait(20 * RATE)
            assert line.places[3:10] == [(0, 1), (20, 3), (0, 1), (0, 1), (0, 1), (20, 3), (0, 1)]
            assert values(device.meter.readings) == {MEASUREMENTS[0]: 2.0, MEASUREMENTS[1]: 2.2}

    virtual_time.run(run())


@pytest.mark.parametrize("down", [0, 1, 2])
def test_a_line_lost_between_scales_and_values_loses_no_value(down: int) -> None:
    async def run() -> None:
        device = Scaled(-1)
        line = only(1, device.answer)

        def hang_up_at_values(far: FarEnd, asked: Asked) -> None:
            line.by_unit[1] = device.answer
            line.down = down
            far.transport.close()

        line.by_unit[1] = unless(lambda asked: False, hang_up_at_values)
        async with polling(line, device.meter) as bus:
            await bus.wait(60 * RATE)
            assert values(device.meter.readings) == {MEASUREMENTS[0]: 2.0, MEASUREMENTS[1]: 2.2}

    virtual_time.run(run())
