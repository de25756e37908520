"""The readings of a device as metrics: all of a line but its number is made once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import orjson

from mbmd.readings.device import DeviceReadings
from mbmd.web.metrics.names import Family, Labels, Series, series
from mbmd.web.metrics.text import encoded, labelled

if TYPE_CHECKING:
    from array import array

    from mbmd.web.metrics.units import Unit

SEAM = b"\xff"
"""Stands between families in a template: no text in UTF-8 has it."""
_NOTHING = b"null"
"""What orjson makes of NaN and of what is infinite."""


class Part(NamedTuple):
    """What one device, bus or sink has to tell: the lines of each family."""

    families: Sequence[Family]
    lines: Sequence[bytes]


class Lines:
    """The lines of a device's measurements, without numbers."""

    def __init__(self, device: DeviceReadings) -> None:
        self._slots: list[int] = []
        self._families: list[Family] = []
        self._starts: list[bytes] = []
        self._converted: list[tuple[int, Unit]] = []
        for place, (slot, its) in enumerate(_series(device)):
            labels = labelled((("device", device.id), *its.labels))
            self._slots.append(slot)
            self._families.append(its.family)
            self._starts.append(encoded(f"{its.family.name}{{{labels}}}").replace(b"%", b"%%"))
            if not its.unit.is_base:
                self._converted.append((place, its.unit))
        self._there: list[bool] = []
        self._template: bytes | None = None
        self._told: tuple[Family, ...] = ()

    def filled(self, column: "array[float]") -> Part:
        """The lines with the numbers of a column, in base units; what has no reading has no line."""
        values = [column[slot] for slot in self._slots]
        for place, unit in self._converted:
            values[place] = unit.of(values[place])
        # The shortest text of a double, and made faster than by repr.
        numbers = orjson.dumps(values)[1:-1].split(b",") if values else []
        there = [number != _NOTHING for number in numbers]
        if self._template is None or there != self._there:
            self._there = there
            self._template = self._make_template()
        readings = tuple(number for number in numbers if number != _NOTHING)
        return Part(self._told, (self._template % readings).split(SEAM) if readings else ())

    def _make_template(self) -> bytes:
        """The lines that have numbers, with a seam between families."""
        by_family: dict[Family, list[bytes]] = {}
        for family, start, has_number in zip(self._families, self._starts, self._there, strict=True):
            if has_number:
                by_family.setdefault(family, []).append(start + b" %b\n")
        self._told = tuple(by_family)
        return SEAM.join(map(b"".join, by_family.values()))


def _series(device: DeviceReadings) -> list[tuple[int, Series]]:
    """The series of each slot but those of texts; no two are the same."""
    found: list[tuple[int, Series]] = []
    taken: set[tuple[str, Labels]] = set()
    for slot, measurement in enumerate(device.measurements):
        its = series(measurement)
        if its is None:
            continue
        if (its.family.name, its.labels) in taken:
            its = its._replace(labels=(*its.labels, ("measurement", measurement.name)))
        taken.add((its.family.name, its.labels))
        found.append((slot, its))
    return sorted(found, key=lambda one: one[1].family.name)
