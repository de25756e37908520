"""The energy of today over restarts and reloads."""

import asyncio
import logging
from array import array
from datetime import datetime
from pathlib import Path
from time import time
from typing import Any

import orjson
import pytest

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.readings.today import midnight
from mbmd.web import today
from mbmd.web.today import Today, beside
from tests.web_site import Site, run

TODAY = midnight(1_700_000_000.0)
HOUR = 3600.0


class Clock:
    """Both clocks, in hours of TODAY."""

    hours = 0.0
    drift = 0.0

    def time(self) -> float:
        return TODAY + self.hours * HOUR

    def monotonic(self) -> float:
        return 1000 + self.hours * HOUR - self.drift


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(today, "time", clock.time)
    monkeypatch.setattr(today, "monotonic", clock.monotonic)
    return clock


class Meters:
    """Devices that are polled by hand, and who counts for them."""

    def __init__(self, clock: Clock, path: Path | None = None, count: int = 2) -> None:
        self.clock = clock
        self.hub = Hub()
        self.replace(count)
        self.today = Today(self.hub, path)
        asyncio.run(self.today.load())

    def replace(self, count: int) -> None:
        """Other devices, of the same meters."""
        measured = [CATALOGUE[name] for name in ("Import", "Power")]
        self.devices = [DeviceReadings(f"SDM1.{unit}", "SDM", measured) for unit in range(1, count + 1)]
        for unit, device in enumerate(self.devices, 1):
            device.unit, device.adapter = unit, "/dev/ttyUSB0"
        self.hub.replace(self.devices, ())

    def poll(self, hours: float, *counts: float) -> None:
        """A poll of each, and a look."""
        self.clock.hours = hours
        for device, count in zip(self.devices, counts, strict=False):
            device.commit(array("d", [count, 5.0]), (), 1000 + hours * HOUR, self.clock.time())
        self.today._look()

    def told(self, number: int = 0) -> tuple[float, bool, float] | None:
        """Since when, in hours, whether complete, and what was imported."""
        told = self.today._told(self.devices[number], midnight(self.clock.time()))
        if told is None:
            return None
        since = datetime.fromisoformat(told["Since"]).timestamp()
        return round((since - TODAY) / HOUR, 6), told["Complete"], told["Energy"]["Import"]


def test_a_day_ends_while_meters_are_polled_and_away(clock: Clock) -> None:
    meters = Meters(clock)
    meters.poll(23, 100, 200)
    meters.poll(23.99, 101, 202)
    assert (meters.told(0), meters.told(1)) == ((23, False, 1), (23, False, 2))
    meters.devices[1].go_offline()
    meters.poll(24.01, 102)
    assert (meters.told(0), meters.told(1)) == ((24, True, 1), None)
    meters.poll(30, 103, 210)
    assert (meters.told(0), meters.told(1)) == ((24, True, 2), (24, True, 8))


def test_a_device_that_goes_offline_keeps_its_day(clock: Clock) -> None:
    meters = Meters(clock)
    meters.poll(1, 100, 200)
    meters.poll(2, 101, 200)
    meters.devices[0].go_offline()
    meters.today._look()
    assert meters.told() == (1, False, 1)


def test_a_restart_goes_on_where_it_was(clock: Clock, tmp_path: Path) -> None:
    path = tmp_path / "learned.today.json"
    first = Meters(clock, path)
    first.poll(1, 100, 200)
    first.poll(2, 101, 200)
    first.today.close()
    second = Meters(clock, path)
    assert second.told() is None
    second.poll(3, 104, 205)
    assert (second.told(0), second.told(1)) == ((1, False, 4), (1, False, 5))
    second.poll(23.95, 110, 206)
    second.today.close()
    third = Meters(clock, path)
    third.poll(24.05, 111, 207)
    assert (third.told(0), third.told(1)) == ((24, True, 1), (24, True, 1))
    third.today.close()
    fourth = Meters(clock, path)
    fourth.poll(60, 120, 207)
    assert (fourth.told(0), fourth.told(1)) == ((60, False, 0), (48, True, 0))


def test_a_reload_goes_on_where_it_was_without_a_file(clock: Clock) -> None:
    meters = Meters(clock)
    meters.poll(1, 100, 200)
    meters.replace(1)
    meters.poll(2, 103)
    assert meters.told() == (1, False, 3)
    assert len(meters.today._meters) == len(meters.today._versions) == 1
    meters.replace(2)
    meters.poll(3, 104, 207)
    assert (meters.told(0), meters.told(1)) == ((1, False, 4), (1, False, 7))


def test_other_units_and_adapters_are_other_devices(clock: Clock) -> None:
    meters = Meters(clock)
    meters.poll(1, 100, 200)
    meters.replace(2)
    meters.devices[0].subdevice = 1
    meters.devices[1].adapter = "elsewhere"
    meters.poll(2, 101, 201)
    assert (meters.told(0), meters.told(1)) == ((2, False, 0), (2, False, 0))


