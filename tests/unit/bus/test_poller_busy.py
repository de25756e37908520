"""Devices that ask for time, and gateways that say that nobody answers."""

from itertools import pairwise

import pytest

from mbmd.bus.meter import WITHDRAWN_AFTER
from mbmd.bus.poll import BUSY_PAUSE, VAIN_ATTEMPTS
from mbmd.bus.poller import MOST_BUSY
from mbmd.config.adapter import Framing
from tests import virtual_time
from tests.polled_bus import RATE, make_meter, polling, right, values
from tests.scripted import Asked, FarEnd, ScriptedLine, Step, exception, good, only


def busy_at(*addresses: int, code: int = 6) -> Step:
    def step(far: FarEnd, asked: Asked) -> None:
        (exception(code) if asked.address in addresses else good)(far, asked)

    return step


@pytest.mark.parametrize("kind", Framing)
@pytest.mark.parametrize("code", [5, 6])
@pytest.mark.parametrize("polls", [1, MOST_BUSY])
def test_a_busy_device_keeps_its_values_and_is_asked_again_soon(kind: Framing, code: int, polls: int) -> None:
    async def run() -> None:
        meter, other = make_meter(1), make_meter(2)
        line = ScriptedLine(kind)
        async with polling(line, meter, other) as bus:
            await bus.wait(0.5)
            line.script = iter([])
            times: list[float] = []

            def busy(far: FarEnd, asked: Asked) -> None:
                times.append(asked.when)
                (exception(code) if len(times) <= polls else good)(far, asked)

            line.by_unit[1] = busy
            while len(times) <= polls:
                await bus.wait(0.05)
                assert meter.readings.online
                assert values(meter.readings) == right(meter)
            pauses = [later - earlier for earlier, later in pairwise(times[: polls + 1])]
            assert pauses == [pytest.approx(BUSY_PAUSE, abs=0.01)] * polls
            await bus.wait(5)
            assert meter.readings.errors == polls
            starts = [asked.when for asked in line.asked if asked.unit == 2 and asked.address == 0]
            assert all(later - earlier <= RATE + 0.05 for earlier, later in pairwise(starts))
            assert other.readings.errors == 0

    virtual_time.run(run())


def test_a_device_that_is_busy_for_ever_is_offline_and_probed_more_and_more_seldom(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> None:
        meter = make_meter()
        line = ScriptedLine(Framing.MBAP)
        async with polling(line, meter) as bus:
            await bus.wait(0.5)
            line.by_unit[1] = exception(6)
            line.asked.clear()
            start = await bus.until(online=False)
            assert len(line.asked) == MOST_BUSY + 1
            assert start <= 1001 + (MOST_BUSY + 1) * BUSY_PAUSE
            assert meter.readings.health.trouble == "exception 6 (server device busy)"
            line.asked.clear()
            await bus.wait(120)
            assert 5 <= len(line.asked) <= 8
            del line.by_unit[1]
            await bus.until(online=True)
            assert values(meter.readings) == right(meter)
            line.by_unit[1] = exception(6)
            await bus.wait(RATE + (MOST_BUSY - 1) * BUSY_PAUSE)
            assert meter.readings.online

    virtual_time.run(run())
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["SDM1.1: offline, exception 6 (server device busy)"]


def test_a_device_that_is_busy_at_the_start_has_its_time_too() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP, [exception(6)] * 5)
        async with polling(line) as bus:
            await bus.wait(5 * BUSY_PAUSE + 0.1)
            assert values(bus.meters[0].readings) == right(bus.meters[0])

    virtual_time.run(run())


@pytest.mark.parametrize("at", [0, 100, 200])
def test_a_read_that_is_always_busy_does_not_keep_the_others_from_being_read(at: int) -> None:
    hidden = range(4) if at == 0 else range(at, at + 2)

    async def run() -> None:
        meter = make_meter()
        line = only(1, busy_at(at))
        async with polling(line, meter) as bus:
            await bus.wait((WITHDRAWN_AFTER + 2) * RATE)
            versions = meter.readings.version
            line.asked.clear()
            await bus.wait(20 * RATE)
            assert meter.readings.version == versions + 20
            assert values(meter.readings) == right(meter, *hidden)
            asked = {place: line.places.count(place) for place in [(0, 4), (100, 2), (200, 1)]}
            assert all(times >= 19 for place, times in asked.items() if place[0] != at)
            assert 2 <= min(asked.values()) <= 6  # more and more seldom

    virtual_time.run(run())


@pytest.mark.parametrize(("code", "name"), [(10, "path unavailable"), (11, "target device failed to respond")])
def test_a_gateway_that_gets_no_answer_names_the_unit(code: int, name: str, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        meter, other = make_meter(1), make_meter(2)
        line = ScriptedLine(Framing.MBAP)
        async with polling(line, meter, other) as bus:
            await bus.wait(0.5)
            line.by_unit[1] = exception(code)
            line.asked.clear()
            await bus.until(online=False)
            assert [asked.unit for asked in line.asked].count(1) == VAIN_ATTEMPTS
            await bus.wait(120)
            assert other.readings.online
            trouble = f"exception {code} (gateway {name}): unit 1 is asleep or not there"
            assert meter.readings.health.trouble == trouble
            assert caplog.messages.count(f"SDM1.1: offline, {trouble}") == 1
            assert meter.readings.health.errors == {f"exception {code}": meter.readings.errors}
            del line.by_unit[1]
            await bus.until(online=True)
            assert meter.readings.health.trouble == ""

    virtual_time.run(run())
