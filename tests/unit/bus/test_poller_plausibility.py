"""Counters that leap or run backwards."""

from math import isnan

import pytest

from mbmd.bus.meter import Meter
from mbmd.config.adapter import Framing
from mbmd.config.options import PollClass
from mbmd.devices.schema import Register
from tests import virtual_time
from tests.polled_bus import RATE, SLOW_RATE, Bus, meter_of, polling, values
from tests.scripted import Asked, FarEnd, ScriptedLine, drop, only

POWER = Register("Power", 3, 0, "uint16")
IMPORT = Register("Import", 3, 1, "uint32", 100)


class Display:
    """A device that shows what it is told to: power in W, and imported energy in kWh."""

    def __init__(self, power: int, energy: float) -> None:
        self.power = power
        self.energy = energy

    def step(self, far: FarEnd, asked: Asked) -> None:
        registers = (self.power.to_bytes(2) + round(100 * self.energy).to_bytes(4))[2 * asked.address :]
        far.send(asked.frame(bytes((3, 2 * asked.count)) + registers[: 2 * asked.count]))


async def poll(bus: Bus, display: Display, energy: float) -> tuple[float, float]:
    """The energy of the next poll, in its update and as the latest."""
    display.energy = energy
    update = await bus.update()
    slot = update.device.slots["Import"]
    return update.values[slot], update.device.latest[slot]


def shown(display: Display, kind: Framing = Framing.MBAP) -> ScriptedLine:
    return only(1, display.step, kind)


def held_back(meter: Meter) -> int:
    return meter.readings.health.held_back["Import"]


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("wrong", [50_000.0, 0.0, 4.99, 4.2e7])
def test_one_wrong_value_is_held_back_and_the_latest_stays(
    kind: Framing, wrong: float, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        meter, display = meter_of([POWER, IMPORT]), Display(230, 5.0)
        async with polling(shown(display, kind), meter) as bus:
            assert await poll(bus, display, 5.0) == (5.0, 5.0)
            display.power = 240
            update, latest = await poll(bus, display, wrong)
            assert isnan(update)
            assert latest == 5.0
            assert values(meter.readings) == {"Power": 240, "Import": 5.0}
            assert await poll(bus, display, 5.01) == (5.01, 5.01)
            assert held_back(meter) == 1
            assert meter.readings.errors == 0

    virtual_time.run(run())
    assert caplog.messages == [f"SDM1.1: Import of {wrong:.10g} is held back: it was 5 before"]


@pytest.mark.parametrize("anew", [50_000.0, 0.0])
def test_a_value_that_stays_is_accepted_with_the_third_poll(anew: float, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        meter, display = meter_of([POWER, IMPORT]), Display(230, 500.0)
        async with polling(shown(display), meter) as bus:
            await poll(bus, display, 500.0)
            for number, value in enumerate((anew, anew + 0.01), 1):
                update, latest = await poll(bus, display, value)
                assert isnan(update)
                assert latest == 500.0
                assert held_back(meter) == number
            assert await poll(bus, display, anew + 0.02) == (anew + 0.02, anew + 0.02)
            assert await poll(bus, display, anew + 0.03) == (anew + 0.03, anew + 0.03)
            assert held_back(meter) == 2

    with caplog.at_level("WARNING", logger="mbmd"):
        virtual_time.run(run())
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        f"SDM1.1: Import of {anew:.10g} is held back: it was 500 before",
        f"SDM1.1: Import is {anew + 0.02:.10g} from now on, the counter goes on from there",
    ]


def test_values_that_leap_about_are_never_accepted() -> None:
    async def run() -> None:
        meter, display = meter_of([POWER, IMPORT]), Display(230, 500.0)
        async with polling(shown(display), meter) as bus:
            await poll(bus, display, 500.0)
            for number in range(20):
                update, latest = await poll(bus, display, 10_000.0 * (1 + number % 2))
                assert isnan(update)
                assert latest == 500.0
            assert held_back(meter) == 20

    virtual_time.run(run())


def test_a_device_may_be_rated_higher() -> None:
    async def run() -> None:
        meter, display = meter_of([POWER, IMPORT], rating=1e6), Display(230, 500.0)
        async with polling(shown(display), meter) as bus:
            await poll(bus, display, 500.0)
            assert await poll(bus, display, 15_000.0) == (15_000.0, 15_000.0)
            assert held_back(meter) == 0

    virtual_time.run(run())


def test_without_plausibility_every_value_counts() -> None:
    async def run() -> None:
        meter, display = meter_of([POWER, IMPORT], plausibility=False), Display(230, 500.0)
        async with polling(shown(display), meter) as bus:
            for value in (500.0, 50_000.0, 0.0, 4.2e7):
                assert await poll(bus, display, value) == (value, value)
            assert held_back(meter) == 0

    virtual_time.run(run())


def test_what_grew_while_a_device_was_away_is_plausible_and_what_shrank_is_not() -> None:
    async def run() -> None:
        meter, display = meter_of([POWER, IMPORT]), Display(230, 500.0)
        line = shown(display)
        async with polling(line, meter) as bus:
            await bus.until(online=True)
            for energy, expected in ((2000.0, {"Import": 2000.0}), (100.0, {})):
                line.by_unit[1] = drop
                await bus.until(online=False)
                await bus.wait(3600)
                line.by_unit[1] = display.step
                display.energy = energy
                await bus.until(online=True)
                assert values(meter.readings) == {"Power": 230, **expected}
            await bus.wait(2 * RATE)
            assert values(meter.readings) == {"Power": 230, "Import": 100.0}

    virtual_time.run(run())


def test_a_slow_counter_keeps_its_latest_value_between_its_polls() -> None:
    async def run() -> None:
        slow = Register("Import", 3, 1, "uint32", 100, poll=PollClass.SLOW)
        meter, display = meter_of([POWER, slow]), Display(230, 5.0)
        async with polling(shown(display), meter) as bus:
            await bus.wait(RATE)
            display.energy = 50_000.0
            await bus.wait(2 * SLOW_RATE)
            assert held_back(meter) == 2
            assert values(meter.readings) == {"Power": 230, "Import": 5.0}
            await bus.wait(SLOW_RATE)
            assert values(meter.readings) == {"Power": 230, "Import": 50_000.0}

    virtual_time.run(run())


def test_a_counter_held_back_does_not_count_for_the_mean() -> None:
    async def run() -> None:
        meter, display = meter_of([POWER, IMPORT]), Display(230, 5.0)
        async with polling(shown(display), meter) as bus:
            await poll(bus, display, 5.0)
            await poll(bus, display, 50_000.0)
            assert meter.readings.mean(1000 + RATE)[meter.readings.slots["Import"]] == 5.0

    virtual_time.run(run())
