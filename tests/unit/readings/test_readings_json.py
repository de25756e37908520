"""A device as JSON."""

import json
import os
import time
from array import array
from collections.abc import Iterator
from datetime import datetime
from math import nan

import pytest

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.render import device_json, rfc3339

STAMP = 1_700_000_000.25


def make(name: str = "SDM1.1") -> DeviceReadings:
    return DeviceReadings(name, "SDM", [CATALOGUE[m] for m in ("Voltage", "Cosphi", "PowerL1", "Import")])


def commit(device: DeviceReadings, *values: float) -> None:
    device.commit(array("d", values), (), 5.0, STAMP)


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_times_are_rfc_3339_with_the_local_zone() -> None:
    assert os.environ["TZ"] == "Asia/Kolkata"
    assert rfc3339(STAMP) == "2023-11-15T03:43:20.250000+05:30"
    assert datetime.fromisoformat(rfc3339(STAMP)).timestamp() == STAMP


def test_time_comes_first_then_measurements_in_alphabetical_order() -> None:
    device = make()
    commit(device, 0.9, 1234.5, -70, 230.25)
    body = json.loads(device_json(device, device.latest, STAMP))
    assert list(body) == ["Timestamp", "Unix", "Cosphi", "Import", "PowerL1", "Voltage"]
    assert body == {
        "Timestamp": rfc3339(STAMP),
        "Unix": 1_700_000_000,
        "Cosphi": 0.9,
        "Import": 1234.5,
        "PowerL1": -70,
        "Voltage": 230.25,
    }


def test_what_is_no_reading_is_left_out() -> None:
    device = make()
    commit(device, nan, 0, nan, 230)
    assert list(json.loads(device_json(device, device.latest, STAMP))) == ["Timestamp", "Unix", "Import", "Voltage"]
    assert b"null" not in device_json(device, device.latest, STAMP)
