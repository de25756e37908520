"""The status, in the shape of today and that of before release 0.9."""

import asyncio
from array import array
from datetime import datetime
from typing import Any

import orjson
import pytest

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import Descriptor, DeviceReadings
from mbmd.readings.health import BusHealth, Plan, SinkHealth
from mbmd.readings.hub import Hub
from mbmd.web import status
from mbmd.web.bodies import StatusBody

START = 1_700_000_000.0


def make() -> Hub:
    """Two devices on a bus, and a bus that never did anything."""
    online, offline = (DeviceReadings(name, "SDM", [CATALOGUE["Power"]]) for name in ("SDM1.1", "SDM1.2"))
    online.commit(array("d", [1.0]), (), 1, 1)
    online.name, online.place = "heat pump", "cellar"
    online.subdevice, online.descriptor = 1, Descriptor("SMA", "STP 8.0", "TRIPOWER", "3.1", "4711")
    online.requests, online.errors = 90, 6
    offline.requests, offline.errors = 30, 30
    return Hub([online, offline], [_worked([online, offline]), BusHealth("/dev/ttyUSB1", ["SDM2.1"])])


def _worked(devices: list[DeviceReadings]) -> BusHealth:
    online, offline = (device.health for device in devices)
    online.rate = 1.0
    for started in (1000.0, 1001.5, 1003.0):
        online.polled(started, started + 0.25)
    online.last_seen = START + 3
    online.errors.update(["timeout", "timeout", "exception 4"])
    online.refused = ("THD",)
    online.held_back.update(["Import"])
    online.plan = Plan(3, 87, 10)
    offline.rate = 5.0
    offline.errors.update(timeout=30)
    offline.gone("no answer")
    bus = BusHealth("meter:502", [device.id for device in devices])
    for seconds in (0.01, 0.02, 0.03, 0.5):
        bus.trips.add(seconds)
    bus.connected, bus.unanswered, bus.timeouts, bus.damaged = True, 116, 32, 1
    bus.stale, bus.echoes, bus.reconnects, bus.unit_pause, bus.latency_timer = 2, 3, 4, 0.005, 16
    bus.advice.append("write it otherwise")
    bus.tick(1000.0)
    bus.busy += 30
    return bus


