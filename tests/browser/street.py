"""Many meters with names, for pictures; the past that the daemon does not remember yet is as the simulator has it."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Page, Route

from mbmd.devices.registry import BUILT_IN
from mbmd.simulator.meter import Meter
from mbmd.simulator.registers import meter_of
from mbmd.simulator.values import reading
from tests.browser.house import NOON, House, simulated
from tests.integration.meters import fetch, free_port

FEW = [("sdm", "House", "cellar"), ("sdm", "Heat pump", "cellar"), ("sma", "Roof", "attic")]
_BUSES = 3
_DAY = 14 * 3600.0
_OTHERS = ("Heat pump", "Lift", "Stairs", "Car park", "Ventilation", "Workshop", "Laundry", "Bakery", "Office", "Pump")


def many() -> list[tuple[str, str, str]]:
    """Sixty meters: flats, wallboxes and others."""
    flats = [("sdm", f"Flat {number}", f"house {(number + 7) // 8}") for number in range(1, 41)]
    wallboxes = [("sdm", f"Wallbox {number}", "car park") for number in range(1, 11)]
    return flats + wallboxes + [("janitza", name, "common") for name in _OTHERS]


@contextmanager
def street(folder: Path, devices: list[tuple[str, str, str]]) -> Iterator[House]:
    """The daemon of some devices, all online but for the last but one of many."""
    places = [f"127.0.0.1:{free_port()}" for _ in range(_BUSES if len(devices) > _BUSES else 1)]
    standing = [(kind, unit, name, place) for unit, (kind, name, place) in enumerate(devices, 1)]
    dead = len(devices) - 1 if len(devices) > _BUSES else 0
    served = ",".join(f"{kind}:{unit}" for kind, unit, _, _ in standing if unit != dead)
    config = [
        {"type": kind, "id": unit, "name": name, "place": place, "adapter": places[unit % len(places)]}
        for kind, unit, name, place in standing
    ]
    adapters = [{"device": place, "id": number} for number, place in enumerate(places, 1)]
    folder.mkdir(parents=True)
    with simulated(folder / "meters", places, served, *NOON):
        made = House(folder, {"rate": "1s", "adapters": adapters, "devices": config})
        try:
            made.start(len(devices) - (dead > 0))
            yield made
            made.stop()
        finally:
            made.close()


async def give_a_past(page: Page, url: str) -> None:
    """Answer what a page asks of the past."""
    types = {meter["Device"]: meter["Type"] for meter in fetch(f"{url}api/status")["Meters"]}
    await page.route("**/api/history/*", lambda route: _history(route, types))
    await page.route("**/api/today", lambda route: route.fulfill(json=_today(types)))


@cache
def _meter(kind: str, unit: int) -> Meter:
    return meter_of(BUILT_IN.get(kind), unit)


def _of(device: str, types: dict[str, str]) -> Meter | None:
    """The meter of an id; None of an inverter, which has no table."""
    kind = types[device]
    return _meter(kind, int(device.split(".")[1])) if kind in BUILT_IN.names() else None


def _course(meter: Meter, names: list[str], seconds: Iterable[int]) -> dict[str, Any]:
    ago, now = list(seconds), time.time()
    values = {name: [reading(name, meter.at(-one)) for one in ago] for name in names}
    return {"Timestamps": [1000 * (now - one) for one in ago], "Values": values}


async def _history(route: Route, types: dict[str, str]) -> None:
    url = urlsplit(route.request.url)
    device, query = url.path.rpartition("/")[2], parse_qs(url.query)
    meter = _of(device, types)
    if meter is None:
        await route.continue_()
        return
    names = query["measurement"][0].split(",")
    minute, hour = _course(meter, names, range(60, 0, -1)), _course(meter, names, range(3600, 0, -60))
    await route.fulfill(json={"Device": device, "Minute": minute, "Hour": hour})


def _today(types: dict[str, str]) -> dict[str, Any]:
    midnight = time.strftime("%Y-%m-%dT00:00:00Z")
    meters = {device: meter for device in types if (meter := _of(device, types))}
    return {
        device: {"Since": midnight, "Complete": True, "Energy": {"Import": _grown(meter)}}
        for device, meter in meters.items()
    }


def _grown(meter: Meter) -> float:
    return reading("Import", meter.at(0)) - reading("Import", meter.at(-_DAY))
