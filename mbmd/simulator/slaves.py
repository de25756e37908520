"""The slaves of a bus: simulated meters as pymodbus devices."""

import time
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.simulator import DataType, SimData, SimDevice
from pymodbus.simulator.simcore import SimCore

from mbmd.config.adapter import Framing, Medium
from mbmd.devices.schema import ADDRESSES, BIT_FUNCTIONS
from mbmd.simulator.device import Simulated
from mbmd.simulator.faults import NO_FAULTS, Faults, Reads
from mbmd.simulator.kinds import Meters, simulated
from mbmd.simulator.server import Handler, Server

if TYPE_CHECKING:
    from mbmd.simulator.registers import Image

_REFRESHES_PER_SECOND = 10
_COIL_WRITES = (5, 15)
_HOLDING = 3
_BitReader = Callable[[int, int, int], list[bool] | ExcCodes]
"""Reads coils (function 1) or discrete inputs (2) from an address, so many."""


class Gaps(StrEnum):
    """Registers that neither a device table nor an image has: refused (exception 2), or 0 until they are written."""

    STRICT = "strict"
    ZERO = "zero"


class Slaves:
    """Simulated meters on one bus; their counters and waves begin when it is made.

    `clock` gives the seconds since then. A measured register cannot be written (exception 2). Coils and discrete
    inputs can only be read, and only of a device whose table names some (else exception 1). TypeError for two devices
    on one unit.
    """

    def __init__(
        self,
        meters: Meters,
        gaps: Gaps = Gaps.STRICT,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._clock = clock = clock or _stopwatch()
        devices = simulated(meters)
        self._devices = dict(devices)
        self._units = _Units(
            [_sim_device(unit, device, gaps, clock) for unit, device in devices],
            {unit: _read_bits(device, gaps, clock) for unit, device in devices},
        )

    def protocol(self, framing: Framing, faults: Faults = NO_FAULTS, whole_frames: bool = False) -> Handler:
        """A server's end of one connection, for any asyncio transport; needs a running loop.

        whole_frames: each piece of data is a request by itself, as on a line where silence parts them.
        """
        return self._server(Medium.TCP, framing, ("", 0), faults).handler(whole_frames)

    async def listen(
        self, medium: Medium, framing: Framing, host: str, port: int = 0, faults: Faults = NO_FAULTS
    ) -> Server:
        """A server on TCP or UDP, to be ended by its `shutdown`; port 0 is any free one. OSError if it cannot."""
        server = self._server(medium, framing, (host, port), faults)
        await server.serve_forever(background=True)
        return server

    def _server(self, medium: Medium, framing: Framing, address: tuple[str, int], faults: Faults) -> Server:
        def is_asleep(unit: int) -> bool:
            device = self._devices.get(unit)
            return faults.sleep and device is not None and device.is_asleep(self._clock())

        units = _Picky(self._units, self._devices, faults.reads)
        return Server(units, medium, framing, address, faults, is_asleep)


class _Units(SimCore):
    """The devices by unit id. SimCore alone would answer exception 4 for a unit that is not there.

    `bits` are read without pymodbus's memory, in which no coil can be missing between others.
    """

    def __init__(self, devices: list[SimDevice], bits: Mapping[int, _BitReader]) -> None:
        super().__init__(devices)
        self._bits = bits

    async def async_getValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        """What a read gets; NoSuchIdException leads to what the server does about absent units."""
        self._check(device_id)
        if func_code in BIT_FUNCTIONS:
            return self._bits[device_id](func_code, address, count)
        return await super().async_getValues(device_id, func_code, address, count)

    async def async_setValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, values: list[int] | list[bool]
    ) -> ExcCodes | None:
        """What a write gets; NoSuchIdException as for reads."""
        self._check(device_id)
        if func_code in _COIL_WRITES:
            return ExcCodes.ILLEGAL_FUNCTION
        return await super().async_setValues(device_id, func_code, address, values)

    def _check(self, device_id: int) -> None:
        if device_id not in self.devices:
            raise NoSuchIdException


