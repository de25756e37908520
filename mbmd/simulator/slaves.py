"""The slaves of a bus: simulated meters as pymodbus devices."""

import time
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.simulator import DataType, SimData, SimDevice
from pymodbus.simulator.simcore import SimCore

from mbmd.config.adapter import Framing, Medium
from mbmd.devices.schema import ADDRESSES, BIT_FUNCTIONS, DeviceType
from mbmd.simulator.faults import NO_FAULTS, Faults
from mbmd.simulator.registers import image, meter_of
from mbmd.simulator.server import Handler, Server

_REFRESHES_PER_SECOND = 10
_COIL_WRITES = (5, 15)
_BitReader = Callable[[int, int, int], list[bool] | ExcCodes]
"""Reads coils (function 1) or discrete inputs (2) from an address, so many."""


class Gaps(StrEnum):
    """Registers that a device table does not name: refused (exception 2), or 0 until they are written."""

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
        devices: Iterable[tuple[DeviceType, int]],
        gaps: Gaps = Gaps.STRICT,
        clock: Callable[[], float] | None = None,
    ) -> None:
        clock = clock or _stopwatch()
        devices = list(devices)
        self._units = _Units(
            [_sim_device(device, unit, gaps, clock) for device, unit in devices],
            {unit: _read_bits(device, unit, gaps, clock) for device, unit in devices},
        )

    def protocol(self, framing: Framing, faults: Faults = NO_FAULTS, whole_frames: bool = False) -> Handler:
        """A server's end of one connection, for any asyncio transport; needs a running loop.

        whole_frames: each piece of data is a request by itself, as on a line where silence parts them.
        """
        return Server(self._units, Medium.TCP, framing, faults=faults).handler(whole_frames)

    async def listen(
        self, medium: Medium, framing: Framing, host: str, port: int = 0, faults: Faults = NO_FAULTS
    ) -> Server:
        """A server on TCP or UDP, to be ended by its `shutdown`; port 0 is any free one. OSError if it cannot."""
        server = Server(self._units, medium, framing, (host, port), faults)
        await server.serve_forever(background=True)
        return server


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


def _stopwatch() -> Callable[[], float]:
    start = time.monotonic()
    return lambda: time.monotonic() - start


def _sim_device(device: DeviceType, unit: int, gaps: Gaps, clock: Callable[[], float]) -> SimDevice:
    simulated = meter_of(device, unit)
    image_at_start = image(device, simulated.at(0))
    ticks: dict[int, int] = {}

    async def refresh(
        function: int, start: int, _address: int, count: int, words: list[int], _written: list[int] | list[bool] | None
    ) -> ExcCodes | None:
        if count > device.max_registers:
            return ExcCodes.ILLEGAL_VALUE
        tick = int(clock() * _REFRESHES_PER_SECOND)
        if function in (3, 4) and ticks.get(function) != tick:
            ticks[function] = tick
            for address, word in image(device, simulated.at(tick / _REFRESHES_PER_SECOND))[function].items():
                words[address - start] = word
        return None

    # pymodbus wants some coils and discrete inputs, even where all access to them is refused.
    bits = SimData(0, values=[False] * 16, datatype=DataType.BITS)
    holding, inputs = (_blocks(image_at_start[function], gaps) for function in (3, 4))
    return SimDevice(unit, ([bits], [bits], holding, inputs), action=refresh)


def _read_bits(device: DeviceType, unit: int, gaps: Gaps, clock: Callable[[], float]) -> _BitReader:
    simulated = meter_of(device, unit)

    def read(function: int, address: int, count: int) -> list[bool] | ExcCodes:
        bits = image(device, simulated.at(clock()))[function]
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
