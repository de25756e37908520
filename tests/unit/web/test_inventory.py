"""What there is: devices, measurements, buses."""

import asyncio
from datetime import datetime
from urllib.parse import quote

import pytest

from mbmd.readings.health import BusHealth
from tests.web_devices import STAMP, various
from tests.web_site import Site, run


def fill(site: Site) -> None:
    site.devices = various()
    site.hub.replace(site.devices, [BusHealth("/dev/ttyUSB0", ["SDM1.1"]), BusHealth("192.0.2.1:502", ["SMA2.126.1"])])


def test_a_meter_that_is_online() -> None:
    async def main(site: Site) -> None:
        fill(site)
        told = (await site.ask("/api/devices/SDM1.1")).json
        assert datetime.fromisoformat(told.pop("LastSeen")).timestamp() == STAMP
        assert told == {
            "Device": "SDM1.1",
            "Name": "pump",
            "Place": "cellar",
            "Type": "SDM",
            "Adapter": "/dev/ttyUSB0",
            "Unit": 1,
            "Subdevice": 0,
            "Online": True,
            "State": "online",
            "Trouble": "",
            "Manufacturer": "Eastron",
            "Model": "SDM630",
            "Options": "",
            "Version": "",
            "Serial": "",
            "Rate": 1.0,
            "Measurements": {"Import": "kWh", "Power": "W"},
        }

    run(asyncio.new_event_loop, main)


@pytest.mark.parametrize("name", ["pump", "SMA2.126.1", "GAS3.1", "Wärme/1", "SDM1.4", "SDM1.5"])
def test_each_device_is_had_by_id_or_name_online_or_not(name: str) -> None:
    async def main(site: Site) -> None:
        fill(site)
        told = await site.ask(f"/api/devices/{quote(name, safe='')}")
        assert told.status == 200
        assert name in (told.json["Device"], told.json["Name"])
        assert told.json in (await site.ask("/api/devices")).json

    run(asyncio.new_event_loop, main)


def test_all_devices_by_id_with_their_states() -> None:
    async def main(site: Site) -> None:
        fill(site)
        states = [
            (one["Device"], one["State"], one["Online"], one["Trouble"])
            for one in (await site.ask("/api/devices")).json
        ]
        assert states == [
            ("GAS3.1", "offline", False, "no answer"),
            ("SDM1.1", "online", True, ""),
            ("SDM1.4", "offline", False, "no answer"),
            ("SDM1.5", "unknown", False, ""),
            ("SMA2.126.1", "online", True, ""),
        ]

    run(asyncio.new_event_loop, main)


def test_who_asks_for_a_device_that_is_not_there_is_told_where_they_are() -> None:
    async def main(site: Site) -> None:
        answer = await site.ask("/api/devices/SDM9.9")
        assert (answer.status, answer.json["message"]) == (404, "there is no device SDM9.9: /api/devices lists them")

    run(asyncio.new_event_loop, main)


def test_all_measurements_that_devices_have() -> None:
    async def main(site: Site) -> None:
        fill(site)
        assert (await site.ask("/api/measurements")).json == [
            {"Name": "Power", "Description": "Power", "Unit": "W", "Kind": "instant"},
            {"Name": "Import", "Description": "Total Import", "Unit": "kWh", "Kind": "counter"},
            {"Name": "DCPower", "Description": "DC Power", "Unit": "W", "Kind": "instant"},
            {"Name": "GasVolume", "Description": "Gas Volume", "Unit": "m³", "Kind": "counter"},
            {"Name": "Model", "Description": "Model", "Unit": "", "Kind": "text"},
        ]

    run(asyncio.new_event_loop, main)


def test_buses_are_as_in_the_status() -> None:
    async def main(site: Site) -> None:
        fill(site)
        buses = (await site.ask("/api/buses")).json
        assert [bus["Adapter"] for bus in buses] == ["/dev/ttyUSB0", "192.0.2.1:502"]
        assert buses == (await site.ask("/api/status")).json["Buses"]

    run(asyncio.new_event_loop, main)


def test_where_there_is_nothing_the_lists_are_empty() -> None:
    async def main(site: Site) -> None:
        site.hub.replace((), ())
        for name in ("devices", "measurements", "buses"):
            assert (await site.ask(f"/api/{name}")).json == []

    run(asyncio.new_event_loop, main)
