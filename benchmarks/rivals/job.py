"""What a rival is to do: given on its standard input, as JSON."""

import sys
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from mbmd.devices.registry import BUILT_IN
from mbmd.planner import Limits, plan
from mbmd.protocol.timing import Costs

UNIT = 1


class Read(Struct, frozen=True):
    """A read of input registers; at each of the `places`, counted from the first, two of them are a float."""

    address: int
    count: int
    places: tuple[int, ...]


class Job(Struct, frozen=True):
    """Poll a device on each port of a host: ask for the `reads` in turn, each as soon as the last was answered."""

    host: str
    ports: tuple[int, ...]
    reads: tuple[Read, ...]


def reads_of_sdm630() -> tuple[Read, ...]:
    """What mbmd reads of an SDM630 by Modbus/TCP."""
    device = BUILT_IN.get("SDM")
    slots = {register.measurement: slot for slot, register in enumerate(device.registers)}
    blocks = plan(device.registers, slots, Limits(device.max_registers, device.holes), Costs(0.001, 0.000_001))
    return tuple(
        Read(block.address, block.count, tuple(register.address - block.address for register in block.registers))
        for block in blocks
    )


def make_job(host: str, ports: Sequence[int]) -> Job:
    """To poll SDM630 meters."""
    return Job(host, tuple(ports), reads_of_sdm630())


def the_job() -> Job:
    """What is to be done by this process."""
    return msgspec.json.decode(sys.stdin.readline(), type=Job)
