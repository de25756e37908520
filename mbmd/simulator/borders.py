"""Where the models and points of a SunSpec device begin, found in its registers: some devices are picky about reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mbmd.simulator.faults import Reads
from mbmd.sunspec.definitions import Group, definition

BASES = (40000, 0, 50000)
"""Addresses where a SunSpec device may begin, in the order in which it is looked for."""

_MARKER = (0x5375, 0x6E53)
_HEADER = 2
_END = 0xFFFF
_COMMON = 1
_NOT_IMPLEMENTED = 0xFFFF


class Model(NamedTuple):
    """A model: its id, the address of its header, and the address behind it."""

    id: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Borders:
    """The number of the model at each address, with which marker and end mark stand, and where points begin and end."""

    models: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    points: frozenset[int] = frozenset()

    def allow(self, reads: Reads, address: int, count: int) -> bool:
        """Whether a device that takes such reads takes this one; one without models takes any."""
        if reads is Reads.ANY or not self.models:
            return True
        if reads is Reads.MODEL:
            return self.models.get(address) == self.models.get(address + count - 1)
        return {address, address + count} <= self.points


def bases(words: Mapping[int, int]) -> list[int]:
    """Where there are markers: at the usual addresses, and before them any at which registers begin."""
    unusual = (at for at in sorted(words) if at - 1 not in words and at not in BASES)
    return [at for at in (*BASES, *unusual) if (words.get(at), words.get(at + 1)) == _MARKER]


def models(words: Mapping[int, int], base: int) -> list[Model]:
    """The models behind the marker at a base, as far as their headers are there."""
    found: list[Model] = []
    at = base + len(_MARKER)
    while words.get(at) not in (None, 0, _END) and (length := words.get(at + 1)):
        found.append(Model(words[at], at, at + _HEADER + length))
        at = found[-1].end
    return found


def subdevices(words: Mapping[int, int]) -> int:
    """Logical devices, each of which model 1 opens; of the first chain that has models. At least one."""
    chain = next(filter(None, (models(words, base) for base in bases(words))), [])
    return sum(model.id == _COMMON for model in chain) + bool(chain and chain[0].id != _COMMON) or 1


def borders(words: Mapping[int, int]) -> Borders:
    """The borders in registers, of each chain of models in them."""
    owners: dict[int, tuple[int, int]] = {}
    points: set[int] = set()
    for base in bases(words):
        chain = models(words, base)
        owners |= dict.fromkeys((base, base + 1), (base, 0))
        for number, model in enumerate(chain):
            owners |= dict.fromkeys(range(model.start, model.end), (base, number))
            points.update(_points(words, model))
        end = chain[-1].end if chain else base + len(_MARKER)
        owners |= dict.fromkeys((end, end + 1), (base, len(chain)))
        points |= {base, end, end + 1, end + 2}
    return Borders(owners, frozenset(points))


def _points(words: Mapping[int, int], model: Model) -> Iterator[int]:
    """Where the points of a model begin; what no definition names is one piece."""
    yield from (model.start, model.start + 1, model.start + _HEADER)
    if known := definition(model.id):
        starts, end = _starts(known.group, model.start, model.end, words, {})
        yield from (at for at in (*starts, end) if at < model.end)


def _starts(
    group: Group, at: int, end: int, words: Mapping[int, int], outer: Mapping[str, int]
) -> tuple[list[int], int]:
    """Where the points of a group and of those in it begin, and where it ends."""
    places, starts = dict(outer), []
    for point in group.points:
        places[point.name] = at
        starts.append(at)
        at += point.size
    for inner in group.groups:
        for _ in range(_count(inner, places, words, room=(end - at) // max(1, inner.size))):
            more, at = _starts(inner, at, end, words, places)
            starts += more
    return starts, at


def _count(group: Group, places: Mapping[str, int], words: Mapping[int, int], room: int) -> int:
    """How often a group stands there, never more often than there is room."""
    said = group.count or None
    if isinstance(said, str):
        said = words.get(places.get(said, -1))
    return max(0, room if said in (None, _NOT_IMPLEMENTED) else min(said, room))
