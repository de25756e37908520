"""What `mbmd inspect` has found, for people and for scripts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from mbmd.cli.output import bad, bold, faint, print_json, print_line, print_table
from mbmd.sunspec.common import COMMON, HEADER_REGISTERS, STRINGS, Common
from mbmd.sunspec.definitions import definition
from mbmd.sunspec.device_type import has_signed_counters
from mbmd.sunspec.faults import chain_faults, model_faults, places_behind
from mbmd.sunspec.layout import layout
from mbmd.sunspec.reading import Reading, State, readings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mbmd.config.devices import DeviceSpec
    from mbmd.scan.inspect import Taken
    from mbmd.sunspec.chain import Chain
    from mbmd.sunspec.definitions import Model

_HEADER = ("Address", "Point", "Value", "Unit", "Raw", "Type", "Label")
_HEX = ("bitfield16", "bitfield32", "bitfield64")
"""Types whose raw numbers are easier to read in hex."""
_PER_LINE = 8
"""Registers in a line of what has no points."""
_TEXTS = dict(zip(("Mn", "Md", "Opt", "Vr", "SN"), STRINGS, strict=True))
"""The points of model 1, and what they are called."""


class Inspection(NamedTuple):
    """What a unit has said; `taken` are those models of its chain that were asked for, `missing` those it has not."""

    spec: DeviceSpec
    chain: Chain
    taken: Sequence[Taken]
    missing: Sequence[int]
    requests: int

    @property
    def notes(self) -> list[str]:
        """What is wrong with it as a whole."""
        return [*chain_faults(self.chain), *(f"there is no model {model}" for model in self.missing)]


@dataclass(frozen=True, slots=True)
class _Sight:
    """A model as it is shown: what its points say, and the registers, by runs of addresses, that belong to none."""

    taken: Taken
    known: Model | None
    points: Sequence[Reading]
    other: Mapping[int, Sequence[int]]
    notes: Sequence[str]

    @property
    def name(self) -> str:
        """What people call it."""
        label = f" {self.known.label or self.known.name}" if self.known else ": unknown, its registers in hex"
        return f"model {self.taken.model.id}{label}"


def print_report(found: Inspection) -> None:
    """Tables of all points, under the models and the logical devices that they belong to, with what is wrong."""
    chain, sights = found.chain, _sights(found)
    where = f"unit {found.spec.unit} on {found.spec.adapter.address}"
    counts = ", ".join(
        f"{count} {what}{'s'[: count != 1]}"
        for count, what in (
            (len(chain.commons), "device"),
            (len(chain.models), "model"),
            (found.requests, "request"),
        )
    )
    print_line(f"{where}: SunSpec marker at {chain.base}; {counts}")
    _print_notes(found.notes)
    for device, group in groupby(sights, key=lambda sight: sight.taken.model.device):
        of_device = list(group)
        print_line()
        print_line(bold(f"device {device} ({_spec(found, device)}): {_described(_common(found, device, of_device))}"))
        for sight in of_device:
            _print_model(sight)


def document(found: Inspection) -> dict[str, Any]:
    """The same as JSON."""
    chain = found.chain
    return {
        "unit": found.spec.unit,
        "adapter": str(found.spec.adapter),
        "base": chain.base,
        "end": str(chain.end),
        "exception": chain.exception or None,
        "complete": chain.is_whole,
        "requests": found.requests,
        "notes": found.notes,
        "devices": [
            _device_document(found, device, list(group))
            for device, group in groupby(_sights(found), key=lambda sight: sight.taken.model.device)
        ],
    }


def print_document(found: Inspection) -> None:
    """Print it."""
    print_json(document(found))


def _sights(found: Inspection) -> list[_Sight]:
    return [_sight(taken, _is_signed(found, taken.model.device)) for taken in found.taken]


def _is_signed(found: Inspection, device: int) -> bool:
    return has_signed_counters(found.spec.type, found.chain.commons[device].manufacturer)


def _sight(taken: Taken, signed: bool) -> _Sight:
    model, known = taken.model, definition(taken.model.id)
    placed = tuple(layout(known, model.length, taken.registers.get)) if known else ()
    faults = model_faults(known, model.length, placed, taken.registers) if known else ()
    points = tuple(readings(placed, taken.registers, taken.refusals, signed))
    other = _runs(taken, places_behind(model.length, placed))
    return _Sight(taken, known, points, other, (*faults, *_unread(taken)))


def _runs(taken: Taken, places: range) -> dict[int, list[int]]:
    """Registers that were read, by the address at which each run of them begins."""
    there = (place for place in places if place in taken.registers)
    runs = groupby(enumerate(there), key=lambda pair: pair[1] - pair[0])
    spans = [[place for _, place in run] for _, run in runs]
    return {taken.model.address + span[0]: [taken.registers[place] for place in span] for span in spans}


def _unread(taken: Taken) -> Iterator[str]:
    runs = groupby(sorted(taken.refusals.items()), key=lambda item: item[1])
    for why, items in runs:
        places = [taken.model.address + place for place, _ in items]
        span = f"{places[0]} to {places[-1]}" if places[1:] else f"{places[0]}"
        yield f"unread at {span}: {why}"


def _spec(found: Inspection, device: int) -> str:
    """What a logical device is called by `-d`."""
    return f"{found.spec.type.lower()}:{found.spec.unit}" + (f".{device}" if device else "")


def _common(found: Inspection, device: int, sights: Sequence[_Sight]) -> Common:
    """What a logical device says it is: its model 1, as far as that was read."""
    texts = asdict(found.chain.commons[device])
    for sight in sights:
        if sight.taken.model.id == COMMON:
            said = {_TEXTS[point.path]: point.value for point in sight.points if point.path in _TEXTS}
            texts |= {key: value for key, value in said.items() if isinstance(value, str)}
    return Common(**texts)


def _described(common: Common) -> str:
    said = (
        " ".join(filter(None, (common.manufacturer, common.model))),
        f"options {common.options}" if common.options else "",
        f"version {common.version}" if common.version else "",
        f"serial {common.serial}" if common.serial else "",
    )
    return ", ".join(filter(None, said)) or "it does not say what it is"


def _print_notes(notes: Sequence[str]) -> None:
    for note in notes:
        print_line(bad(f"! {note}"))


def _print_model(sight: _Sight) -> None:
    model = sight.taken.model
    print_line()
    print_line(bold(sight.name), faint(f", at {model.address}, length {model.length}"))
    _print_notes(sight.notes)
    if sight.points:
        rows = [_row(sight.taken.model.address, reading) for reading in sight.points]
        has_notes = any(reading.note for reading in sight.points)
        header = (*_HEADER, "Note") if has_notes else _HEADER
        print_table(header, [row[: len(header)] for row in rows], numbers=("Address", "Raw"))
    for address, registers in sight.other.items():
        for at in range(0, len(registers), _PER_LINE):
            words = " ".join(f"{register:04x}" for register in registers[at : at + _PER_LINE])
            print_line(f"{address + at:7}  {words}")


def _row(start: int, reading: Reading) -> tuple[object, ...]:
    point, state = reading.placed.point, reading.state
    value = _shown(reading) if state is State.OK else bad(state) if state is State.UNREAD else faint(state)
    is_text = point.type == "string"
    raw = "" if reading.raw is None or is_text else f"0x{reading.raw:x}" if point.type in _HEX else str(reading.raw)
    unit = point.unit if state is State.OK else ""
    note = faint(reading.note.partition(" (")[0])
    return (start + reading.placed.at, reading.path, value, unit, raw, point.type, point.label, note)


def _shown(reading: Reading) -> str:
    """The value as people read it: what has a name by that."""
    if reading.placed.point.type in _HEX:
        return ", ".join(reading.names) or "none"
    if reading.names:
        return reading.names[0]
    return f"{reading.value:f}" if isinstance(reading.value, Decimal) else str(reading.value)


def _device_document(found: Inspection, device: int, sights: Sequence[_Sight]) -> dict[str, Any]:
    return {
        "device": device,
        "spec": _spec(found, device),
        **asdict(_common(found, device, sights)),
        "models": [_model_document(sight) for sight in sights],
    }


def _model_document(sight: _Sight) -> dict[str, Any]:
    model, known = sight.taken.model, sight.known
    return {
        "id": model.id,
        "name": known.name if known else None,
        "label": known.label if known else None,
        "address": model.address,
        "length": model.length,
        "known": known is not None,
        "notes": list(sight.notes),
        "unread": HEADER_REGISTERS + model.length - len(sight.taken.registers),
        "points": [_point_document(model.address, reading) for reading in sight.points],
        "other": [{"address": address, "registers": list(words)} for address, words in sight.other.items()],
    }


def _point_document(start: int, reading: Reading) -> dict[str, Any]:
    placed, point = reading.placed, reading.placed.point
    return {
        "name": point.name,
        "path": reading.path,
        "groups": [{"name": name, "number": number} for name, number in placed.group],
        "label": point.label,
        "type": point.type,
        "address": start + placed.at,
        "size": point.size,
        "registers": list(reading.registers) if reading.registers else None,
        "raw": reading.raw,
        "scale": reading.scale,
        "value": _number(reading.value) if isinstance(reading.value, Decimal) else reading.value,
        "unit": point.unit,
        "names": list(reading.names),
        "state": str(reading.state),
        "note": reading.note,
    }


def _number(value: Decimal) -> Any:
    """A number with all its digits; JSON has no infinity, which becomes text."""
    import orjson

    return orjson.Fragment(f"{value:f}") if value.is_finite() else str(value)
