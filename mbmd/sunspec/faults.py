"""What is wrong with the chain of a unit and with its models, in words; pure."""

from __future__ import annotations

from collections import defaultdict
from itertools import count, takewhile
from typing import TYPE_CHECKING, TypeAlias

from mbmd.errors import ModbusException
from mbmd.sunspec.chain import End
from mbmd.sunspec.common import BASES, COMMON, HEADER_REGISTERS, MARKER_REGISTERS
from mbmd.sunspec.layout import NOT_COUNTED
from mbmd.sunspec.reading import PAD, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mbmd.sunspec.chain import Chain, Placement
    from mbmd.sunspec.definitions import Group, Model
    from mbmd.sunspec.layout import Placed

Path: TypeAlias = tuple[tuple[str, int], ...]
"""Groups with their numbers, the outermost first."""
_Places: TypeAlias = "Mapping[tuple[Path, str], int]"
_MOST_NAMES = 8


def chain_faults(chain: Chain) -> Iterator[str]:
    """What is wrong with a chain as a whole."""
    if chain.base not in BASES:
        usual = f"{', '.join(map(str, BASES[:-1]))} or {BASES[-1]}"
        yield f"the marker is at {chain.base}, and not at {usual}: others find it only if they are told"
    if not chain.is_whole:
        at = chain.models[-1].end if chain.models else chain.base + MARKER_REGISTERS
        why = ModbusException(chain.exception) if chain.end is End.REFUSED else chain.end
        yield f"the chain has no end mark, but ends at {at}: {why}"
    for device in range(len(chain.commons)):
        yield from _device_faults(device, chain.of(device))


def _device_faults(device: int, models: Sequence[Placement]) -> Iterator[str]:
    if models and models[0].id != COMMON:
        yield f"device {device} does not begin with model {COMMON}: nothing says what it is"
    places: dict[int, list[str]] = defaultdict(list)
    for model in models:
        places[model.id].append(str(model.address))
    for number, addresses in places.items():
        if len(addresses) > 1:
            yield f"device {device} has model {number} more than once: at {', '.join(addresses)}"


def model_faults(model: Model, length: int, placed: Sequence[Placed], registers: Mapping[int, int]) -> Iterator[str]:
    """What is wrong with the length of a model whose points are `placed`, and with how many groups it says it has.

    `registers` are those that were read, by their place behind the beginning of the header.
    """
    places = {(point.group, point.point.name): point.at for point in placed}
    if missing := [name for path, name in _fixed(model.group, ()) if (path, name) not in places]:
        yield f"a length of {length} is too short for {_some(missing)}"
    behind = len(places_behind(length, placed))
    if behind:
        yield f"registers behind its last point: {behind}"
    if not missing:
        yield from _counts(model.group, (), places, registers, behind)


def places_behind(length: int, placed: Sequence[Placed]) -> range:
    """The places in a model that are behind its last point."""
    last = max((point.at + point.point.size for point in placed), default=HEADER_REGISTERS)
    return range(max(last, HEADER_REGISTERS), HEADER_REGISTERS + length)


def _fixed(group: Group, path: Path) -> Iterator[tuple[Path, str]]:
    """The points that every model of the kind has, with the groups that they are in; padding may be left out."""
    yield from ((path, point.name) for point in group.points if point.type != PAD)
    for inner in group.groups:
        for number in range(inner.count) if isinstance(inner.count, int) else ():
            yield from _fixed(inner, (*path, (inner.name, number + 1)))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (f" and {len(names) - _MOST_NAMES} more" if names[_MOST_NAMES:] else "")


def _counts(group: Group, path: Path, places: _Places, registers: Mapping[int, int], behind: int) -> Iterator[str]:
    """Groups, in the one at a path, of which there are said to be more or fewer than there is room for."""
    for inner in group.groups:
        whole = _whole(inner, path, places)
        is_plain = inner is group.groups[-1] and inner.size and not inner.groups
        room = whole + (behind // inner.size if is_plain else 0)
        counter = _counter(inner, path, places)
        counted = registers.get(places[counter], NOT_COUNTED) if counter is not None else NOT_COUNTED
        # Where the room says how many there are, a number of 0 is one that is not implemented.
        is_told = counted != NOT_COUNTED and bool(counted or inner.count)
        if counter is not None and is_told and counted != room:
            yield f"{path_of(*counter)} says {counted} of {inner.name}, but there is room for {room}"
        for number in range(1, whole + 1):
            yield from _counts(inner, (*path, (inner.name, number)), places, registers, 0)


def _whole(group: Group, path: Path, places: _Places) -> int:
    """How many groups of a kind, in the one at a path, are there to their last point."""
    if not group.points:
        return 0
    numbers = takewhile(lambda number: ((*path, (group.name, number)), group.points[-1].name) in places, count(1))
    return sum(1 for _ in numbers)


def _counter(group: Group, path: Path, places: _Places) -> tuple[Path, str] | None:
    """The point that says how often a group stands there: the nearest of that name around it."""
    if isinstance(group.count, int) and group.count:
        return None
    name = group.count if isinstance(group.count, str) else "N"
    around = ((path[:depth], name) for depth in range(len(path), -1, -1))
    return next((point for point in around if point in places), None)
