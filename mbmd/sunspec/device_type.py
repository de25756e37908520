"""The SunSpec device types: their names, and what their devices may measure."""

from __future__ import annotations

from functools import cache

from mbmd.devices.registry import SUNSPEC
from mbmd.devices.schema import DeviceType, Register
from mbmd.measurements import CATALOGUE
from mbmd.sunspec.manufacturers import type_of
from mbmd.sunspec.measured import MEASURED
from mbmd.sunspec.registers import HOLDING

_MAKERS = {"SE": "SolarEdge", "SOLAREDGE": "SolarEdge", "FRONIUS": "Fronius", "STECA": "Steca"}
"""Manufacturers that a type is written otherwise than; SUNS and SUNSPEC are anyone's."""
_ANYONE = frozenset({"SUNS", "SUNSPEC"})
_SIGNED = "KOSTAL"
"""The type whose accumulators may be negative."""


def is_sunspec(name: str) -> bool:
    """Whether a device type, in any case, is one of SunSpec."""
    return name.upper() in SUNSPEC


def has_signed_counters(name: str, manufacturer: str) -> bool:
    """Whether accumulators are signed, by the type of a device or by the manufacturer that its model 1 names."""
    return _SIGNED in (name.upper(), type_of(manufacturer))


@cache
def device_type(name: str) -> DeviceType:
    """A SunSpec type, in any case, with all that its devices may have: only the device says where, and what it has."""
    offered = {measurement for of_model in MEASURED.values() for measurement in of_model.values()}
    registers = tuple(
        Register(measurement, HOLDING, 0, "uint16") for measurement in CATALOGUE if measurement in offered
    )
    key = name.upper()
    maker = "" if key in _ANYONE else _MAKERS.get(key, key)
    return DeviceType(key, "SunSpec device", maker, None, registers, None)
