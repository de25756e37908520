"""The line of the log that tells how a bus is."""

import pytest

from mbmd.bus.report import report
from mbmd.config.adapter import Framing
from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.health import BusHealth
from tests import virtual_time
from tests.polled_bus import make_meter, polling
from tests.scripted import ScriptedLine, drop, late
from tests.virtual_time import now


def device(
    unit: int, *, online: bool = True, took: float = 0.2, rate: float = 1.0, late_by: float = 0.0
) -> DeviceReadings:
    readings = DeviceReadings(f"SDM1.{unit}", "SDM", [CATALOGUE["Power"]])
    readings.online = online
    readings.health.rate = rate
    readings.health.took = took
    readings.health.interval = rate + late_by
    return readings


def bus(*round_trips: float) -> BusHealth:
    health = BusHealth("meter:502", ["SDM1.1", "SDM1.2"])
    health.unanswered = 1000 - len(round_trips)
    health.tick(0.0)
    health.busy = 21.0
    for seconds in round_trips:
        health.trips.add(seconds)
    return health


def test_a_bus_that_is_well() -> None:
    assert report(bus(0.012, 0.02), [device(1), device(2, took=0.05)], 60.0) == (
        "meter:502: 2 of 2 devices online, load 35%, round trip 20.0 ms (95%: 20.0 ms), round 250 ms, of 1000 requests"
    )


def test_a_bus_with_all_troubles() -> None:
    health = bus(0.012)
    health.timeouts, health.damaged, health.stale, health.echoes, health.reconnects = 1, 2, 3, 4, 5
    line = report(health, [device(1, late_by=0.3), device(2, online=False, took=9.0, late_by=9.0)], 60.0)
    assert line == (
        "meter:502: 1 of 2 devices online, load 35%, round trip 12.0 ms (95%: 12.0 ms), round 200 ms, "
        "polls 300 ms later than asked, timeouts 1, checksum errors 2, stale answers 3, echoes 4, reconnects 5, "
        "of 1000 requests, offline: SDM1.2"
    )


def test_a_bus_on_which_nobody_ever_answered() -> None:
    health = BusHealth("/dev/ttyUSB0", ["SDM1.1"])
    health.unanswered = health.timeouts = 7
    assert report(health, [device(1, online=False)], 60.0) == (
        "/dev/ttyUSB0: 0 of 1 devices online, load 0%, round 0.0 ms, timeouts 7, of 7 requests, offline: SDM1.1"
    )


@pytest.mark.parametrize(
    ("rate", "late_by", "told"), [(1.0, 0.09, False), (1.0, 0.11, True), (60.0, 5.0, False), (0.0, 9.0, False)]
)
def test_a_little_lateness_is_not_worth_a_word(rate: float, late_by: float, told: bool) -> None:
    assert ("later than asked" in report(bus(), [device(1, rate=rate, late_by=late_by)], 60.0)) is told


def test_what_a_real_bus_reports() -> None:
    async def run() -> str:
        line = ScriptedLine(Framing.MBAP)
        line.by_unit = {1: late(0.02), 2: late(0.02), 3: drop}
        async with polling(line, make_meter(1), make_meter(2), make_meter(3)) as polled:
            await polled.wait(120)
            return report(polled.health, [meter.readings for meter in polled.meters], now())

    line = virtual_time.run(run())
    assert line.startswith(
        "meter:502: 2 of 3 devices online, load 12%, round trip 20.0 ms (95%: 20.0 ms), round 120 ms,"
    )
    assert line.endswith(" requests, offline: SDM1.3")
    assert "later than asked" not in line
    assert "timeouts 7" in line
