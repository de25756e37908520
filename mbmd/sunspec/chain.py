"""The chain of models that a SunSpec device is made of, and the walk along it; no I/O.

Source: SunSpec Device Information Model Specification: the marker, then model after model, each with its id and its
length, then the id 0xFFFF.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from mbmd.sunspec.common import (
    BASES,
    COMMON,
    HEADER_REGISTERS,
    MARKER,
    MARKER_REGISTERS,
    STRINGS,
    Common,
    parse_common,
)

END = 0xFFFF
MOST_MODELS = 200
"""Models after which a chain is none."""
REFUSALS = (1, 2, 3)
"""Exceptions that mean that there is nothing."""
ADDRESSES = 0x10000
COUNTERS = {160: 8, 714: 4}
"""Models whose groups are measured: where, behind the beginning of the header, they say how many there are."""


class Ask(NamedTuple):
    """A read of holding registers."""

    address: int
    size: int


Reply: TypeAlias = bytes | int | None
"""The data of an answer, the code of an exception, or None for no answer at all."""


class End(StrEnum):
    """Why a walk went no further, in words."""

    MARK = "the end mark"
    ZERO = "a model without an id or without registers"
    REFUSED = "an exception"
    SILENT = "no answer"
    TOO_MANY = f"more than {MOST_MODELS} models"
    NO_ROOM = "the end of the address space"


@dataclass(frozen=True, slots=True)
class Placement:
    """A model where it stands: the address of its header, and the registers announced behind it.

    It belongs to the logical device number `device`, from 0. `groups` is how many groups it says it has, None if that
    was not asked or is not known.
    """

    id: int
    address: int
    length: int
    device: int
    groups: int | None = None

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + HEADER_REGISTERS + self.length


@dataclass(frozen=True, slots=True)
class Chain:
    """The models of a unit in their order, from the marker at `base`, and what each logical device says it is.

    `end` is why there are no more, with the `exception` if it was one.
    """

    base: int
    models: tuple[Placement, ...]
    commons: tuple[Common, ...]
    end: End
    exception: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether it ended as it should."""
        return self.end is End.MARK

    @property
    def may_go_on(self) -> bool:
        """Whether what ended it may pass: no answer, or an exception that is no refusal."""
        return self.end is End.SILENT or (self.end is End.REFUSED and self.exception not in REFUSALS)

    def of(self, device: int) -> tuple[Placement, ...]:
        """The models of one logical device; none if it is not there."""
        return tuple(model for model in self.models if model.device == device)


Walk: TypeAlias = Generator[Ask, Reply, Chain | None]
"""Yields reads, is sent what they bring, and returns the chain; None without a marker."""


def walk(bases: Sequence[int] = BASES) -> Walk:
    """Walk along the chain behind the first marker that has models behind it.

    No read goes beyond what was announced but for the header that must follow. An answer of another length than was
    asked for counts as none.
    """
    empty: Chain | None = None
    for base in bases:
        if base + MARKER_REGISTERS > ADDRESSES or (yield from _read(base, MARKER_REGISTERS)) != MARKER:
            continue
        chain = yield from _follow(base)
        if chain.models:
            return chain
        empty = empty or chain
    return empty


class _Stop(NamedTuple):
    end: End
    exception: int = 0


def _follow(base: int) -> Generator[Ask, Reply, Chain]:
    models: list[Placement] = []
    commons: list[Common] = []
    address = base + MARKER_REGISTERS
    while not isinstance(header := (yield from _header(address, len(models))), _Stop):
        model, length = header
        if model == COMMON:
            commons.append((yield from _common(address + HEADER_REGISTERS, length)))
        elif not commons:
            commons.append(Common())
        groups = yield from _groups(model, address, length)
        models.append(Placement(model, address, length, len(commons) - 1, groups))
        address = models[-1].end
    return Chain(base, tuple(models), tuple(commons), header.end, header.exception)


def _header(address: int, before: int) -> Generator[Ask, Reply, tuple[int, int] | _Stop]:
    """Id and length of the model at an address, behind so many others; or why there is none."""
    if before == MOST_MODELS:
        return _Stop(End.TOO_MANY)
    if address + HEADER_REGISTERS > ADDRESSES:
        return _Stop(End.NO_ROOM)
    reply = yield from _read(address, HEADER_REGISTERS)
    if not isinstance(reply, bytes):
        return _Stop(End.SILENT) if reply is None else _Stop(End.REFUSED, reply)
    model, length = int.from_bytes(reply[:2]), int.from_bytes(reply[2:])
    if model == END:
        return _Stop(End.MARK)
    if not model or not length:
        return _Stop(End.ZERO)
    if address + HEADER_REGISTERS + length > ADDRESSES:
        return _Stop(End.NO_ROOM)
    return model, length


def _read(address: int, size: int) -> Generator[Ask, Reply, Reply]:
    reply = yield Ask(address, size)
    return None if isinstance(reply, bytes) and len(reply) != 2 * size else reply


def _common(body: int, length: int) -> Generator[Ask, Reply, Common]:
    """What model 1 says: read in one, and where that is refused in halves, then text by text."""
    fields = [(at, size) for at, size in STRINGS.values() if at + size <= length]
    texts: dict[int, bytes] = {}
    parts = [fields] if fields else []
    while parts:
        part = parts.pop(0)
        start, end = part[0][0], sum(part[-1])
        reply = yield from _read(body + start, end - start)
        if isinstance(reply, bytes):
            texts[start] = reply
        elif reply is not None and len(part) > 1:
            half = len(part) // 2
            parts[:0] = [part[:half], part[half:]]
    data = bytearray(2 * (sum(fields[-1]) if fields else 0))
    for start, text in texts.items():
        data[2 * start : 2 * start + len(text)] = text
    return parse_common(bytes(data))


def _groups(model: int, address: int, length: int) -> Generator[Ask, Reply, int | None]:
    place = COUNTERS.get(model)
    if place is None or place >= HEADER_REGISTERS + length:
        return None
    reply = yield from _read(address + place, 1)
    number = int.from_bytes(reply) if isinstance(reply, bytes) else END
    return None if number == END else number
