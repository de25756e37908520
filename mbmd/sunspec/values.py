"""How the types of SunSpec points are numbers; pure.

Source: SunSpec Device Information Model Specification, data types and their not-implemented values.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(NamedTuple):
    """The register type of a SunSpec type, and the raw value, unsigned, that means not implemented; None for none."""

    type: str
    nan: int | None


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "int16": Kind("int16", 0x8000),
        "int32": Kind("int32", 0x8000_0000),
        "int64": Kind("int64", 0x8000_0000_0000_0000),
        "uint16": Kind("uint16", 0xFFFF),
        "uint32": Kind("uint32", 0xFFFF_FFFF),
        "uint64": Kind("uint64", 0xFFFF_FFFF_FFFF_FFFF),
        "count": Kind("uint16", 0xFFFF),
        "sunssf": Kind("int16", 0x8000),
        "acc16": Kind("uint16", 0xFFFF),
        "acc32": Kind("uint32", 0xFFFF_FFFF),
        "acc64": Kind("uint64", 0xFFFF_FFFF_FFFF_FFFF),
        "enum16": Kind("uint16", 0xFFFF),
        "enum32": Kind("uint32", 0xFFFF_FFFF),
        "bitfield16": Kind("uint16", 0xFFFF),
        "bitfield32": Kind("uint32", 0xFFFF_FFFF),
        "bitfield64": Kind("uint64", 0xFFFF_FFFF_FFFF_FFFF),
        "float32": Kind("float32", None),
        "float64": Kind("float64", None),
    }
)
"""Types that are numbers; a float that is not implemented is NaN.

By the specification an accumulator that is not implemented is 0, which is a good value as well and taken for one;
devices that have none write all ones, as for other unsigned numbers.
"""
ACCUMULATORS: Mapping[str, Kind] = MappingProxyType(
    {name: Kind(KINDS[name].type.removeprefix("u"), KINDS[name].nan) for name in ("acc16", "acc32", "acc64")}
)
"""How devices write accumulators that also fall below zero."""
MOST_SCALE = 10
"""Scale factors reach from 10 to the power of minus this to 10 to the power of this."""
