"""What may be simulated: device types, and devices that are made by hand."""

from collections.abc import Iterable
from typing import TypeAlias

from mbmd.devices.registry import SUNSPEC
from mbmd.devices.schema import DeviceType
from mbmd.simulator.device import Simulated
from mbmd.simulator.inverter import inverter
from mbmd.simulator.registers import image, meter_of
from mbmd.simulator.sun import Day

Kind: TypeAlias = DeviceType | Simulated
Meters: TypeAlias = Iterable[tuple[Kind, int]]
"""What stands on a bus, each with its unit id; the logical devices of one SunSpec unit may be named one by one."""


def simulated(meters: Meters) -> list[tuple[int, Simulated]]:
    """The devices of a bus by unit."""
    devices: list[tuple[int, Simulated]] = []
    sunspec: set[int] = set()
    for kind, unit in meters:
        if isinstance(kind, Simulated):
            devices.append((unit, kind))
        elif kind.type.upper() not in SUNSPEC:
            devices.append((unit, _of_table(kind, unit)))
        elif unit not in sunspec:
            sunspec.add(unit)
            devices.append((unit, inverter(kind.type, unit, Day())))
    return devices


def _of_table(device: DeviceType, unit: int) -> Simulated:
    meter = meter_of(device, unit)
    return Simulated(lambda seconds: image(device, meter.at(seconds)), device.max_registers)
