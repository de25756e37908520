"""What the registers of a model say, point by point; pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mbmd.sunspec.common import parse_text
from mbmd.sunspec.values import ACCUMULATORS, KINDS, MOST_SCALE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mbmd.sunspec.definitions import Point
    from mbmd.sunspec.layout import Placed
    from mbmd.sunspec.values import Kind

Value: TypeAlias = int | Decimal | str | None

_NO_SCALE = 0x8000
_NO_EUI48 = 0xFFFF_FFFF_FFFF
PAD = "pad"
_LIMITS = {"float32": (">f", 9), "float64": (">d", 17)}
"""How floats lie in registers, and with how many digits none is mistaken for another."""


class State(StrEnum):
    """What became of a point."""

    OK = "ok"
    NONE = "n/a"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Reading:
    """A point and what its registers say, all of which are in `registers` unless the state is UNREAD.

    `raw` is the number before its scale factor, the power of ten `scale`; of what is no whole number, its registers in
    hex. `value` is exact. `names` are that of an enumeration, or those of the bits that are set. `note` says what is
    strange.
    """

    placed: Placed
    state: State
    registers: tuple[int, ...] = ()
    raw: int | str | None = None
    value: Value = None
    scale: int | None = None
    names: tuple[str, ...] = ()
    note: str = ""

    @property
    def path(self) -> str:
        """The point's name, that of one in a group as `<group>/<number>/<name>`."""
        return path_of(self.placed.group, self.placed.point.name)


def path_of(groups: Iterable[tuple[str, int]], name: str) -> str:
    """See `Reading.path`."""
    return "".join(f"{group}/{number}/" for group, number in groups) + name


def readings(
    placed: Iterable[Placed], registers: Mapping[int, int], refusals: Mapping[int, str], signed_counters: bool = False
) -> Iterator[Reading]:
    """What is read of the points of a model, without padding.

    `registers` are those that were read, by their place behind the beginning of the header; `refusals` say of others
    why they were not. `signed_counters`: accumulators above the largest signed number are negative ones.
    """
    kinds = {**KINDS, **ACCUMULATORS} if signed_counters else KINDS
    return (_reading(point, registers, refusals, kinds) for point in placed if point.point.type != PAD)


def _reading(
    placed: Placed, registers: Mapping[int, int], refusals: Mapping[int, str], kinds: Mapping[str, Kind]
) -> Reading:
    point = placed.point
    places = range(placed.at, placed.at + point.size)
    if missing := [place for place in places if place not in registers]:
        return Reading(placed, State.UNREAD, note=refusals.get(missing[0], ""))
    words = tuple(registers[place] for place in places)
    raw, value, note = _decode(point.type, b"".join(word.to_bytes(2) for word in words), kinds)
    if value is None:
        return Reading(placed, State.NONE, words, raw, note=note)
    scale = _scale(placed, registers)
    if isinstance(scale, str):
        return Reading(placed, State.NONE, words, raw, note=scale)
    names, note = _names(point, value, note)
    return Reading(placed, State.OK, words, raw, _scaled(value, scale), scale, names, note)


class _Decoded(NamedTuple):
    raw: int | str
    value: Value
    note: str = ""


def _decode(kind: str, data: bytes, kinds: Mapping[str, Kind]) -> _Decoded:
    """What the data of a point means; a value of None is one that is not implemented."""
    number = int.from_bytes(data)
    if kind in _LIMITS:
        return _float(kind, data)
    if kind.startswith("bitfield"):
        is_valid = not number >> (8 * len(data) - 1)
        is_plain = is_valid or number == kinds[kind].nan
        return _Decoded(number, number if is_valid else None, "" if is_plain else "the highest bit is set")
    if kind in kinds:
        signed = int.from_bytes(data, signed=kinds[kind].type.startswith("int"))
        return _Decoded(signed, None if number == kinds[kind].nan else signed)
    return _Decoded(f"0x{data.hex()}", _text(kind, data))


def _text(kind: str, data: bytes) -> str | None:
    """What is told by no number: text, or an address in its usual form; of what is unknown the registers in hex."""
    if kind == "string":
        return parse_text(data) if data.strip(b"\0\xff") else None
    if kind == "ipaddr" and len(data) == 4:
        return str(IPv4Address(data)) if any(data) else None
    if kind == "ipv6addr" and len(data) == 16:
        return str(IPv6Address(data)) if any(data) else None
    if kind == "eui48":
        return data[-6:].hex(":") if int.from_bytes(data[-6:]) != _NO_EUI48 else None
    return f"0x{data.hex()}"


def _float(kind: str, data: bytes) -> _Decoded:
    """The shortest decimal that is this float and no other; NaN is not implemented."""
    form, most = _LIMITS[kind]
    number = struct.unpack(form, data)[0]
    raw = f"0x{data.hex()}"
    if number != number:
        return _Decoded(raw, None)
    shortest = (f"{number:.{digits}g}" for digits in range(1, most))
    text = next((text for text in shortest if _packed(form, text) == data), f"{number:.{most}g}")
    return _Decoded(raw, Decimal(text))


def _packed(form: str, text: str) -> bytes:
    try:
        return struct.pack(form, float(text))
    except OverflowError:  # rounded up beyond the largest
        return b""


def _scale(placed: Placed, registers: Mapping[int, int]) -> int | str | None:
    """The power of ten, None for none; or what is wrong with it."""
    if placed.scale_is_missing:
        return f"{placed.point.scale} is missing"
    if placed.scale is None or placed.is_constant:
        return placed.scale
    word = registers.get(placed.scale)
    if word is None:
        return f"{placed.point.scale} is unread"
    if word == _NO_SCALE:
        return f"{placed.point.scale} is n/a"
    power = int.from_bytes(word.to_bytes(2), signed=True)
    if abs(power) > MOST_SCALE:
        return f"{placed.point.scale} is {power}, beyond {MOST_SCALE}"
    return power


def _scaled(value: Value, scale: int | None) -> Value:
    if scale is None or not isinstance(value, int | Decimal):
        return value
    return Decimal(value).scaleb(scale)


def _names(point: Point, value: Value, note: str) -> tuple[tuple[str, ...], str]:
    """The names of a value, and what is strange about it."""
    if point.type == "sunssf" and isinstance(value, int) and abs(value) > MOST_SCALE:
        return (), f"beyond {MOST_SCALE}"
    if not isinstance(value, int):
        return (), note
    if point.type.startswith("bitfield"):
        bits = [bit for bit in range(value.bit_length()) if value >> bit & 1]
        return tuple(point.symbols.get(bit, f"bit {bit}") for bit in bits), note
    if not point.symbols:
        return (), note
    name = point.symbols.get(value)
    return ((name,), note) if name else ((), "no such value is defined")