class _Picky(SimCore):
    """Units of which SunSpec devices refuse reads across borders."""

    def __init__(self, units: SimCore, devices: Mapping[int, Simulated], reads: Reads) -> None:
        super().__init__([])
        self.devices = units.devices
        self._units = units
        self._borders = {unit: device.borders for unit, device in devices.items()}
        self._reads = reads

    async def async_getValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, count: int = 1
    ) -> list[int] | list[bool] | ExcCodes:
        """What a read gets."""
        borders = self._borders.get(device_id) if func_code == _HOLDING else None
        if borders is not None and not borders.allow(self._reads, address, count):
            return ExcCodes.ILLEGAL_ADDRESS
        return await self._units.async_getValues(device_id, func_code, address, count)

    async def async_setValues(  # noqa: N802 - pymodbus's name
        self, device_id: int, func_code: int, address: int, values: list[int] | list[bool]
    ) -> ExcCodes | None:
        """What a write gets."""
        return await self._units.async_setValues(device_id, func_code, address, values)


def _stopwatch() -> Callable[[], float]:
    start = time.monotonic()
    return lambda: time.monotonic() - start


def _sim_device(unit: int, device: Simulated, gaps: Gaps, clock: Callable[[], float]) -> SimDevice:
    image_at_start = device.image(0)
    seen: dict[int, tuple[int, Image]] = {}

    async def refresh(
        function: int, start: int, _address: int, count: int, words: list[int], _written: list[int] | list[bool] | None
    ) -> ExcCodes | None:
        if count > device.max_registers:
            return ExcCodes.ILLEGAL_VALUE
        tick = int(clock() * _REFRESHES_PER_SECOND)
        last, image = seen.get(function, (-1, image_at_start))
        if function in (3, 4) and last != tick:
            fresh = device.image(tick / _REFRESHES_PER_SECOND)
            seen[function] = tick, fresh
            if fresh is not image:
                for address, word in fresh[function].items():
                    words[address - start] = word
        return None

    # pymodbus wants some coils and discrete inputs, even where all access to them is refused.
    bits = SimData(0, values=[False] * 16, datatype=DataType.BITS)
    holding, inputs = (_blocks(image_at_start[function], gaps) for function in (3, 4))
    return SimDevice(unit, ([bits], [bits], holding, inputs), action=refresh)


def _read_bits(device: Simulated, gaps: Gaps, clock: Callable[[], float]) -> _BitReader:
    def read(function: int, address: int, count: int) -> list[bool] | ExcCodes:
        bits = device.image(clock())[function]
        asked = range(address, address + count)
        if not bits:
            return ExcCodes.ILLEGAL_FUNCTION
        if asked.stop > ADDRESSES or (gaps is Gaps.STRICT and not bits.keys() >= set(asked)):
            return ExcCodes.ILLEGAL_ADDRESS
        return [bool(bits.get(at)) for at in asked]

    return read


def _blocks(words: Mapping[int, int], gaps: Gaps) -> list[SimData]:
    blocks = [
        SimData(run[0], values=[words[address] for address in run], datatype=DataType.REGISTERS, readonly=True)
        for run in _runs(words)
    ]
    if gaps is Gaps.ZERO:
        free = set(range(ADDRESSES)).difference(words)
        blocks += [SimData(run[0], count=len(run), values=0, datatype=DataType.REGISTERS) for run in _runs(free)]
    return blocks or [SimData(0, datatype=DataType.INVALID)]


def _runs(addresses: Iterable[int]) -> list[list[int]]:
    """Neighbouring addresses together."""
    runs: list[list[int]] = []
    for address in sorted(addresses):
        if runs and address == runs[-1][-1] + 1:
            runs[-1].append(address)
        else:
            runs.append([address])
    return runs
