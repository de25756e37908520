"""What the SunSpec models are made of: the definitions of the SunSpec Alliance, from the files of pysunspec2.

Only its JSON files are used, none of its code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbmd.errors import MbmdError

if TYPE_CHECKING:
    from collections.abc import Mapping


class DefinitionsError(MbmdError):
    """The definitions are missing or cannot be read; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a model; `size` is in registers.

    `scale` is the power of ten of its value or the name of the point that has it, None for none. `symbols` names the
    values of an enumeration, or the bits of a bit field.
    """

    name: str
    label: str
    type: str
    size: int
    scale: str | int | None
    unit: str
    symbols: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Group:
    """Points that stand side by side, and the groups behind them.

    It stands there `count` times: a number, the name of the point that has it, or 0 for as often as there is room.
    """

    name: str
    label: str
    count: int | str
    points: tuple[Point, ...]
    groups: tuple[Group, ...]

    @property
    def size(self) -> int:
        """Registers of its own points."""
        return sum(point.size for point in self.points)


@dataclass(frozen=True, slots=True)
class Model:
    """A model; its group begins with the header, the points ID and L."""

    id: int
    name: str
    label: str
    group: Group


@cache
def definition(model: int) -> Model | None:
    """The definition of a model, None for one that is unknown, such as a manufacturer's own."""
    path = _folder() / f"model_{model}.json"
    if not path.is_file():
        return None
    try:
        group = _group(json.loads(path.read_bytes())["group"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DefinitionsError(f"{path}: this is no definition of a model: install pysunspec2 anew") from error
    return Model(model, group.name, group.label, group)


@cache
def _folder() -> Path:
    package = find_spec("sunspec2")
    for place in (package and package.submodule_search_locations) or ():
        folder = Path(place) / "models" / "json"
        if folder.is_dir():
            return folder
    raise DefinitionsError("the definitions of the SunSpec models are missing: install pysunspec2")


def _group(found: Mapping[str, Any]) -> Group:
    return Group(
        found["name"],
        found.get("label", ""),
        found.get("count", 1),
        tuple(map(_point, found["points"])),
        tuple(map(_group, found.get("groups", ()))),
    )


def _point(found: Mapping[str, Any]) -> Point:
    size = found["size"]
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"size {size!r}")
    return Point(
        found["name"],
        found.get("label", ""),
        found["type"],
        size,
        found.get("sf"),
        found.get("units", ""),
        {symbol["value"]: symbol["name"] for symbol in found.get("symbols", ())},
    )
