"""The meters of the site: what the pages promise at each adapter, in a thread of their own."""

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.simulator.simcore import SimCore

from mbmd.config.adapter import Adapter, Medium, parse_adapter
from mbmd.devices.registry import SUNSPEC, Registry
from mbmd.simulator.device import Simulated
from mbmd.simulator.inverter import BASE, inverter
from mbmd.simulator.kinds import simulated
from mbmd.simulator.pty import PseudoTerminal
from mbmd.simulator.registers import Image
from mbmd.simulator.server import Server
from mbmd.simulator.sun import Day
from mbmd.simulator.wire import Pace, Wire
from tests.manual.site import HOME

Units = Mapping[int, Sequence[str]]
"""Types by unit; several types of a unit share its registers, for one page says it is this and another that.

`SMA@1000` is a SunSpec device that begins at 1000. A type whose table the page does not show is not there.
"""

_OWN_TABLES = Path(HOME, ".config/mbmd/devices")
_COILS, _HOLDING = 1, 3
_TABLES = {1: _COILS, 5: _COILS, 15: _COILS, 2: 2, 3: _HOLDING, 6: _HOLDING, 16: _HOLDING, 4: 4}
_CELLS = {_COILS: range(64), _HOLDING: range(1024)}
"""What can be written, to try `mbmd write`, and is 0 before."""


class _Unit:
    """The registers of all that a unit is said to be, and cells that can be written."""

    def __init__(self, kinds: Sequence[Simulated]) -> None:
        self._kinds = kinds
        self._written: dict[int, dict[int, int]] = {table: {} for table in (1, 2, 3, 4)}
        self._start = time.monotonic()

    def read(self, table: int, asked: range) -> list[int] | ExcCodes:
        """Cells that mean nothing are 0 among others that do, else they are refused."""
        images = [kind.image(time.monotonic() - self._start)[table] for kind in self._kinds]
        words = {address: word for image in images for address, word in image.items()} | self._written[table]
        if not words.keys() & set(asked) and asked.stop > len(_CELLS.get(table, ())):
            return ExcCodes.ILLEGAL_ADDRESS
        return [words.get(address, 0) for address in asked]

    def write(self, table: int, address: int, values: Sequence[int]) -> ExcCodes | None:
        """Keep what is written where that is possible."""
        asked = range(address, address + len(values))
        if asked.stop > len(_CELLS.get(table, ())):
            return ExcCodes.ILLEGAL_ADDRESS
        self._written[table].update(zip(asked, map(int, values), strict=True))
        return None


class _Bus(SimCore):
    def __init__(self, units: Units) -> None:
        super().__init__([])
        types = Registry([_OWN_TABLES])
        self._units = {unit: _Unit([*_kinds(names, unit, types)]) for unit, names in units.items()}

    async def async_getValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        return self._unit(device_id).read(_TABLES[func_code], range(address, address + count))

    async def async_setValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, values: list[int] | list[bool]
    ) -> ExcCodes | None:
        return self._unit(device_id).write(_TABLES[func_code], address, values)

    def _unit(self, number: int) -> _Unit:
        if number not in self._units:
            raise NoSuchIdException
        return self._units[number]


def serve(buses: Mapping[str, Units]) -> None:
    """Let the meters of each adapter answer until the process ends; returns when all can be asked."""
    ready = threading.Event()
    failed: list[BaseException] = []

    def main() -> None:
        try:
            asyncio.run(_serve(buses, ready))
        except BaseException as error:
            failed.append(error)
            ready.set()

    threading.Thread(target=main, daemon=True).start()
    ready.wait()
    if failed:
        raise failed[0]


async def _serve(buses: Mapping[str, Units], ready: threading.Event) -> None:
    lines = [await _open(parse_adapter(url), _Bus(units)) for url, units in buses.items()]
    ready.set()
    await asyncio.Event().wait()
    del lines


async def _open(adapter: Adapter, units: SimCore) -> object:
    if adapter.medium is Medium.SERIAL:
        terminal = PseudoTerminal(adapter.address)
        handler = Server(units, Medium.TCP, adapter.framing).handler(whole_frames=True)
        pace = Pace(adapter.character_seconds)
        return terminal, Wire(asyncio.get_running_loop(), terminal.master, handler, pace)
    server = Server(units, adapter.medium, adapter.framing, (adapter.host, adapter.port))
    await server.serve_forever(background=True)
    return server


def _kinds(names: Sequence[str], unit: int, types: Registry) -> Iterator[Simulated]:
    for name in names:
        type_, _, base = name.partition("@")
        if type_ in SUNSPEC:
            device = inverter(type_, unit, Day())
            yield _moved(device, int(base)) if base else device
        elif type_ in types.names():
            yield dict(simulated([(types.get(type_), unit)]))[unit]


def _moved(device: Simulated, base: int) -> Simulated:
    """A SunSpec device that begins elsewhere."""

    def image(seconds: float) -> Image:
        holding = device.image(seconds)[_HOLDING]
        return {1: {}, 2: {}, 3: {address - BASE + base: word for address, word in holding.items()}, 4: {}}

    return Simulated(image)