@pytest.mark.parametrize("drift", [2 * HOUR, -2 * HOUR])
def test_a_clock_that_was_set_is_not_believed_about_yesterday(clock: Clock, drift: float) -> None:
    meters = Meters(clock)
    meters.poll(23.99, 100, 200)
    clock.drift += drift
    meters.poll(24.01, 101, 201)
    assert meters.told() == (24.01, False, 0)
    meters.poll(47.99, 102, 201)
    meters.poll(48.01, 103, 201)
    assert meters.told() == (48, True, 1)


def test_without_a_path_nothing_is_written(clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    meters = Meters(clock)
    meters.poll(1, 100, 200)
    meters.today.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"version":1,"devices":{"SDM:1@/dev/ttyUSB0":{"since":"x"}}}'])
def test_a_damaged_file_costs_a_day_and_at_most_a_line(
    clock: Clock, tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "learned.today.json"
    path.write_bytes(data)
    meters = Meters(clock, path)
    meters.poll(1, 100, 200)
    meters.today.close()
    assert meters.told() == (1, False, 0)
    assert set(orjson.loads(path.read_bytes())["devices"]) == {"SDM:1@/dev/ttyUSB0", "SDM:2@/dev/ttyUSB0"}
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == (not data.endswith(b"}"))
    assert all(line.startswith(f"{path}: damaged (") for line in lines)


def test_a_file_that_cannot_be_written_is_told_and_stops_nothing(
    clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"")
    meters = Meters(clock, tmp_path / "file" / "learned.today.json")
    meters.poll(1, 100, 200)
    meters.today.close()
    meters.poll(2, 101, 200)
    meters.today.close()
    assert meters.told() == (1, False, 1)
    (line,) = (record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)
    assert line.endswith("; until that is done, the energy of today begins anew at each start")


def test_it_is_written_when_a_count_begins_and_not_with_polls(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meters = Meters(clock, tmp_path / "learned.today.json")
    saves: list[float] = []
    monkeypatch.setattr(meters.today._file, "save", lambda: saves.append(clock.hours))
    hours = iter([1, 1.001, 1.1, 2, 5, 23.99, 24.1, 24.2, 25])

    async def next_hour(seconds: float) -> None:
        if seconds == 0:
            return
        hour = next(hours, None)
        if hour is None:
            raise asyncio.CancelledError
        meters.poll(hour, 100 + hour, 200) if hour != 1 else meters.poll(hour, 100)

    async def main() -> None:
        monkeypatch.setattr(asyncio, "sleep", next_hour)
        with pytest.raises(asyncio.CancelledError):
            await meters.today.run()

    asyncio.run(main())
    # What came within a minute of the first is written with the next that comes.
    assert saves == [1, 1.1, 24.1]


def test_a_device_that_goes_while_all_are_looked_at_leaves_nothing(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbmd.turns.TURN", 0.0)
    meters = Meters(clock)
    before = meters.devices
    for device in before:
        device.commit(array("d", [100, 5.0]), (), 1000, clock.time())

    async def main() -> None:
        asyncio.get_running_loop().call_soon(meters.replace, 2)
        await meters.today._look_in_turns()

    asyncio.run(main())
    assert meters.hub.devices["SDM1.1"] is not before[0]
    assert list(meters.today._meters) == before[:1]
    meters.poll(1, 103, 200)
    assert (meters.told(0), meters.told(1)) == ((0, False, 3), (1, False, 0))
    assert list(meters.today._meters) == meters.devices


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (None, None),
        (Path("/var/lib/mbmd/learned.json"), Path("/var/lib/mbmd/learned.today.json")),
        (Path("state"), Path("state.today")),
    ],
)
def test_the_file_is_beside_that_of_what_was_learned(state: Path | None, expected: Path | None) -> None:
    assert beside(state) == expected


def test_it_is_told_by_http() -> None:
    async def main(site: Site) -> None:
        measured = [CATALOGUE[name] for name in ("Import", "Export", "Power")]
        devices = [DeviceReadings(f"SDM1.{unit}", "SDM", measured, name) for unit, name in ((1, "roof"), (2, ""))]
        site.hub.replace(devices, ())
        assert (await site.ask("/api/today")).json == {}
        for count in (100.0, 101.5):
            devices[0].commit(array("d", [7, count, 5]), (), count, time())
            one: Any = (await site.ask("/api/today/SDM1.1")).json
        assert one["Energy"] == {"Export": 0, "Import": 1.5}
        assert one["Complete"] is False
        assert datetime.fromisoformat(one["Since"]).timestamp() == pytest.approx(time(), abs=60)
        for _ in range(2):
            assert (await site.ask("/api/today")).json == {"SDM1.1": one}
        assert (await site.ask("/api/today/roof")).json == one
        missing, unread = await site.ask("/api/today/SDM9"), await site.ask("/api/today/SDM1.2")
        assert (missing.status, unread.status) == (404, 503)
        assert unread.json["message"] == "device SDM1.2 was not read today"

    run(asyncio.new_event_loop, main)
