"""A device all of whose cells can be read and written, behind a pymodbus server in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.simulator.simcore import SimCore

from tests.integration.meters import serving_units

UNIT = 5
_TABLES = {1: "coil", 5: "coil", 15: "coil", 2: "discrete", 3: "holding", 6: "holding", 16: "holding", 4: "input"}


class Cells(SimCore):
    """The cells by kind and address, 0 until they are written; `refused` functions get their exception.

    `asked` is every function with address and count.
    """

    def __init__(self) -> None:
        super().__init__([])
        self.kinds: dict[str, dict[int, int]] = {kind: {} for kind in ("coil", "discrete", "holding", "input")}
        self.refused: dict[int, ExcCodes] = {}
        self.asked: list[tuple[int, int, int]] = []

    async def async_getValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        if device_id != UNIT:
            raise NoSuchIdException
        self.asked.append((func_code, address, count))
        if func_code in self.refused:
            return self.refused[func_code]
        cells = self.kinds[_TABLES[func_code]]
        return [cells.get(at, 0) for at in range(address, address + count)]

    async def async_setValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, values: list[int] | list[bool]
    ) -> ExcCodes | None:
        if device_id != UNIT:
            raise NoSuchIdException
        self.asked.append((func_code, address, len(values)))
        if func_code in self.refused:
            return self.refused[func_code]
        self.kinds[_TABLES[func_code]].update(enumerate(map(int, values), address))
        return None


@contextmanager
def served(url: str, cells: Cells) -> Iterator[str]:
    """Serve cells at an adapter written as a URL, as of `serving_units`; gives the adapter as text."""
    place: list[str] = []
    up, loop = threading.Event(), asyncio.new_event_loop()
    down = asyncio.Event()

    async def serve() -> None:
        try:
            async with serving_units(url, cells) as adapter:
                place.append(str(adapter))
                up.set()
                await down.wait()
        finally:
            up.set()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert up.wait(60)
        yield place[0]
    finally:
        loop.call_soon_threadsafe(down.set)
        thread.join(60)
        loop.close()
