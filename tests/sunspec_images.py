"""Register images of SunSpec devices: those of the facts, and others made from model ids and points by name.

Written down from the specification and pysunspec2's JSON files; it shares nothing with `mbmd.sunspec`.
"""

import importlib.util
import json
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

CASES = Path(__file__).parent / "cases" / "sunspec"
"""Images, `image_*.json`, and what the original publishes of them, `expected_*.json`."""
MARKER = (0x5375, 0x6E53)
END = (0xFFFF, 0)
BASES = (40000, 0, 50000)

Words: TypeAlias = list[int]
Registers: TypeAlias = dict[int, int]
"""Registers by address."""
Raw: TypeAlias = int | float | str | bytes
"""The value of a point as it lies in its registers, not scaled; text in Latin-1."""

_ABSENT = {
    "int16": "8000",
    "int32": "80000000",
    "int64": "8000000000000000",
    "uint16": "ffff",
    "uint32": "ffffffff",
    "uint64": "ffffffffffffffff",
    "count": "ffff",
    "enum16": "ffff",
    "enum32": "ffffffff",
    "bitfield16": "ffff",
    "bitfield32": "ffffffff",
    "bitfield64": "ffffffffffffffff",
    "sunssf": "8000",
    "pad": "8000",
    "float32": "7fc00000",
    "float64": "7ff8000000000000",
}
"""What is not implemented, by type; zeros for the others."""


class Point(NamedTuple):
    """A point of a model where it stands, registers behind its header's first; `name` as `module/2/DCA` in a group."""

    name: str
    type: str
    at: int
    size: int
    scale: str | int | None


class Model(NamedTuple):
    """A model in an image: the address of its header, its id, the registers announced, its logical device."""

    address: int
    id: int
    length: int
    device: int

    @property
    def span(self) -> range:
        """Its addresses, with the header."""
        return range(self.address, self.address + 2 + self.length)


def image(name: str) -> dict[int, Registers]:
    """The registers of an image of the facts by unit."""
    units = json.loads((CASES / f"image_{name}.json").read_text())["units"]
    return {
        int(unit): {int(start) + n: word for start, words in runs.items() for n, word in enumerate(words)}
        for unit, runs in units.items()
    }


def expected(name: str) -> dict[str, dict[str, float]]:
    """What the original publishes of an image, by device; but it forgets to divide the energy of the fourth string."""
    last: dict[str, dict[str, float]] = json.loads((CASES / f"expected_{name}.json").read_text())["last"]
    for values in last.values():
        if "DCEnergyS4" in values:
            values["DCEnergyS4"] /= 1000
    return last


def model(number: int, *groups: Mapping[str, Raw], length: int | None = None, **points: Raw) -> Words:
    """The words of a model; what is not given is not implemented.

    `groups` are the repeated ones. With a `length` it ends early, or has zeros behind its points.
    """
    definition = _definition(number)
    fixed = {"ID": number, **_counter(definition, len(groups)), **points}
    words = [word for point in definition["points"] for word in _words(point, fixed)]
    for group in groups:
        (repeated,) = definition["groups"]
        words += [word for point in repeated["points"] for word in _words(point, group)]
    if length is not None:
        words = (words + [0] * length)[: 2 + length]
    return [number, len(words) - 2, *words[2:]]


def common(number: int = 1, length: int = 66, **texts: Raw) -> Words:
    """Model 1, with texts that carry `number` where none are given."""
    return model(1, length=length, **{"Mn": "Maker", "Md": f"Model {number}", "SN": f"SN{number:04d}", **texts})


def numbers(number: int, seed: int = 0, repeated: bool = False) -> dict[str, Raw]:
    """A value of its own for every number of a model's fixed points, or `repeated` ones; `seed` gives others."""
    definition = _definition(number)
    return dict(_fill((definition["groups"][0] if repeated else definition)["points"], seed))


