"""What is there is not searched for garbage again, and much may come before anything is."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from mbmd.measurements import CATALOGUE
from mbmd.readings.device import DeviceReadings
from mbmd.readings.hub import Hub
from mbmd.running.garbage import LOOK, OBJECTS, OBJECTS_OF_DEVICE, SETTLING, keep_settled, unsearched
from tests.virtual_time import run


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def devices(count: int) -> list[DeviceReadings]:
    return [DeviceReadings(f"SDM1.{unit}", "SDM", [CATALOGUE["Power"]]) for unit in range(count)]


def is_searched(wanted: object) -> bool:
    """Whether a search would look at an object."""
    return any(known is wanted for known in gc.get_objects())


def test_whatever_has_come_with_the_devices_is_not_searched_any_more() -> None:
    async def main() -> None:
        hub = Hub(devices(3))
        before = gc.get_threshold()
        task = asyncio.create_task(keep_settled(hub))
        await asyncio.sleep(SETTLING / 2)
        assert is_searched(hub)
        assert not gc.isenabled()
        assert gc.get_threshold()[0] == OBJECTS + 3 * OBJECTS_OF_DEVICE
        await asyncio.sleep(SETTLING)
        assert not is_searched(hub)
        assert gc.isenabled()
        came_later = devices(1)
        await asyncio.sleep(10 * SETTLING)
        assert is_searched(came_later[0])
        hub.replace([*hub.devices.values(), *came_later], ())
        await asyncio.sleep(2 * LOOK)
        assert not gc.isenabled()
        await asyncio.sleep(2 * SETTLING)
        assert not is_searched(came_later[0])
        task.cancel()
        await asyncio.wait([task])
        assert gc.get_threshold() == before
        assert gc.isenabled()

    run(main())


@pytest.mark.parametrize("was_enabled", [True, False])
def test_there_is_no_search_while_much_is_made(was_enabled: bool) -> None:
    if not was_enabled:
        gc.disable()
    try:
        with unsearched():
            assert not gc.isenabled()
        assert gc.isenabled() is was_enabled
    finally:
        gc.enable()
