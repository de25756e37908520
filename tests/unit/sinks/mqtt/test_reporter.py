"""When diagnostics are due."""

from collections.abc import Iterable, Sequence

from mbmd.readings.health import BusHealth
from mbmd.sinks.mqtt.dialect import Devices
from mbmd.sinks.mqtt.message import Message
from mbmd.sinks.mqtt.reporter import PERIOD, Reporter

MESSAGE = Message("mbmd/diagnostics/x", b"{}", True)


class Asked:
    """A dialect that counts how often it is asked."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def diagnostics(self, devices: Devices, buses: Sequence[BusHealth], now: float) -> Iterable[Message]:
        self.times.append(now)
        return [MESSAGE]


def test_diagnostics_are_due_at_once_and_then_each_minute() -> None:
    asked = Asked()
    reporter = Reporter(asked)
    buses = [BusHealth("/dev/ttyUSB0")]
    said = [list(reporter.due({}, buses, float(second))) for second in range(1000, 1000 + 3 * int(PERIOD))]
    assert asked.times == [1000.0, 1000 + PERIOD, 1000 + 2 * PERIOD]
    assert said[:2] == [[MESSAGE], []]


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


def test_a_new_connection_is_told_all_anew() -> None:
    asked = Asked()
    reporter = Reporter(asked)
    for second in range(3):
        reporter.renew()
        reporter.due({}, [], second)
    reporter.due({}, [], 3)
    assert asked.times == [0, 1, 2]
