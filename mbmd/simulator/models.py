"""SunSpec models written as registers, from their definitions alone: nothing that reads them has a part in it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from mbmd.errors import MbmdError
from mbmd.sunspec.definitions import Group, Point, definition

Values: TypeAlias = Mapping[str, float | str | None]
"""Values by point, in the unit of the point; of scale factors the power of ten. None, or not there: not implemented."""

_HEADER = 2
_NOT_IMPLEMENTED: Mapping[str, int] = MappingProxyType(
    {
        "int16": 0x8000,
        "uint16": 0xFFFF,
        "count": 0xFFFF,
        "sunssf": 0x8000,
        "pad": 0x8000,
        "acc32": 0,
        "uint32": 0xFFFF_FFFF,
        "enum16": 0xFFFF,
        "bitfield32": 0xFFFF_FFFF,
    }
)
"""SunSpec Device Information Model Specification, not implemented values by type."""
_SIGNED = ("int16", "sunssf")


def write_model(model: int, values: Values, groups: Sequence[Values] = ()) -> list[int]:
    """The registers of a model, from its header on; `groups` are the values of its repeated group, if it has one."""
    known = definition(model)
    if known is None:
        raise MbmdError(f"the definition of the SunSpec model {model} is missing: install pysunspec2 anew")
    words = _write(known.group, values, values)
    for group in groups:
        words += _write(known.group.groups[0], group, values)
    return [model, len(words) - _HEADER, *words[_HEADER:]]


def _write(group: Group, values: Values, scales: Values) -> list[int]:
    return [word for point in group.points for word in _point(point, values.get(point.name), scales)]


def _point(point: Point, value: float | str | None, scales: Values) -> list[int]:
    if point.type == "string":
        data = str(value or "").encode()[: 2 * point.size].ljust(2 * point.size, b"\0")
        return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]
    number = _NOT_IMPLEMENTED[point.type] if value is None else _number(point, float(value), scales)
    data = number.to_bytes(2 * point.size)
    return [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]


def _number(point: Point, value: float, scales: Values) -> int:
    """The raw value as its bits; accumulators roll over, all others stop beside what is not implemented."""
    power = scales[point.scale] if isinstance(point.scale, str) else point.scale
    raw = round(value / 10.0 ** int(power or 0))
    bits: int = 16 * point.size
    if point.type.startswith("acc"):
        return raw % (1 << bits)
    if point.type in _SIGNED:
        most = (1 << bits - 1) - 1
        return min(max(raw, -most), most) % (1 << bits)
    return min(max(raw, 0), (1 << bits) - 2)
