"""Few or many simulated devices with names, for pictures."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Page

from tests.browser import past
from tests.browser.house import NOON, House, simulated
from tests.integration.meters import free_port

Device = tuple[str, str, str]
"""Type, name and place."""
FEW: list[Device] = [("sdm", "House", "cellar"), ("sdm", "Heat pump", "cellar"), ("sma", "Roof", "attic")]
_OTHERS = ("Heat pump", "Lift", "Stairs", "Car park", "Ventilation", "Workshop", "Laundry", "Bakery", "Office", "Pump")
_BUSES = 3


def many() -> list[Device]:
    """Sixty meters: flats, wallboxes and others."""
    flats = [("sdm", f"Flat {number}", f"house {(number + 7) // 8}") for number in range(1, 41)]
    wallboxes = [("sdm", f"Wallbox {number}", "car park") for number in range(1, 11)]
    return flats + wallboxes + [("janitza", name, "common") for name in _OTHERS]


class Street(NamedTuple):
    """The daemon of some devices, and when their simulation began."""

    house: House
    began: float

    async def give_a_past(self, page: Page) -> None:
        """Let a page see more of the past than the daemon has."""
        types = {meter["Device"]: meter["Type"] for meter in self.house.ask("api/status")["Meters"]}
        await past.give(page, types, self.began)


@contextmanager
def street(folder: Path, devices: list[Device]) -> Iterator[Street]:
    """A street of some devices, all online but for the last but one of many."""
    are_many = len(devices) > _BUSES
    places = [f"127.0.0.1:{free_port()}" for _ in range(_BUSES if are_many else 1)]
    standing = [(kind, unit, name, place) for unit, (kind, name, place) in enumerate(devices, 1)]
    dead = len(devices) - 1 if are_many else 0
    served = ",".join(f"{kind}:{unit}" for kind, unit, _, _ in standing if unit != dead)
    config = [
        {"type": kind, "id": unit, "name": name, "place": place, "adapter": places[unit % len(places)]}
        for kind, unit, name, place in standing
    ]
    adapters = [{"device": place, "id": number} for number, place in enumerate(places, 1)]
    folder.mkdir(parents=True)
    with simulated(folder / "meters", places, served, *NOON):
        made = Street(House(folder, {"rate": "1s", "adapters": adapters, "devices": config}), time.time())
        try:
            made.house.start(len(devices) - are_many)
            yield made
            made.house.stop()
        finally:
            made.house.close()