@pytest.fixture
def body(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The status two minutes after the start, as it is sent."""
    clock = 1000.0
    monkeypatch.setattr(status, "monotonic", lambda: clock)
    monkeypatch.setattr(status, "time", lambda: START)
    made = status.Status(make())
    clock += 120

    async def run() -> Any:
        return await told(made)

    body: dict[str, Any] = asyncio.run(run())
    return body


async def told(made: status.Status) -> StatusBody:
    """A body as it is sent."""
    body: StatusBody = orjson.loads(orjson.dumps(await made.body()))
    return body


def test_the_shape_of_today(body: dict[str, Any]) -> None:
    assert datetime.fromisoformat(body["StartTime"]).timestamp() == START
    assert body["UpTime"] == 120
    assert body["Goroutines"] == 1
    assert set(body["Memory"]) == {"Alloc", "HeapAlloc"}
    assert 1_000_000 < body["Memory"]["Alloc"] < 1 << 40


def test_a_meter_that_is_online(body: dict[str, Any]) -> None:
    meter = body["Meters"][0]
    assert datetime.fromisoformat(meter.pop("LastSeen")).timestamp() == START + 3
    assert meter == {
        "Device": "SDM1.1",
        "Type": "SDM",
        "Name": "heat pump",
        "Place": "cellar",
        "Online": True,
        "Requests": 90,
        "RequestsPerMinute": 45,
        "Errors": 6,
        "ErrorsPerMinute": 3,
        "ErrorKinds": {"timeout": 2, "exception 4": 1},
        "Trouble": "",
        "Refused": ["THD"],
        "HeldBack": {"Import": 1},
        "Plan": {"Reads": 3, "Registers": 87, "Holes": 10},
        "Rate": 1,
        "Interval": 1.5,
        "Missed": 0.5,
        "Subdevice": 1,
        "Manufacturer": "SMA",
        "Model": "STP 8.0",
        "Options": "TRIPOWER",
        "Version": "3.1",
        "Serial": "4711",
    }


def test_a_meter_that_was_never_online(body: dict[str, Any]) -> None:
    assert body["Meters"][1] == {
        "Device": "SDM1.2",
        "Type": "SDM",
        "Name": "",
        "Place": "",
        "Online": False,
        "Requests": 30,
        "RequestsPerMinute": 15,
        "Errors": 30,
        "ErrorsPerMinute": 15,
        "ErrorKinds": {"timeout": 30},
        "LastSeen": None,
        "Trouble": "no answer",
        "Refused": [],
        "HeldBack": {},
        "Plan": {"Reads": 0, "Registers": 0, "Holes": 0},
        "Rate": 5,
        "Interval": 0,
        "Missed": 0,
        "Subdevice": 0,
        "Manufacturer": "",
        "Model": "",
        "Options": "",
        "Version": "",
        "Serial": "",
    }


def test_a_bus_that_works(body: dict[str, Any]) -> None:
    assert body["Buses"][0] == {
        "Adapter": "meter:502",
        "Devices": ["SDM1.1", "SDM1.2"],
        "Connected": True,
        "Requests": 120,
        "Load": 0.25,
        "RoundTrip": {"Median": 0.03, "P95": 0.5},
        "Timeouts": 32,
        "ChecksumErrors": 1,
        "StaleAnswers": 2,
        "Echoes": 3,
        "Reconnects": 4,
        "Round": 0.25,
        "Missed": 0.5,
        "UnitPause": 0.005,
        "LatencyTimer": 16,
        "Advice": ["write it otherwise"],
    }


def test_a_bus_that_never_did_anything(body: dict[str, Any]) -> None:
    assert body["Buses"][1] == {
        "Adapter": "/dev/ttyUSB1",
        "Devices": ["SDM2.1"],
        "Connected": False,
        "Requests": 0,
        "Load": 0,
        "RoundTrip": {"Median": None, "P95": None},
        "Timeouts": 0,
        "ChecksumErrors": 0,
        "StaleAnswers": 0,
        "Echoes": 0,
        "Reconnects": 0,
        "Round": 0,
        "Missed": 0,
        "UnitPause": 0,
        "LatencyTimer": None,
        "Advice": [],
    }


def test_the_shape_of_before(body: dict[str, Any]) -> None:
    assert body["Modbus"] == {
        "TotalModbusRequests": 120,
        "ModbusRequestRatePerMinute": 60,
        "TotalModbusErrors": 36,
        "ModbusErrorRatePerMinute": 18,
    }
    assert body["ConfiguredMeters"] == [
        {"Id": "SDM1.1", "Type": "SDM", "Status": "available"},
        {"Id": "SDM1.2", "Type": "SDM", "Status": "unavailable"},
    ]


def test_at_the_very_start_rates_are_not_beyond_measure() -> None:
    async def run() -> float:
        return float((await told(status.Status(make())))["Meters"][0]["RequestsPerMinute"])

    assert asyncio.run(run()) <= 90 * 60


def test_who_came_later_is_counted_from_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 1000.0
    monkeypatch.setattr(status, "monotonic", lambda: clock)
    hub = make()
    made = status.Status(hub)
    clock += 600
    late = DeviceReadings("ABB3.1", "ABB", [CATALOGUE["Power"]])
    late.health.since = clock
    late.requests = 30
    bus = BusHealth("meter:503", ["ABB3.1"])
    hub.replace([*hub.devices.values(), late], [*hub.buses, bus])
    clock += 60

    async def run() -> StatusBody:
        return await told(made)

    body = asyncio.run(run())
    rates = {meter["Device"]: meter["RequestsPerMinute"] for meter in body["Meters"]}
    assert rates == {"ABB3.1": 30, "SDM1.1": pytest.approx(90 / 11), "SDM1.2": pytest.approx(30 / 11)}
    assert [bus["Devices"] for bus in body["Buses"]] == [["SDM1.1", "SDM1.2"], ["SDM2.1"], ["ABB3.1"]]


def test_totals_never_fall_when_a_device_goes() -> None:
    hub = make()
    made = status.Status(hub)
    hub.replace([hub.devices["SDM1.1"]], hub.buses)

    async def run() -> StatusBody:
        return await told(made)

    body = asyncio.run(run())
    assert [meter["Device"] for meter in body["Meters"]] == ["SDM1.1"]
    assert [meter["Id"] for meter in body["ConfiguredMeters"]] == ["SDM1.1"]
    assert (body["Modbus"]["TotalModbusRequests"], body["Modbus"]["TotalModbusErrors"]) == (120, 36)


def test_a_device_that_goes_while_the_status_is_made_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbmd.turns.TURN", 0.0)
    hub = make()
    made = status.Status(hub)

    async def run() -> StatusBody:
        asyncio.get_running_loop().call_soon(lambda: hub.replace([hub.devices["SDM1.1"]], hub.buses))
        return await told(made)

    body = asyncio.run(run())
    assert len(hub.devices) == 1
    assert (body["Modbus"]["TotalModbusRequests"], body["Modbus"]["TotalModbusErrors"]) == (120, 36)
    assert [meter["Id"] for meter in body["ConfiguredMeters"]] == [meter["Device"] for meter in body["Meters"]]


def test_who_asks_for_the_status_at_once_gets_the_same_and_others_have_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mbmd.turns.TURN", 0.0)
    made = status.Status(make())

    async def run() -> None:
        turns: list[None] = []
        asyncio.get_running_loop().call_soon(turns.append, None)
        first, second = await asyncio.gather(made.content(), made.content())
        assert turns
        assert first is second

    asyncio.run(run())


def test_the_account_of_a_sink() -> None:
    hub = Hub()
    hub.sinks = (
        SinkHealth("mqtt", True, "", 5, 1, 2, 3, failures=4),
        SinkHealth("influx", trouble="away", waiting=7, waiting_bytes=900, oldest=START),
    )
    mqtt, influx = orjson.loads(orjson.dumps([status._sink(sink) for sink in hub.sinks]))
    assert mqtt == {
        "Name": "mqtt",
        "Connected": True,
        "Trouble": "",
        "Sent": 5,
        "Dropped": 1,
        "Refused": 2,
        "Expired": 3,
        "Waiting": 0,
        "WaitingBytes": 0,
        "Oldest": None,
        "Failures": 4,
    }
    assert datetime.fromisoformat(influx.pop("Oldest")).timestamp() == START
    assert (influx["Connected"], influx["Trouble"], influx["Waiting"], influx["WaitingBytes"]) == (
        False,
        "away",
        7,
        900,
    )
