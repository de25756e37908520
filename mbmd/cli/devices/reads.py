"""How a device is read on a line: its plan, and what each read costs there; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mbmd.config.adapter import Adapter, Framing
from mbmd.config.options import NO_OPTIONS, DeviceOptions, PollClass
from mbmd.devices.schema import DeviceType, Register
from mbmd.devices.settings import Settings, resolve
from mbmd.planner import Block, Limits, plan
from mbmd.protocol.timing import costs

_FRAMES = {Framing.RTU: (3, 1), Framing.ASCII: (7, 2), Framing.MBAP: (7, 1)}
"""Bytes of a frame around its PDU, and for each byte of that."""


@dataclass(frozen=True, slots=True)
class Read:
    """One read: bytes of its request and of its answer, and the seconds that it takes with the rest before it."""

    block: Block
    poll: PollClass
    request: int
    answer: int
    seconds: float


def settings_on(adapter: Adapter, device_type: DeviceType, timeout: float | None = None) -> Settings:
    """What counts for a device on an adapter, where nothing but a timeout is asked. Errors as of `resolve`."""
    return resolve(device_type, NO_OPTIONS, adapter.options, DeviceOptions(timeout=timeout))


def slots(settings: Settings) -> dict[str, int]:
    """Places in a column for all that is read of a device."""
    return {register.measurement: slot for slot, register in enumerate(settings.registers)}


def planned(registers: Iterable[Register], settings: Settings, adapter: Adapter) -> list[Block]:
    """The reads of some registers of a device, which fill its `slots`."""
    return plan(registers, slots(settings), Limits(settings.max_registers, settings.holes), costs(adapter))


def all_reads(settings: Settings, adapter: Adapter) -> list[Read]:
    """The reads of a device, those that come with every poll first."""
    by_class = {poll: [r for r in settings.registers if r.poll is poll] for poll in PollClass}
    return [
        _read(read, poll, settings.pause, adapter)
        for poll, registers in by_class.items()
        for block in planned(registers, settings, adapter)
        for read in block.reads
    ]


def round_seconds(reads: Iterable[Read]) -> Mapping[PollClass, float]:
    """Seconds that all reads of a class take."""
    seconds = dict.fromkeys(PollClass, 0.0)
    for read in reads:
        seconds[read.poll] += read.seconds
    return seconds


def meters_at_once_a_second(reads: Iterable[Read], settings: Settings) -> float:
    """How many such devices a line carries when all are polled once a second; below 1 not even one."""
    seconds = round_seconds(reads)
    load = seconds[PollClass.FAST] + seconds[PollClass.SLOW] / settings.slow_rate
    return 1 / load


def _read(block: Block, poll: PollClass, pause: float, adapter: Adapter) -> Read:
    around, each = _FRAMES[adapter.framing]
    request, cost = block.request, costs(adapter)
    return Read(
        block,
        poll,
        around + each * len(request.pdu),
        around + each * (len(request.prefix) + request.length),
        pause + cost.read + cost.register * request.length / 2,
    )
