"""The status, in the shape of today and that of before release 0.9."""

import asyncio
from array import array
from datetime import datetime
from typing import Any

import pytest

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.web import status


def make() -> list[DeviceReadings]:
    online, offline = (DeviceReadings(name, "SDM", [CATALOGUE["Power"]]) for name in ("SDM1.1", "SDM1.2"))
    online.commit(array("d", [1.0]), (), 1, 1)
    online.requests, online.errors = 90, 6
    offline.requests, offline.errors = 30, 30
    return [online, offline]


@pytest.fixture
def body(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The status two minutes after the start."""
    clock = 1000.0
    monkeypatch.setattr(status, "monotonic", lambda: clock)
    monkeypatch.setattr(status, "time", lambda: 1_700_000_000.0)
    made = status.Status(make())
    clock += 120

    async def run() -> dict[str, Any]:
        return made.body()

    return asyncio.run(run())


def test_the_shape_of_today(body: dict[str, Any]) -> None:
    assert datetime.fromisoformat(body["StartTime"]).timestamp() == 1_700_000_000
    assert body["UpTime"] == 120
    assert body["Goroutines"] == 1
    assert set(body["Memory"]) == {"Alloc", "HeapAlloc"}
    assert 1_000_000 < body["Memory"]["Alloc"] < 1 << 40
    assert body["Meters"] == [
        {
            "Device": "SDM1.1",
            "Type": "SDM",
            "Online": True,
            "Requests": 90,
            "RequestsPerMinute": 45,
            "Errors": 6,
            "ErrorsPerMinute": 3,
        },
        {
            "Device": "SDM1.2",
            "Type": "SDM",
            "Online": False,
            "Requests": 30,
            "RequestsPerMinute": 15,
            "Errors": 30,
            "ErrorsPerMinute": 15,
        },
    ]


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
        return float(status.Status(make()).body()["Meters"][0]["RequestsPerMinute"])

    assert asyncio.run(run()) <= 90 * 60
