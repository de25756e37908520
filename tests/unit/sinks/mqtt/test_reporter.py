"""When diagnostics are published."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence

import pytest

from mbmd.readings.health import BusHealth, SinkHealth
from mbmd.readings.hub import Hub, Wants
from mbmd.sinks.mqtt.dialect import Devices
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.plain import Plain
from mbmd.sinks.mqtt.reporter import LOOK, PERIOD, Diagnosing, Reporter, report
from mbmd.sinks.sink import Feed
from tests.virtual_time import run

MESSAGE = Message("mbmd/diagnostics/x", b"{}", True)


class Asked:
    """A dialect that notes when it is asked, and of which buses."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.buses: list[Sequence[BusHealth]] = []

    def diagnostics(self, devices: Devices, buses: Sequence[BusHealth], now: float) -> Iterable[Message]:
        self.times.append(now)
        self.buses.append(buses)
        return [MESSAGE]


def test_diagnostics_are_due_at_once_and_then_each_minute() -> None:
    asked = Asked()
    reporter = Reporter(asked)
    buses = [BusHealth("/dev/ttyUSB0")]
    said = [list(reporter.due({}, buses, float(second))) for second in range(1000, 1000 + 3 * int(PERIOD))]
    assert asked.times == [1000.0, 1000 + PERIOD, 1000 + 2 * PERIOD]
    assert said[:2] == [[MESSAGE], []]


def test_without_a_bus_they_are_due_too() -> None:
    assert list(Reporter(Asked()).due({}, (), 0.0)) == [MESSAGE]


def test_they_are_due_at_once_when_the_connection_of_a_bus_turns() -> None:
    asked = Asked()
    reporter = Reporter(asked)
    bus = BusHealth("/dev/ttyUSB0")
    for second, bus.connected in enumerate([False, False, True, True, False]):
        reporter.due({}, [bus], second)
    assert asked.times == [0, 2, 4]


def test_they_are_due_at_once_when_a_bus_comes_or_goes() -> None:
    asked = Asked()
    reporter = Reporter(asked)
    one, other = BusHealth("/dev/ttyUSB0"), BusHealth("/dev/ttyUSB1")
    for second, buses in enumerate([[one], [one, other], [one, other], [other], [BusHealth("/dev/ttyUSB1")], []]):
        reporter.due({}, buses, second)
    assert asked.times == [0, 1, 3, 4, 5]


def test_a_dialect_without_diagnostics_is_known() -> None:
    assert isinstance(Asked(), Diagnosing)
    assert not issubclass(Plain, Diagnosing)


def test_what_is_due_is_said_until_the_connection_ends() -> None:
    said: list[Message] = []
    asked, bus = Asked(), BusHealth("/dev/ttyUSB0")

    async def say(messages: Iterable[Message]) -> None:
        said.extend(messages)

    async def connected() -> float:
        feed = Feed(Hub(buses=[bus]), SinkHealth("mqtt"), Wants())
        started = asyncio.get_running_loop().time()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * PERIOD), asyncio.TaskGroup() as tasks:
                tasks.create_task(report(asked, feed, say))
                await asyncio.sleep(9.5 * LOOK)
                bus.connected = True
        return started

    started = run(connected())
    assert [time - started for time in asked.times] == pytest.approx([LOOK, 10 * LOOK, 10 * LOOK + PERIOD])
    assert asked.buses == [(bus,)] * 3
    assert said == [MESSAGE] * 3
