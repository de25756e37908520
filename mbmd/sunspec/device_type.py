"""The SunSpec device types: their names, and what their devices may measure."""

from __future__ import annotations

from functools import cache

from mbmd.devices.registry import SUNSPEC
from mbmd.devices.schema import DeviceType, Register
from mbmd.measurements import CATALOGUE
from mbmd.sunspec.measured import MEASURED
from mbmd.sunspec.registers import HOLDING

_SIGNED = frozenset({"KOSTAL"})
"""Types whose accumulators may be negative."""


def is_sunspec(name: str) -> bool:
    """Whether a device type, in any case, is one of SunSpec."""
    return name.upper() in SUNSPEC


def has_signed_counters(name: str) -> bool:
    """Whether the accumulators of a type, or of a manufacturer as model 1 has it, are signed."""
    return name.upper() in _SIGNED


@cache
def device_type(name: str) -> DeviceType:
    """A SunSpec type, in any case, with all that its devices may have: only the device says where, and what it has."""
    offered = {measurement for of_model in MEASURED.values() for measurement in of_model.values()}
    registers = tuple(
        Register(measurement, HOLDING, 0, "uint16") for measurement in CATALOGUE if measurement in offered
    )
    return DeviceType(name.upper(), "SunSpec device", "", None, registers, None)
