"""How long a bus takes to read each type of meter, as the table of the manual."""

import re
from collections.abc import Iterator
from pathlib import Path

from mbmd.config.adapter import parse_adapter
from mbmd.config.options import NO_OPTIONS
from mbmd.devices.registry import BUILT_IN
from mbmd.devices.schema import DeviceType
from mbmd.devices.settings import resolve
from mbmd.planner import Limits, plan
from mbmd.protocol.timing import costs

MANUAL = Path(__file__).parents[1] / "docs" / "performance.md"
BAUDRATES = (9600, 19200, 38400, 115200)


def manual() -> str:
    """The manual of performance, its table of meters on a bus out of the device tables and the planner."""
    text = MANUAL.read_text(encoding="utf-8")
    table = "\n".join(rows())
    head = r"(\| type \| values \|.*?\n\| --- [-:| ]*\|\n)"
    return re.sub(rf"{head}(?:\|.*?\n)*", rf"\g<1>{table}\n", text, count=1)


def rows() -> Iterator[str]:
    """A row for each type that has a table: values, reads at 9600 baud, milliseconds a set at each baud rate."""
    for name in BUILT_IN.names():
        device_type = BUILT_IN.get(name)
        taken = [reading(device_type, baudrate) for baudrate in BAUDRATES]
        times = " | ".join(f"{1000 * seconds:.0f}" for _, seconds in taken)
        yield f"| {device_type.type} | {len(device_type.registers)} | {taken[0][0]} | {times} |"


def reading(device_type: DeviceType, baudrate: int) -> tuple[int, float]:
    """How many reads a set of all registers takes, and how many seconds of the bus."""
    adapter = parse_adapter("/dev/ttyUSB0", baudrate)
    settings = resolve(device_type, NO_OPTIONS, adapter.options, NO_OPTIONS)
    line = costs(adapter)
    slots = {register.measurement: slot for slot, register in enumerate(settings.registers)}
    blocks = plan(settings.registers, slots, Limits(settings.max_registers, settings.holes), line)
    wire = sum(line.read + line.register * block.count for block in blocks)
    return len(blocks), wire + settings.pause * len(blocks)
