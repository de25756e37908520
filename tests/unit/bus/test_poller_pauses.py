"""The time that devices and gateways get: timeouts, pauses, delays, and connections that are closed."""

import asyncio
from itertools import pairwise

import pytest

from mbmd.config.adapter import Framing, parse_adapter
from mbmd.errors import LinkError
from tests import virtual_time
from tests.polled_bus import Bus, make_meter, polling, right, values
from tests.scripted import ADAPTERS, Asked, ScriptedLine, Step, drop, good, hang_up, late, only


def line_of(url: str) -> ScriptedLine:
    adapter = parse_adapter(url)
    line = ScriptedLine(adapter.framing)
    line.adapter = adapter
    return line


ANSWER = 0.01
"""Seconds that each answer takes."""


def two_on(url: str) -> ScriptedLine:
    line = line_of(url)
    line.by_unit = {1: late(ANSWER), 2: late(ANSWER)}
    return line


def rests(asked: list[Asked]) -> list[float]:
    """Seconds from each answer to the next request."""
    return [round(later.when - earlier.when - ANSWER, 6) for earlier, later in pairwise(asked)]


def test_each_device_has_its_own_timeout() -> None:
    async def run() -> None:
        line = ScriptedLine(Framing.MBAP)
        line.by_unit = {1: late(0.2), 2: late(0.2)}
        quick, patient = make_meter(1, timeout=0.1), make_meter(2, timeout=0.3)
        async with polling(line, quick, patient) as bus:
            await bus.wait(5)
            assert not quick.readings.online
            assert values(patient.readings) == right(patient)
            assert patient.readings.errors == 0
            line.by_unit[2] = drop
            line.asked.clear()
            await bus.until(online=False, unit=2)
            waits = {round(b.when - a.when, 3) for a, b in pairwise(line.asked) if a.unit == b.unit == 2}
            assert waits == {0.3}

    virtual_time.run(run())


@pytest.mark.parametrize("kind", Framing)
def test_a_device_rests_before_each_of_its_requests_and_others_do_not(kind: Framing) -> None:
    async def run() -> None:
        line = two_on(str(ADAPTERS[kind]))
        async with polling(line, make_meter(1, pause=0.05, rate=0.0), make_meter(2, rate=0.0)) as bus:
            await bus.wait(1)
            line.asked.clear()
            await bus.wait(10)
        units = [asked.unit for asked in line.asked[1:]]
        assert set(zip(units, rests(line.asked), strict=True)) == {(1, 0.05), (2, 0.0)}
        assert abs(units.count(1) - units.count(2)) <= 6

    virtual_time.run(run())


@pytest.mark.parametrize("url", ["rtu+udp://gateway:23", "ascii:///dev/meters", "tcp://gateway:502"])
def test_the_line_rests_on_a_change_of_unit_only_and_the_longer_rest_counts(url: str) -> None:
    async def run() -> None:
        line = two_on(f"{url}?unit_pause=40ms")
        async with polling(line, make_meter(1, rate=0.0), make_meter(2, rate=0.0, pause=0.1)) as bus:
            await bus.wait(1)
            line.asked.clear()
            await bus.wait(10)
        pairs = [(earlier.unit, later.unit) for earlier, later in pairwise(line.asked)]
        assert set(zip(pairs, rests(line.asked), strict=True)) == {
            ((1, 1), 0.0),
            ((1, 2), 0.1),
            ((2, 2), 0.1),
            ((2, 1), 0.04),
        }

    virtual_time.run(run())


def test_a_gateway_gets_time_after_connecting() -> None:
    async def run() -> None:
        line = line_of("tcp://gateway:502?connect_delay=1500ms")
        async with polling(line) as bus:
            await bus.until(online=True)
            assert line.asked[0].when == 1001.5
            assert line.near is not None
            line.near.close()
            lost = len(line.asked)
            await bus.wait(5)
            assert line.opened == 2
            assert line.asked[lost].when >= line.asked[lost - 1].when + 1.5
            assert values(bus.meters[0].readings) == right(bus.meters[0])

    virtual_time.run(run())


def test_a_connection_lost_while_a_gateway_gets_its_time_is_none() -> None:
    async def run() -> None:
        line = line_of("tcp://gateway:502?connect_delay=1s")
        bus = Bus(line, make_meter())
        await bus.wait(0.5)
        assert line.near is not None
        line.near.close()
        await bus.wait(1)
        assert line.asked == []
        bus.task.cancel()
        await asyncio.gather(bus.task, return_exceptions=True)
        with pytest.raises(LinkError):
            await bus.client.transact(1, make_meter().due(0.0)[0].request)
        bus.client.close()

    virtual_time.run(run())


def test_cancelled_while_a_gateway_gets_its_time_it_leaves_no_connection_open() -> None:
    async def run() -> None:
        line = line_of("tcp://gateway:502?connect_delay=1s")
        async with polling(line) as bus:
            await bus.wait(0.5)
        assert line.near is not None
        assert line.near.is_closing()

    virtual_time.run(run())


def test_a_connection_may_be_closed_after_each_poll() -> None:
    async def run() -> None:
        line = line_of("tcp://gateway:502?close=true")
        meters = make_meter(1), make_meter(2)
        async with polling(line, *meters) as bus:
            await bus.wait(10.5)
            assert line.opened == 2 * 11
            assert all(values(meter.readings) == right(meter) for meter in meters)
            assert all(meter.readings.errors == 0 for meter in meters)
            assert not bus.client.connected
            assert bus.health.reconnects == 0

    virtual_time.run(run())


@pytest.mark.parametrize("step", [drop, hang_up(), hang_up(4)])
def test_a_connection_is_closed_after_a_poll_that_failed_too(step: Step) -> None:
    async def run() -> None:
        line = only(2, step)
        line.adapter = parse_adapter("tcp://gateway:502?close=true")
        async with polling(line, make_meter(1, addresses=[0]), make_meter(2, addresses=[0])) as bus:
            for _ in range(200):
                await bus.wait(0.05)
                assert not bus.client.connected or line.asked[-1].unit == 2
            assert bus.meters[0].readings.online
            assert not bus.meters[1].readings.online
            line.by_unit[2] = good
            await bus.until(online=True, unit=2)

    virtual_time.run(run())