def filled(number: int, seed: int = 0, groups: int = 0, length: int | None = None, **points: Raw) -> Words:
    """A model in which every number has a value of its own, but for `points`; `seed` gives others."""
    inner = [numbers(number, seed + 7 * n + 3, repeated=True) for n in range(groups)]
    return model(number, *inner, length=length, **{**numbers(number, seed), **points})


def chain(*models: Sequence[int], base: int = 40000, end: Iterable[int] = END) -> Registers:
    """The marker, models, and the end mark, from `base` on."""
    return dict(enumerate([*MARKER, *(word for words in models for word in words), *end], base))


def find(registers: Registers, bases: Iterable[int] = BASES) -> tuple[Model, ...]:
    """The models of a chain, as far as it can be followed."""
    base = next((b for b in bases if (registers.get(b), registers.get(b + 1)) == MARKER), None)
    return tuple(_follow(registers, base + 2)) if base is not None else ()


def span(registers: Registers, number: int, device: int = 0) -> range:
    """The addresses of a model in an image."""
    return next(found.span for found in find(registers) if (found.id, found.device) == (number, device))


def points(number: int, length: int) -> Iterator[Point]:
    """The points of a model of a length where they stand; of groups as many as there is room for."""
    definition = _definition(number)
    at = 0
    for point in definition["points"]:
        yield Point(point["name"], point["type"], at, point["size"], point.get("sf"))
        at += point["size"]
    for group in definition.get("groups", ()):
        size = sum(point["size"] for point in group["points"])
        for n in range(1, (2 + length - at) // size + 1):
            for point in group["points"]:
                name = f"{group['name']}/{n}/{point['name']}"
                yield Point(name, point["type"], at, point["size"], point.get("sf"))
                at += point["size"]


def absent(kind: str) -> bytes:
    """The bytes of a type that mean not implemented; empty if none do."""
    return bytes.fromhex(_ABSENT.get(kind, ""))


def is_known(number: int) -> bool:
    """Whether there is a definition of a model."""
    return (_folder() / f"model_{number}.json").is_file()


def _follow(registers: Registers, address: int) -> Iterator[Model]:
    device = -1
    while registers.get(address) not in (None, 0, 0xFFFF) and registers.get(address + 1):
        device += registers[address] == 1 or device < 0
        found = Model(address, registers[address], registers[address + 1], device)
        yield found
        address = found.span.stop


def _counter(definition: Any, count: int) -> dict[str, Raw]:
    for group in definition.get("groups", ()):
        names = [point["name"] for point in definition["points"]]
        for name in (group.get("count"), "N"):
            if name in names:
                return {name: count}
    return {}


def _words(point: Any, values: Mapping[str, Raw]) -> Words:
    data = _data(point["type"], 2 * point["size"], values.get(point["name"]))
    return list(struct.unpack(f">{len(data) // 2}H", data))


def _data(kind: str, size: int, value: Raw | None) -> bytes:
    if value is None:
        return absent(kind).ljust(size, b"\0")
    if isinstance(value, str | bytes):
        data = value.encode("latin-1") if isinstance(value, str) else value
        return data[:size].ljust(size, b"\0")
    if kind.startswith("float"):
        return struct.pack(">f" if size == 4 else ">d", value)
    return (int(value) & (1 << 8 * size) - 1).to_bytes(size)


def _fill(rows: Iterable[Any], seed: int) -> Iterator[tuple[str, Raw]]:
    for n, point in enumerate(rows):
        kind = point["type"]
        if kind == "sunssf":
            yield point["name"], -((n + seed) % 4)
        elif kind.startswith(("acc", "float", "int", "uint")) and point["name"] not in ("ID", "L", "N", "NPrt"):
            yield point["name"], 1000 + 37 * n + 101 * seed % 20_000


@cache
def _definition(number: int) -> Any:
    return json.loads((_folder() / f"model_{number}.json").read_text())["group"]


@cache
def _folder() -> Path:
    package = importlib.util.find_spec("sunspec2")
    assert package is not None
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "models" / "json"
