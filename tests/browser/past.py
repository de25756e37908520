"""What simulated devices measured before the daemon came: pictures need an hour that nobody wants to wait for."""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Page, Route

from mbmd.devices.registry import BUILT_IN
from mbmd.simulator.house import House
from mbmd.simulator.registers import meter_of
from mbmd.simulator.sun import Day
from mbmd.simulator.values import reading

Course: TypeAlias = Callable[[str, float], float | None]
"""What a measurement was some seconds after the simulation began; None of what is not known."""
_NOON = Day(86400.0, 0.5)
_MINUTE, _HOUR, _DAY = 60, 3600, 14 * 3600
_COUNTERS = ("Import", "Export")


async def give(page: Page, types: Mapping[str, str], began: float) -> None:
    """Answer what a page asks of the past of devices, by their types; the simulation `began` at that time."""

    async def history(route: Route) -> None:
        url = urlsplit(route.request.url)
        device = url.path.rpartition("/")[2]
        names = parse_qs(url.query)["measurement"][0].split(",")
        tell = partial(_told, course(types[device], _unit(device)), names, began)
        minute, hour = tell(range(_MINUTE, 0, -1)), tell(range(_HOUR, 0, -60))
        await route.fulfill(json={"Device": device, "Minute": minute, "Hour": hour})

    async def today(route: Route) -> None:
        await route.fulfill(json={device: _today(course(kind, _unit(device))) for device, kind in types.items()})

    await page.route("**/api/history/*", history)
    await page.route("**/api/today", today)


@cache
def course(kind: str, unit: int) -> Course:
    """The course of a simulated meter, or of an inverter whose day began at noon."""
    if kind in BUILT_IN.names():
        meter = meter_of(BUILT_IN.get(kind), unit)
        return lambda name, seconds: reading(name, meter.at(seconds))
    house = House(f"{kind}:{unit}", _NOON)

    def inverter(name: str, seconds: float) -> float | None:
        moment = house.at(seconds)
        known = {"Power": sum(phase.active for phase in moment.phases), "Export": moment.energy / 1000}
        return known.get(name)

    return inverter


def _unit(device: str) -> int:
    return int(device.split(".")[1])


def _told(measured: Course, names: Iterable[str], began: float, ago: Iterable[int]) -> dict[str, Any]:
    times = [time.time() - one for one in ago]
    values = {name: [measured(name, one - began) for one in times] for name in names}
    return {"Timestamps": [int(1000 * one) for one in times], "Values": values}


def _today(measured: Course) -> dict[str, Any]:
    ends = {name: (measured(name, -_DAY), measured(name, 0)) for name in _COUNTERS}
    energy = {
        name: last - first
        for name, (first, last) in ends.items()
        if first is not None and last is not None and first < last
    }
    return {"Since": time.strftime("%Y-%m-%dT00:00:00Z"), "Complete": True, "Energy": energy}
