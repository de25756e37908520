"""What SunSpec devices may have, of which there are no tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEADER = ("Models", "What", "Measurements")
_NUMBERED = re.compile(r"(?P<name>.+(?P<letter>[LST]))(?P<number>\d)", re.ASCII)


class Models(NamedTuple):
    """Models that bring the same measurements: their ids, and the label of the first."""

    ids: tuple[int, ...]
    label: str
    measurements: tuple[str, ...]


def models() -> list[Models]:
    """All models that are measured, by their ids."""
    from mbmd.sunspec.definitions import definition
    from mbmd.sunspec.measured import MEASURED

    alike: dict[tuple[str, ...], list[int]] = {}
    for model, points in sorted(MEASURED.items()):
        alike.setdefault(tuple(sorted(points.values())), []).append(model)
    labels = {model: known.label for model in MEASURED if (known := definition(model)) is not None}
    return [Models(tuple(ids), labels.get(ids[0], ""), names) for names, ids in alike.items()]


def brief(measurements: Iterable[str]) -> str:
    """Names in alphabetical order, those of phases and strings as one: `PowerL1-L3`."""
    numbered: dict[str, list[str]] = {}
    for name in sorted(measurements):
        match = _NUMBERED.fullmatch(name)
        numbered.setdefault(match["name"] if match else name, []).append(name)
    return ", ".join(names[0] if len(names) == 1 else f"{names[0]}-{names[-1][-2:]}" for names in numbered.values())


def show(name: str, as_json: bool) -> None:
    """Print what a device of a SunSpec type may have."""
    from mbmd.cli.devices.listing import device_name
    from mbmd.cli.output import bold, print_json, print_line, print_table
    from mbmd.sunspec.device_type import device_type

    of_type = device_type(name)
    if as_json:
        facts = [{"models": m.ids, "label": m.label, "measurements": m.measurements} for m in models()]
        about = {"type": of_type.type, "description": of_type.description, "manufacturer": of_type.manufacturer}
        print_json({**about, "sunspec": True, "models": facts, "measurements": list(of_type.measurements)})
        return
    print_line(bold(of_type.type), f": {device_name(of_type)}")
    print_line("It has no table: each device says itself which models it has, and of these models")
    print_line("the measurements below are polled. `mbmd inspect` shows what a device has.")
    print_line()
    print_table(_HEADER, [(", ".join(map(str, m.ids)), m.label, brief(m.measurements)) for m in models()])
